#include "uplink/outbox.hpp"

#include <algorithm>

#include "uplink/reasons.hpp"

namespace jidian::uplink {
namespace {

using record::BatchKey;
using record::Stream;
using store::SeqRange;

constexpr Millis first_refusal_pause{5'000};
constexpr Millis last_refusal_pause{300'000};
/// Rows that cannot be read are passed over, so many in one go.
constexpr int unreadable_in_a_row_max = 64;
/// A set of seqs that falls into more ranges is forgotten: held batches are then offered again.
constexpr std::size_t ranges_kept_max = 1024;
constexpr std::size_t first_max = 64;

std::string name_of(const BatchKey& key) {
  return std::string(record::name_of(key.stream)) + " " + std::to_string(key.seq);
}

void add_bounded(store::Ranges& to, SeqRange range) {
  if (to.ranges().size() >= ranges_kept_max) to = {};
  to.add(range);
}

void add_bounded(store::Ranges& to, std::uint64_t seq) {
  add_bounded(to, SeqRange{seq, seq});
}

}  // namespace

Outbox::Outbox(const Options& options, store::Store& store, store::Reader& reader)
    : options_(options), store_(store), reader_(reader), backlog_pace_(options.backlog_batches_per_s) {}

void Outbox::refresh() {
  epochs_ = reader_.epochs();
  std::vector<Lane> lanes;
  for (const auto epoch : epochs_) {
    for (const auto stream : record::all_streams) {
      if (!std::ranges::count(options_.streams, stream)) continue;
      Lane* known = lane_of(epoch, stream);
      Lane lane = known != nullptr ? std::move(*known) : Lane{};
      lane.epoch = epoch;
      lane.stream = stream;
      const auto extent = reader_.extent(epoch, stream);
      if (extent) lane.extent = *extent;
      if (!extent)
        lane.trouble = extent.error().message();
      else if (lane.rest_until == SteadyTime{})
        lane.trouble.clear();
      lanes.push_back(std::move(lane));
    }
  }
  lanes_ = std::move(lanes);
  forget_gone();
  settle_copies();
}

/// No receipt is waited for where the batch left the store. What the broker has not answered goes behind its answer.
void Outbox::forget_gone() {
  std::vector<BatchKey> gone;
  for (const auto& [key, sent] : sent_) {
    const Lane* lane = lane_of(key.epoch, key.stream);
    const bool is_there = lane != nullptr && (lane->extent ? key.seq >= lane->extent->first : !lane->trouble.empty());
    if (!sent.in_flight && !is_there) gone.push_back(key);
  }
  for (const auto& key : gone) drop_asked(key);
}

void Outbox::begin_connection(SteadyTime now, Millis offset) {
  refresh();
  if (offset > Millis(0)) history_from_ = std::max(history_from_, now + offset);
  for (auto& lane : lanes_) {
    lane.live_from = lane.extent ? lane.extent->last + 1 : 1;
    if (offset > Millis(0)) lane.history_before = lane.live_from;
    lane.backlog_next = 1;
    lane.live_next = lane.live_from;
    lane.unreadable = {};  // the disk may have come back
  }
  quiet_since_ = now;
  probed_.clear();
}

void Outbox::end_connection() {
  for (const auto& [key, sent] : sent_)
    if (sent.in_flight) backfills_.put_back(key);
  std::erase_if(sent_, [](const auto& entry) { return entry.second.in_flight; });
}

Outbox::Lane* Outbox::lane_of(std::uint64_t epoch, Stream stream) {
  const auto found =
      std::ranges::find_if(lanes_, [&](const Lane& lane) { return lane.epoch == epoch && lane.stream == stream; });
  return found == lanes_.end() ? nullptr : &*found;
}

bool Outbox::may_send(Stream stream, SteadyTime now) const {
  const auto refused = refusals_.find(stream);
  if (refused == refusals_.end() || refused->second.reason == 0) return true;
  if (now < refused->second.until) return false;
  return std::ranges::none_of(
      sent_, [&](const auto& entry) { return entry.first.stream == stream && entry.second.in_flight; });
}

bool Outbox::stalled(SteadyTime now) const {
  return options_.confirm == Confirm::backend && !sent_.empty() && now - quiet_since_ >= options_.receipt_timeout;
}

std::optional<Pick> Outbox::next(SteadyTime now) {
  release_overdue(now);
  retry_unreadable(now);
  if (auto first = pick_first(now)) return first;
  if (sent_.size() >= unconfirmed_max) return std::nullopt;
  const bool backlog_may = sent_.size() < unconfirmed_backlog_max && !stalled(now) && backlog_pace_.ready(now);
  const auto try_streams = [&](bool events, bool live) -> std::optional<Pick> {
    if (!live && !backlog_may) return std::nullopt;
    for (const auto stream : record::all_streams) {
      if ((stream == Stream::event) != events || !may_send(stream, now)) continue;
      for (auto& lane : lanes_) {
        if (lane.stream != stream) continue;
        if (auto picked = live ? pick_live(lane, now) : pick_backlog(lane, now)) {
          if (!live) backlog_pace_.take();
          return picked;
        }
      }
    }
    return std::nullopt;
  };
  for (const bool events : {true, false})
    for (const bool live : {true, false})
      if (auto picked = try_streams(events, live)) return picked;
  if (!backlog_may || now < history_from_) return std::nullopt;
  auto asked = pick_asked(now);
  if (asked) backlog_pace_.take();
  return asked;
}

std::optional<Pick> Outbox::pick_asked(SteadyTime now) {
  backfills_.expire(now);
  for (int tries = 0; tries < unreadable_in_a_row_max; ++tries) {
    const auto key = backfills_.next([&](Stream stream) { return may_send(stream, now); });
    if (!key) return std::nullopt;
    if (sent_.contains(*key)) {  // on its way anyway
      backfills_.took(*key);
      continue;
    }
    if (Lane* lane = lane_of(key->epoch, key->stream)) {
      if (now < lane->rest_until) return std::nullopt;
      auto batch = read(*lane, {key->seq, key->seq}, now);
      if (!batch) return std::nullopt;
      if (*batch) return Pick{**std::move(batch), true, true};
    }
    backfills_.drop(*key);  // it left meanwhile, or is damaged
  }
  return std::nullopt;
}

std::optional<Pick> Outbox::pick_first(SteadyTime now) {
  for (auto key = first_.begin(); key != first_.end();) {
    const BatchKey wanted = *key;
    Lane* lane = lane_of(wanted.epoch, wanted.stream);
    if (!may_send(wanted.stream, now) || (lane != nullptr && now < lane->rest_until)) {
      ++key;
      continue;
    }
    auto batch = lane == nullptr ? std::optional<store::StoredBatch>() : read(*lane, {wanted.seq, wanted.seq}, now);
    if (!batch) return std::nullopt;  // its turn comes again
    key = first_.erase(key);
    if (*batch) return Pick{**std::move(batch), true, false};
    release(wanted);  // it left the store, or is damaged: the next one may be repeated in its place
    probed_.erase(wanted.stream);
  }
  return std::nullopt;
}

std::optional<Pick> Outbox::pick_live(Lane& lane, SteadyTime now) {
  if (!lane.extent) return std::nullopt;
  return pick(lane, {std::max(lane.extent->first, lane.live_from), lane.extent->last}, lane.live_next, now);
}

std::optional<Pick> Outbox::pick_backlog(Lane& lane, SteadyTime now) {
  if (!lane.extent) return std::nullopt;
  SeqRange within{lane.extent->first, std::min(lane.extent->last, lane.live_from - 1)};
  if (now >= history_from_ || lane.stream == Stream::event) return pick(lane, within, lane.backlog_next, now);
  // What an earlier connection took since the outage, and lost, does not wait.
  within.first = std::max(within.first, lane.history_before);
  auto cursor = within.first;
  return pick(lane, within, cursor, now);
}

std::optional<Pick> Outbox::pick(Lane& lane, SeqRange within, std::uint64_t& cursor, SteadyTime now) {
  if (now < lane.rest_until) return std::nullopt;
  cursor = std::max(cursor, within.first);
  for (int tries = 0; tries < unreadable_in_a_row_max && cursor <= within.last; ++tries) {
    const auto seq = first_unsent(lane, cursor, within.last);
    if (!seq) {
      cursor = within.last + 1;
      break;
    }
    cursor = *seq;
    auto batch = read(lane, {*seq, within.last}, now);
    if (!batch) break;
    const std::uint64_t found = *batch ? (*batch)->key.seq : within.last + 1;
    if (found == *seq) return Pick{**std::move(batch), lane.published.contains(*seq), false};
    pass_over(lane, {*seq, found - 1}, now);
  }
  return std::nullopt;
}

void Outbox::pass_over(Lane& lane, SeqRange range, SteadyTime now) {
  if (lane.unreadable.ranges().empty()) lane.unreadable_until = now + unreadable_pause;
  add_bounded(lane.unreadable, range);
}

/// What could not be read is looked for once more: the disk may have come back.
void Outbox::retry_unreadable(SteadyTime now) {
  for (auto& lane : lanes_) {
    if (lane.unreadable.ranges().empty() || now < lane.unreadable_until) continue;
    lane.unreadable = {};
    lane.backlog_next = 1;
    lane.live_next = lane.live_from;
  }
}

std::optional<std::uint64_t> Outbox::first_unsent(const Lane& lane, std::uint64_t from, std::uint64_t last) const {
  const auto acknowledged = store_.acknowledged(options_.id, lane.epoch, lane.stream);
  while (from <= last) {
    const auto missing = acknowledged.first_missing({from, last});
    if (!missing) return std::nullopt;
    from = missing->first;
    if (const auto free = lane.held.first_missing({from, missing->last}); !free || free->first != from) {
      from = free ? free->first : missing->last + 1;
    } else if (sent_.contains({lane.epoch, lane.stream, from}) || lane.unreadable.contains(from)) {
      ++from;
    } else {
      return from;
    }
  }
  return std::nullopt;
}

/// The first batch of `wanted` that can be read; nothing if there is none. On an error the lane rests.
Result<std::optional<store::StoredBatch>> Outbox::read(Lane& lane, SeqRange wanted, SteadyTime now) {
  auto rows = reader_.read(lane.epoch, lane.stream, wanted, 1, record::batch_bytes_max);
  lane.trouble = rows ? "" : rows.error().message();
  lane.rest_until = rows ? SteadyTime{} : now + reread_pause;
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<store::StoredBatch>();
  return std::optional(std::move(rows->front()));
}

void Outbox::published(const BatchKey& key, SteadyTime now) {
  if (sent_.empty()) quiet_since_ = now;
  sent_[key] = {true, now + options_.receipt_timeout};
  backfills_.took(key);
  if (Lane* lane = lane_of(key.epoch, key.stream)) add_bounded(lane->published, key.seq);
}

void Outbox::answered(const BatchKey& key, std::uint8_t reason, SteadyTime now) {
  const auto found = sent_.find(key);
  if (reason == reason_connection_ended) {
    if (found != sent_.end()) release(key);
    return;
  }
  auto& refusal = refusals_[key.stream];
  if (reason >= reason_failure) {
    // Several that were on their way together are refused together: that is one refusal.
    if (refusal.reason == 0 || now >= refusal.until) {
      refusal.pause = refusal.reason == 0 ? first_refusal_pause : std::min(refusal.pause * 2, last_refusal_pause);
      refusal.until = now + refusal.pause;
    }
    refusal.reason = reason;
    if (found != sent_.end()) release(key);
    return;
  }
  refusal = {};
  if (options_.confirm == Confirm::broker) {
    confirm(key.epoch, key.stream, {{key.seq, key.seq}});
  } else if (found != sent_.end()) {
    found->second.in_flight = false;
  }
}

void Outbox::confirm(std::uint64_t epoch, Stream stream, const std::vector<SeqRange>& ranges) {
  for (const auto& range : ranges) {
    store_.acknowledge(options_.id, epoch, stream, range);
    sent_.erase(sent_.lower_bound({epoch, stream, range.first}), sent_.upper_bound({epoch, stream, range.last}));
    backfills_.arrived(epoch, stream, range);
  }
}

void Outbox::hold(const BatchKey& key, const std::string& reason) {
  sent_.erase(key);
  backfills_.drop(key);
  if (Lane* lane = lane_of(key.epoch, key.stream)) add_bounded(lane->held, key.seq);
  last_held_ = name_of(key) + ": " + reason;
}

void Outbox::hold_for_copy(const BatchKey& key) {
  if (copying_.size() >= copying_max && !copying_.contains(key)) return;
  hold(key, "conflict");
  if (copying_.insert(key).second) unasked_.push_back(key);
}

void Outbox::ask_for_copies(const std::function<bool(const BatchKey&)>& ask) {
  while (!unasked_.empty() && ask(unasked_.front())) unasked_.pop_front();
}

/// Whoever copies a batch acknowledges it when the copy is durable.
void Outbox::settle_copies() {
  std::optional<std::pair<std::uint64_t, Stream>> log;
  store::Ranges acknowledged;
  for (auto key = copying_.begin(); key != copying_.end();) {
    if (log != std::pair(key->epoch, key->stream)) {
      log = {key->epoch, key->stream};
      acknowledged = store_.acknowledged(options_.id, key->epoch, key->stream);
    }
    const bool settled = acknowledged.contains(key->seq);
    copied_ += settled ? 1U : 0U;
    key = settled ? copying_.erase(key) : std::next(key);
  }
}

void Outbox::send_first(const BatchKey& key) {
  if (first_.size() < first_max && !std::ranges::count(first_, key)) first_.push_back(key);
}

void Outbox::send_again(const BatchKey& key, SteadyTime when) {
  if (const auto found = sent_.find(key); found != sent_.end()) found->second = {false, when};
}

void Outbox::backfill(Backfill asked, SteadyTime now, UtcTime utc) {
  refresh();  // it may be of an epoch that has only begun
  backfills_.begin(std::move(asked), now, utc);
}

void Outbox::drop_asked(const BatchKey& key) {
  sent_.erase(key);
  backfills_.drop(key);
}

void Outbox::retry_held() {
  for (auto& lane : lanes_) {
    if (lane.held.size() == 0) continue;
    lane.held = {};
    lane.live_from = lane.extent ? lane.extent->last + 1 : 1;
    lane.backlog_next = 1;
  }
  for (const auto& key : copying_)
    if (Lane* lane = lane_of(key.epoch, key.stream)) add_bounded(lane->held, key.seq);
  last_held_.clear();
}

void Outbox::release(const BatchKey& key) {
  sent_.erase(key);
  backfills_.put_back(key);
  Lane* lane = lane_of(key.epoch, key.stream);
  if (lane == nullptr) return;
  if (key.seq >= lane->live_from)
    lane->live_next = std::min(lane->live_next, key.seq);
  else
    lane->backlog_next = std::min(lane->backlog_next, key.seq);
}

void Outbox::release_overdue(SteadyTime now) {
  if (options_.confirm == Confirm::broker) return;
  if (stalled(now)) {
    for (const auto& lane : lanes_) {
      const auto oldest = std::ranges::find_if(sent_, [&](const auto& entry) {
        return entry.first.epoch == lane.epoch && entry.first.stream == lane.stream;
      });
      if (oldest == sent_.end() || oldest->second.in_flight || oldest->second.due > now) continue;
      auto& probed = probed_[lane.stream];
      if (probed != SteadyTime{} && now - probed < options_.receipt_timeout) continue;
      probed = now;
      send_first(oldest->first);
    }
    return;
  }
  std::vector<BatchKey> overdue;
  for (const auto& [key, sent] : sent_)
    if (!sent.in_flight && sent.due <= now) overdue.push_back(key);
  for (const auto& key : overdue) {
    // What is repeated is backlog: it goes at the backlog's pace.
    if (Lane* lane = lane_of(key.epoch, key.stream)) {
      lane->live_from = std::max(lane->live_from, key.seq + 1);
      lane->live_next = std::max(lane->live_next, lane->live_from);
    }
    release(key);
  }
}

}  // namespace jidian::uplink

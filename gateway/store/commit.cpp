// Storing batches.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "store/layout.hpp"
#include "store/store_impl.hpp"

namespace jidian::store {
namespace {

/// Confirmations that a crash forgets are only sent again, so they need not cost a page at every commit.
constexpr Millis persist_interval = std::chrono::seconds(60);

/// Pages a commit may need besides its batches: acknowledgements, ledger, the trees' upper levels.
constexpr std::uint64_t pages_beside = 32;

}  // namespace

Status StoreImpl::commit(std::span<const NewBatch> batches, UtcTime now) {
  if (!file_) return Error{ErrorKind::invalid, "the store is closed"};
  if (!file_->is_in_place())
    return Error{ErrorKind::not_found, "the file of epoch " + to_hex(file_->name().epoch) + " was deleted"};
  if (auto fit = check_keys(batches); !fit) return fit;
  std::uint64_t pages = pages_beside;
  for (const auto& [hash, bytes] : manifests_pending_) pages += pages_for(bytes.size());
  for (const auto& [name, text] : notes_pending_) pages += pages_for(name.size() + text.size());
  for (const NewBatch& batch : batches) pages += pages_for(batch.batch.bytes.size());
  pages_wanted_ = std::max(pages, pages_wanted_ - pages_wanted_ / 16);

  auto done = make_room(pages, now);
  if (done) {
    done = write(batches, now);
    if (!done && done.error().kind() == ErrorKind::full) {
      (void)retreat();
      done = make_room(pages, now);
      if (done) done = write(batches, now);
    }
  }
  // What is written needs what stands there: a place that the disk refuses must not end recording.
  if (!done && done.error().kind() == ErrorKind::io && file_->was_refused())
    done = Error{ErrorKind::corrupt, done.error().message()};
  commit_failed_ = !done;
  {
    const std::scoped_lock lock(health_mutex_);
    write_trouble_ = done ? std::string() : "commit failed: " + done.error().message();
  }
  if (!done) return done.error().during("storing " + std::to_string(batches.size()) + " batches");
  count(batches, now);
  checkpoint();
  return {};
}

void StoreImpl::note(const std::string& name, const std::string& text) {
  notes_pending_[name] = text;
  if (text.empty())
    notes_.erase(name);
  else
    notes_[name] = text;
}

Status StoreImpl::check_keys(std::span<const NewBatch> batches) const {
  Heads heads = heads_;
  for (const NewBatch& batch : batches) {
    Head& head = heads[index_of(batch.key.stream)];
    if (batch.key.epoch != file_->name().epoch || batch.key.seq != head.next_seq++)
      return Error{ErrorKind::invalid, "batch " + std::to_string(batch.key.seq) + " is not the next of log " +
                                           table_of(batch.key.stream) + " in epoch " + to_hex(file_->name().epoch)};
    if (batch.batch.bytes.empty() || batch.batch.bytes.size() > record::batch_bytes_max)
      return Error{ErrorKind::invalid, "a batch of " + std::to_string(batch.batch.bytes.size()) + " bytes"};
  }
  return {};
}

/// One transaction: all of it or nothing.
Status StoreImpl::write(std::span<const NewBatch> batches, UtcTime now) {
  const bool due = now - persisted_at_ >= persist_interval || now < persisted_at_;
  std::vector<AcknowledgedRow> acknowledged;
  if (due) acknowledged = acknowledgements_.take_changed();
  auto done = write_all(batches, acknowledged, now);
  if (!done) {
    acknowledgements_.give_back(acknowledged);
    return done;
  }
  for (const NewBatch& batch : batches) heads_[index_of(batch.key.stream)] = {batch.key.seq + 1, batch.batch.hash};
  manifests_pending_.clear();
  notes_pending_.clear();
  if (due) {
    persisted_at_ = now;
    note_progress(now);
  }
  return {};
}

Status StoreImpl::write_all(std::span<const NewBatch> batches, const std::vector<AcknowledgedRow>& acknowledged,
                            UtcTime now) {
  auto transaction = file_->begin();
  if (!transaction) return transaction.error();
  for (const auto& [hash, bytes] : manifests_pending_)
    if (auto done = file_->put_manifest(hash, bytes); !done) return done;
  for (const auto& [name, text] : notes_pending_)
    if (auto done = file_->put_note(name, text); !done) return done;
  bool tells = false;
  for (const NewBatch& batch : batches) {
    if (auto done = file_->insert(batch, now); !done) return done;
    tells |= batch.key.stream == record::Stream::event && !batch.is_copy && !batch.more_wait;
  }
  for (const AcknowledgedRow& row : acknowledged)
    if (auto done = file_->put_acknowledged(row); !done) return done;
  // The events that tell of them are in this very transaction.
  if (tells && !told_.empty())
    if (auto done = file_->put_ledger(ledger_); !done) return done;
  LogRanges damage_told;
  if (tells && !damage_telling_.empty()) {
    damage_told = damage_told_with_telling();
    for (const auto& [log, telling] : damage_telling_)
      if (auto done = file_->put_damaged(log.first, log.second, damage_told[log]); !done) return done;
  }
  if (auto done = transaction->commit(); !done) return done;
  if (!tells) return {};
  told_.clear();
  if (!damage_telling_.empty()) damage_told_ = std::move(damage_told);
  damage_telling_.clear();
  return {};
}

/// What to do when SQLite says "full": the quota left room, so it is the partition that is full, and others filled it.
///
/// The reserve is given up so that the log fits into the file, which takes what space it needs before others do, and a
/// little more: from then on it does not grow, and old batches make room for new ones inside it. Where others were
/// faster the next retreat tries again.
Status StoreImpl::retreat() {
  {
    const std::scoped_lock lock(health_mutex_);
    if (!partition_full_) spdlog::error("partition full, recording on the reserve folder={}", options_.folder.string());
    partition_full_ = true;
  }
  const bool released = reserve_.release();
  auto pages = file_->pages();
  if (!pages) return pages.error();
  (void)file_->set_aside(pages->total);
  auto restarted = file_->restart_log();
  (void)file_->give_back_growth();  // of an earlier retreat that could not
  if (released && restarted) take_growth(*pages);
  pages = file_->pages();
  if (!pages) return pages.error();
  pages_cap_ = pages->total;
  return restarted;
}

/// Takes of the reserve's space what the log does not need, for what is recorded before anything has to go.
void StoreImpl::take_growth(EpochFile::Pages pages) {
  const std::uint64_t wanted = Budget::of(options_.quota_bytes, 0).log_frames_max / 4;
  if (pages.free >= wanted || pages.total + wanted - pages.free > file_pages_max_) return;
  if (const auto done = file_->lengthen(wanted - pages.free); !done)
    spdlog::warn("others took the reserve's space, old batches make room why=\"{}\"", done.error().message());
}

void StoreImpl::count(std::span<const NewBatch> batches, UtcTime now) {
  if (now < rate_since_) {  // the clock was set back
    rate_since_ = now;
    rate_bytes_ = 0;
  }
  const auto free_pages = room();
  const std::scoped_lock lock(health_mutex_);
  for (const NewBatch& batch : batches) {
    rate_bytes_ += stored_bytes(batch.batch.bytes.size());
    if (batch.key.stream == record::Stream::reading && !batch.is_copy) health_.readings_recorded += batch.batch.count;
  }
  health_.batches += batches.size();
  ++health_.commits;
  health_.last_commit = now;
  const Millis elapsed = now - rate_since_;
  if (free_pages && elapsed >= DailyRate::time_min && rate_bytes_ > 0) {
    const double bytes_per_day = static_cast<double>(rate_bytes_) * 86'400'000.0 / static_cast<double>(elapsed.count());
    health_.days_left = static_cast<double>(*free_pages * page_bytes) / bytes_per_day;
    stored_bytes_per_day_ = bytes_per_day;
  }
}

void StoreImpl::checkpoint() {
  auto done = file_->checkpoint_if_due();
  if (!done && done.error().kind() == ErrorKind::full) done = retreat();
  if (done) return;
  const std::scoped_lock lock(health_mutex_);
  write_trouble_ = done.error().message();
}

/// Of those that the file has nothing waits: room is made for what waits.
void StoreImpl::add_manifest(const Hash& hash, Bytes bytes) {
  manifest_.emplace(hash, std::move(bytes));
  if (file_ && file_->has_manifest(hash)) return;
  const auto waits = [&](const auto& pending) { return pending.first == hash; };
  if (std::ranges::none_of(manifests_pending_, waits)) manifests_pending_.push_back(*manifest_);
}

void StoreImpl::acknowledge(const std::string& destination, std::uint64_t epoch, record::Stream stream,
                            SeqRange range) {
  acknowledgements_.add(destination, epoch, stream, range);
}

Ranges StoreImpl::acknowledged(const std::string& destination, std::uint64_t epoch, record::Stream stream) const {
  return acknowledgements_.get(destination, epoch, stream);
}

/// Of the `used` bytes of the newest file, about those that some destination lacks: they must not give way to others.
std::uint64_t StoreImpl::unconfirmed_bytes(std::uint64_t used) const {
  std::uint64_t held = 0;
  std::uint64_t lacking = 0;
  for (const record::Stream stream : record::all_streams) {
    const auto first = file_->rows(stream, {1, seq_max}, 1);
    if (!first || first->empty()) continue;
    const std::vector<Ranges> holders = holders_of(file_->name().epoch, stream);
    const Ranges confirmed = held_by(holders, holders.size());
    SeqRange rest{first->front().seq, head(stream).next_seq - 1};
    held += rest.size();
    while (const auto missing = confirmed.first_missing(rest)) {
      lacking += missing->size();
      if (missing->last == rest.last) break;
      rest.first = missing->last + 1;
    }
  }
  if (held == 0) return 0;
  return static_cast<std::uint64_t>(static_cast<double>(used) * static_cast<double>(lacking) /
                                    static_cast<double>(held));
}

/// What old files take that some destination lacks something of. The others give way.
std::uint64_t StoreImpl::unconfirmed_old_bytes() const {
  std::uint64_t bytes = 0;
  for (const OldEpoch& old : old_) {
    const auto is_confirmed = [&](record::Stream stream) {
      const auto& extent = old.extents[index_of(stream)];
      const std::vector<Ranges> holders = holders_of(old.name.epoch, stream);
      return !extent || !held_by(holders, holders.size()).first_missing(*extent);
    };
    if (!std::ranges::all_of(record::all_streams, is_confirmed)) bytes += old.bytes;
  }
  return bytes;
}

/// What counting alone does not tell: sizes, the oldest batch, how many there are, how long room and flash last.
void StoreImpl::refresh_health(UtcTime now) {
  std::uint64_t batches = 0;
  std::optional<UtcTime> oldest;
  for (const OldEpoch& old : old_)
    for (const auto& extent : old.extents)
      if (extent) batches += extent->size();
  for (const record::Stream stream : record::all_streams) {
    const auto first = file_->rows(stream, {1, seq_max}, 1);
    if (!first || first->empty()) continue;
    batches += head(stream).next_seq - first->front().seq;
    oldest = std::min(oldest.value_or(first->front().start), first->front().start);
  }
  for (auto old = old_.rbegin(); old != old_.rend(); ++old)
    if (old->oldest) oldest = std::min(oldest.value_or(*old->oldest), *old->oldest);
  const auto pages = file_->pages();
  const bool reserve_held = reserve_.held();
  const auto written = written_by_process();
  const auto wear = written ? wear_.see(now, *written) : std::nullopt;
  const std::uint64_t used = pages ? (pages->total - pages->free) * page_bytes : 0;
  const std::uint64_t room_bytes =
      Budget::of(options_.quota_bytes, unconfirmed_old_bytes()).file_pages_max * page_bytes;
  const std::uint64_t lacking = unconfirmed_bytes(used);
  const std::scoped_lock lock(health_mutex_);
  reserve_held_ = reserve_held;
  health_.batches = batches;
  health_.oldest = oldest;
  if (pages) health_.bytes = old_bytes() + used;
  if (pages && stored_bytes_per_day_)
    health_.autonomy_days = static_cast<double>(room_bytes - std::min(lacking, room_bytes)) / *stored_bytes_per_day_;
  const double a_day = wear.value_or(-1);
  health_.written_bytes_per_day = a_day;
  const bool wears = a_day > 0 && options_.flash_endurance_bytes > 0;
  health_.flash_years = wears ? static_cast<double>(options_.flash_endurance_bytes) / a_day / 365.25 : -1;
}

health::StoreHealth StoreImpl::health() const {
  const std::scoped_lock lock(health_mutex_);
  health::StoreHealth health = health_;
  const auto say = [&](const std::string& what) { health.trouble += (health.trouble.empty() ? "" : "; ") + what; };
  if (!write_trouble_.empty()) say(write_trouble_);
  if (!maintain_trouble_.empty()) say(maintain_trouble_);
  if (partition_full_)
    say("the partition is full");
  else if (!reserve_held_)
    say("the partition has no room for the reserve");
  if (damage_->count() != 0) say(std::to_string(damage_->count()) + " damaged places in the record");
  if (damage_->beyond() != 0)
    say("further ones, met " + std::to_string(damage_->beyond()) + " times, are not told one by one");
  return health;
}

}  // namespace jidian::store

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "domain/slots.hpp"
#include "recorder/core.hpp"

/// What a core takes from the batches of earlier runs.
namespace jidian::recorder {
namespace {

/// Steps back of the clock in the hour or so that is remembered; older ones are forgotten.
constexpr std::size_t set_backs_max = 64;

/// The length of the shortest row.
constexpr std::chrono::seconds shortest_row{60};

/// Whether two batches are known to be of one boot.
bool is_same_boot(const std::array<std::uint8_t, 16>& one, const std::array<std::uint8_t, 16>& other) {
  return one == other && one != std::array<std::uint8_t, 16>{};
}

}  // namespace

/// Every run that stored anything has events, which come first: the last of them is the last run's. Within a boot the
/// steady clock tells what came later.
void Core::note_life(const record::Header& header) {
  if (goes_on_) return;
  const Life life{header.anchor_utc, header.anchor_steady, header.boot};
  const auto is_later = [&](const Life& other) { return life.steady >= other.steady; };
  const bool follows = last_ && is_same_boot(last_->boot, life.boot) && is_later(*last_);
  if (!last_ || follows || header.key.stream == record::Stream::event) last_ = life;
  const bool is_comparable = newest_ && is_same_boot(newest_->boot, life.boot);
  if (!newest_ || (is_comparable ? is_later(*newest_) : life.at >= newest_->at)) newest_ = life;
}

/// The last sign of life on record. A boot whose clock lay behind does not hide the one before it; one whose clock lay
/// ahead of `now` hides none behind it.
std::optional<UtcTime> Core::last_sign(UtcTime now) const {
  if (!newest_) return std::nullopt;
  return newest_->at > now ? last_->at : newest_->at;
}

/// A step forward takes back what it passes over again: that is no time ahead any more.
void Core::note_set_back(const record::Header& header, const domain::Event& event) {
  const Millis offset = step_told(event);
  if (offset > Millis{0})
    for (SetBack& step : set_backs_)
      if (is_same_boot(step.boot, header.boot)) step.to = std::max(step.to, event.time);
  if (offset >= Millis{0}) return;
  holes_.set_back(event.time, -offset);
  set_backs_.push_back({header.boot, header.anchor_steady, event.time});
  if (set_backs_.size() > set_backs_max) set_backs_.pop_front();
}

/// Where a poll or row of that time is of a time that the clock was set back from, to where it was set: it lies ahead
/// of the present one and of the end of the record, or the step stands in the record and the poll's or row's minute
/// behind it. Its rows were told at the step.
std::optional<UtcTime> Core::set_back_to(const record::Header& header, UtcTime time) const {
  const UtcTime minute = domain::align(time, shortest_row);
  std::optional<UtcTime> to;
  if (recalled_at_ && minute > std::max(*recalled_at_, last_sign(*recalled_at_).value_or(*recalled_at_)))
    to = recalled_at_;
  for (const SetBack& step : set_backs_) {
    const bool was_before = header.anchor_steady < step.steady || minute > header.anchor_utc;
    if (is_same_boot(header.boot, step.boot) && was_before && minute > step.to)
      to = std::min(to.value_or(step.to), step.to);
  }
  return to;
}

/// Of rows of a time that is over counters and the sums of a day go on all the same.
void Core::remember_rows(const record::Header& header, const record::Rows& rows) {
  for (const auto& row : rows) {
    const auto to = std::visit([&](const auto& it) { return set_back_to(header, it.start); }, row);
    const auto* of_meter = std::get_if<domain::IntervalRow>(&row);
    if (!to) {
      std::visit([&](const auto& it) { facts_.restore(it); }, row);
      if (of_meter == nullptr) continue;
      data_.remember(*of_meter);
      plausibility_.remember(*of_meter, swaps_.since(of_meter->meter));
    } else if (of_meter != nullptr) {
      facts_.restore_counts(*of_meter, *to);
    } else {
      facts_.restore_sums(std::get<domain::AggregateRow>(row));
    }
  }
}

/// Which meters have their slots where they were under another manifest: found out once for each run of batches that
/// were made under it.
const std::vector<bool>& Core::meters_with_slots_of(const Hash& hash, const domain::Manifest* other) {
  if (same_slots_under_ == hash) return same_slots_;
  same_slots_under_ = hash;
  same_slots_.clear();
  std::map<std::string_view, Millis> periods;
  if (other != nullptr)
    for (const auto& meter : other->meters) periods.emplace(meter.id, meter.period);
  for (const auto& meter : options_.manifest.meters) {
    const auto before = periods.find(meter.id);
    same_slots_.push_back(before != periods.end() && before->second == meter.period);
  }
  return same_slots_;
}

/// Counters that were taken at another level then begin their rows anew there, as they did then. `back_to`: the poll is
/// of a time that the clock was set back from.
void Core::remember_levels(const domain::Poll& poll, std::optional<UtcTime> back_to) {
  if (poll.end < swaps_.since(poll.meter)) return;  // before that it was another meter
  for (const std::uint16_t point : plausibility_.remember(poll)) {
    const UtcTime at = domain::end_of(poll, point);
    facts_.restart_counter(poll.meter, point, at, back_to.value_or(at));
  }
}

void Core::remember(const record::Decoded& batch, const domain::Manifest* made_under) {
  note_life(batch.header);
  if (const auto* events = std::get_if<record::Events>(&batch.body)) {
    note_in_force(batch, made_under);
    epoch_before_ = batch.header.key.epoch;
    manifest_before_ = batch.header.manifest;
    said_goodbye_ = events->back().kind == domain::EventKind::stop;
    for (const domain::Event& event : *events) {
      note_set_back(batch.header, event);
      if (event.gap) holes_.declare(event.subject, *event.gap);
      if (comes_into_force(event)) manifest_before_ = record::sha256(event.manifest);
      facts_.restore(event);
    }
  }
  if (const auto* rows = std::get_if<record::Rows>(&batch.body)) remember_rows(batch.header, *rows);
  const auto* polls = std::get_if<record::Polls>(&batch.body);
  if (polls == nullptr) return;
  // Under another manifest the meter may have had another period: then its holes cannot be found again.
  const bool is_present = batch.header.manifest == manifest_.hash;
  const auto* same_slots = is_present ? nullptr : &meters_with_slots_of(batch.header.manifest, made_under);
  Facts::News news;
  for (const auto& poll : *polls) {
    const Millis period = options_.manifest.meters[poll.meter].period;
    // What was read is what the meter showed; rows of a time that was taken back are over, and its slots, too, if they
    // came a second time.
    const auto back_to = set_back_to(batch.header, poll.slot);
    if (!back_to) note_return(poll, news);
    if (!back_to || !domain::comes_again(poll.slot, *back_to, period)) {
      if (same_slots == nullptr || (*same_slots)[poll.meter])
        holes_.note(poll);
      else
        holes_.account(poll.meter, poll.slot + period);
    }
    counters_.remember(poll);
    data_.remember(poll);
    swaps_.see(poll);
    remember_levels(poll, back_to);
    if (!back_to) facts_.remember(poll, news);
  }
  for (auto& row : news.rows) pending_.add(std::move(row), manifest_.hash);
  for (auto& row : news.aggregates) pending_.add(std::move(row), manifest_.hash);
  // Under another manifest other levels held: what was seen then is not told again by those of today.
  if (!is_present || goes_on_) return;
  for (auto& event : news.events) pending_.add(std::move(event), manifest_.hash);
}

}  // namespace jidian::recorder

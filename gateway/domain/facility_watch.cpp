#include "domain/facility_watch.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>

namespace jidian::domain {
namespace {

/// What a `clock` event tells as a step; less is told only because the clock became right.
constexpr std::int64_t clock_step_ms = 1'000;

/// Whether time was not lived through before this event.
bool is_skip(const Event& event) {
  if (event.kind == EventKind::start) return true;
  if (event.kind != EventKind::clock) return false;
  for (const auto& [name, value] : event.facts) {
    std::int64_t offset = 0;
    if (name != "offset_ms") continue;
    std::from_chars(value.data(), value.data() + value.size(), offset);
    return std::abs(offset) > clock_step_ms;
  }
  return false;
}

}  // namespace

FacilityWatch::FacilityWatch(const Manifest& manifest)
    : uses_(manifest.meters.size()), facility_count_(manifest.facilities.size()) {
  facilities_.reserve(manifest.facilities.size());
  for (std::size_t i = 0; i < manifest.facilities.size(); ++i) {
    const FacilityEntry& entry = manifest.facilities[i];
    FacilityTicks ticks(manifest, entry);
    if (!ticks.is_told()) continue;
    for (std::size_t k = 0; k < ticks.gauge().meters().size(); ++k)
      uses_[ticks.gauge().meters()[k]].emplace_back(facilities_.size(), k);
    FacilityTelling telling(manifest, entry, ticks.gauge());
    facilities_.push_back({std::move(ticks), std::move(telling), {}});
    indices_.push_back(static_cast<FacilityIndex>(i));
    ids_.push_back(entry.id);
  }
}

void FacilityWatch::restore(const Event& event) {
  if (is_skip(event)) skips_.push_back(event.time);
  if (event.kind != EventKind::facility_state) return;
  const auto found = std::ranges::find(ids_, event.subject);
  if (found != ids_.end()) facilities_[static_cast<std::size_t>(found - ids_.begin())].telling.restore(event);
}

void FacilityWatch::take(std::size_t index, const FacilityTicks::Judged& judged, Out out) {
  Facility& facility = facilities_[index];
  for (const JudgedTick& tick : judged) {
    const bool is_known = tick.state != FacilityState::unknown;
    const bool is_start = tick.state == FacilityState::running && facility.known.value_or(tick.state) != tick.state;
    if (is_known) facility.known = tick.state;
    const UtcTime until = tick.at + facility.ticks.length();
    Stretch* last = out.stretches.empty() ? nullptr : &out.stretches.back();
    const bool goes_on = last != nullptr && last->facility == indices_[index] && last->until == tick.at &&
                         last->state == tick.state && !is_start;
    if (goes_on)
      last->until = until;
    else
      out.stretches.push_back({indices_[index], tick.at, until, tick.state, is_start});
    facility.telling.note(tick, is_recall_, out.events);
  }
}

void FacilityWatch::take_poll(const Poll& poll, Out out) {
  for (const auto& [index, which] : uses_[poll.meter]) {
    if (facilities_[index].ticks.is_jump_to(poll.slot)) skip(index, poll.slot, out);
    judged_.clear();
    facilities_[index].ticks.add(which, poll, judged_);
    take(index, judged_, out);
  }
  seen_ = std::max(seen_.value_or(poll.slot), poll.slot);
}

void FacilityWatch::skip(UtcTime now, Out out) {
  for (std::size_t i = 0; i < facilities_.size(); ++i) skip(i, now, out);
  seen_.reset();
}

void FacilityWatch::skip(std::size_t index, UtcTime now, Out out) {
  Facility& facility = facilities_[index];
  judged_.clear();
  const bool is_hole = facility.ticks.skip_to(seen_.value_or(UtcTime::min()), now, judged_);
  take(index, judged_, out);
  if (is_hole) facility.known.reset();
  facility.telling.begin_anew();
}

void FacilityWatch::recall(const Poll& poll, std::vector<Stretch>& stretches, std::vector<Event>& events) {
  is_recall_ = true;
  const auto is_over = [&](UtcTime skip) { return skip <= poll.slot; };
  for (auto over = std::ranges::find_if(skips_, is_over); over != skips_.end();
       over = std::ranges::find_if(skips_, is_over)) {
    const UtcTime until = *over;
    skips_.erase(over);
    skip(until, {stretches, events});
  }
  take_poll(poll, {stretches, events});
}

void FacilityWatch::go_on(const FacilityWatch& before, const std::vector<std::string>& unchanged) {
  for (std::size_t i = 0; i < facilities_.size(); ++i) {
    const auto theirs = std::ranges::find(before.ids_, ids_[i]);
    const bool is_same = std::ranges::find(unchanged, ids_[i]) != unchanged.end() && theirs != before.ids_.end();
    if (is_same)
      facilities_[i].telling.go_on(before.facilities_[static_cast<std::size_t>(theirs - before.ids_.begin())].telling);
    else
      facilities_[i].telling.begin_anew();
  }
  is_recall_ = false;
}

void FacilityWatch::add(const Poll& poll, std::vector<Stretch>& stretches, std::vector<Event>& events) {
  is_recall_ = false;
  take_poll(poll, {stretches, events});
}

void FacilityWatch::close_overdue(UtcTime now, std::vector<Stretch>& stretches, std::vector<Event>& events) {
  is_recall_ = false;
  for (std::size_t i = 0; i < facilities_.size(); ++i) {
    if (facilities_[i].ticks.is_jump_to(now)) skip(i, now, {stretches, events});
    judged_.clear();
    facilities_[i].ticks.close_overdue(now, judged_);
    take(i, judged_, {stretches, events});
  }
}

void FacilityWatch::skip_to(UtcTime now, std::vector<Stretch>& stretches, std::vector<Event>& events) {
  skips_.clear();
  skip(now, {stretches, events});
  is_recall_ = false;
}

std::vector<FacilityNow> FacilityWatch::now() const {
  std::vector<FacilityNow> all(facility_count_);
  for (std::size_t i = 0; i < facilities_.size(); ++i) all[indices_[i]] = facilities_[i].telling.now();
  return all;
}

}  // namespace jidian::domain

#include "domain/facility_telling.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/decimal.hpp"

namespace jidian::domain {
namespace {

constexpr Millis telling_window = std::chrono::hours(1);

std::string sentence_of(FacilityState state) {
  switch (state) {
    case FacilityState::unknown:
      return "The facility's state is not known: not all that it is judged by was observed.";
    case FacilityState::de_energised:
      return "The facility's supply is gone: no voltage on any phase.";
    case FacilityState::stopped:
      return "The facility stands still.";
    case FacilityState::idle:
      return "The facility is on and does nothing.";
    case FacilityState::running:
      return "The facility runs.";
  }
  return {};
}

/// "kw", "a" or "status".
std::string_view word_of(RunSource source) {
  if (source == RunSource::power) return "kw";
  return source == RunSource::current ? "a" : "status";
}

std::string number_of(RunSource source, std::int64_t value) {
  if (source == RunSource::power) return format_decimal(value, -6);
  return format_decimal(value, source == RunSource::current ? -3 : 0);
}

}  // namespace

void FacilityTelling::restore(const Event& event) {
  for (const auto& [name, value] : event.facts) {
    if (name != "since") continue;
    if (const auto since = parse_time(value)) recorded_until_ = std::max(recorded_until_.value_or(*since), *since);
  }
  told_at_.push_back(event.time);
  if (told_at_.size() > events_an_hour_max) told_at_.pop_front();
}

void FacilityTelling::go_on(const FacilityTelling& before) {
  now_ = before.now_;
  is_anew_ = before.is_anew_;
  recorded_until_ = before.recorded_until_;
  told_at_ = before.told_at_;
  passed_over_ = before.passed_over_;
}

void FacilityTelling::begin_anew() {
  is_anew_ = true;
  now_ = {};
  unknown_run_ = 0;
  unknown_first_.reset();
}

void FacilityTelling::note(const JudgedTick& tick, bool is_recall, std::vector<Event>& events) {
  if (tick.total) {
    now_.total = tick.total;
    now_.total_at = tick.at;
  }
  if (!now_.since) now_.since = tick.at;
  if (tick.state != FacilityState::unknown) {
    unknown_run_ = 0;
    unknown_first_.reset();
    return change_to(tick.state, tick, tick.at, is_recall, events);
  }
  if (unknown_run_++ == 0) unknown_first_ = tick;
  if (unknown_run_ < unknown_ticks || (unknown_run_ > unknown_ticks && passed_over_ == 0)) return;
  JudgedTick first = *unknown_first_;
  first.decided_at = std::max(tick.decided_at, tick.at);
  change_to(FacilityState::unknown, first, first.at, is_recall, events);
}

bool FacilityTelling::may_tell(UtcTime now) {
  // A time ahead is of a clock that was set back since.
  std::erase_if(told_at_, [&](UtcTime at) { return now - at >= telling_window || at > now; });
  return told_at_.size() < events_an_hour_max;
}

void FacilityTelling::change_to(FacilityState state, const JudgedTick& tick, UtcTime since, bool is_recall,
                                std::vector<Event>& events) {
  const bool is_change = is_anew_ || state != now_.state;
  if (!is_change && passed_over_ == 0) return;
  const FacilityState before = is_anew_ ? FacilityState::unknown : now_.state;
  const bool is_first = std::exchange(is_anew_, false);
  if (is_change) {
    now_.state = state;
    now_.since = since;
  }
  // What an earlier run saw is on record; how it began there was told at its own start.
  if (is_recall && (is_first || !is_change || (recorded_until_ && since <= *recorded_until_))) return;
  if (!may_tell(tick.decided_at)) {
    if (is_change) ++passed_over_;
    return;
  }
  told_at_.push_back(tick.decided_at);
  JudgedTick evidence = tick;
  evidence.at = *now_.since;
  evidence.state = state;
  Event event = event_of(evidence, before);
  if (passed_over_ > 0) {
    event.text += " It changed more often than can be told: " + std::to_string(passed_over_) + " changes are not.";
    event.facts.emplace_back("passed_over", std::to_string(std::exchange(passed_over_, 0)));
  }
  events.push_back(std::move(event));
}

Event FacilityTelling::event_of(const JudgedTick& tick, FacilityState before) const {
  Event event{tick.decided_at, EventKind::facility_state, facility_.id, sentence_of(tick.state), std::nullopt, {}, {}};
  const bool is_unknown = tick.state == FacilityState::unknown;
  event.facts = {{"before", std::string(name_of(before))},
                 {"state", std::string(name_of(tick.state))},
                 {"since", format_utc(tick.at)},
                 {"held_ticks", std::to_string(is_unknown ? unknown_ticks : facility_.run.hold)},
                 {"tick_s", format_decimal(std::int64_t{tick_length_.count()}, -3)}};
  add_values(tick, event);
  add_levels(event);
  return event;
}

/// The values of the tick from which on it is told, whole and by meter; which are missing; voltages where there is
/// none.
void FacilityTelling::add_values(const JudgedTick& tick, Event& event) const {
  const RunSource source = facility_.run.source;
  const std::string word(word_of(source));
  const auto put = [&](const std::string& name, std::int64_t value) {
    event.facts.emplace_back(name, number_of(source, value));
  };
  if (tick.total)
    put(source == RunSource::power ? "power_kw" : source == RunSource::current ? "current_a" : word, *tick.total);
  std::string missing;
  for (std::size_t i = 0; i < tick.shares.size(); ++i) {
    const std::string& id = manifest_.meters[meters_[i]].id;
    const auto& share = tick.shares[i];
    if (!share || !share->value)
      missing += (missing.empty() ? "" : " ") + id;
    else if (source != RunSource::status)
      put(word + "." + id, *share->value);
    if (share && share->voltage_mv && share->supply != MeterShare::Supply::present)
      event.facts.emplace_back("v." + id, format_decimal(*share->voltage_mv, -3));
  }
  if (!missing.empty()) event.facts.emplace_back("missing", missing);
}

void FacilityTelling::add_levels(Event& event) const {
  const RunRule& rule = facility_.run;
  if (rule.source == RunSource::status) return;
  const std::string unit = "_" + std::string(word_of(rule.source));
  const auto put = [&](const char* name, std::int64_t level) {
    event.facts.emplace_back(name + unit, number_of(rule.source, level));
  };
  put("stop_below", rule.stop_below);
  put("start_at", rule.start_at);
  if (!rule.tells_idle()) return;
  put("idle_below", rule.idle_below);
  put("run_at", rule.run_at);
}

}  // namespace jidian::domain

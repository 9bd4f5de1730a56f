#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/facility_watch.hpp"

namespace jidian::domain::facility_plant {

inline constexpr UtcTime noon{Millis{1'772'352'000'000}};  // 2026-03-01T08:00:00Z, a multiple of all periods used

inline PointEntry point(std::string name, std::string unit, int exponent, ValueType type = ValueType::signed_integer) {
  PointEntry entry;
  const auto dot = std::min(name.find('.'), name.size());
  entry.quantity = name.substr(0, dot);
  entry.phase = dot < name.size() ? name.substr(dot + 1) : "";
  entry.name = std::move(name);
  entry.unit = std::move(unit);
  entry.exponent = exponent;
  entry.type = type;
  return entry;
}

/// A meter with power in W and a voltage in V, and what else is asked for.
inline MeterEntry meter(std::string id, Millis period, std::vector<PointEntry> more = {}) {
  MeterEntry entry;
  entry.id = std::move(id);
  entry.period = period;
  entry.points = {point("active_power.total", "W", 0), point("voltage_ln.l1", "V", -1)};
  entry.points.insert(entry.points.end(), more.begin(), more.end());
  return entry;
}

/// Two meters of 1 s and 3 s and the facility "line" of both: stopped below 1 kW, not from 2 kW on, running from 10 kW.
inline Manifest two_meters() {
  Manifest manifest;
  manifest.meters = {meter("saw", Millis{1'000}), meter("fan", Millis{3'000})};
  FacilityEntry line;
  line.id = "line";
  line.meters = {"saw", "fan"};
  line.run = {RunSource::power, {"saw", "fan"}, 1'000'000, 2'000'000, 8'000'000, 10'000'000};
  manifest.facilities = {line};
  return manifest;
}

inline Poll poll(MeterIndex meter, UtcTime slot, std::int64_t watts, std::int64_t decivolts = 2'300,
                 Quality quality = Quality::ok) {
  Poll made{meter, slot, slot + Millis{5}, slot + Millis{45}, ClockQuality::synchronised, {}, {}};
  made.cause = GapCause::meter_silent;
  made.samples = {{static_cast<std::uint64_t>(watts), quality}, {static_cast<std::uint64_t>(decivolts), quality}};
  return made;
}

inline Poll failed(MeterIndex meter, UtcTime slot) {
  return poll(meter, slot, 0, 0, Quality::no_answer);
}

/// A watch with what it told.
struct Bench {
  explicit Bench(const Manifest& manifest) : watch(manifest) {}

  void add(const Poll& poll) { watch.add(poll, stretches, events); }
  void recall(const Poll& poll) { watch.recall(poll, stretches, events); }
  void close(UtcTime now) { watch.close_overdue(now, stretches, events); }
  void skip(UtcTime now) { watch.skip_to(now, stretches, events); }

  /// The seconds of each state, and whether two stretches of a facility overlap.
  std::map<FacilityState, std::int64_t> seconds() const {
    std::map<FacilityState, std::int64_t> found;
    for (const Stretch& it : stretches) found[it.state] += (it.until - it.from).count() / 1'000;
    return found;
  }

  /// The state from each tick on, in steps of `tick`.
  std::map<UtcTime, FacilityState> ticks(Millis tick) const {
    std::map<UtcTime, FacilityState> found;
    for (const Stretch& it : stretches)
      for (UtcTime at = it.from; at < it.until; at += tick)
        if (!found.emplace(at, it.state).second) found.clear();  // told twice
    return found;
  }

  std::string fact(std::size_t event, const std::string& name) const {
    for (const auto& [key, value] : events.at(event).facts)
      if (key == name) return value;
    return "-";
  }

  FacilityWatch watch;
  std::vector<Stretch> stretches;
  std::vector<Event> events;
};

}  // namespace jidian::domain::facility_plant

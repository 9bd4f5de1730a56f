#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/plausibility_watch.hpp"

// A meter whose values are set by name, polled once a second.
namespace jidian::domain::doubtful {

inline constexpr UtcTime noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{12}};

inline PointEntry point(const std::string& name, const std::string& unit, int exponent = 0,
                        ValueType type = ValueType::signed_integer) {
  PointEntry entry;
  const auto dot = name.find('.');
  entry.name = name;
  entry.quantity = name.substr(0, dot);
  entry.phase = dot == std::string::npos ? "" : name.substr(dot + 1);
  entry.unit = unit;
  entry.exponent = exponent;
  entry.type = type;
  if (entry.quantity.find("_energy") != std::string::npos) {
    entry.kind = PointKind::counter;
    entry.type = type == ValueType::signed_integer ? ValueType::unsigned_integer : type;
    entry.modulus = entry.type == ValueType::unsigned_integer ? 100'000'000 : 0;
  }
  if (entry.quantity.ends_with("_ratio")) entry.kind = PointKind::attribute;
  return entry;
}

/// Three phases: powers in W, currents in mA, power factors, reactive powers, an energy in 0.01 kWh, as integers.
inline std::vector<PointEntry> three_phases() {
  std::vector<PointEntry> points{point("active_power.total", "W"), point("active_energy_import.total", "kWh", -2)};
  for (const std::string phase : {"l1", "l2", "l3"}) {
    points.push_back(point("active_power." + phase, "W"));
    points.push_back(point("current." + phase, "A", -3));
    points.push_back(point("reactive_power." + phase, "var"));
    points.push_back(point("voltage_ln." + phase, "V", -1));
  }
  return points;
}

struct Bench {
  explicit Bench(std::vector<PointEntry> points, const std::string& ct = "200/5") {
    MeterEntry meter;
    meter.id = "press-1";
    meter.ct_ratio = ct;
    meter.points = std::move(points);
    manifest.meters.push_back(meter);
    manifest.plausibility.wiring_polls = 5;
  }

  /// A balanced load until the next poll, in W a phase, at a power factor of about 0.9; its energy is counted.
  void load(double watts) {
    for (const std::string phase : {"l1", "l2", "l3"}) {
      set("active_power." + phase, watts);
      set("reactive_power." + phase, watts / 2);
      set("current." + phase, std::abs(watts) / 230 / 0.9);
      set("voltage_ln." + phase, 230 + 0.1 * (polls % 7));
    }
    set("active_power.total", 3 * watts);
    values["active_energy_import.total"] += std::max(0.0, 3 * watts) * static_cast<double>(period.count()) / 3.6e9;
  }

  void set(const std::string& name, double value) { values[name] = value; }
  void spoil(const std::string& name, Quality quality) { qualities[name] = quality; }

  /// The next poll, a second later, judged.
  Poll next() {
    Poll poll;
    poll.slot = noon + period * polls++;
    poll.start = poll.slot + Millis{5};
    poll.end = poll.slot + Millis{40};
    for (const PointEntry& entry : manifest.meters[0].points) {
      const auto spoilt = qualities.find(entry.name);
      const Quality quality = spoilt == qualities.end() ? Quality::ok : spoilt->second;
      poll.samples.push_back({has_value(quality) ? bits_of(entry) : 0, quality});
    }
    if (!watch) watch.emplace(manifest);
    findings.clear();
    const Poll before = poll;
    watch->judge(poll, findings);
    for (std::size_t i = 0; i < poll.samples.size(); ++i)
      unchanged = unchanged && poll.samples[i].bits == before.samples[i].bits;
    for (auto& event : findings.events) events.push_back(std::move(event));
    restarted += findings.restarted.size();
    return poll;
  }

  Poll next(int count) {
    for (; count > 1; --count) (void)next();
    return next();
  }

  Quality quality(const Poll& poll, const std::string& name) const {
    for (std::size_t i = 0; i < poll.samples.size(); ++i)
      if (manifest.meters[0].points[i].name == name) return poll.samples[i].quality;
    return Quality::corrupt;
  }

  /// Names of the points that are marked, by blanks.
  std::string marked(const Poll& poll) const {
    std::string names;
    for (std::size_t i = 0; i < poll.samples.size(); ++i)
      if (poll.samples[i].quality == Quality::implausible)
        names += (names.empty() ? "" : " ") + manifest.meters[0].points[i].name;
    return names;
  }

  /// "phase_sum begun, phase_sum ended": what was told so far.
  std::string told() const {
    std::string text;
    for (const Event& event : events)
      text += (text.empty() ? "" : ", ") + fact(event, "check") + " " + fact(event, "state");
    return text;
  }

  static std::string fact(const Event& event, const std::string& name) {
    for (const auto& [key, value] : event.facts)
      if (key == name) return value;
    return "(none)";
  }

  Manifest manifest;
  std::map<std::string, double> values;
  std::map<std::string, Quality> qualities;
  std::optional<PlausibilityWatch> watch;
  Findings findings;
  std::vector<Event> events;
  std::size_t restarted = 0;
  Millis period{1000};
  int polls = 0;
  bool unchanged = true;  ///< No value was ever altered.

 private:
  std::uint64_t bits_of(const PointEntry& entry) const {
    const auto found = values.find(entry.name);
    const double value = found == values.end() ? 0 : found->second;
    const double units = value / std::pow(10.0, entry.exponent);
    if (entry.type == ValueType::float32) return std::bit_cast<std::uint32_t>(static_cast<float>(units));
    if (entry.type == ValueType::float64) return std::bit_cast<std::uint64_t>(units);
    return static_cast<std::uint64_t>(std::llround(units));
  }
};

}  // namespace jidian::domain::doubtful

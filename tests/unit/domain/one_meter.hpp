#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <vector>

#include "domain/interval_builder.hpp"

namespace jidian::domain::one_meter {

inline constexpr UtcTime midnight{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

/// Points: power (signed), energy (counter), temperature (float32), mode (state).
inline Manifest plant(Millis period, std::size_t meters = 1) {
  Manifest manifest;
  for (std::size_t i = 0; i < meters; ++i) {
    MeterEntry meter;
    meter.period = period;
    meter.points.resize(4);
    meter.points[0].type = ValueType::signed_integer;
    meter.points[1].kind = PointKind::counter;
    meter.points[2].type = ValueType::float32;
    meter.points[3].kind = PointKind::state;
    manifest.meters.push_back(meter);
  }
  return manifest;
}

inline Poll poll(UtcTime slot, std::int64_t power, std::uint64_t energy, float temperature = 20.5F,
                 std::uint64_t mode = 1) {
  Poll poll;
  poll.slot = slot;
  poll.start = slot + Millis{10};
  poll.end = slot + Millis{30};
  poll.samples = {{static_cast<std::uint64_t>(power), Quality::ok},
                  {energy, Quality::ok},
                  {std::bit_cast<std::uint32_t>(temperature), Quality::ok},
                  {mode, Quality::ok}};
  return poll;
}

inline Poll hole(UtcTime slot) {
  Poll hole = poll(slot, 0, 0);
  for (Sample& sample : hole.samples) sample = {0, Quality::no_answer};
  return hole;
}

/// A builder over one meter, and what it made.
struct Builder {
  explicit Builder(Millis period = Millis{1000}) : manifest(plant(period)), builder(manifest) {}

  void add(const Poll& poll) { builder.add(poll, rows); }
  std::vector<IntervalRow> of(std::chrono::seconds length) const {
    std::vector<IntervalRow> found;
    for (const auto& row : rows)
      if (row.length == length) found.push_back(row);
    return found;
  }

  Manifest manifest;
  IntervalBuilder builder;
  IntervalBuilder::Rows rows;
};

}  // namespace jidian::domain::one_meter

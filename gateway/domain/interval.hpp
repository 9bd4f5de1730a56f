#pragma once

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "domain/quality.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// What one point did in an interval. For instantaneous points the extremes and the exact sum over `samples`; for
/// counters the sample at the interval's two edges with its instants (`first` also ended the interval before).
/// Integers are kept as the meter's own 64 bits; float points keep `sum` as the bits of a double.
struct PointInterval {
  std::uint32_t samples = 0;
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::uint64_t sum = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  UtcTime first_at;
  UtcTime last_at;
  Quality quality = Quality::ok;
  friend bool operator==(const PointInterval&, const PointInterval&) = default;
};

/// One meter's row for an aligned interval, labelled by its start. A meter that went and came back within it has one
/// row for each part.
struct IntervalRow {
  MeterIndex meter = 0;
  UtcTime start;
  std::chrono::seconds length{60};
  std::uint32_t polls_made = 0;
  std::uint32_t polls_expected = 0;   ///< Slots while the meter was configured.
  std::vector<PointInterval> points;  ///< One per point of the meter, in manifest order.
  friend bool operator==(const IntervalRow&, const IntervalRow&) = default;
};

}  // namespace jidian::domain

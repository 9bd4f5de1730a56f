#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

/// A meter that was exchanged: what keeps its totals. Pure.
namespace jidian::domain {

/// A count of a counter at an instant, in the meter's own bits.
struct Count {
  std::uint64_t bits = 0;
  UtcTime at;
  friend bool operator==(const Count&, const Count&) = default;
};

/// What is stated of an exchange, and what the new meter shows.
struct Replacement {
  MeterIndex meter = 0;
  std::uint16_t point = 0;      ///< The counter that was read at both displays.
  std::uint64_t old_final = 0;  ///< In the bits of a reading of the point.
  std::uint64_t new_start = 0;
  double old_unsure =
      0;  ///< One in the last place of that display, in counts: its register may have counted so much on.
  double new_unsure = 0;
  Count after;                 ///< What the new meter shows now.
  std::optional<UtcTime> at;   ///< When it was exchanged, if somebody said so.
  double counts_per_hour = 0;  ///< More cannot have been counted in an hour; 0: not known.
  double per_count = 1;        ///< What one count is in the point's unit, ratios included.
  /// Ratio and scale points of the counter as the new meter shows them: position, bits.
  std::vector<std::pair<std::uint16_t, std::uint64_t>> factors = {};
  std::string old_serial = {};
  std::string new_serial = {};
};

/// An exchange that is on record: what a counter gained over it is (old_final − before) + (after − new_start).
struct Swap {
  UtcTime at;  ///< Counts before it are the old meter's.
  std::uint16_t point = 0;
  std::uint64_t old_final = 0;
  std::uint64_t new_start = 0;
  std::string old_serial = {};
  std::string new_serial = {};
  friend bool operator==(const Swap&, const Swap&) = default;
};

/// The count nearest to `number`; floats: the nearest float. Nothing if the type cannot hold it.
std::optional<std::uint64_t> nearest_count(ValueType type, double number);

/// How many counts lie between two, the second being the later one: over a rollover of an unsigned integer that has a
/// modulus. Negative if it fell otherwise.
double counts_between(const PointEntry& point, std::uint64_t before, std::uint64_t after);

/// What a counter gained from `before` to `after` over `swaps` (of that point, in order of time), as an exact decimal
/// of its own digits (of floats the shortest ones that name them); integers modulo the modulus where a part of it
/// rolled over, which unsigned ones do. Nothing if a part fell.
std::optional<std::string> gained_over(const PointEntry& point, std::uint64_t before, std::uint64_t after,
                                       const std::vector<Swap>& swaps);

}  // namespace jidian::domain

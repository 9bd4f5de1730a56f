#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "domain/quality.hpp"

namespace jidian::domain {

/// Position of a meter in the manifest (and in the site file): small, stable within one manifest.
using MeterIndex = std::uint16_t;

/// One point's outcome in a poll: the meter's own 64 bits (ValueType of the manifest says how to read them).
/// `bits` is 0 where the quality says there is no value.
struct Sample {
  std::uint64_t bits = 0;
  Quality quality = Quality::ok;
  friend bool operator==(const Sample&, const Sample&) = default;
};

/// When the value of one point was there, long before the rest of its poll.
struct EarlyEnd {
  std::uint16_t point = 0;  ///< Position among the meter's points.
  UtcTime end;
  friend bool operator==(const EarlyEnd&, const EarlyEnd&) = default;
};

/// All due points of one meter, read in one slot.
struct Poll {
  MeterIndex meter = 0;
  UtcTime slot;   ///< The aligned instant the poll was due.
  UtcTime start;  ///< First request sent.
  UtcTime end;    ///< Last reply complete (or given up).
  ClockQuality clock = ClockQuality::unknown;
  std::vector<Sample> samples;              ///< One per point of the meter, in manifest order.
  GapCause cause = GapCause::meter_silent;  ///< Why nothing came; means something only if no sample has a value.
  std::vector<EarlyEnd> early{};            ///< Counters read first, on the edge of a quarter hour; by point.
  friend bool operator==(const Poll&, const Poll&) = default;
};

/// Whether anything came of a poll. If not, it is a hole.
inline bool has_any_value(const Poll& poll) {
  return std::ranges::any_of(poll.samples, [](const Sample& sample) { return has_value(sample.quality); });
}

/// When the value of a point was there.
inline UtcTime end_of(const Poll& poll, std::size_t point) {
  const auto early = std::ranges::find(poll.early, point, &EarlyEnd::point);
  return early == poll.early.end() ? poll.end : early->end;
}

}  // namespace jidian::domain

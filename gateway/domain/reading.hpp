#pragma once

#include <algorithm>
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

/// All due points of one meter, read in one slot.
struct Poll {
  MeterIndex meter = 0;
  UtcTime slot;   ///< The aligned instant the poll was due.
  UtcTime start;  ///< First request sent.
  UtcTime end;    ///< Last reply complete (or given up).
  ClockQuality clock = ClockQuality::unknown;
  std::vector<Sample> samples;              ///< One per point of the meter, in manifest order.
  GapCause cause = GapCause::meter_silent;  ///< Why nothing came; means something only if no sample has a value.
  friend bool operator==(const Poll&, const Poll&) = default;
};

/// Whether anything came of a poll. If not, it is a hole.
inline bool has_any_value(const Poll& poll) {
  return std::ranges::any_of(poll.samples, [](const Sample& sample) { return has_value(sample.quality); });
}

}  // namespace jidian::domain

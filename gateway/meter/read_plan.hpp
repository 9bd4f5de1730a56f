#pragma once

#include <span>
#include <vector>

#include "meter/registers.hpp"

namespace jidian::meter {

/// What one request to a meter may ask for.
struct ReadLimits {
  std::uint16_t count_max = 125;  ///< Registers per request; the Modbus specification allows 125 (2000 for bits).
  std::uint16_t gap_max = 8;  ///< Unneeded registers that may be read along to save a request. 0: never bridge a hole.

  friend bool operator==(const ReadLimits&, const ReadLimits&) = default;
};

/// Merges the registers a profile needs into the fewest reads the meter tolerates.
///
/// Every needed run lies whole inside a read (inside two only where runs overlap; any of them will do). Reads are
/// sorted, stay in one table, and obey `limits`. Overlapping and repeated runs are allowed.
///
/// @param needed  Any order. Precondition: each count is in [1, limits.count_max].
std::vector<Registers> plan_reads(std::span<const Registers> needed, ReadLimits limits);

}  // namespace jidian::meter

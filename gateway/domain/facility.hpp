#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.hpp"

namespace jidian::domain {

/// Position of a facility in the manifest (and in the site file).
using FacilityIndex = std::uint16_t;

/// What a facility does. A closed list; the numbers stand in the contract.
enum class FacilityState : std::uint8_t {
  unknown = 0,       ///< Not observed: a meter it needs did not answer, or has no good value. Never guessed.
  de_energised = 1,  ///< Its supply is gone: no voltage on any phase. Not the same as stopped.
  stopped = 2,
  idle = 3,  ///< On, and doing nothing; only where the site file draws a line between idle and running.
  running = 4,
};

/// The contract's word: "unknown", "de_energised", …
std::string_view name_of(FacilityState state);

/// A time during which a facility was in one state. Those of a facility follow each other without hole or overlap while
/// the gateway runs; two in a row may be of the same state. Final: what is told as a stretch is never told otherwise.
struct Stretch {
  FacilityIndex facility = 0;
  UtcTime from;
  UtcTime until;
  FacilityState state = FacilityState::unknown;
  bool is_start = false;  ///< It came to run at `from`, from a state that was known.
  friend bool operator==(const Stretch&, const Stretch&) = default;
};

}  // namespace jidian::domain

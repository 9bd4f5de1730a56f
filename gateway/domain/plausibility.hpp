#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace jidian::domain {

/// Where a value begins to be implausible. Declared in the site file and part of the manifest: who loosens a bound
/// shows it.
struct PlausibilityRules {
  /// Polls in a row after which a counter that fell, or jumped too far, is taken at its new level.
  std::uint32_t counter_polls = 3;
  /// Polls in a row after which a contradiction between a meter's phases begins, and without it ends.
  std::uint32_t wiring_polls = 60;
  /// How far the sum of the phases may be from the total. Four values of class 0.5 meters differ by less than 2 %.
  std::uint32_t phase_sum_percent = 5;
  /// What a counter may count, of the rated capacity: transformers carry 120 % for good (IEC 61869-2), the grid 110 %.
  std::uint32_t capacity_percent = 150;
  std::uint32_t parent_percent = 5;   ///< How far a parent may be from the sum of its children.
  std::uint32_t parent_quarters = 2;  ///< Quarter hours in a row, to begin and to end.
  /// How long a moving quantity may show one value. HJ 212 receivers suspect 4 h.
  std::chrono::seconds constant_after{4 * 3600};
  friend bool operator==(const PlausibilityRules&, const PlausibilityRules&) = default;
};

/// What is looked at. The words stand in the contract.
enum class Check : std::uint8_t {
  phase_sum,         ///< The phases' active powers against the total.
  parent_sum,        ///< A meter against its children.
  counter_decrease,  ///< A counter shows less, and did not roll over.
  capacity_step,     ///< A counter steps further than its transformers carry, or back to the level it fell from.
  ct_reversed,       ///< One or two phases have the other sign.
  constant_value,    ///< What ought to move stands still.
  zero_current,      ///< No current where there is power.
};

inline constexpr std::array all_checks{Check::phase_sum,     Check::parent_sum,  Check::counter_decrease,
                                       Check::capacity_step, Check::ct_reversed, Check::constant_value,
                                       Check::zero_current};

/// The contract's word: "phase_sum", …
std::string_view name_of(Check check);

/// The check of that word, if there is one.
std::optional<Check> find_check(std::string_view word);

}  // namespace jidian::domain

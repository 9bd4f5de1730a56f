#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace jidian::domain {

/// When the data themselves are in question. Declared in the site file and part of the manifest: who loosens a bound
/// shows it.
struct DataRules {
  std::chrono::seconds link_after{15 * 60};  ///< A destination that was not connected for so long.
  /// Minutes of a clock hour in which a meter gave values, at least. HJ 212 receivers take an hour with 45 of 60 as
  /// valid.
  std::uint32_t minutes_least = 45;
  std::uint32_t value_polls = 60;              ///< Polls in a row that begin and end what is said of a value.
  std::uint32_t capacity_percent = 150;        ///< Power beyond it, of the rated capacity, is over range.
  std::chrono::seconds clock_after{3600};      ///< The box's clock was not synchronised for so long.
  std::chrono::seconds meter_clock_most{300};  ///< How far a meter's own clock may be off.
  friend bool operator==(const DataRules&, const DataRules&) = default;
};

/// The contract's words for what is watched of a meter: those that a meter can be left out of.
inline constexpr std::array<std::string_view, 6> meter_data_checks{"rows",        "negative", "over_range",
                                                                   "meter_clock", "cover",    "program"};

}  // namespace jidian::domain

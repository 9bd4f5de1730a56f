#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meter/read_plan.hpp"
#include "meter/registers.hpp"

namespace jidian::acquire {

/// What a meter has taught its reader. Holds for one plan only: another profile or choice of points discards it.
struct Learned {
  std::uint64_t plan = 0;                 ///< `fingerprint_of` what it was learnt with.
  std::uint16_t count_max = 0;            ///< Registers the meter takes in one request; 0: what its profile says.
  std::vector<meter::Registers> splits;   ///< No request goes across their first address. Sorted.
  std::vector<meter::Registers> refused;  ///< Runs the meter does not have. Sorted.
  std::string serial;  ///< The serial number it is known by; empty: none. Outlives a change of the plan.
  std::map<std::string, std::string> ratios;  ///< Its transformer ratios seen last, by point. Likewise.
  friend bool operator==(const Learned&, const Learned&) = default;

  /// As a note for the next start, and back: nothing if the text is none.
  std::string to_text() const;
  static std::optional<Learned> from_text(std::string_view text);
};

/// A number that is another one as soon as runs or limits are others.
std::uint64_t fingerprint_of(std::span<const meter::Registers> runs, const meter::ReadLimits& limits,
                             std::uint16_t short_count_max);

}  // namespace jidian::acquire

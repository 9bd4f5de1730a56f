#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "meter/profile.hpp"

namespace jidian::commission {

/// Whether a model's quantities, read where it has them, make sense together.
enum class Agreement : std::uint8_t {
  agrees,
  contradicts,  ///< No meter measures that: another model, another word order, another unit.
  untold,       ///< Nothing to judge by: no load, no such point, a counter at 0.
};

/// What was found of one quantity.
struct CoherenceCheck {
  std::string check;  ///< "frequency", "voltage", "power" or "energy".
  Agreement agreement = Agreement::untold;
  std::string because;  ///< "ok", "odd", "differs", "zero", "no_load", "unclear", "absent".
  std::vector<std::pair<std::string, std::string>> values;  ///< For the sentence: {"hz", "50.01"}.
};

/// Values by point name, before ratios, in V, A, W, Hz, kWh. What was not told is not there.
using PlainValues = std::map<std::string, double, std::less<>>;

/// The points of `profile` that `check_coherence` compares and that mean something by themselves. Empty for a meter of
/// something else than electricity. They point into `profile`.
std::vector<const meter::Point*> coherence_points(const meter::Profile& profile);

/// The value of a point as `PlainValues` has it; nothing if its registers hold none.
std::optional<double> plain_value(const meter::Point& point, std::span<const std::uint16_t> words);

/// Compares frequency (45 … 65 Hz), voltages (with one another), power (with voltage × current × power factor, widely,
/// where current flows) and the energy counter (neither negative nor absurd). One check for each, in this order; none
/// if the profile has none of the points.
std::vector<CoherenceCheck> check_coherence(const meter::Profile& profile, const PlainValues& values);

/// The word for an agreement: "agrees", "contradicts", "untold".
std::string_view name_of(Agreement agreement);

}  // namespace jidian::commission

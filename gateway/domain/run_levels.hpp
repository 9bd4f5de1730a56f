#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "domain/facility.hpp"
#include "domain/run_rule.hpp"

namespace jidian::domain {

/// Values of a facility that belong together: what it takes while it does one thing.
struct Level {
  FacilityState state = FacilityState::unknown;
  std::int64_t low = 0;  ///< Of its values one in fifty lies below, …
  std::int64_t median = 0;
  std::int64_t high = 0;  ///< … and one in fifty above.
  std::uint64_t ticks = 0;
  friend bool operator==(const Level&, const Level&) = default;
};

/// What the values of a time say of a facility's levels. All values in the unit of the rule: mW or mA.
struct LearntLevels {
  enum class Verdict : std::uint8_t {
    too_few,        ///< Fewer than `ticks_least` ticks with a value.
    one_level,      ///< No two groups that stand apart.
    no_standstill,  ///< Groups that stand apart, and none of them near nothing: it was never seen stopped.
    found,
  };
  Verdict verdict = Verdict::too_few;
  std::vector<Level> levels;  ///< Ascending: one, two or three.
  /// Only what was found is set: `stop_below` and `start_at` with a standstill, `idle_below` and `run_at` with a level
  /// between it and running (or without a standstill between the two that were seen). Three digits.
  RunRule rule = {};
  double apart = 0;  ///< How many times the greater value at the narrowest gap is the lesser one; 0: not found.
  std::uint64_t between_ticks = 0;  ///< Ticks whose value lies in a gap, between the levels proposed there.
};

/// Values from which it is tried at all: less is chance.
constexpr std::uint64_t ticks_least = 120;

/// Finds the levels of a facility: the values of its ticks, in any order, fall into two or three groups with gaps
/// between them, where the proposed thresholds lie. A group has at least 20 ticks and a fiftieth of them all; a gap is
/// one where the greater value is at least 1.5 times the lesser, and at most a fiftieth of the ticks lie inside. Pure.
///
/// `source` says what the values are: it decides what is near nothing beside noise (1 W, 10 mA).
LearntLevels learn_levels(std::span<const std::int64_t> values, RunSource source);

}  // namespace jidian::domain

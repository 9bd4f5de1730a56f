#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "domain/amount.hpp"
#include "domain/interval.hpp"
#include "domain/manifest.hpp"

namespace jidian::domain {

/// What one counter adds to an amount in one row.
struct AmountStep {
  std::optional<std::int64_t> value;  ///< × 10^exponent of the amount's unit. Nothing: it has no step here.
  bool is_partial = true;             ///< No step, or it ends before the row does or begins within it.
  bool is_spanning = false;           ///< It begins before the row, or before the clock was set back.
  UtcTime from;                       ///< The two counts, of a clock set back the later one; 1970 without a step.
  UtcTime until;
};

/// Turns the rows of meters into steps of amounts.
///
/// The steps of a counter telescope: what several rows give together is what one row over all of them would. Integers
/// are exact, the meter's ratio registers included; floats, and counters finer than the amount, have each of their
/// counts rounded. An edge is beside the row if it is farther from its bound than one and a half periods of the meter,
/// at most half a row: one lost poll is no hole. A step from a count to one with an earlier instant goes across a clock
/// that was set back: it is partial and spanning.
class AmountSteps {
 public:
  /// `manifest` outlives this.
  explicit AmountSteps(const Manifest& manifest);

  /// What a meter's ratio registers and scales are, from a row of it, in the order of the record. Rows without them are
  /// read with what was before.
  void learn(const IntervalRow& row);

  /// A counter has no step where a ratio of it changed within the row, or since the row of that length before it.
  /// Precondition: `row` is of the source's meter, and the one learnt from last.
  AmountStep step_of(const IntervalRow& row, const AmountSource& source, const Amount& amount) const;

 private:
  struct Factor {
    std::int64_t mantissa = 1;
    int exponent = 0;
    double real = 1;  ///< The product of ratios that are no integers.
    bool is_real = false;
  };

  /// A ratio or scale.
  struct Known {
    std::optional<std::uint64_t> value;
    std::array<std::optional<std::uint64_t>, 2> before;  ///< By length of rows: at the end of the last that had one.
    bool is_changed = false;                             ///< In the row learnt from last, or since the one before it.
  };

  bool multiply(Factor& factor, MeterIndex meter, std::uint16_t position) const;
  std::optional<Factor> factor_of(const AmountSource& source, const Amount& amount) const;

  const Manifest& manifest_;
  std::vector<std::vector<Known>> known_;  ///< By meter and point: ratios and scales.
};

}  // namespace jidian::domain

#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/time.hpp"
#include "domain/gauge.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// Follows one counter: what it shows must come from what it showed.
///
/// A meter that comes back from a power loss shows 0 for a poll, or its last saved value. So a value that fell, or rose
/// further than its transformers carry, is doubted, and the counter waits at its old level. Some polls in a row that go
/// on from the new level make it the counter's level.
///
/// A meter that shows 0 for longer than that and comes back has counted nothing of the way. Where no capacity says so,
/// this does: a step from below the level that a counter fell from to there or beyond has jumped if it is longer than
/// all that was counted since the fall. A meter that really began at 0 comes past that level by steps far shorter than
/// the way behind it, and is not doubted; nothing is once it is past. Where it does so in a hole in which it counts
/// more than ever before, it cannot be told from a return: then a step is missing, which is less wrong than the whole
/// count of a meter too much.
class CounterWatch {
 public:
  enum class Outcome : std::uint8_t {
    plausible,
    doubted,
    fell,    ///< Now taken at a lower level.
    jumped,  ///< Now taken at a level that is too far above, or that it fell from.
  };

  /// What a counter may do.
  struct Bounds {
    double capacity_va = 0;   ///< With its margin; 0: not known.
    std::uint32_t polls = 3;  ///< In a row, to take a new level.
    bool may_fall = false;    ///< Falling is not looked for.
    bool may_jump = false;    ///< Jumping is not looked for.
  };

  /// A trusted value of an earlier run: `fell` or `jumped` if it is a level that was taken then. A fall always is; a
  /// jump needs doubted values before it, for other bounds may have held then, and nobody knows since when the first
  /// level on record had stood.
  Outcome remember(const CounterColumn& counter, std::span<const Sample> samples, UtcTime at, const Bounds& bounds);

  /// The count at the end of a row of an earlier run, in order of time, before the values: it is the level for those
  /// behind it, of which the record may have had none for long.
  void remember_count(std::uint64_t bits, std::uint64_t scale, UtcTime at);

  /// A doubted value of an earlier run.
  void remember_doubt(const CounterColumn& counter, std::span<const Sample> samples);

  /// The next poll. `samples[position]` is trusted.
  Outcome judge(const CounterColumn& counter, std::span<const Sample> samples, UtcTime at, const Bounds& bounds);

  /// After `fell` or `jumped`: the level it had, and since when.
  std::uint64_t before() const { return candidate_; }
  UtcTime before_since() const { return candidate_at_; }
  std::uint64_t level() const { return level_; }
  /// When it moved last, as far as seen.
  UtcTime moved_at() const { return moved_at_; }
  bool is_set() const { return is_set_; }

 private:
  /// As plain numbers.
  struct Fall {
    double from = 0;
    double to = 0;  ///< The first value there.
  };

  Outcome weigh(const CounterColumn& counter, std::span<const Sample> samples, std::uint64_t bits, UtcTime at,
                const Bounds& bounds) const;
  bool is_return(const Column& column, std::uint64_t bits) const;
  void take(const Column& column, std::uint64_t bits, UtcTime at, Outcome outcome);
  void begin(std::uint64_t bits, std::uint64_t scale, UtcTime at);

  std::uint64_t level_ = 0;
  std::uint64_t scale_ = 0;
  std::uint64_t candidate_ = 0;  ///< While values are doubted; else the level before.
  UtcTime moved_at_{};
  UtcTime candidate_at_{};
  std::uint32_t candidate_polls_ = 0;
  bool is_set_ = false;
  bool is_of_row_ = false;                      ///< The level, as remembered.
  std::optional<std::uint64_t> first_doubted_;  ///< Of the values in a row that are doubted.
  std::optional<Fall> fall_;                    ///< Taken, and the level it fell from not reached again.
};

/// How many of its own units an energy counter may count between two instants: the capacity for that time and for a
/// minute more, which is the slowest that meters bring their registers up to date, and two units of rounding.
double most_units(const CounterColumn& counter, std::span<const Sample> samples, Millis time, double capacity_va);

/// What the later of two counts of `meter` lacks if the counter rolled over in between: its modulus, else 0 (where it
/// rolls over at 2^64, differences do so by themselves). Nothing if it fell: signed integers and floats do not roll
/// over, and neither does what may fall because the site file leaves `counter_decrease` out.
std::optional<std::uint64_t> rollover_between(const MeterEntry& meter, const PointEntry& point, std::uint64_t before,
                                              std::uint64_t after);

}  // namespace jidian::domain

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "domain/gauge.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// What one poll says of a check.
enum class Verdict : std::uint8_t {
  silent,  ///< Nothing: no load, a value missing.
  agrees,
  contradicts,
};

/// Phases by bit: 1 is l1, 2 is l2, 4 is l3.
using PhaseSet = std::uint8_t;

constexpr bool has_phase(PhaseSet phases, std::size_t k) {
  return (static_cast<unsigned>(phases) >> k & 1U) != 0;
}

struct PhaseVerdict {
  Verdict verdict = Verdict::silent;
  PhaseSet phases = 0;  ///< Those that contradict; 0 with `contradicts`: the whole meter's.
};

// One poll against itself. A meter reads its registers in several requests, up to a second or so apart: a load that
// changes between them contradicts for a poll, which is why somebody counts polls in a row.

/// What most checks need of a poll, measured once.
struct PhaseLook {
  Measured power;
  std::array<Measured, 3> powers;
  std::array<Measured, 3> currents;
};

PhaseLook look_at(const Gauge& gauge, std::span<const Sample> samples);

/// Active power: the phases against the total. Agrees as well where a meter adds up magnitudes. Silent without load
/// (`rating.least_w`), and where every phase shows 0: such a meter does not measure by phase.
Verdict check_phase_sum(const PhaseLook& look, const Rating& rating, std::uint32_t percent);

/// One or two phases with the sign opposite to the others, while all three carry load. The power decides if the meter
/// has it by phase: then reactive power, where there is enough of it, must have changed its sign as well, which it does
/// not for a generator on one phase. Else the power factor, above 0.5. Two phases under load say nothing: in the
/// two-wattmeter circuit one of them is negative below a power factor of 0.5.
PhaseVerdict check_ct_reversed(const Gauge& gauge, const PhaseLook& look, const Rating& rating,
                               std::span<const Sample> samples);

/// A current of exactly 0 where the power needs one that the meter can show.
PhaseVerdict check_zero_current(const Gauge& gauge, const PhaseLook& look, const Rating& rating,
                                std::span<const Sample> samples);

/// Counts polls until a contradiction begins, and until it ends. Polls that say nothing change nothing.
class Tally {
 public:
  enum class Change : std::uint8_t { none, begins, ends };

  Change note(Verdict verdict, std::uint32_t polls_needed) {
    if (verdict == Verdict::silent) return Change::none;
    if ((verdict == Verdict::contradicts) == open_) {
      count_ = 0;
      return Change::none;
    }
    if (++count_ < polls_needed) return Change::none;
    count_ = 0;
    open_ = !open_;
    return open_ ? Change::begins : Change::ends;
  }

  bool is_open() const { return open_; }
  /// Nothing is on and nothing begins.
  bool is_calm() const { return !open_ && count_ == 0; }

 private:
  std::uint32_t count_ = 0;
  bool open_ = false;
};

}  // namespace jidian::domain

#include "domain/contradictions.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <optional>

namespace jidian::domain {
namespace {

using Phases = std::array<Measured, 3>;

constexpr PhaseSet all_phases = 7;

/// Below it a power factor's sign may be that of the reactive part, as some meters give it.
constexpr double telling_factor = 0.5;

/// Times the least step: below it a reading is mostly its own rounding.
constexpr double steps_needed = 5;

void measure_phases(const std::array<std::optional<Column>, 3>& columns, std::span<const Sample> samples,
                    Phases& into) {
  for (std::size_t k = 0; k < into.size(); ++k)
    if (columns[k]) into[k] = columns[k]->measure(samples);
}

Phases measured(const std::array<std::optional<Column>, 3>& columns, std::span<const Sample> samples) {
  Phases phases;
  measure_phases(columns, samples, phases);
  return phases;
}

/// The phases with a negative value, unless all have; 0 if all have one sign.
PhaseSet odd_ones(const Phases& phases) {
  unsigned negative = 0;
  for (std::size_t k = 0; k < phases.size(); ++k) negative |= (phases[k].value < 0 ? 1U : 0U) << k;
  return static_cast<PhaseSet>(negative == all_phases ? 0 : negative);
}

/// Whether every value's magnitude is at least `least` and at least some steps of its own. False without a value.
bool all_loaded(const Phases& phases, double least) {
  return std::ranges::all_of(phases, [least](const Measured& phase) {
    return std::abs(phase.value) >= least && std::abs(phase.value) >= steps_needed * phase.step;
  });
}

PhaseVerdict verdict_of(PhaseSet odd) {
  return {odd == 0 ? Verdict::agrees : Verdict::contradicts, odd};
}

}  // namespace

PhaseLook look_at(const Gauge& gauge, std::span<const Sample> samples) {
  PhaseLook look;
  if (gauge.power) look.power = gauge.power->measure(samples);
  measure_phases(gauge.phase_power, samples, look.powers);
  measure_phases(gauge.phase_current, samples, look.currents);
  return look;
}

Verdict check_phase_sum(const PhaseLook& look, const Rating& rating, std::uint32_t percent) {
  const double total = look.power.value;
  double sum = 0;
  double magnitudes = 0;
  double steps = look.power.step;
  for (const Measured& phase : look.powers) {
    sum += phase.value;
    magnitudes += std::abs(phase.value);
    steps += phase.step;
  }
  const double largest = std::max(std::abs(total), magnitudes);
  const bool is_measured = std::isfinite(total) && magnitudes > 0 && std::isfinite(magnitudes);
  if (!is_measured || largest < rating.least_w) return Verdict::silent;
  const double allowed = largest * percent / 100 + steps;
  const bool agrees = std::abs(total - sum) <= allowed || std::abs(std::abs(total) - magnitudes) <= allowed;
  return agrees ? Verdict::agrees : Verdict::contradicts;
}

PhaseVerdict check_ct_reversed(const Gauge& gauge, const PhaseLook& look, const Rating& rating,
                               std::span<const Sample> samples) {
  if (gauge.is_source) return {};
  const double least = rating.least_w / 3;
  if (gauge.has_phase_powers) {
    if (!all_loaded(look.powers, least)) return {};
    const PhaseSet odd = odd_ones(look.powers);
    if (odd == 0) return verdict_of(odd);
    const Phases reactive = measured(gauge.phase_reactive, samples);
    if (!all_loaded(reactive, least)) return verdict_of(odd);
    const PhaseSet odd_reactive = odd_ones(reactive);
    const bool turned_too = odd_reactive == odd || (odd_reactive ^ all_phases) == odd;
    return verdict_of(turned_too ? odd : PhaseSet{0});
  }
  const Phases factors = measured(gauge.phase_factor, samples);
  const bool is_telling = std::ranges::all_of(factors, [](const Measured& factor) {
    return std::abs(factor.value) >= telling_factor && std::abs(factor.value) <= 1;
  });
  if (!is_telling || !all_loaded(look.currents, least / rating.phase_voltage_v)) return {};
  return verdict_of(odd_ones(factors));
}

PhaseVerdict check_zero_current(const Gauge& gauge, const PhaseLook& look, const Rating& rating,
                                std::span<const Sample> samples) {
  PhaseVerdict found;
  // `share`: how many phases the power is of.
  const auto compare = [&](const Measured& power, const Measured& current, double share, PhaseSet phase) {
    const double watts = std::abs(power.value);
    const double visible = 2 * current.step * rating.phase_voltage_v * share;
    const double least = std::max({rating.least_w * share / 3, visible, steps_needed * power.step});
    if (!(watts >= least) || std::isnan(current.value)) return;
    if (current.value == 0) {
      found.verdict = Verdict::contradicts;
      found.phases |= phase;
    } else if (found.verdict == Verdict::silent) {
      found.verdict = Verdict::agrees;
    }
  };
  bool by_phase = false;
  for (std::size_t k = 0; k < look.powers.size(); ++k) {
    if (!gauge.phase_power[k] || !gauge.phase_current[k]) continue;
    by_phase = true;
    compare(look.powers[k], look.currents[k], 1, static_cast<PhaseSet>(1U << k));
  }
  if (by_phase) return found;
  if (gauge.current) {
    compare(look.power, gauge.current->measure(samples), 3, 0);
    return found;
  }
  // The total against all currents: only if every one is 0 there is none.
  const auto is_missing = [](const Measured& current) { return std::isnan(current.value); };
  if (std::ranges::any_of(look.currents, is_missing)) return found;
  compare(look.power, *std::ranges::max_element(look.currents, {}, &Measured::value), 3, all_phases);
  return found;
}

}  // namespace jidian::domain

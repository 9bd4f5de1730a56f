#include "domain/contradictions.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <optional>

namespace jidian::domain {
namespace {

using Columns = std::array<std::optional<Column>, 3>;

constexpr std::size_t phase_count = 3;
constexpr PhaseSet all_phases = 7;

/// Below it a power factor's sign may be that of the reactive part, as some meters give it.
constexpr double telling_factor = 0.5;

/// Times the least step: below it a reading is mostly its own rounding.
constexpr double steps_needed = 5;

bool has_all(const Columns& columns) {
  return std::ranges::all_of(columns, [](const auto& column) { return column.has_value(); });
}

std::array<double, phase_count> values_of(const Columns& columns, std::span<const Sample> samples) {
  std::array<double, phase_count> values{};
  for (std::size_t k = 0; k < phase_count; ++k) values[k] = columns[k]->value(samples);
  return values;
}

/// The phases whose sign is the minority's; 0 if all have one.
PhaseSet odd_ones(const std::array<double, phase_count>& values) {
  PhaseSet negative = 0;
  for (std::size_t k = 0; k < phase_count; ++k)
    if (values[k] < 0) negative |= static_cast<PhaseSet>(1U << k);
  return negative == all_phases ? 0 : negative;
}

/// Whether every value's magnitude is at least `least` and at least some steps of its own. False with a NaN.
bool all_loaded(const std::array<double, phase_count>& values, const Columns& columns, std::span<const Sample> samples,
                double least) {
  for (std::size_t k = 0; k < phase_count; ++k)
    if (!(std::abs(values[k]) >= std::max(least, steps_needed * columns[k]->resolution(samples)))) return false;
  return true;
}

PhaseVerdict verdict_of(PhaseSet odd) {
  return {odd == 0 ? Verdict::agrees : Verdict::contradicts, odd};
}

}  // namespace

Verdict check_phase_sum(const Gauge& gauge, const Rating& rating, std::span<const Sample> samples,
                        std::uint32_t percent) {
  if (!gauge.power || !has_all(gauge.phase_power)) return Verdict::silent;
  const double total = gauge.power->value(samples);
  const auto parts = values_of(gauge.phase_power, samples);
  double sum = 0;
  double magnitudes = 0;
  double steps = gauge.power->resolution(samples);
  for (std::size_t k = 0; k < phase_count; ++k) {
    sum += parts[k];
    magnitudes += std::abs(parts[k]);
    steps += gauge.phase_power[k]->resolution(samples);
  }
  const double largest = std::max(std::abs(total), magnitudes);
  const bool is_measured = std::isfinite(total) && magnitudes > 0 && std::isfinite(magnitudes);
  if (!is_measured || largest < rating.least_w) return Verdict::silent;
  const double allowed = largest * percent / 100 + steps;
  const bool agrees = std::abs(total - sum) <= allowed || std::abs(std::abs(total) - magnitudes) <= allowed;
  return agrees ? Verdict::agrees : Verdict::contradicts;
}

PhaseVerdict check_ct_reversed(const Gauge& gauge, const Rating& rating, std::span<const Sample> samples) {
  if (gauge.is_source) return {};
  const double least = rating.least_w / phase_count;
  if (has_all(gauge.phase_power)) {
    const auto powers = values_of(gauge.phase_power, samples);
    if (!all_loaded(powers, gauge.phase_power, samples, least)) return {};
    const PhaseSet odd = odd_ones(powers);
    if (odd == 0 || !has_all(gauge.phase_reactive)) return verdict_of(odd);
    const auto reactive = values_of(gauge.phase_reactive, samples);
    if (!all_loaded(reactive, gauge.phase_reactive, samples, least)) return verdict_of(odd);
    const PhaseSet odd_reactive = odd_ones(reactive);
    const bool turned_too = odd_reactive == odd || (odd_reactive ^ all_phases) == odd;
    return verdict_of(turned_too ? odd : 0);
  }
  if (!has_all(gauge.phase_factor) || !has_all(gauge.phase_current)) return {};
  const auto factors = values_of(gauge.phase_factor, samples);
  const bool is_telling = std::ranges::all_of(
      factors, [](double factor) { return std::abs(factor) >= telling_factor && std::abs(factor) <= 1; });
  const double least_current = least / rating.phase_voltage_v;
  const auto currents = values_of(gauge.phase_current, samples);
  if (!is_telling || !all_loaded(currents, gauge.phase_current, samples, least_current)) return {};
  return verdict_of(odd_ones(factors));
}

PhaseVerdict check_zero_current(const Gauge& gauge, const Rating& rating, std::span<const Sample> samples) {
  PhaseVerdict found;
  const auto look = [&](const Column& power, const Column& current, double share, PhaseSet phase) {
    const double watts = std::abs(power.value(samples));
    const double amperes = current.value(samples);
    const double visible = 2 * current.resolution(samples) * rating.phase_voltage_v * share;
    const double least =
        std::max({rating.least_w * share / phase_count, visible, steps_needed * power.resolution(samples)});
    if (!(watts >= least) || std::isnan(amperes)) return;
    if (amperes == 0) {
      found.verdict = Verdict::contradicts;
      found.phases |= phase;
    } else if (found.verdict == Verdict::silent) {
      found.verdict = Verdict::agrees;
    }
  };
  bool by_phase = false;
  for (std::size_t k = 0; k < phase_count; ++k) {
    if (!gauge.phase_power[k] || !gauge.phase_current[k]) continue;
    by_phase = true;
    look(*gauge.phase_power[k], *gauge.phase_current[k], 1, static_cast<PhaseSet>(1U << k));
  }
  if (by_phase || !gauge.power) return found;
  if (gauge.current) {
    look(*gauge.power, *gauge.current, phase_count, 0);
    return found;
  }
  // The total against all currents: only if every one is 0 there is none.
  if (!has_all(gauge.phase_current)) return found;
  const auto currents = values_of(gauge.phase_current, samples);
  const auto largest = std::ranges::max_element(currents);
  if (std::ranges::any_of(currents, [](double current) { return std::isnan(current); })) return found;
  look(*gauge.power, *gauge.phase_current[static_cast<std::size_t>(largest - currents.begin())], phase_count,
       all_phases);
  return found;
}

}  // namespace jidian::domain

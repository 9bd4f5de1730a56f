// What a meter can show about the thing it measures, as integers in fine base units.
#pragma once

#include <cstdint>

#include "scenario.hpp"
#include "world.hpp"

namespace jidian::plant {

/// The order of the groups matters: `Snapshot::amount` tells them apart by it.
enum class Quantity {
  // electrical, instantaneous
  voltage_ln,
  voltage_ll,
  current,
  active_power,
  reactive_power,
  apparent_power,
  power_factor,
  phase_angle,
  frequency,
  thd_voltage,
  thd_current,
  phase_sequence,
  demand_power,
  demand_current,
  demand_power_max,
  demand_current_max,
  // electrical, counters
  active_import,
  active_export,
  active_total,
  reactive_import,
  reactive_export,
  reactive_total,
  apparent_energy,
  charge,
  tariff_sharp,
  tariff_peak,
  tariff_flat,
  tariff_valley,
  // gas
  volume_standard,
  volume_actual,
  flow_standard,
  flow_actual,
  temperature,
  pressure,
  // production
  machine_state,
  recipe,
  pieces_good,
  pieces_scrap,
  run_seconds,
  piece_time,
  piece_rate,
  mass,
  running,
  alarm,
  // of the meter itself
  constant,
  ct_ratio,
  pt_ratio,
  serial_number,
};

/// Index of the phase; between phases l1 means L1-L2, l2 means L2-L3, l3 means L3-L1.
enum class Phase { l1 = 0, l2 = 1, l3 = 2, total, average, neutral };

// Base units per engineering unit. `amount` counts base units.
inline constexpr std::int64_t volt = 1'000;
inline constexpr std::int64_t ampere = 1'000'000;
inline constexpr std::int64_t watt = 100;  // var and VA too
inline constexpr std::int64_t kilowatt = 1'000 * watt;
inline constexpr std::int64_t watt_hour = 3'600'000;  // varh and VAh too
inline constexpr std::int64_t kilowatt_hour = 1'000 * watt_hour;
inline constexpr std::int64_t hertz = 1'000;
inline constexpr std::int64_t one = 1'000'000;  // power factor
inline constexpr std::int64_t degree = 1'000;
inline constexpr std::int64_t percent = 1'000;
inline constexpr std::int64_t ampere_hour = 1'000'000;
inline constexpr std::int64_t cubic_metre = 1'000'000'000;
inline constexpr std::int64_t cubic_metre_per_hour = 1'000'000;
inline constexpr std::int64_t kelvin = 1'000;
inline constexpr std::int64_t kilopascal = 1'000;
inline constexpr std::int64_t kilogram = 1'000;

/// One feed at one step, ready to be asked for any quantity. Cheap to copy; refers to the world.
class Snapshot {
 public:
  Snapshot(const World& world, int feed, Step step);

  /// The primary value in base units. Ratios of the meter are not applied.
  std::int64_t amount(Quantity quantity, Phase phase) const;

  /// One phase's current comes from the other side. What was counted before stays. Precondition: phase < 3.
  void reverse(std::size_t phase);
  /// Energies are 0.
  void lose_counters();

  Step step() const { return step_; }

  /// The same feed at another step.
  Snapshot at(Step step) const { return {*world_, feed_, step}; }
  const FeedState& state() const { return state_; }

 private:
  std::int64_t line_voltage(Phase phase) const;
  std::int64_t phase_voltage(Phase phase) const;
  std::int64_t current(Phase phase) const;
  std::int64_t apparent(Phase phase) const;
  std::int64_t power_factor(Phase phase) const;
  std::int64_t demand_power() const;
  std::int64_t apparent_energy(Phase phase) const;
  std::int64_t exported(Phase phase) const;
  std::int64_t distortion(Quantity quantity, Phase phase) const;
  std::int64_t of_moment(Quantity quantity, Phase phase) const;
  std::int64_t of_counter(Quantity quantity, Phase phase) const;
  std::int64_t of_gas(Quantity quantity) const;
  std::int64_t of_product(Quantity quantity) const;

  const World* world_;
  int feed_;
  Step step_;
  FeedState state_;
};

}  // namespace jidian::plant

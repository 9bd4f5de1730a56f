#include "quantity.hpp"

#include <cmath>

#include "hash.hpp"

namespace jidian::plant {
namespace {

constexpr Step demand_window = 15 * steps_per_minute;
constexpr double degrees_per_radian = 57.295779513082320877;

double real(std::int64_t value) {
  return static_cast<double>(value);
}

std::int64_t hypotenuse(std::int64_t a, std::int64_t b) {
  return std::llround(std::sqrt(real(a) * real(a) + real(b) * real(b)));
}

template <class Of>
std::int64_t per_phase(Phase phase, Of of) {
  switch (phase) {
    case Phase::l1:
      return of(std::size_t{0});
    case Phase::l2:
      return of(std::size_t{1});
    case Phase::l3:
      return of(std::size_t{2});
    case Phase::average:
      return (of(0) + of(1) + of(2)) / 3;
    default:
      return of(0) + of(1) + of(2);
  }
}

}  // namespace

Snapshot::Snapshot(const World& world, int feed, Step step)
    : world_(&world), feed_(feed), step_(step), state_(world.at(feed, step)) {}

void Snapshot::reverse(std::size_t phase) {
  state_.active[phase].rate = -state_.active[phase].rate;
  state_.reactive[phase].rate = -state_.reactive[phase].rate;
}

void Snapshot::lose_counters() {
  for (auto* flows : {&state_.active, &state_.reactive})
    for (Flow& flow : *flows) flow.total = 0;
  state_.exported = {};
}

std::int64_t Snapshot::phase_voltage(Phase phase) const {
  return per_phase(phase, [this](std::size_t i) { return state_.voltage_mv[i]; });
}

std::int64_t Snapshot::line_voltage(Phase phase) const {
  return per_phase(phase, [this](std::size_t i) {
    const double a = real(state_.voltage_mv[i]);
    const double b = real(state_.voltage_mv[(i + 1) % 3]);
    return std::llround(std::sqrt(a * a + b * b + a * b));  // 120 degrees apart
  });
}

std::int64_t Snapshot::apparent(Phase phase) const {
  return per_phase(phase, [this](std::size_t i) { return hypotenuse(state_.active[i].rate, state_.reactive[i].rate); });
}

std::int64_t Snapshot::current(Phase phase) const {
  const auto one_phase = [this](std::size_t i) {
    if (state_.voltage_mv[i] == 0) return std::int64_t{0};
    const double apparent_10mw = real(hypotenuse(state_.active[i].rate, state_.reactive[i].rate));
    return std::int64_t{std::llround(apparent_10mw * 1e7 / real(state_.voltage_mv[i]))};
  };
  if (phase != Phase::neutral) return per_phase(phase, one_phase);
  const double a = real(one_phase(0));
  const double b = real(one_phase(1));
  const double c = real(one_phase(2));
  return std::llround(std::sqrt(std::fmax(0, a * a + b * b + c * c - a * b - b * c - c * a)));
}

std::int64_t Snapshot::power_factor(Phase phase) const {
  const auto of = [this](Phase one_phase) {
    const std::int64_t power = apparent(one_phase);
    return power == 0 ? one : std::llround(real(amount(Quantity::active_power, one_phase)) * real(one) / real(power));
  };
  return of(phase == Phase::average ? Phase::total : phase);
}

std::int64_t Snapshot::demand_power() const {
  const FeedState before = world_->at(feed_, step_ - demand_window);
  std::int64_t energy = 0;
  for (std::size_t i = 0; i < 3; ++i) energy += state_.active[i].total - before.active[i].total;
  return energy / demand_window;
}

std::int64_t Snapshot::apparent_energy(Phase phase) const {
  return per_phase(phase,
                   [this](std::size_t i) { return hypotenuse(state_.active[i].total, state_.reactive[i].total); });
}

// Harmonics wander around a level that belongs to the consumer.
std::int64_t Snapshot::distortion(Quantity quantity, Phase phase) const {
  const bool of_current = quantity == Quantity::thd_current;
  const std::int64_t level = (of_current ? 9 : 2) * percent;
  return per_phase(phase == Phase::total ? Phase::average : phase, [&](std::size_t i) {
    if (state_.voltage_mv[i] == 0) return std::int64_t{0};
    const std::uint64_t own =
        mix(mix(world_->seed(), static_cast<std::uint64_t>(feed_)), (of_current ? 200U : 210U) + i);
    return level + wander(own, level / 3, steps_per_minute, step_);
  });
}

std::int64_t Snapshot::of_gas(Quantity quantity) const {
  // pV/T is the same in the pipe and at 101.325 kPa, 273.15 K; a fixed ratio keeps the actual volume a true integral.
  constexpr std::int64_t standard_per_thousand_actual = 2788;
  switch (quantity) {
    case Quantity::volume_standard:
      return state_.volume.total;
    case Quantity::volume_actual:
      return state_.volume.total / standard_per_thousand_actual * 1000;
    case Quantity::flow_standard:
      return state_.volume.rate * steps_per_hour / 1000;
    case Quantity::flow_actual:
      return state_.volume.rate * steps_per_hour / standard_per_thousand_actual;
    case Quantity::temperature:
      return state_.temperature_mk - 273'150;
    default:
      return state_.pressure_pa;
  }
}

std::int64_t Snapshot::of_product(Quantity quantity) const {
  constexpr std::int64_t scrap_permille = 13;
  constexpr std::int64_t piece_grams = 2'350;
  const std::int64_t scrap = state_.pieces * scrap_permille / 1000;
  const std::int64_t piece_ms = world_->rated(feed_);
  switch (quantity) {
    case Quantity::machine_state:
      return state_.running ? 2 : 1;
    case Quantity::recipe:
      return 3 + floor_div(step_, steps_per_day) % 4;
    case Quantity::pieces_good:
      return state_.pieces - scrap;
    case Quantity::pieces_scrap:
      return scrap;
    case Quantity::run_seconds:
      return state_.running_steps / steps_per_second;
    case Quantity::piece_time:
      return piece_ms;
    case Quantity::piece_rate:
      return state_.running ? 3'600'000 / piece_ms : 0;
    case Quantity::mass:
      return (state_.pieces - scrap) * piece_grams;
    case Quantity::running:
      return state_.running ? 1 : 0;
    default:
      return 0;
  }
}

std::int64_t Snapshot::exported(Phase phase) const {
  return per_phase(phase, [this](std::size_t i) { return state_.exported[i]; });
}

std::int64_t Snapshot::of_counter(Quantity quantity, Phase phase) const {
  const auto sum_of = [phase](const std::array<Flow, 3>& flows) {
    return per_phase(phase, [&flows](std::size_t i) { return flows[i].total; });
  };
  switch (quantity) {
    case Quantity::active_import:
      return sum_of(state_.active);
    case Quantity::active_export:
      return exported(phase);
    case Quantity::active_total:
      return sum_of(state_.active) + exported(phase);
    case Quantity::reactive_import:
    case Quantity::reactive_total:
      return sum_of(state_.reactive);
    case Quantity::apparent_energy:
      return apparent_energy(phase);
    case Quantity::charge:
      return apparent_energy(phase) / watt_hour * (ampere_hour / 230);
    case Quantity::tariff_sharp:
      return sum_of(state_.active) / 100 * 8;
    case Quantity::tariff_peak:
      return sum_of(state_.active) / 100 * 34;
    case Quantity::tariff_flat:
      return sum_of(state_.active) / 100 * 33;
    case Quantity::tariff_valley:
      return sum_of(state_.active) / 100 * 25;
    default:
      return 0;  // reactive power always comes in
  }
}

std::int64_t Snapshot::of_moment(Quantity quantity, Phase phase) const {
  const auto sum_of = [phase](const std::array<Flow, 3>& flows) {
    return per_phase(phase, [&flows](std::size_t i) { return flows[i].rate; });
  };
  switch (quantity) {
    case Quantity::voltage_ln:
      return phase_voltage(phase);
    case Quantity::voltage_ll:
      return line_voltage(phase);
    case Quantity::current:
      return current(phase);
    case Quantity::active_power:
      return sum_of(state_.active);
    case Quantity::reactive_power:
      return sum_of(state_.reactive);
    case Quantity::apparent_power:
      return apparent(phase);
    case Quantity::power_factor:
      return power_factor(phase);
    case Quantity::phase_angle: {
      const double cosine = std::fmin(1, real(power_factor(phase)) / real(one));
      return std::llround(std::acos(cosine) * degrees_per_radian * real(degree));
    }
    case Quantity::frequency:
      return state_.frequency_mhz;
    case Quantity::thd_voltage:
    case Quantity::thd_current:
      return distortion(quantity, phase);
    case Quantity::demand_power:
      return demand_power();
    case Quantity::demand_current:
      return std::llround(real(demand_power()) * 1e7 / 3 / 0.86 / 230'000);
    case Quantity::demand_power_max:
      return world_->rated(feed_) * watt;
    case Quantity::demand_current_max:
      return world_->rated(feed_) * ampere / 3 / 198;
    default:
      return 1;  // the phases turn to the right
  }
}

std::int64_t Snapshot::amount(Quantity quantity, Phase phase) const {
  if (quantity < Quantity::active_import) return of_moment(quantity, phase);
  if (quantity < Quantity::volume_standard) return of_counter(quantity, phase);
  if (quantity < Quantity::machine_state) return of_gas(quantity);
  if (quantity < Quantity::constant) return of_product(quantity);
  return 0;  // of the meter, not of what it measures
}

}  // namespace jidian::plant

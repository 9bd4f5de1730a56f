#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::bench {

/// How the meters of a plant number their values.
enum class Numbers : std::uint8_t { scaled_integers, float32 };

/// Twenty meters of twenty points on one low-voltage grid, polled once a second: what payload figures are measured on.
///
/// Voltages share the grid's slow wander (AR(1)) and carry each meter's own noise; currents and powers follow each
/// feeder's load, which drifts and now and then steps as machines start and stop; energies integrate the power.
/// Integers are cut to the resolution of the meter (0.1 V, 10 mA, 1 W secondary, 0.001, 0.01 Hz, 0.01 kWh); floats keep
/// the noise of the converter in their mantissa. The same seed gives the same plant on every machine.
class NoiseModel {
 public:
  static constexpr std::size_t meters = 20;
  static constexpr std::size_t points = 20;

  NoiseModel(Numbers numbers, std::uint32_t seed);

  domain::Manifest manifest() const;

  /// The polls of the next second, one a meter.
  std::vector<domain::Poll> next_second();

 private:
  struct Feeder {
    double load_w = 0;    ///< Present load, one phase.
    double wanted_w = 0;  ///< Where it drifts to.
    double power_factor = 0.9;
    double energy_wh = 0;
    double reactive_varh = 0;
    double demand_w = 0;
    double minute_sum_w = 0;
  };

  double uniform();
  double gauss();
  std::uint64_t number(double value, double resolution);
  void drift(Feeder& feeder);
  std::vector<double> quantities(Feeder& feeder);

  Numbers numbers_;
  std::mt19937 random_;
  double grid_v_ = 0;
  double grid_hz_ = 0;
  std::vector<Feeder> feeders_;
  std::int64_t second_ = 0;
};

}  // namespace jidian::bench

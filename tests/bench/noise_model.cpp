#include "tests/bench/noise_model.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <string_view>

namespace jidian::bench {
namespace {

struct Point {
  const char* name;
  const char* unit;
  PointKind kind;
  int exponent;
  double resolution;  ///< Of the integer form.
};

// In the order of quantities().
constexpr std::array<Point, NoiseModel::points> catalogue{{
    {"voltage.l1", "V", PointKind::instantaneous, -1, 0.1},
    {"voltage.l2", "V", PointKind::instantaneous, -1, 0.1},
    {"voltage.l3", "V", PointKind::instantaneous, -1, 0.1},
    {"voltage.l12", "V", PointKind::instantaneous, -1, 0.1},
    {"voltage.l23", "V", PointKind::instantaneous, -1, 0.1},
    {"voltage.l31", "V", PointKind::instantaneous, -1, 0.1},
    {"current.l1", "A", PointKind::instantaneous, -2, 0.01},
    {"current.l2", "A", PointKind::instantaneous, -2, 0.01},
    {"current.l3", "A", PointKind::instantaneous, -2, 0.01},
    {"active_power.l1", "W", PointKind::instantaneous, 0, 1},
    {"active_power.l2", "W", PointKind::instantaneous, 0, 1},
    {"active_power.l3", "W", PointKind::instantaneous, 0, 1},
    {"active_power.total", "W", PointKind::instantaneous, 0, 1},
    {"reactive_power.total", "var", PointKind::instantaneous, 0, 1},
    {"apparent_power.total", "VA", PointKind::instantaneous, 0, 1},
    {"power_factor.total", "", PointKind::instantaneous, -3, 0.001},
    {"frequency", "Hz", PointKind::instantaneous, -2, 0.01},
    {"active_energy.import", "kWh", PointKind::counter, -2, 10},
    {"reactive_energy.import", "kvarh", PointKind::counter, -2, 10},
    {"active_power.demand", "W", PointKind::instantaneous, 0, 1},
}};

constexpr double phase_noise_v = 0.15;   // of one meter's own converter
constexpr double relative_noise = 5e-4;  // of currents and powers, class 0.5 meters

}  // namespace

NoiseModel::NoiseModel(Numbers numbers, std::uint32_t seed) : numbers_(numbers), random_(seed) {
  for (std::size_t i = 0; i < meters; ++i) {
    Feeder feeder;
    feeder.wanted_w = feeder.load_w = 400 + 9'000 * uniform();
    feeder.power_factor = 0.80 + 0.18 * uniform();
    feeder.energy_wh = 1e9 * uniform();
    feeder.reactive_varh = 3e8 * uniform();
    feeder.demand_w = 3 * feeder.load_w;
    feeders_.push_back(feeder);
  }
}

domain::Manifest NoiseModel::manifest() const {
  domain::Manifest manifest;
  manifest.gateway = "bench";
  for (std::size_t i = 0; i < meters; ++i) {
    domain::MeterEntry meter;
    meter.id = "meter-" + std::to_string(i + 1);
    meter.ct_ratio = "100/5";
    for (const Point& point : catalogue) {
      domain::PointEntry entry;
      entry.name = point.name;
      entry.unit = point.unit;
      entry.carrier = Carrier::electricity;
      const std::string_view name = point.name;
      entry.quantity = name.substr(0, name.find('.'));
      entry.phase = name.find('.') == name.npos ? "" : name.substr(name.find('.') + 1);
      if (entry.quantity == "voltage") entry.quantity = entry.phase.size() == 2 ? "voltage_ln" : "voltage_ll";
      if (entry.phase == "import") entry.quantity += "_import", entry.phase = "total";
      if (entry.phase == "demand") entry.quantity = "demand_active_power";
      entry.kind = point.kind;
      const bool floats = numbers_ == Numbers::float32;
      entry.type = floats ? ValueType::float32 : ValueType::signed_integer;
      if (floats && point.kind == PointKind::counter) entry.unit = entry.unit.substr(1);  // Wh, not a hundredth of kWh
      entry.exponent = floats ? 0 : point.exponent;
      meter.points.push_back(entry);
    }
    manifest.meters.push_back(meter);
  }
  return manifest;
}

double NoiseModel::uniform() {
  return static_cast<double>(random_()) / 4294967296.0;
}

double NoiseModel::gauss() {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform();
  return sum;
}

std::uint64_t NoiseModel::number(double value, double resolution) {
  if (numbers_ == Numbers::float32) return std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return static_cast<std::uint64_t>(std::llround(value / resolution));
}

void NoiseModel::drift(Feeder& feeder) {
  if (uniform() < 1.0 / 120) feeder.wanted_w = 400 + 9'000 * uniform();  // a machine starts or stops
  feeder.load_w += 0.2 * (feeder.wanted_w - feeder.load_w) + 2e-3 * feeder.load_w * gauss();
}

std::vector<double> NoiseModel::quantities(Feeder& feeder) {
  drift(feeder);
  const auto noisy = [&](double value) { return value * (1 + relative_noise * gauss()); };
  std::array<double, 3> volts{};
  for (double& volt : volts) volt = 231 + grid_v_ + phase_noise_v * gauss();
  const std::array<double, 3> share{1.0, 0.93, 1.06};
  std::vector<double> out(volts.begin(), volts.end());
  for (std::size_t i = 0; i < 3; ++i)
    out.push_back(std::sqrt(3.0) * (volts[i] + volts[(i + 1) % 3]) / 2 + 0.5 * phase_noise_v * gauss());
  double total_w = 0;
  for (std::size_t i = 0; i < 3; ++i) out.push_back(noisy(feeder.load_w * share[i] / volts[i] / feeder.power_factor));
  for (std::size_t i = 0; i < 3; ++i) {
    out.push_back(noisy(feeder.load_w * share[i]));
    total_w += out.back();
  }
  const double reactive = total_w * std::tan(std::acos(feeder.power_factor));
  feeder.energy_wh += total_w / 3600 * 40;  // behind current transformers of 200/5
  feeder.reactive_varh += reactive / 3600 * 40;
  feeder.minute_sum_w += total_w;
  if (second_ % 60 == 59) {
    feeder.demand_w = feeder.minute_sum_w / 60;
    feeder.minute_sum_w = 0;
  }
  out.push_back(total_w);
  out.push_back(noisy(reactive));
  out.push_back(noisy(total_w / feeder.power_factor));
  out.push_back(noisy(feeder.power_factor));
  out.push_back(50 + grid_hz_ + 0.002 * gauss());
  out.push_back(feeder.energy_wh);
  out.push_back(feeder.reactive_varh);
  out.push_back(feeder.demand_w);
  return out;
}

std::vector<domain::Poll> NoiseModel::next_second() {
  constexpr UtcTime begin{Millis{1772352000000}};
  grid_v_ = 0.98 * grid_v_ + 0.2 * gauss();
  grid_hz_ = 0.97 * grid_hz_ + 0.004 * gauss();
  std::vector<domain::Poll> polls;
  for (std::size_t i = 0; i < meters; ++i) {
    domain::Poll poll;
    poll.meter = static_cast<domain::MeterIndex>(i);
    poll.slot = begin + std::chrono::seconds{second_};
    poll.start = poll.slot +
                 Millis{static_cast<Millis::rep>(1 + 45 * static_cast<int>(i % 4) + static_cast<int>(3 * uniform()))};
    poll.end = poll.start + Millis{std::llround(42 + 2 * gauss())};
    poll.clock = ClockQuality::synchronised;
    const auto values = quantities(feeders_[i]);
    for (std::size_t k = 0; k < points; ++k)
      poll.samples.push_back({number(values[k], catalogue[k].resolution), domain::Quality::ok});
    polls.push_back(std::move(poll));
  }
  ++second_;
  return polls;
}

}  // namespace jidian::bench

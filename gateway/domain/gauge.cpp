#include "domain/gauge.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace jidian::domain {
namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

/// The common secondary rating. Beside the other one (1 A) it makes the estimate larger, which is the careful side.
constexpr double secondary_current_a = 5;

/// Between the phases, where no voltage transformer says otherwise (GB/T 156: 220/380 V, 230/400 V).
constexpr double low_voltage_v = 400;

/// The power at which a meter must have started to count, on its secondary side: 0.4 % of 5 A (IEC 62053-21, class 1)
/// in three phases of 230 V.
constexpr double starting_power_w = 0.004 * 5 * 3 * 230;

constexpr std::array<std::string_view, 3> phase_names{"l1", "l2", "l3"};

/// Quantities that are never quite still.
constexpr std::array<std::string_view, 7> moving_quantities{"active_power", "current",       "voltage_ln", "voltage_ll",
                                                            "flow",         "flow_standard", "heat_power"};

/// What the unit is of the base unit: 1000 for "kWh".
double prefix_of(std::string_view unit) {
  if (unit.starts_with("k")) return 1e3;
  if (unit.starts_with("M")) return 1e6;
  return unit.starts_with("mA") ? 1e-3 : 1;
}

bool is_electric_energy(const PointEntry& point) {
  return point.carrier == Carrier::electricity && point.kind == PointKind::counter &&
         point.quantity.find("_energy") != std::string::npos;
}

std::optional<Column> find_column(const MeterEntry& meter, std::string_view quantity,
                                  std::initializer_list<std::string_view> phases) {
  for (const std::string_view phase : phases)
    for (std::size_t i = 0; i < meter.points.size(); ++i)
      if (meter.points[i].quantity == quantity && meter.points[i].phase == phase)
        return Column(meter, static_cast<std::uint16_t>(i));
  return std::nullopt;
}

/// Where the site's facilities say that power may flow either way.
bool feeds_in(const Manifest& manifest, const MeterEntry& meter) {
  return std::ranges::any_of(manifest.facilities, [&](const FacilityEntry& facility) {
    const bool is_source = facility.kind == FacilityKind::generation || facility.kind == FacilityKind::storage;
    return is_source && std::ranges::find(facility.meters, meter.id) != facility.meters.end();
  });
}

void resolve_counters(const MeterEntry& meter, Gauge& gauge) {
  for (std::size_t i = 0; i < meter.points.size(); ++i) {
    const PointEntry& point = meter.points[i];
    const auto position = static_cast<std::uint16_t>(i);
    const bool is_import = is_electric_energy(point) && point.phase == "total" &&
                           (point.quantity == "active_energy_import" || point.quantity == "active_energy_total");
    if (point.kind == PointKind::counter)
      gauge.counters.push_back(
          {Column(meter, position), point.modulus, is_electric_energy(point), is_import, point.scale_point});
    const bool is_moving = point.kind == PointKind::instantaneous &&
                           std::ranges::find(moving_quantities, point.quantity) != moving_quantities.end();
    if (is_moving) gauge.moving.push_back(position);
  }
}

}  // namespace

Column::Column(const MeterEntry& meter, std::uint16_t position)
    : factor_(prefix_of(meter.points[position].unit) * std::pow(10.0, meter.points[position].exponent)),
      position_(position),
      type_(meter.points[position].type) {
  const PointEntry& point = meter.points[position];
  if (point.scale_point) multipliers_.push_back({1, *point.scale_point, meter.points[*point.scale_point].type, true});
  for (const std::uint16_t ratio : point.ratio_points)
    multipliers_.push_back({std::pow(10.0, meter.points[ratio].exponent), ratio, meter.points[ratio].type, false});
}

double Column::multiplied(std::span<const Sample> samples) const {
  /// No meter's exponent goes beyond it.
  constexpr double exponent_most = 12;
  double worth = factor_;
  for (const Multiplier& multiplier : multipliers_) {
    const Sample& sample = samples[multiplier.position];
    if (!is_trusted(sample.quality)) return no_number;
    const double number = plain_number(multiplier.type, sample.bits);
    if (multiplier.is_exponent && std::abs(number) > exponent_most) return no_number;
    worth *= multiplier.is_exponent ? std::pow(10.0, number) : number * multiplier.factor;
  }
  return worth;
}

Rating Gauge::rate(std::span<const Sample> samples) const {
  const auto told = [&](const std::optional<Column>& column) {
    const double value = column ? column->measure(samples).value : no_number;
    return value > 0 ? value : no_number;
  };
  const double ct_told = told(ct_register);
  const double pt_told = told(pt_register);
  double ct = std::isnan(ct_told) ? 1 : ct_told;
  if (ct_declared) ct = ct_declared->first / ct_declared->second;
  double pt = std::isnan(pt_told) ? 1 : pt_told;
  if (pt_declared) pt = pt_declared->first / pt_declared->second;
  const double voltage = pt_declared ? pt_declared->first : low_voltage_v * pt;

  Rating rating;
  rating.phase_voltage_v = voltage / std::numbers::sqrt3;
  rating.least_w = starting_power_w * ct * pt;
  if (ct_declared)
    rating.capacity_va = std::numbers::sqrt3 * voltage * ct_declared->first;
  else if (ct_told > 1)  // 1 is what a meter says that carries the current itself, up to 100 A
    rating.capacity_va = std::numbers::sqrt3 * voltage * ct_told * secondary_current_a;
  return rating;
}

Gauge make_gauge(const Manifest& manifest, const MeterEntry& meter) {
  Gauge gauge;
  gauge.power = find_column(meter, "active_power", {"total", ""});
  gauge.current = find_column(meter, "current", {"", "total", "avg", "sum"});
  for (std::size_t k = 0; k < phase_names.size(); ++k) {
    gauge.phase_power[k] = find_column(meter, "active_power", {phase_names[k]});
    gauge.phase_reactive[k] = find_column(meter, "reactive_power", {phase_names[k]});
    gauge.phase_factor[k] = find_column(meter, "power_factor", {phase_names[k]});
    gauge.phase_current[k] = find_column(meter, "current", {phase_names[k]});
  }
  gauge.has_phase_powers =
      std::ranges::all_of(gauge.phase_power, [](const auto& column) { return column.has_value(); });
  gauge.ct_register = find_column(meter, "ct_ratio", {""});
  gauge.pt_register = find_column(meter, "pt_ratio", {""});
  gauge.ct_declared = parse_ratio(meter.ct_ratio);
  gauge.pt_declared = parse_ratio(meter.pt_ratio);
  gauge.is_source = feeds_in(manifest, meter);
  for (const Check check : all_checks)
    gauge.is_checked[static_cast<std::size_t>(check)] =
        std::ranges::find(meter.unchecked, name_of(check)) == meter.unchecked.end();
  resolve_counters(meter, gauge);
  return gauge;
}

}  // namespace jidian::domain

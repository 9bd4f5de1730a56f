#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "config/site_sections.hpp"

namespace jidian::config {
namespace {

/// Below this share of its current transformer's rating a meter of class 0.5 is no longer held to its class
/// (IEC 61869-2, table 201: errors are stated from 5 % of the rated current).
constexpr double least_share_of_ct = 0.05;

/// Running is told from stopped at 10 % of the rated power, so a step of the meter's power may be a twentieth at most.
constexpr double largest_step = 0.05;

/// Three phases of 400 V: what small consumers are fed with.
constexpr double line_voltage_v = 400;

std::string decimal(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, value < 10 ? 2 : 0);
  return {text.data(), end.ptr};
}

double watts_of(const std::string& unit) {
  if (unit == "kW") return 1e3;
  return unit == "MW" ? 1e6 : 1;
}

bool measures_power(const Meter& meter) {
  return std::ranges::find(meter.points, "active_power", &meter::Point::quantity) != meter.points.end();
}

/// The least step of the meter's total active power in W, as far as it is known without the meter; 0 if it is not.
double power_step_w(const Meter& meter, double ct) {
  for (const meter::Point& point : meter.points) {
    if (point.quantity != "active_power" || point.phase != "total" || !point.scale_point.empty()) continue;
    if (meter::value_type_of(point) == ValueType::float32 || meter::value_type_of(point) == ValueType::float64)
      return 0;
    const bool multiplied = std::ranges::find(point.ratio_points, "ct_ratio") != point.ratio_points.end();
    return std::pow(10.0, point.exponent) * watts_of(point.unit) * (multiplied ? ct : 1);
  }
  return 0;
}

void check_facility(Section& section, const domain::FacilityEntry& facility, const Meter& meter) {
  const auto ratio = domain::parse_ratio(meter.entry.ct_ratio);
  if (!ratio) return;
  const double rated_w = static_cast<double>(facility.rated_power_w);
  const double ct_w = std::sqrt(3.0) * line_voltage_v * ratio->first;
  const double step_w = power_step_w(meter, ratio->first / ratio->second);
  const std::string behind = " behind meter '" + meter.id + "' with its " + meter.entry.ct_ratio + " A transformers ";
  const std::string rated = section.subject() + ": its rated " + decimal(rated_w / 1000) + " kW";
  if (rated_w < least_share_of_ct * ct_w)
    section.journal().warn(section.place("rated_power_kw"),
                           rated + behind + "is " + decimal(100 * rated_w / ct_w) +
                               " % of what they are made for, too little to tell running from stopped; give it smaller "
                               "ones or a meter of its own");
  else if (step_w > largest_step * rated_w)
    section.journal().warn(section.place("rated_power_kw"),
                           rated + behind + "is read in steps of " + decimal(step_w / 1000) +
                               " kW, too coarse to tell running from stopped; choose a finer meter");
}

}  // namespace

void check_facilities(std::vector<Section>& sections, const Site& site) {
  for (std::size_t n = 0; n < sections.size() && n < site.facilities.size(); ++n) {
    const domain::FacilityEntry& facility = site.facilities[n];
    if (facility.rated_power_w == 0) continue;
    std::vector<const Meter*> judges;
    for (const Meter& meter : site.meters)
      if (std::ranges::find(facility.meters, meter.id) != facility.meters.end() && measures_power(meter))
        judges.push_back(&meter);
    if (judges.size() == 1) check_facility(sections[n], facility, *judges.front());
  }
}

}  // namespace jidian::config

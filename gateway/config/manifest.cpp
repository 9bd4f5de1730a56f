#include <algorithm>

#include "config/site_sections.hpp"
#include "meter/decode.hpp"

namespace jidian::config {
namespace {

std::uint64_t power_of_ten(unsigned exponent) {
  std::uint64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

/// The value at which a counter of `point`'s type rolls over; 0 is 2^64, or never (floats).
std::uint64_t natural_modulus(const meter::Point& point) {
  const unsigned registers = point.place.count;
  unsigned bit_count = 16 * registers;
  switch (point.type) {
    case meter::RawType::f32:
    case meter::RawType::f64:
    case meter::RawType::text:
      return 0;
    case meter::RawType::bcd:
    case meter::RawType::mod10k:
      return power_of_ten(4 * registers);
    case meter::RawType::bits:
      bit_count = point.bit_count;
      break;
    case meter::RawType::sign_magnitude:
      --bit_count;
      break;
    default:
      break;
  }
  return bit_count == 64 ? 0 : std::uint64_t{1} << bit_count;
}

std::uint16_t position_of(const std::string& name, const std::vector<meter::Point>& all) {
  return static_cast<std::uint16_t>(std::ranges::find(all, name, &meter::Point::name) - all.begin());
}

domain::PointEntry describe(const meter::Point& point, const std::vector<meter::Point>& all) {
  domain::PointEntry entry;
  entry.name = point.name;
  entry.carrier = point.carrier;
  entry.kind = point.kind;
  entry.type = meter::value_type_of(point);
  entry.quantity = point.quantity;
  entry.phase = point.phase;
  entry.unit = point.unit;
  entry.exponent = point.exponent;
  if (point.kind == PointKind::counter) entry.modulus = point.modulus != 0 ? point.modulus : natural_modulus(point);
  for (const std::string& ratio : point.ratio_points) {
    entry.ratio_points.push_back(position_of(ratio, all));
  }
  if (!point.scale_point.empty()) entry.scale_point = position_of(point.scale_point, all);
  for (const meter::Label& label : point.labels) entry.labels.push_back(std::to_string(label.value) + "=" + label.name);
  return entry;
}

}  // namespace

void describe(Meter& meter) {
  meter.entry.id = meter.id;
  meter.entry.bus = meter.bus;
  meter.entry.unit = meter.unit;
  meter.entry.profile = meter.profile.empty() ? "inline" : meter.profile;
  meter.entry.period = meter.period;
  meter.entry.points.clear();
  for (const meter::Point& point : meter.points) meter.entry.points.push_back(describe(point, meter.points));
}

domain::Manifest manifest_of(const Site& site) {
  domain::Manifest manifest{site.gateway, site.card, {}, site.facilities, site.plausibility, site.data_rules};
  for (const Meter& meter : site.meters) manifest.meters.push_back(meter.entry);
  return manifest;
}

}  // namespace jidian::config

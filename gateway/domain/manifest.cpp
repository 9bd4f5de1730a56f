#include "domain/manifest.hpp"

namespace jidian::domain {

std::string_view name_of(FacilityKind kind) {
  switch (kind) {
    case FacilityKind::production:
      return "production";
    case FacilityKind::treatment:
      return "treatment";
    case FacilityKind::auxiliary:
      return "auxiliary";
    case FacilityKind::generation:
      return "generation";
    case FacilityKind::storage:
      return "storage";
  }
  return "unknown";
}

std::optional<int> exponent_of(const MeterEntry& meter, const PointEntry& point, std::span<const Sample> samples) {
  /// Beyond this no meter's exponent goes.
  constexpr std::int64_t scale_most = 12;
  if (!point.scale_point) return point.exponent;
  const std::size_t position = *point.scale_point;
  if (position >= samples.size() || position >= meter.points.size()) return std::nullopt;
  if (!has_value(samples[position].quality)) return std::nullopt;
  const auto scale = static_cast<std::int64_t>(samples[position].bits);
  if (scale < -scale_most || scale > scale_most) return std::nullopt;
  return point.exponent + static_cast<int>(scale);
}

}  // namespace jidian::domain

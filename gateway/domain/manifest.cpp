#include "domain/manifest.hpp"

#include <charconv>

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

std::string_view name_of(RunSource source) {
  switch (source) {
    case RunSource::none:
      return "none";
    case RunSource::power:
      return "power";
    case RunSource::current:
      return "current";
    case RunSource::status:
      return "status";
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

std::optional<std::pair<double, double>> parse_ratio(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  double primary = 0;
  double secondary = 0;
  const auto first = std::from_chars(text.data(), text.data() + slash, primary);
  const auto second = std::from_chars(text.data() + slash + 1, text.data() + text.size(), secondary);
  if (first.ec != std::errc{} || second.ec != std::errc{} || secondary <= 0 || primary <= 0) return std::nullopt;
  return std::pair{primary, secondary};
}

}  // namespace jidian::domain

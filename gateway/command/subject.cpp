#include "command/subject.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/decimal.hpp"

namespace jidian::command {
namespace {

// The meter's main counter is the first of these that it has.
constexpr std::array<std::string_view, 6> main_counters{
    "active_energy_import", "active_energy_total", "volume_standard", "volume", "heat_energy", "pieces"};

constexpr std::array<std::pair<std::string_view, double>, 20> scales{
    {{"kW", 1e3},  {"MW", 1e6},    {"kvar", 1e3},  {"Mvar", 1e6},      {"kVA", 1e3},       {"MVA", 1e6}, {"kWh", 1e3},
     {"MWh", 1e6}, {"kvarh", 1e3}, {"Mvarh", 1e6}, {"kVAh", 1e3},      {"MVAh", 1e6},      {"kV", 1e3},  {"mA", 1e-3},
     {"kA", 1e3},  {"L", 1e-3},    {"L/h", 1e-3},  {"MJ", 1e6 / 3600}, {"GJ", 1e9 / 3600}, {"t", 1e3}}};

bool is_total(std::string_view phase) {
  return phase.empty() || phase == "total" || phase == "sum";
}

bool is_counter(const domain::PointEntry& point) {
  return point.kind == PointKind::counter;
}

std::string names_of_counters(const domain::MeterEntry& entry) {
  std::string names;
  for (const auto& point : entry.points)
    if (is_counter(point)) names += (names.empty() ? "" : ", ") + point.name;
  return names;
}

std::optional<std::size_t> find_counter(const domain::MeterEntry& entry, std::string_view name) {
  const auto is_it = [&](const domain::PointEntry& point) {
    return is_counter(point) && (point.name == name || (point.quantity == name && is_total(point.phase)));
  };
  const auto found = std::ranges::find_if(entry.points, is_it);
  if (found == entry.points.end()) return std::nullopt;
  return static_cast<std::size_t>(found - entry.points.begin());
}

/// The value of one point without its ratios.
Result<Exact> bare_value(const Subject& subject, std::size_t point) {
  const auto& said = subject.answer.points[point];
  if (!said.error.empty() || said.value.empty())
    return Error{ErrorKind::unreachable, "meter '" + subject.entry.id + "' did not give " + said.point + ": " +
                                             (said.error.empty() ? "no value" : said.error)};
  if (const auto value = parse_exact(said.value)) return *value;
  return Error{ErrorKind::unsupported, "the value of " + said.point + ", " + said.value + ", has too many digits"};
}

}  // namespace

Result<std::size_t> counter_of(const domain::MeterEntry& entry, const std::string& name) {
  if (!name.empty()) {
    if (const auto found = find_counter(entry, name)) return *found;
  } else {
    for (const auto candidate : main_counters)
      if (const auto found = find_counter(entry, candidate)) return *found;
  }
  const std::string names = names_of_counters(entry);
  if (names.empty()) return Error{ErrorKind::invalid, "meter '" + entry.id + "' has no counter among its points"};
  return Error{
      ErrorKind::invalid,
      (name.empty() ? "meter '" + entry.id + "' has no energy or volume; say which counter is meant with --point"
                    : "meter '" + entry.id + "' has no counter '" + name + "'") +
          "; it has: " + names};
}

Result<Exact> engineering_value(const Subject& subject, std::size_t point) {
  auto value = bare_value(subject, point);
  if (!value) return value;
  for (const auto ratio : subject.entry.points[point].ratio_points) {
    const auto factor = engineering_value(subject, ratio);
    if (!factor) return factor;
    const auto product = multiply(*value, *factor);
    if (!product)
      return Error{ErrorKind::unsupported, "the value of " + subject.entry.points[point].name +
                                               " with its ratios has "
                                               "more than 18 digits"};
    value = *product;
  }
  return value;
}

double step_of(const Subject& subject, std::size_t point) {
  const auto& entry = subject.entry.points[point];
  const auto bare = bare_value(subject, point);
  if (!bare) return 0;
  double step = to_double(last_place(*bare));
  if (entry.type == ValueType::float32) step = std::ldexp(std::abs(to_double(*bare)), -23);
  if (entry.type == ValueType::float64) step = std::ldexp(std::abs(to_double(*bare)), -52);
  for (const auto ratio : entry.ratio_points)
    if (const auto factor = engineering_value(subject, ratio)) step *= to_double(*factor);
  return step;
}

std::optional<double> base_value(const Subject& subject, std::string_view quantity, std::string_view phase) {
  for (std::size_t i = 0; i < subject.entry.points.size(); ++i) {
    const auto& point = subject.entry.points[i];
    const bool is_it =
        point.quantity == quantity && (point.phase == phase || (is_total(point.phase) && is_total(phase)));
    if (!is_it) continue;
    const auto value = engineering_value(subject, i);
    if (value) return to_double(*value) * scale_of(point.unit);
  }
  return std::nullopt;
}

Sides sides_of(std::string_view ratio) {
  Sides sides;
  const auto slash = ratio.find('/');
  if (slash == std::string_view::npos) return {};
  const auto read = [](std::string_view text, double& into) {
    return std::from_chars(text.data(), text.data() + text.size(), into).ec == std::errc{} && into > 0;
  };
  if (!read(ratio.substr(0, slash), sides.primary) || !read(ratio.substr(slash + 1), sides.secondary)) return {};
  return sides;
}

double scale_of(std::string_view unit) {
  const auto found = std::ranges::find(scales, unit, &std::pair<std::string_view, double>::first);
  return found == scales.end() ? 1 : found->second;
}

std::string rough(double number) {
  if (number == 0 || !std::isfinite(number)) return "0";
  const double magnitude = std::pow(10.0, 3 - std::floor(std::log10(std::abs(number))));
  return format_float(std::round(number * magnitude) / magnitude, 0);
}

}  // namespace jidian::command

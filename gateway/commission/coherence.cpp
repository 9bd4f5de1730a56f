#include "commission/coherence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "meter/decode.hpp"

namespace jidian::commission {
namespace {

using meter::Point;
using meter::Profile;

constexpr std::array coherence_phases{"l1", "l2", "l3"};
constexpr std::array energy_names{"active_energy_import.total", "active_energy_total.total"};

constexpr double hz_least = 45;
constexpr double hz_most = 65;
// An open phase shows some volts by induction; the secondary side of voltage transformers 57.7 V.
constexpr double energised_v = 20;
// Above the medium voltages that a plant's meters show as primary values.
constexpr double voltage_most_v = 40'000;
// 120, 120 and 208 V is a network that exists.
constexpr double voltage_spread_most = 2;
// Power, voltage and current are not of the same instant, and loads change.
constexpr double power_tolerance = 0.4;
constexpr double power_tolerance_w = 5;
// So much of voltage × current must be more than the tolerance, or any power would do.
constexpr double power_told_least = 0.8;
// Motors that run idle have 0.2; below it nothing is told by power alone.
constexpr double power_factor_least = 0.2;
constexpr double power_factor_most = 1.02;
// More than a works draws in ten years; less than any counter resolves.
constexpr double energy_most_kwh = 1e10;
constexpr double energy_least_kwh = 1e-6;

const Point* coherence_point(const Profile& profile, std::string_view name) {
  const auto found = std::ranges::find(profile.points, name, &Point::name);
  if (found == profile.points.end() || found->type == meter::RawType::text) return nullptr;
  const bool stands_alone = found->scale_point.empty() && found->sign_point.empty() && !found->valid_while;
  return stands_alone ? &*found : nullptr;
}

/// From the point's unit to V, A, W, Hz or kWh.
double factor_of(const Point& point) {
  const double prefix = point.unit.starts_with('k')   ? 1e3
                        : point.unit.starts_with('M') ? 1e6
                        : point.unit.starts_with('m') ? 1e-3
                                                      : 1;
  return point.unit.ends_with("Wh") ? prefix / 1e3 : prefix;
}

/// How finely a point is counted; 0 for floats.
double step_of(const Point& point) {
  const bool is_float = point.type == meter::RawType::f32 || point.type == meter::RawType::f64;
  return is_float ? 0 : std::pow(10.0, point.exponent) * factor_of(point);
}

std::string show_plain(double value) {
  std::array<char, 32> shown{};
  (void)std::snprintf(shown.data(), shown.size(), "%.5g", value);
  return shown.data();
}

std::optional<double> told(const PlainValues& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

CoherenceCheck check_frequency(const PlainValues& values) {
  const auto hz = told(values, "frequency");
  if (!hz) return {"frequency", Agreement::untold, "absent", {}};
  if (*hz == 0) return {"frequency", Agreement::untold, "zero", {}};
  const bool is_usual = *hz >= hz_least && *hz <= hz_most;
  return {"frequency",
          is_usual ? Agreement::agrees : Agreement::contradicts,
          is_usual ? "ok" : "odd",
          {{"hz", show_plain(*hz)}}};
}

CoherenceCheck check_voltages(const PlainValues& values) {
  std::string shown;
  std::vector<double> energised;
  bool is_odd = false;
  for (const std::string phase : coherence_phases) {
    const auto volts = told(values, "voltage_ln." + phase);
    if (!volts) continue;
    shown += (shown.empty() ? "" : " / ") + show_plain(*volts);
    is_odd = is_odd || *volts < 0 || *volts > voltage_most_v;
    if (*volts >= energised_v) energised.push_back(*volts);
  }
  if (shown.empty()) return {"voltage", Agreement::untold, "absent", {}};
  if (!is_odd && energised.empty()) return {"voltage", Agreement::untold, "zero", {{"volts", shown}}};
  if (!is_odd) {
    const auto [least, most] = std::ranges::minmax(energised);
    is_odd = most > voltage_spread_most * least;
  }
  return {"voltage", is_odd ? Agreement::contradicts : Agreement::agrees, is_odd ? "odd" : "ok", {{"volts", shown}}};
}

/// What one phase, or all of them together, draws by voltage and current, and by power.
struct Draw {
  std::string name;  ///< "L1", or "total".
  double apparent_va = 0;
  double power_w = 0;
  double step_w = 0;  ///< How finely all of it is counted.
  std::optional<double> factor;
};

Agreement judge(const Draw& draw) {
  const double tolerance_w = power_tolerance * draw.apparent_va + power_tolerance_w + draw.step_w;
  const double power_w = std::abs(draw.power_w);
  if (draw.factor) {
    const bool is_near = std::abs(power_w - draw.apparent_va * *draw.factor) <= tolerance_w;
    return is_near ? Agreement::agrees : Agreement::contradicts;
  }
  if (power_w > draw.apparent_va + tolerance_w) return Agreement::contradicts;
  return power_w >= power_factor_least * draw.apparent_va ? Agreement::agrees : Agreement::untold;
}

/// Whether enough is drawn that a right power and a wrong one can be told apart.
bool is_loaded(const Draw& draw) {
  return (power_told_least - power_tolerance) * draw.apparent_va > power_tolerance_w + draw.step_w;
}

class PowerComparison {
 public:
  PowerComparison(const Profile& profile, const PlainValues& values) : profile_(profile), values_(values) {}

  CoherenceCheck run() {
    std::vector<Draw> draws;
    Draw all{"total", 0, 0, 0, std::nullopt};
    bool is_whole = true;
    for (const std::string phase : coherence_phases) {
      const auto apparent = apparent_of(phase, all);
      const bool has_phase = coherence_point(profile_, "voltage_ln." + phase) != nullptr;
      is_whole = is_whole && (apparent.has_value() || !has_phase);
      if (!apparent) continue;
      Draw draw{"L" + phase.substr(1), *apparent, 0, 0, std::nullopt};
      if (add_power(phase, phase, draw)) draws.push_back(draw);
    }
    if (draws.empty() && is_whole && all.apparent_va > 0 && add_power("total", "l1", all)) draws.push_back(all);
    const bool is_idle = has_current_ && !is_loaded(all);
    return verdict_of(draws, is_idle ? "no_load" : draws.empty() ? "absent" : "unclear");
  }

 private:
  /// Of a phase, and added to `all`.
  std::optional<double> apparent_of(const std::string& phase, Draw& all) {
    const auto volts = told(values_, "voltage_ln." + phase);
    const auto amperes = told(values_, "current." + phase);
    if (!volts || !amperes) return std::nullopt;
    has_current_ = true;
    const double step_va = std::abs(*volts) * step_of(*coherence_point(profile_, "current." + phase));
    all.apparent_va += std::abs(*volts * *amperes);
    all.step_w += step_va;
    return std::abs(*volts * *amperes);
  }

  /// Whether power is told that is on the same side of the transformers as voltage and current of `like`.
  bool add_power(const std::string& phase, const std::string& like, Draw& draw) const {
    const auto watts = told(values_, "active_power." + phase);
    if (!watts) return false;
    const auto* power = coherence_point(profile_, "active_power." + phase);
    const auto* voltage = coherence_point(profile_, "voltage_ln." + like);
    const auto* current = coherence_point(profile_, "current." + like);
    if (voltage == nullptr || current == nullptr) return false;
    std::multiset<std::string> factors(voltage->ratio_points.begin(), voltage->ratio_points.end());
    factors.insert(current->ratio_points.begin(), current->ratio_points.end());
    if (factors != std::multiset<std::string>(power->ratio_points.begin(), power->ratio_points.end())) return false;
    draw.power_w = *watts;
    draw.step_w += 2 * step_of(*power);
    if (phase == like) draw.step_w += 2 * std::abs(told(values_, "voltage_ln." + like).value_or(0)) * step_of(*current);
    const auto factor = told(values_, "power_factor." + phase);
    if (factor && *factor != 0 && std::abs(*factor) <= power_factor_most) draw.factor = std::abs(*factor);
    return true;
  }

  /// `why_untold`: if none of the draws tells anything.
  static CoherenceCheck verdict_of(const std::vector<Draw>& draws, std::string why_untold) {
    std::string phases;
    for (const Draw& draw : draws) {
      if (!is_loaded(draw)) continue;
      const Agreement agreement = judge(draw);
      if (agreement == Agreement::contradicts)
        return {"power",
                agreement,
                "differs",
                {{"phase", draw.name},
                 {"power", show_plain(draw.power_w)},
                 {"apparent", show_plain(draw.apparent_va)},
                 {"factor", draw.factor ? show_plain(*draw.factor) : "-"}}};
      if (agreement == Agreement::agrees) phases += (phases.empty() ? "" : ", ") + draw.name;
    }
    if (!phases.empty()) return {"power", Agreement::agrees, "ok", {{"phases", phases}}};
    return {"power", Agreement::untold, std::move(why_untold), {}};
  }

  const Profile& profile_;
  const PlainValues& values_;
  bool has_current_ = false;
};

CoherenceCheck check_energy(const PlainValues& values) {
  std::optional<double> kwh;
  for (const char* name : energy_names)
    if (!kwh) kwh = told(values, name);
  if (!kwh) return {"energy", Agreement::untold, "absent", {}};
  if (*kwh == 0) return {"energy", Agreement::untold, "zero", {}};
  const bool is_usual = *kwh >= energy_least_kwh && *kwh <= energy_most_kwh;
  return {"energy",
          is_usual ? Agreement::agrees : Agreement::contradicts,
          is_usual ? "ok" : "odd",
          {{"kwh", show_plain(*kwh)}}};
}

}  // namespace

std::vector<const Point*> coherence_points(const Profile& profile) {
  std::vector<const Point*> points;
  const auto want = [&](const std::string& name) {
    const auto* point = coherence_point(profile, name);
    if (point != nullptr && point->carrier == Carrier::electricity) points.push_back(point);
  };
  want("frequency");
  for (const char* quantity : {"voltage_ln.", "current.", "active_power.", "power_factor."})
    for (const char* phase : coherence_phases) want(std::string(quantity) + phase);
  want("active_power.total");
  want("power_factor.total");
  for (const char* name : energy_names) want(name);
  return points;
}

std::optional<double> plain_value(const Point& point, std::span<const std::uint16_t> words) {
  const auto decoded = meter::decode(point, words);
  if (decoded.presence != meter::Presence::value) return std::nullopt;
  const std::string value = meter::format_value(decoded.bits, meter::value_type_of(point), point.exponent);
  return std::strtod(value.c_str(), nullptr) * factor_of(point);
}

std::vector<CoherenceCheck> check_coherence(const Profile& profile, const PlainValues& values) {
  if (coherence_points(profile).empty()) return {};
  return {check_frequency(values), check_voltages(values), PowerComparison(profile, values).run(),
          check_energy(values)};
}

std::string_view name_of(Agreement agreement) {
  switch (agreement) {
    case Agreement::agrees:
      return "agrees";
    case Agreement::contradicts:
      return "contradicts";
    case Agreement::untold:
      return "untold";
  }
  return "";
}

}  // namespace jidian::commission

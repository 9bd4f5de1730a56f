#include "command/phase_checks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace jidian::command {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

constexpr std::array<std::string_view, 3> phase_names{"l1", "l2", "l3"};

/// What the sum of the phases may differ from the total by: meters take them a moment apart.
constexpr double sum_tolerance = 0.03;
/// A phase with less than this share of all power carries no load worth judging.
constexpr double load_share_min = 0.02;
/// Below this many W (or secondary W) per phase nothing is on.
constexpr double load_min_w = 1;
/// A healthy low-voltage network keeps its phases within 2 % (GB/T 15543); far beyond it a fuse or a wire is missing.
constexpr double voltage_spread_max = 0.1;
constexpr double voltage_missing_share = 0.5;
/// Around the nominal voltage, wider than GB/T 12325 allows (+7 % / -10 %).
constexpr double voltage_tolerance = 0.15;
/// Nominal voltages from phase to phase: secondary sides, low voltage, medium voltage (GB/T 156).
constexpr std::array<double, 13> nominal_ll{100, 110, 200, 208, 380, 400, 415, 660, 690, 3'000, 6'000, 10'000, 35'000};
constexpr double power_factor_max = 1.01;
constexpr double power_factor_odd = 0.3;    ///< A motor without load stays above it as a rule …
constexpr double power_factor_usual = 0.6;  ///< … and does not stand beside phases that carry load properly.

using Phases = std::array<std::optional<double>, 3>;

Phases phases_of(const Subject& subject, std::string_view quantity) {
  Phases phases;
  for (std::size_t i = 0; i < 3; ++i) phases[i] = base_value(subject, quantity, phase_names[i]);
  return phases;
}

std::size_t count(const Phases& phases) {
  return static_cast<std::size_t>(std::ranges::count_if(phases, [](const auto& one) { return one.has_value(); }));
}

/// "L1 231.2, L2 230.8": those that are there.
std::string listed(const Phases& phases, double unit) {
  std::string text;
  for (std::size_t i = 0; i < 3; ++i)
    if (phases[i]) text += (text.empty() ? "L" : ", L") + std::to_string(i + 1) + " " + rough(*phases[i] / unit);
  return text;
}

std::string named(const std::vector<std::size_t>& which) {
  std::string text;
  for (const auto i : which) text += (text.empty() ? "L" : ", L") + std::to_string(i + 1);
  return text;
}

bool is_usual(double voltage, bool between_phases) {
  return std::ranges::any_of(nominal_ll, [&](double nominal) {
    const double expected = between_phases ? nominal : nominal / std::sqrt(3.0);
    return std::abs(voltage - expected) <= voltage_tolerance * expected;
  });
}

Check check_voltage(const Subject& subject) {
  const bool between = count(phases_of(subject, "voltage_ln")) == 0;
  Phases voltages = phases_of(subject, "voltage_ln");
  if (between)
    for (std::size_t i = 0; i < 3; ++i)
      voltages[i] = base_value(subject, "voltage_ll", std::array{"l1l2", "l2l3", "l3l1"}[i]);
  Check check{"voltage", Verdict::unknown, "absent"};
  if (count(voltages) == 0) return check;
  check.values = {{"voltages", listed(voltages, 1)}};
  double most = 0;
  for (const auto& voltage : voltages) most = std::max(most, std::abs(voltage.value_or(0)));
  std::vector<std::size_t> missing;
  double least = most;
  double mean = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    if (!voltages[i]) continue;
    if (std::abs(*voltages[i]) < voltage_missing_share * most || most == 0) missing.push_back(i);
    least = std::min(least, std::abs(*voltages[i]));
    mean += std::abs(*voltages[i]) / static_cast<double>(count(voltages));
  }
  check.verdict = Verdict::failed;
  if (!missing.empty()) {
    check.because = "missing";
    check.values.emplace_back("phases", between ? "L-L" : named(missing));
  } else if (most - least > voltage_spread_max * mean) {
    check.because = "unbalanced";
  } else if (!is_usual(mean, between)) {
    check.because = "unusual";
  } else {
    check.verdict = Verdict::ok;
    check.because = "ok";
  }
  return check;
}

Check check_sum(const Subject& subject, const Phases& power) {
  Check check{"phase_sum", Verdict::unknown, "absent"};
  const auto total = base_value(subject, "active_power", "total");
  if (!total || count(power) != 3) return check;
  const double sum = *power[0] + *power[1] + *power[2];
  const double size = std::abs(*power[0]) + std::abs(*power[1]) + std::abs(*power[2]);
  double steps = 0;
  for (std::size_t i = 0; i < subject.entry.points.size(); ++i)
    if (subject.entry.points[i].quantity == "active_power")
      steps += step_of(subject, i) * scale_of(subject.entry.points[i].unit);
  const bool fits = std::abs(sum - *total) <= sum_tolerance * std::max(size, std::abs(*total)) + steps;
  check.verdict = fits ? Verdict::ok : Verdict::failed;
  check.because = fits ? "ok" : "differs";
  check.values = {{"powers", listed(power, 1e3)}, {"sum", rough(sum / 1e3)}, {"total", rough(*total / 1e3)}};
  return check;
}

/// The phases that carry load.
std::vector<std::size_t> loaded(const Phases& power) {
  double size = 0;
  for (const auto& one : power) size += std::abs(one.value_or(0));
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < 3; ++i)
    if (power[i] && std::abs(*power[i]) >= std::max(load_min_w, load_share_min * size)) which.push_back(i);
  return which;
}

Check check_sign(const Subject& subject, const Phases& power) {
  Check check{"phase_sign", Verdict::unknown, "absent"};
  if (count(power) == 0) return check;
  check.because = "no_load";
  check.values = {{"powers", listed(power, 1e3)}};
  const auto carrying = loaded(power);
  if (carrying.empty()) return check;
  std::vector<std::size_t> negative;
  std::vector<std::size_t> positive;
  for (const auto i : carrying) (*power[i] < 0 ? negative : positive).push_back(i);
  check.verdict = Verdict::ok;
  check.because = negative.empty() ? "ok" : "feeds_back";
  if (negative.empty() || (positive.empty() && subject.generates)) return check;
  check.verdict = Verdict::failed;
  check.because = positive.empty() ? "all_reversed" : "reversed";
  check.values.emplace_back("phases",
                            named(negative.size() <= positive.size() || !subject.generates ? negative : positive));
  return check;
}

Check check_factor(const Subject& subject, const Phases& power) {
  Check check{"power_factor", Verdict::unknown, "absent"};
  const Phases factors = phases_of(subject, "power_factor");
  if (count(factors) == 0) return check;
  check.because = "no_load";
  check.values = {{"factors", listed(factors, 1)}};
  std::vector<std::size_t> carrying;
  for (const auto i : loaded(power))
    if (factors[i]) carrying.push_back(i);
  if (carrying.empty()) return check;
  double most = 0;
  for (const auto i : carrying) most = std::max(most, std::abs(*factors[i]));
  std::vector<std::size_t> odd;
  std::vector<std::size_t> against;  // many meters give it the sign of the reactive power: then it is so in all phases
  for (const auto i : carrying) {
    if (std::abs(*factors[i]) < power_factor_odd) odd.push_back(i);
    if (*factors[i] * *power[i] < 0) against.push_back(i);
  }
  check.verdict = Verdict::failed;
  const auto fail = [&check](const char* because, const std::vector<std::size_t>& which) {
    check.because = because;
    check.values.emplace_back("phases", named(which));
    return check;
  };
  if (most > power_factor_max) return fail("too_large", carrying);
  if (!odd.empty() && most >= power_factor_usual) return fail("odd", odd);
  if (!against.empty() && against.size() < carrying.size()) return fail("sign", against);
  check.verdict = Verdict::ok;
  check.because = "ok";
  return check;
}

/// By the angles of the voltages if the meter has them, or by its own word.
Check check_order(const Subject& subject) {
  Check check{"phase_order", Verdict::unknown, "absent"};
  const Phases angles = phases_of(subject, "voltage_angle");
  if (count(angles) == 3) {
    const double second = std::fmod(*angles[0] - *angles[1] + 720, 360);  // 120 behind
    const bool right = std::abs(second - 120) < 30;
    check.verdict = right ? Verdict::ok : Verdict::failed;
    check.because = right ? "ok" : "left";
    return check;
  }
  for (std::size_t i = 0; i < subject.entry.points.size(); ++i) {
    const auto& point = subject.entry.points[i];
    if (point.quantity != "phase_sequence") continue;
    const auto said = engineering_value(subject, i);
    if (!said || (point.labels.empty() && said->mantissa == 0)) continue;
    const auto label = std::to_string(said->mantissa) + "=right";
    const bool right = point.labels.empty() ? said->mantissa > 0 : std::ranges::count(point.labels, label) > 0;
    check.verdict = right ? Verdict::ok : Verdict::failed;
    check.because = right ? "ok" : "left";
  }
  return check;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::failed:
      return "failed";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

std::vector<Check> check_phases(const Subject& subject) {
  const bool is_electric = std::ranges::any_of(subject.entry.points, [](const domain::PointEntry& point) {
    return point.carrier == Carrier::electricity && point.kind != PointKind::attribute;
  });
  if (!is_electric) return {};
  const Phases power = phases_of(subject, "active_power");
  return {check_voltage(subject), check_sum(subject, power), check_sign(subject, power), check_factor(subject, power),
          check_order(subject)};
}

}  // namespace jidian::command

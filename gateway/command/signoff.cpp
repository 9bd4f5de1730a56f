#include "command/signoff.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "command/display.hpp"
#include "command/ratio_checks.hpp"

namespace jidian::command {
namespace {

/// From the look at the display to the reading: the time it takes to walk to the keyboard and type.
constexpr double since_display_s = 120;
/// A display that is less sure than this fits one factor as well as another.
constexpr double explain_share_max = 0.02;
constexpr int ten_max = 6;
constexpr double slack = 1e-9;  ///< What doubles do to a difference that is just allowed.

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> rates{{{"active_energy", "active_power"},
                                                                              {"reactive_energy", "reactive_power"},
                                                                              {"apparent_energy", "apparent_power"},
                                                                              {"volume_standard", "flow_standard"},
                                                                              {"volume", "flow"},
                                                                              {"heat_energy", "heat_power"}}};

/// What the counter may have gained since the display was read, in its unit.
double gained(const Subject& subject, const domain::PointEntry& counter) {
  for (const auto& [energy, power] : rates) {
    if (!counter.quantity.starts_with(energy)) continue;
    double per_hour = 0;
    if (const auto total = base_value(subject, power, "total"))
      per_hour = std::abs(*total);
    else
      for (const auto phase : {"l1", "l2", "l3"}) per_hour += std::abs(base_value(subject, power, phase).value_or(0));
    return per_hour * since_display_s / 3600 / scale_of(counter.unit);
  }
  return 0;
}

/// The ratio in the meter's own register goes before the declared one.
double ratio_in(const Subject& subject, std::string_view quantity, const std::string& declared) {
  const auto told = base_value(subject, quantity, "");
  if (told && *told > 0) return *told;
  const Sides sides = sides_of(declared);
  return sides.secondary > 0 ? sides.primary / sides.secondary : 1;
}

/// All that are tried, the simplest first.
std::vector<Factor> factors_of(const Ratios& ratios) {
  std::vector<Factor> transformers;
  const bool has_ct = ratios.ct != 1;
  const bool has_pt = ratios.pt != 1;
  if (has_ct) transformers.push_back({true, false, 0, false, ratios.ct});
  if (has_pt) transformers.push_back({false, true, 0, false, ratios.pt});
  if (has_ct && has_pt) transformers.push_back({true, true, 0, false, ratios.ct * ratios.pt});
  std::vector<Factor> all;
  const auto add = [&all](Factor factor, int ten) {
    factor.ten = ten;
    factor.times *= std::pow(10.0, ten);
    for (const bool inverse : {false, true}) {
      Factor one = factor;
      one.reading_larger = (factor.times < 1) != inverse;
      one.times = factor.times < 1 ? 1 / factor.times : factor.times;
      all.push_back(one);
    }
  };
  for (const Factor& factor : transformers) add(factor, 0);
  for (int ten = 1; ten <= ten_max; ++ten) add({}, ten);
  for (const Factor& factor : transformers)
    for (int ten = 1; ten <= ten_max; ++ten) {
      add(factor, ten);
      add(factor, -ten);
    }
  return all;
}

/// How the reading and the display compare, and what would explain it if they do not.
Check compare_energy(const Subject& subject, const Signoff& signoff, const Exact& reading, const Exact& display,
                     double reading_step, bool fits) {
  Check check{"energy", fits ? Verdict::ok : Verdict::failed, fits ? "ok" : "differs"};
  check.values = {{"display", signoff.display},
                  {"reading", signoff.reading},
                  {"unit", signoff.unit},
                  {"difference", signoff.difference},
                  {"allowed", signoff.allowed}};
  if (fits) return check;
  const Ratios ratios{ratio_in(subject, "ct_ratio", subject.entry.ct_ratio),
                      ratio_in(subject, "pt_ratio", subject.entry.pt_ratio)};
  const auto factor =
      explain(to_double(reading), reading_step, to_double(display), to_double(last_place(display)), ratios);
  if (!factor) return check;
  check.because = factor->reading_larger ? "reading_larger" : "display_larger";
  check.values.emplace_back("times", rough(factor->times));
  if (factor->ct) check.values.emplace_back("ct", rough(ratios.ct));
  if (factor->pt) check.values.emplace_back("pt", rough(ratios.pt));
  if (factor->ten != 0) check.values.emplace_back("ten", std::to_string(std::abs(factor->ten)));
  return check;
}

std::string names_with(const Signoff& signoff, Verdict verdict) {
  std::string names;
  for (const Check& check : signoff.checks)
    if (check.verdict == verdict) names += (names.empty() ? "" : " ") + check.name;
  return names;
}

}  // namespace

bool Signoff::holds() const {
  return std::ranges::none_of(checks, [](const Check& check) { return check.verdict == Verdict::failed; });
}

std::optional<Factor> explain(double reading, double reading_step, double display, double display_step,
                              const Ratios& ratios) {
  if (reading <= 0 || display <= 0 || display_step + reading_step * display / reading > explain_share_max * display)
    return std::nullopt;
  for (const Factor& factor : factors_of(ratios)) {
    const double times = factor.reading_larger ? 1 / factor.times : factor.times;
    if (std::abs(reading * times - display) <= (display_step + reading_step * times) * (1 + slack)) return factor;
  }
  return std::nullopt;
}

Result<Signoff> examine(const Subject& subject, const SignoffRequest& request) {
  const auto& point = subject.entry.points[request.point];
  const auto display = display_of(request.display, point, "--display");
  if (!display) return display.error();
  const auto counted = engineering_value(subject, request.point);
  if (!counted) return counted.error();
  const Exact reading = converted(*counted, point.unit, display->unit);
  const auto difference = subtract(reading, display->number);
  if (!difference) return Error{ErrorKind::unsupported, "reading and display together have more than 18 digits"};
  const double reading_step = (step_of(subject, request.point) + gained(subject, point)) *
                              std::pow(10.0, tens_between(point.unit, display->unit));
  const double allowed = to_double(last_place(display->number)) + reading_step;
  Signoff signoff{point.name, display->unit, display->text, to_text(reading), to_text(*difference), rough(allowed), {}};
  const bool fits = std::abs(to_double(*difference)) <= allowed * (1 + slack);
  signoff.checks.push_back(compare_energy(subject, signoff, reading, display->number, reading_step, fits));
  for (Check& check : check_ratios(subject)) signoff.checks.push_back(std::move(check));
  for (Check& check : check_phases(subject)) signoff.checks.push_back(std::move(check));
  return signoff;
}

domain::Event event_of(const domain::MeterEntry& entry, const Signoff& signoff, const SignoffRequest& request,
                       UtcTime now) {
  domain::Event event;
  event.time = now;
  event.kind = domain::EventKind::signoff;
  event.subject = entry.id;
  const std::string unit = signoff.unit.empty() ? "" : " " + signoff.unit;
  event.text = "Signed off by " + request.by + ": the display shows " + signoff.display + unit + ", the reading is " +
               signoff.reading + unit + "." +
               (signoff.holds() ? "" : " Accepted although it failed: " + names_with(signoff, Verdict::failed) + ".");
  event.facts = {{"point", signoff.point},
                 {"unit", signoff.unit},
                 {"display", signoff.display},
                 {"reading", signoff.reading},
                 {"difference", signoff.difference},
                 {"allowed", signoff.allowed},
                 {"passed", names_with(signoff, Verdict::ok)},
                 {"failed", names_with(signoff, Verdict::failed)},
                 {"unchecked", names_with(signoff, Verdict::unknown)},
                 {"accepted", signoff.holds() ? "" : request.accept},
                 {"by", request.by},
                 {"user", request.user},
                 {"note", request.note}};
  std::erase_if(event.facts, [](const auto& fact) { return fact.second.empty(); });
  return event;
}

std::string to_json(const Subject& subject, const Signoff& signoff, const SignoffRequest& request, bool recorded) {
  auto checks = nlohmann::ordered_json::array();
  for (const Check& check : signoff.checks) {
    auto values = nlohmann::ordered_json::object();
    for (const auto& [name, value] : check.values) values[name] = value;
    checks.push_back({{"check", check.name},
                      {"verdict", name_of(check.verdict)},
                      {"because", check.because},
                      {"values", std::move(values)}});
  }
  return nlohmann::ordered_json{{"meter", subject.entry.id},
                                {"read", format_utc(subject.answer.end)},
                                {"point", signoff.point},
                                {"unit", signoff.unit},
                                {"display", signoff.display},
                                {"reading", signoff.reading},
                                {"difference", signoff.difference},
                                {"allowed", signoff.allowed},
                                {"checks", std::move(checks)},
                                {"holds", signoff.holds()},
                                {"recorded", recorded},
                                {"by", request.by},
                                {"user", request.user}}
      .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace jidian::command

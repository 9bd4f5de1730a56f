#include "command/replace.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "acquire/identity_watch.hpp"
#include "base/exact.hpp"
#include "command/display.hpp"

namespace jidian::command {
namespace {

/// Nobody has a larger feeder at this voltage behind one meter without saying what transformers it has.
constexpr double usual_most_w = 5e6;
/// Transformers may be overloaded; this is to find a misplaced decimal point, not a heavy shift.
constexpr double overload = 2;
constexpr double low_voltage_v = 400;
constexpr double secondary_voltage_v = 100;
constexpr double secondary_current_a = 5;

/// What one count of the register is in the unit of the point.
Result<double> per_count_of(const Subject& subject, std::size_t position) {
  const auto& point = subject.entry.points[position];
  const auto& said = subject.answer.points[position];
  int exponent = point.exponent;
  if (point.scale_point)
    exponent += static_cast<int>(static_cast<std::int64_t>(subject.answer.points[*point.scale_point].sample.bits));
  if (said.value.empty()) return engineering_value(subject, position).error();
  double factor = std::pow(10.0, exponent);
  for (const auto ratio : point.ratio_points) {
    const auto value = engineering_value(subject, ratio);
    if (!value) return value.error();
    factor *= to_double(*value);
  }
  if (!(factor > 0))
    return Error{ErrorKind::invalid, "a ratio in the new meter is 0; set its transformer ratios first"};
  return factor;
}

/// The most that such a meter can count in an hour, in its register's counts; 0: not known.
double most_per_hour(const Subject& subject, const domain::PointEntry& point, double per_count) {
  if (!point.quantity.starts_with("active_energy")) return 0;
  const double ct_register = base_value(subject, "ct_ratio", "").value_or(0);
  const double pt_register = base_value(subject, "pt_ratio", "").value_or(0);
  const Sides ct = sides_of(subject.entry.ct_ratio);
  const Sides pt = sides_of(subject.entry.pt_ratio);
  const double current = std::max(ct.primary, ct_register > 1 ? ct_register * secondary_current_a : 0);
  const double voltage = std::max({low_voltage_v, pt.primary, pt_register > 1 ? pt_register * secondary_voltage_v : 0});
  const double watts =
      current > 0 ? overload * std::sqrt(3.0) * current * voltage : std::max(usual_most_w, usual_most_w * pt_register);
  return watts / scale_of(point.unit) / per_count;
}

/// What stood at both displays.
struct Displays {
  Display old_final;
  Display new_start;
};

/// Errors: invalid, also where they are in different units: nobody can tell whether that is meant.
Result<Displays> displays_of(const domain::PointEntry& point, const ReplaceRequest& request) {
  auto old_final = display_of(request.old_final, point, "--old-final");
  if (!old_final) return old_final.error();
  auto new_start = display_of(request.new_start, point, "--new-start");
  if (!new_start) return new_start.error();
  if (old_final->unit != new_start->unit)
    return Error{ErrorKind::invalid, "--old-final is in " + old_final->unit + ", --new-start in " + new_start->unit +
                                         "; write both with one unit"};
  return Displays{std::move(*old_final), std::move(*new_start)};
}

/// Of a display, in the counts of the register.
double in_counts(const Exact& number, const Display& display, const domain::PointEntry& point, double per_count) {
  return to_double(converted(number, display.unit, point.unit)) / per_count;
}

}  // namespace

Result<std::string> new_serial_of(const ReplaceRequest& request, const std::string& known, const std::string& told) {
  if (!told.empty() && !request.serial.empty() && !acquire::is_same_serial(told, request.serial))
    return Error{ErrorKind::conflict, "the meter tells serial number '" + told + "', not '" + request.serial +
                                          "'; look at its name plate and at its unit number"};
  const std::string serial = request.serial.empty() ? told : request.serial;
  if (!serial.empty() && !known.empty() && acquire::is_same_serial(serial, known))
    return Error{ErrorKind::conflict,
                 "the meter with serial number '" + known + "' stands there already: it is the one that is known"};
  return serial;
}

Result<domain::Replacement> replacement_of(const Subject& subject, domain::MeterIndex meter,
                                           const ReplaceRequest& request) {
  const auto& point = subject.entry.points[request.point];
  const auto displays = displays_of(point, request);
  if (!displays) return displays.error();
  const auto& [old_final, new_start] = *displays;
  const auto per_count = per_count_of(subject, request.point);
  if (!per_count) return per_count.error();
  const auto old_count = domain::nearest_count(point.type, in_counts(old_final.number, old_final, point, *per_count));
  const auto new_count = domain::nearest_count(point.type, in_counts(new_start.number, new_start, point, *per_count));
  const bool is_whole = point.type == ValueType::unsigned_integer || point.type == ValueType::signed_integer;
  const auto fits = [&](const auto& count) {
    return count && (!is_whole || point.modulus == 0 || *count < point.modulus);
  };
  if (!fits(old_count) || !fits(new_count))
    return Error{ErrorKind::invalid, "the register of " + point.name + " cannot hold " +
                                         (fits(old_count) ? new_start.text : old_final.text) + " " + old_final.unit};
  domain::Replacement stated;
  stated.meter = meter;
  stated.point = static_cast<std::uint16_t>(request.point);
  stated.old_final = *old_count;
  stated.new_start = *new_count;
  stated.old_unsure = in_counts(last_place(old_final.number), old_final, point, *per_count) + (is_whole ? 1 : 0);
  stated.new_unsure = in_counts(last_place(new_start.number), new_start, point, *per_count) + (is_whole ? 1 : 0);
  stated.after = {subject.answer.points[request.point].sample.bits, subject.answer.end};
  stated.at = request.at;
  stated.per_count = *per_count;
  stated.counts_per_hour = most_per_hour(subject, point, *per_count);
  for (const auto ratio : point.ratio_points)
    stated.factors.emplace_back(ratio, subject.answer.points[ratio].sample.bits);
  if (point.scale_point)
    stated.factors.emplace_back(*point.scale_point, subject.answer.points[*point.scale_point].sample.bits);
  return stated;
}

domain::Event event_of(const Subject& subject, const ReplaceRequest& request, const std::string& old_serial,
                       const std::string& new_serial, UtcTime now) {
  const auto& point = subject.entry.points[request.point];
  const auto displays = displays_of(point, request);
  assert(displays);
  const auto& [old_final, new_start] = *displays;
  const std::string unit = old_final.unit.empty() ? "" : " " + old_final.unit;
  const auto named = [](const std::string& serial) { return serial.empty() ? std::string() : " " + serial; };
  domain::Event event;
  event.time = now;
  event.kind = domain::EventKind::replaced;
  event.subject = subject.entry.id;
  event.text = "Replaced by " + request.by + ": the old meter" + named(old_serial) + " ended at " + old_final.text +
               unit + ", the new one" + named(new_serial) + " began at " + new_start.text + unit + ".";
  event.facts = {{"point", point.name},
                 {"unit", old_final.unit},
                 {"old_final", old_final.text},
                 {"new_start", new_start.text},
                 {"old_serial", old_serial},
                 {"new_serial", new_serial},
                 {"by", request.by},
                 {"user", request.user},
                 {"note", request.note}};
  std::erase_if(event.facts, [](const auto& fact) { return fact.second.empty(); });
  return event;
}

std::string to_json(const domain::Event& recorded) {
  auto facts = nlohmann::ordered_json::object();
  for (const auto& [name, value] : recorded.facts) facts[name] = value;
  return nlohmann::ordered_json{{"meter", recorded.subject}, {"recorded", true}, {"facts", std::move(facts)}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace jidian::command

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "config/points.hpp"
#include "config/site_sections.hpp"
#include "meter/decode.hpp"

namespace jidian::config {
namespace {

using domain::RunRule;
using domain::RunSource;

constexpr std::array<std::pair<std::string_view, RunSource>, 4> source_words{{{"power", RunSource::power},
                                                                              {"current", RunSource::current},
                                                                              {"status", RunSource::status},
                                                                              {"none", RunSource::none}}};

/// Where the file is silent: run from 10 % of the rated power, stopped below 5 % of it.
constexpr std::int64_t start_percent = 10;
constexpr std::int64_t stop_percent = 5;

constexpr double power_kw_most = 1'000'000;
constexpr double current_a_most = 1'000'000;
constexpr double voltage_v_least = 1;
constexpr double voltage_v_most = 1'000'000;
constexpr std::int64_t hold_most = 60;
/// A supply that is there may sag to 80 % for hours (GB/T 12325 allows −10 %, a fault less): not to this.
constexpr std::int64_t de_energised_percent_most = 80;
constexpr std::int64_t minutes_most = std::int64_t{7} * 24 * 60;

/// The keys of one source's levels.
struct LevelKeys {
  std::string_view stop_below;
  std::string_view start_at;
  std::string_view idle_below;
  std::string_view run_at;
  std::array<std::string_view, 4> all() const { return {stop_below, start_at, idle_below, run_at}; }
};
constexpr LevelKeys power_keys{"stop_below_kw", "start_at_kw", "idle_below_kw", "run_at_kw"};
constexpr LevelKeys current_keys{"stop_below_a", "start_at_a", "idle_below_a", "run_at_a"};
constexpr std::array<std::string_view, 5> status_keys{"meter", "point", "stopped", "idle", "running"};

bool measures(const Meter& meter, std::string_view quantity) {
  return std::ranges::find(meter.points, quantity, &meter::Point::quantity) != meter.points.end();
}

bool lists(const std::vector<std::string>& ids, const std::string& id) {
  return std::ranges::find(ids, id) != ids.end();
}

/// The meters of a facility that measure `quantity`. One that stands below another of them is part of that one's value.
std::vector<std::string> meters_for(const Site& site, const std::vector<std::string>& of, std::string_view quantity) {
  std::vector<std::string> found;
  for (const Meter& meter : site.meters)
    if (lists(of, meter.id) && measures(meter, quantity)) found.push_back(meter.id);
  std::vector<std::string> topmost;
  for (const std::string& id : found) {
    std::string above = id;
    bool is_below = false;
    for (std::size_t steps = 0; steps <= site.meters.size() && !is_below; ++steps) {
      const auto meter = std::ranges::find(site.meters, above, &Meter::id);
      above = meter == site.meters.end() ? "" : meter->entry.parent;
      if (above.empty()) break;
      is_below = above != id && lists(found, above);
    }
    if (!is_below) topmost.push_back(id);
  }
  return topmost;
}

/// What the meters show of a dead or live supply: with voltage transformers the smaller side, which holds whichever of
/// the two a meter shows.
std::int64_t usual_voltage_mv(const Site& site, const RunRule& rule) {
  std::int64_t voltage = RunRule{}.nominal_voltage_mv;
  for (const Meter& meter : site.meters) {
    if (!lists(rule.meters, meter.id)) continue;
    if (const auto ratio = domain::parse_ratio(meter.entry.pt_ratio))
      voltage = std::min<std::int64_t>(voltage, std::llround(ratio->second * 1000));
  }
  return voltage;
}

void default_levels(std::int64_t rated_w, RunRule& rule) {
  double rated = static_cast<double>(rated_w) * 1000;  // mW
  if (rule.source == RunSource::current)               // of three phases, as if with power factor 1: the careful side
    rated = rated / (std::numbers::sqrt3 * static_cast<double>(RunRule{}.nominal_voltage_mv) / 1000);
  rule.start_at = std::llround(rated * start_percent / 100);
  rule.stop_below = std::llround(rated * stop_percent / 100);
}

/// Levels as written. Each pair is there whole or not at all.
void read_levels(Section& section, const LevelKeys& keys, double most, double factor, std::int64_t rated_w,
                 RunRule& rule) {
  const auto level = [&](std::string_view key, std::int64_t& into) {
    const auto number = section.number(key, 0, most);
    if (number) into = std::llround(*number * factor);
    return number.has_value();
  };
  const auto has_all = [&](std::string_view one, std::string_view other) {
    if (section.has(one)) section.require(other, std::string(other) + " = …, beside " + std::string(one));
    if (section.has(other)) section.require(one, std::string(one) + " = …, beside " + std::string(other));
    const bool has_both = section.has(one) && section.has(other);
    section.skip(one);
    section.skip(other);
    return has_both;
  };
  if (has_all(keys.stop_below, keys.start_at)) {
    const bool stops = level(keys.stop_below, rule.stop_below);
    const bool starts = level(keys.start_at, rule.start_at);
    if (stops && rule.stop_below <= 0)
      section.complain(keys.stop_below, "would never be stopped", "a level above 0");
    else if (stops && starts && rule.stop_below >= rule.start_at)
      section.complain(keys.start_at, "must be above " + std::string(keys.stop_below),
                       "a level above it, so that one that trembles does not flap");
  } else if (!section.has(keys.stop_below) && !section.has(keys.start_at)) {
    if (rated_w > 0)
      default_levels(rated_w, rule);
    else
      section.complain("neither levels nor rated_power_kw are there; write " + std::string(keys.stop_below) + " and " +
                       std::string(keys.start_at) + ", or rated_power_kw in [[facility]]");
  }
  if (!has_all(keys.idle_below, keys.run_at)) return;
  const bool idles = level(keys.idle_below, rule.idle_below);
  const bool runs = level(keys.run_at, rule.run_at);
  if (!idles || !runs) return;
  if (rule.idle_below < rule.start_at || rule.idle_below == 0)
    section.complain(keys.idle_below, "must not be below " + std::string(keys.start_at), "a level between the two");
  else if (rule.run_at <= rule.idle_below)
    section.complain(keys.run_at, "must be above " + std::string(keys.idle_below), "a level above it");
}

/// The meters to judge by: those named, or all that measure the quantity.
void read_judges(Section& section, std::string_view quantity, const domain::FacilityEntry& facility, const Site& site,
                 RunRule& rule) {
  if (!section.has("meters")) {
    rule.meters = meters_for(site, facility.meters, quantity);
    if (rule.meters.empty())
      section.complain("source", "needs a meter of the facility that measures " + std::string(quantity), "another");
    return;
  }
  const std::vector<std::string_view> existing(facility.meters.begin(), facility.meters.end());
  for (Text& it : section.texts("meters")) {
    const auto meter = std::ranges::find(site.meters, it.value, &Meter::id);
    if (!lists(facility.meters, it.value))
      section.complain(it, "no meter of the facility is called '" + it.value + "'" + did_you_mean(it.value, existing));
    else if (lists(rule.meters, it.value))
      section.complain(it, "meter '" + it.value + "' is listed twice");
    else if (meter != site.meters.end() && !measures(*meter, quantity))
      section.complain(it, "meter '" + it.value + "' does not measure " + std::string(quantity));
    else
      rule.meters.push_back(std::move(it.value));
  }
}

/// The number that a label or a number of the list means; nothing if the point has no such label.
std::optional<std::uint64_t> status_value(const toml::node& node, const meter::Point& point) {
  if (const auto* number = node.as_integer(); number != nullptr && number->get() >= 0)
    return static_cast<std::uint64_t>(number->get());
  const auto* word = node.as_string();
  if (word == nullptr) return std::nullopt;
  const auto label = std::ranges::find(point.labels, word->get(), &meter::Label::name);
  if (label == point.labels.end()) return std::nullopt;
  return label->value;
}

std::vector<std::uint64_t> read_values(Section& section, std::string_view key, const meter::Point& point,
                                       std::vector<std::uint64_t>& taken) {
  std::vector<std::uint64_t> values;
  section.skip(key);
  for (const auto& [name, node] : section.entries()) {
    if (name.value != key) continue;
    const auto* list = node->as_array();
    if (list == nullptr) {
      section.complain(key, "must be a list of labels or numbers", std::string(key) + " = [\"…\"] or [1]");
      continue;
    }
    for (const toml::node& element : *list) {
      const auto value = status_value(element, point);
      const Text at{show(element), place_of(element)};
      if (!value)
        section.complain(at, std::string(key) + " holds what point '" + point.name + "' never is, got " + at.value +
                                 "; write one of its labels, or a number from 0");
      else if (std::ranges::find(taken, *value) != taken.end())
        section.complain(at, "a value can mean one state only, got " + at.value + " twice");
      else
        values.push_back(taken.emplace_back(*value));
    }
  }
  return values;
}

void read_status(Section& section, const domain::FacilityEntry& facility, const Site& site, RunRule& rule) {
  section.require("meter", "meter = \"…\", the one that has the state");
  section.require("point", "point = \"line_state\"");
  section.require("running", "running = [\"running\"], its labels or numbers that mean it");
  section.require("stopped", "stopped = [\"stopped\"]");
  const std::string id = section.text("meter").value_or("");
  const std::string name = section.text("point").value_or("");
  const auto skip_values = [&] {
    for (const std::string_view key : {"stopped", "idle", "running"}) section.skip(key);
  };
  if (id.empty() || name.empty()) return skip_values();
  const auto meter = std::ranges::find(site.meters, id, &Meter::id);
  if (!lists(facility.meters, id) || meter == site.meters.end()) {
    const std::vector<std::string_view> existing(facility.meters.begin(), facility.meters.end());
    section.complain("meter", "is no meter of the facility", "one of its meters" + did_you_mean(id, existing));
    return skip_values();
  }
  const auto point = std::ranges::find(meter->points, name, &meter::Point::name);
  if (point == meter->points.end()) {
    const auto names = pick(meter->points, &meter::Point::name);
    section.complain("point", "is no point of meter '" + id + "'", "one that it records" + did_you_mean(name, names));
    return skip_values();
  }
  const ValueType type = meter::value_type_of(*point);
  if (type != ValueType::unsigned_integer || point->kind == PointKind::counter) {
    section.complain("point", "is no state", "one of kind \"state\", of whole numbers from 0");
    return skip_values();
  }
  rule.meters = {id};
  rule.point = name;
  std::vector<std::uint64_t> taken;
  rule.stopped = read_values(section, "stopped", *point, taken);
  rule.idle = read_values(section, "idle", *point, taken);
  rule.running = read_values(section, "running", *point, taken);
}

template <typename Keys>
void forbid_keys(Section& section, const Keys& keys, std::string_view source) {
  for (const std::string_view key : keys)
    section.forbid(key, "is for source = \"" + std::string(source) + "\"; remove it");
}

/// What the section says beside the levels.
void read_run_section(Section& section, const domain::FacilityEntry& facility, const Site& site, RunRule& rule) {
  if (const auto source = section.choice("source", source_words)) rule.source = *source;
  if (const auto hold = section.integer("hold", 1, hold_most)) rule.hold = static_cast<std::uint32_t>(*hold);
  if (rule.source == RunSource::none && !section.has("source"))
    section.require("source", "source = \"status\" or \"none\": no meter of it measures power or current");
  if (rule.source != RunSource::power) forbid_keys(section, power_keys.all(), "power");
  if (rule.source != RunSource::current) forbid_keys(section, current_keys.all(), "current");
  if (rule.source != RunSource::status) forbid_keys(section, status_keys, "status");
  const bool is_measured = rule.source == RunSource::power || rule.source == RunSource::current;
  if (!is_measured)
    for (const std::string_view key : {"meters", "de_energised_percent", "nominal_voltage"})
      section.forbid(key, "is for source = \"power\" or \"current\"; remove it");
  if (rule.source == RunSource::status) read_status(section, facility, site, rule);
  if (is_measured) {
    const bool is_power = rule.source == RunSource::power;
    read_judges(section, is_power ? "active_power" : "current", facility, site, rule);
    read_levels(section, is_power ? power_keys : current_keys, is_power ? power_kw_most : current_a_most,
                is_power ? 1e6 : 1e3, facility.rated_power_w, rule);
    if (const auto percent = section.integer("de_energised_percent", 0, de_energised_percent_most))
      rule.de_energised_percent = static_cast<std::uint32_t>(*percent);
    const auto voltage = section.number("nominal_voltage", voltage_v_least, voltage_v_most);
    rule.nominal_voltage_mv = voltage ? std::llround(*voltage * 1000) : usual_voltage_mv(site, rule);
  }
  section.finish();
}

}  // namespace

void read_loads(Section& section, domain::FacilityEntry& facility) {
  const auto power = [&](std::string_view key) {
    return std::int64_t{std::llround(section.number(key, 0, power_kw_most).value_or(0) * 1000)};
  };
  const auto minutes = [&](std::string_view key, std::string_view of, std::int64_t load) {
    if (load == 0)
      section.forbid(key, "needs " + std::string(of) + "; remove it");
    else
      section.require(key, std::string(key) + " = 15, how long it takes to get there");
    return static_cast<std::uint32_t>(section.integer(key, 0, minutes_most).value_or(0));
  };
  domain::DeclaredLoads& loads = facility.loads;
  loads.security_w = power("security_load_kw");
  loads.interruptible_w = power("interruptible_kw");
  loads.interruptible_minutes = minutes("interruptible_minutes", "interruptible_kw", loads.interruptible_w);
  loads.adjustable_w = power("adjustable_kw");
  loads.adjustable_minutes = minutes("adjustable_minutes", "adjustable_kw", loads.adjustable_w);
  if (facility.rated_power_w == 0) return;
  for (const auto& [key, load] : {std::pair{"security_load_kw", loads.security_w},
                                  {"interruptible_kw", loads.interruptible_w},
                                  {"adjustable_kw", loads.adjustable_w}})
    if (load > facility.rated_power_w) section.complain(key, "is more than rated_power_kw", "a part of it");
}

domain::RunRule run_basis(const Site& site, const domain::FacilityEntry& facility) {
  if (facility.run.source != RunSource::none) return facility.run;
  RunRule rule;
  rule.meters = meters_for(site, facility.meters, "active_power");
  if (!rule.meters.empty()) {
    rule.source = RunSource::power;
    return rule;
  }
  rule.meters = meters_for(site, facility.meters, "current");
  if (!rule.meters.empty()) rule.source = RunSource::current;
  return rule;
}

void read_run(Section& section, const Site& site, domain::FacilityEntry& facility) {
  RunRule& rule = facility.run;
  rule.source = run_basis(site, facility).source;
  if (auto run = section.section("run", section.subject() + ": run"))
    return read_run_section(*run, facility, site, rule);
  if (rule.source != RunSource::none && facility.rated_power_w > 0) {
    rule.meters = meters_for(site, facility.meters, rule.source == RunSource::power ? "active_power" : "current");
    default_levels(facility.rated_power_w, rule);
    rule.nominal_voltage_mv = usual_voltage_mv(site, rule);
    return;
  }
  const std::string why = rule.source == RunSource::none
                              ? ": none of its meters measures power or current, so its state stays unknown; add "
                                "[facility.run] with source = \"status\" or \"none\""
                              : ": has neither rated_power_kw nor levels in [facility.run], so its state stays "
                                "unknown; write one of them, or source = \"none\" there";
  section.journal().warn(section.place(), section.subject() + why);
  rule = {};
}

}  // namespace jidian::config

#include <algorithm>
#include <cmath>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/load.hpp"
#include "app/print.hpp"
#include "app/socket_groups.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "config/traffic.hpp"
#include "config/units.hpp"

namespace jidian::app {
namespace {

nlohmann::json json_of(const config::Mistake& mistake) {
  return {{"file", mistake.file},
          {"line", mistake.line},
          {"column", mistake.column},
          {"severity", mistake.warning ? "warning" : "error"},
          {"text", mistake.text}};
}

std::string counted(std::size_t count, std::string_view one, std::string_view several) {
  return text(count == 1 ? one : several, {{"count", std::to_string(count)}});
}

std::string describe(const config::Site& site) {
  std::size_t points = 0;
  for (const auto& meter : site.meters) points += meter.points.size();
  return text("check.site", {{"buses", counted(site.buses.size(), "check.bus", "check.buses")},
                             {"meters", counted(site.meters.size(), "check.meter", "check.meters")},
                             {"points", counted(points, "check.point", "check.points")},
                             {"uplinks", counted(site.uplinks.size(), "check.uplink", "check.uplinks")}});
}

/// What a SIM card would have to carry; nothing where no uplink leaves the box.
std::string describe(const config::Traffic& traffic, Millis live_interval) {
  if (traffic.uplinks == 0) return {};
  const auto batches = config::format_traffic(traffic.batches);
  if (live_interval == Millis{0}) return text("check.traffic-off", {{"batches", batches}});
  return text("check.traffic", {{"points", counted(traffic.points, "check.point", "check.points")},
                                {"interval", config::format_duration(live_interval)},
                                {"live", config::format_traffic(traffic.live)},
                                {"batches", batches}});
}

nlohmann::json json_of(const config::Traffic& traffic) {
  return {{"live", std::llround(traffic.live)}, {"batches", std::llround(traffic.batches)}};
}

std::size_t warnings_of(const Loaded& loaded) {
  return static_cast<std::size_t>(std::ranges::count_if(loaded.mistakes, [](const auto& it) { return it.warning; }));
}

/// What to do next. A line without meters is looked through first; else the gateway may run.
std::string closing_line(const Loaded& loaded, const std::string& file) {
  if (!loaded.site) {
    const std::size_t errors = loaded.mistakes.size() - warnings_of(loaded);
    return text(errors == 1 ? "check.mistake" : "check.mistakes", {{"count", std::to_string(errors)}, {"site", file}});
  }
  for (const auto& bus : loaded.site->buses)
    if (std::ranges::find(loaded.site->meters, bus.id, &config::Meter::bus) == loaded.site->meters.end())
      return text("check.next-scan", {{"bus", bus.id}, {"site", file}});
  return text("check.next-run", {{"site", file}});
}

}  // namespace

Exit check(const Common& common) {
  auto loaded = load_site(common.site, common.profiles);
  if (loaded.site)
    std::ranges::move(check_socket_groups(*loaded.site, common.site.string(), gateway_user_of(*loaded.site)),
                      std::back_inserter(loaded.mistakes));
  if (!loaded.problem.empty()) {
    print_failure(common, Error{ErrorKind::unreachable, loaded.problem});
    return Exit::usage;
  }
  if (common.json) {
    auto mistakes = nlohmann::json::array();
    for (const auto& mistake : loaded.mistakes) mistakes.push_back(json_of(mistake));
    nlohmann::json answer{{"valid", loaded.site.has_value()}, {"mistakes", mistakes}};
    if (loaded.site) answer["bytes_a_month"] = json_of(config::traffic_of(*loaded.site));
    std::cout << answer.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    for (const auto& mistake : loaded.mistakes)
      std::cout << text(mistake.warning ? "check.warning" : "check.error") << line_of(mistake) << '\n';
    if (loaded.site) {
      std::cout << text("check.ok") << describe(*loaded.site) << '\n';
      const auto traffic = describe(config::traffic_of(*loaded.site), loaded.site->live_interval);
      if (!traffic.empty()) std::cout << traffic << '\n';
    }
    std::cout << closing_line(loaded, common.site.string()) << '\n';
  }
  if (!loaded.site) return Exit::usage;
  return warnings_of(loaded) == 0 ? Exit::ok : Exit::findings;
}

}  // namespace jidian::app

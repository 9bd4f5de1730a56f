#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/load.hpp"
#include "app/print.hpp"
#include "app/verbs.hpp"

namespace jidian::app {
namespace {

nlohmann::json json_of(const config::Mistake& mistake) {
  return {{"file", mistake.file},
          {"line", mistake.line},
          {"column", mistake.column},
          {"severity", mistake.warning ? "warning" : "error"},
          {"text", mistake.text}};
}

std::string counted(std::size_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

std::string describe(const config::Site& site) {
  std::size_t points = 0;
  for (const auto& meter : site.meters) points += meter.points.size();
  return std::to_string(site.buses.size()) + (site.buses.size() == 1 ? " bus, " : " buses, ") +
         counted(site.meters.size(), "meter") + ", " + counted(points, "point") + ", " +
         counted(site.uplinks.size(), "uplink");
}

/// A line without meters is looked through first; else the gateway may run.
std::string next_after(const config::Site& site, const std::string& file) {
  for (const auto& bus : site.buses)
    if (std::ranges::find(site.meters, bus.id, &config::Meter::bus) == site.meters.end())
      return "jidian scan " + bus.id + " --site " + file;
  return "jidian run --site " + file;
}

}  // namespace

Exit check(const Common& common) {
  const auto loaded = load_site(common.site, common.profiles);
  if (!loaded.problem.empty()) {
    print_failure(common, Error{ErrorKind::unreachable, loaded.problem});
    return Exit::usage;
  }
  const auto warnings =
      static_cast<std::size_t>(std::ranges::count_if(loaded.mistakes, [](const auto& m) { return m.warning; }));
  const auto errors = loaded.mistakes.size() - warnings;

  if (common.json) {
    auto mistakes = nlohmann::json::array();
    for (const auto& mistake : loaded.mistakes) mistakes.push_back(json_of(mistake));
    std::cout << nlohmann::json{{"valid", loaded.site.has_value()}, {"mistakes", mistakes}}.dump(2) << '\n';
  } else {
    for (auto mistake : loaded.mistakes) {
      std::cout << (std::exchange(mistake.warning, false) ? "WARN  " : "ERR   ") << mistake.to_string() << '\n';
    }
    if (loaded.site) std::cout << "OK    " << describe(*loaded.site) << '\n';
    if (!loaded.site)
      std::cout << counted(errors, "mistake") << "; correct them and run: jidian check --site " << common.site.string()
                << '\n';
    else
      std::cout << "Next: " << next_after(*loaded.site, common.site.string()) << '\n';
  }
  if (!loaded.site) return Exit::usage;
  return warnings == 0 ? Exit::ok : Exit::findings;
}

}  // namespace jidian::app

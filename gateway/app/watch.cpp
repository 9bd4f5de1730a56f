#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "base/system_time.hpp"
#include "config/journal.hpp"

namespace jidian::app {
namespace {

std::string text_of(const nlohmann::json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// A meter's line: id, age, quality, then a few points that say most.
std::vector<std::string> row_of(const std::string& id, const nlohmann::json& meter) {
  std::vector<std::string> row{id, meter.contains("age_s") ? text_of(meter["age_s"]) + " s" : "-",
                               word_for_quality(meter.value("quality", "-"))};
  static constexpr std::array shown{"active_power.total",   "active_power",  "active_energy_import.total",
                                    "active_energy_import", "voltage_ln.l1", "current.l1"};
  constexpr std::size_t columns_max = 4;
  const auto& points = meter.contains("points") ? meter["points"] : nlohmann::json::object();
  const auto add = [&row, &points](const std::string& name) {
    const auto& point = points[name];
    row.push_back(name + " " + text_of(point.value("value", nlohmann::json())) + " " + point.value("unit", ""));
  };
  for (const char* name : shown)
    if (points.contains(name) && row.size() < 3 + columns_max) add(name);
  for (const auto& [name, point] : points.items()) {
    if (row.size() >= 3 + columns_max) break;
    const auto shows_it = [start = name + " "](const auto& cell) { return cell.starts_with(start); };
    if (std::ranges::none_of(row, shows_it)) add(name);
  }
  return row;
}

std::string render_live(const nlohmann::json& live) {
  std::vector<std::vector<std::string>> rows{headings("watch.heads")};
  if (live.contains("meters"))
    for (const auto& [id, meter] : live["meters"].items()) rows.push_back(row_of(id, meter));
  return live.value("gateway", "?") + "  " + live.value("time", "") + "\n" + format_table(rows);
}

std::atomic<bool> watch_ended = false;

/// Waits, ended early by Ctrl-C.
void wait_s(std::uint32_t duration_s) {
  std::timespec rest = timespec_of(std::chrono::seconds{duration_s});
  while (!watch_ended && nanosleep(&rest, &rest) != 0) {
  }
}

}  // namespace

Exit watch(const Common& common, const WatchOptions& options) {
  const auto socket = socket_of(common);
  if (socket.empty()) return Exit::usage;
  const LocalClient gateway(socket);
  (void)std::signal(SIGINT, [](int) { watch_ended = true; });

  const bool terminal = isatty(STDOUT_FILENO) == 1;
  for (std::uint32_t round = 1; !watch_ended; ++round) {
    const auto body = gateway.get("/v1/live");
    if (!body) return print_failure(common, body.error()), exit_of_asking(body.error());
    const auto live = nlohmann::json::parse(*body, nullptr, false);
    if (common.json || !live.is_object())
      std::cout << *body << '\n';
    else
      std::cout << (terminal ? "\033[H\033[2J" : "") << render_live(live);
    std::cout.flush();
    if (options.rounds != 0 && round == options.rounds) break;
    wait_s(options.interval_s);
  }
  if (!common.json) std::cout << text("watch.next") << '\n';
  return Exit::ok;
}

Exit retry_uplink(const Common& common, const std::string& uplink) {
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;
  const auto ids = config::pick(site->uplinks, [](const auto& it) -> std::string_view { return it.id; });
  if (ids.empty())
    return print_failure(common, Error{ErrorKind::not_found, "the site file has no [[uplink]]"}), Exit::usage;
  if (!uplink.empty() && std::ranges::find(ids, uplink) == ids.end())
    return print_failure(common, Error{ErrorKind::not_found,
                                       "there is no uplink '" + uplink + "'; write " + config::join_or(ids)}),
           Exit::usage;
  const LocalClient gateway(common.socket.empty() ? site->api.socket : common.socket);
  std::string asked;
  for (const std::string_view id : ids) {
    if (!uplink.empty() && id != uplink) continue;
    const auto answer = gateway.post("/v1/command", nlohmann::json{{"op", "retry"}, {"uplink", id}}.dump());
    if (!answer)
      return print_failure(common, answer.error().during("asking the gateway")), exit_of_asking(answer.error());
    if (common.json) std::cout << *answer << '\n';
    asked += (asked.empty() ? "" : ", ") + std::string(id);
  }
  if (!common.json)
    std::cout << text("uplink.retried", {{"uplinks", asked}}) << '\n' << text("uplink.retried-next") << '\n';
  return Exit::ok;
}

}  // namespace jidian::app

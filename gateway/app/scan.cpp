#include <unistd.h>

#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/job_run.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;

std::string number_of(const Json& line, const char* key) {
  return std::to_string(line.value(key, std::int64_t{0}));
}

/// "1-32" or "7".
std::optional<std::pair<int, int>> parse_units(const std::string& text) {
  int first = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, first);
  if (read.ec != std::errc{}) return std::nullopt;
  int last = first;
  if (read.ptr != end) {
    const auto again = *read.ptr == '-' ? std::from_chars(read.ptr + 1, end, last) : read;
    if (again.ec != std::errc{} || again.ptr != end) return std::nullopt;
  }
  if (first < 1 || last > 247 || last < first) return std::nullopt;
  return std::pair{first, last};
}

/// Prints what a scan tells, as it tells it, and counts what was found.
class ScanView {
 public:
  ScanView(std::string bus, bool is_json) : bus_(std::move(bus)), is_json_(is_json) {}

  void show(const Json& line) {
    const auto type = line.value("type", "");
    count_ += type == "unit" ? 1U : 0U;
    if (is_json_) {
      std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
      return;
    }
    if (type == "progress") return show_progress(line);
    clear();
    if (type == "listened")
      say("scan.listened",
          {{"seconds", std::to_string(line.value("ms", 0) / 1'000)}, {"bytes", number_of(line, "bytes")}});
    if (type == "plan") show_plan(line);
    if (type == "unit") show_unit(line);
    if (type == "noise")
      say("scan.noise", {{"settings", line.value("settings", "")}, {"bytes", number_of(line, "bytes")}});
    if (type == "summary") complete_ = line.value("complete", false);
  }

  /// The last words, which say what to do next.
  Exit finish() {
    const Exit exit = count_ > 0 ? Exit::ok : Exit::findings;
    if (is_json_) return exit;
    clear();
    say(complete_ ? "scan.summary" : "scan.summary-cut", {{"count", std::to_string(count_)}});
    if (!next_.empty())
      std::cout << next_ << '\n';
    else
      say(count_ == 0 ? "scan.next-nothing" : "scan.next-known", {{"bus", bus_}});
    return exit;
  }

 private:
  static void say(std::string_view key, const Values& values) { std::cout << text(key, values) << std::endl; }

  void show_plan(const Json& line) {
    std::string settings;
    for (const auto& one : line["settings"]) settings += (settings.empty() ? "" : ", ") + one.get<std::string>();
    if (!settings.empty()) say("scan.settings", {{"settings", settings}});
    say("scan.plan", {{"units", number_of(line, "units_first")}, {"seconds", number_of(line, "seconds")}});
  }

  void show_unit(const Json& line) {
    const auto unit = number_of(line, "unit");
    const auto& profiles = line["profiles"];
    std::string what = text("scan.unknown");
    if (!profiles.empty()) {
      what = line.value("certain", false) ? "" : text("scan.looks-like") + " ";
      for (std::size_t i = 0; i < profiles.size(); ++i)
        what += (i == 0 ? "" : " / ") + profiles[i].value("vendor", "") + " " + profiles[i].value("model", "");
    }
    if (const auto device = line.value("sunspec", ""); !device.empty())
      what = text(profiles.empty() ? "scan.sunspec-other" : "scan.sunspec", {{"device", device}});
    std::string row = "  " + line.value("settings", "") + "  " + text("scan.unit", {{"unit", unit}}) + "  " + what;
    if (const auto serial = line.value("serial", ""); !serial.empty())
      row += "  " + text("scan.serial", {{"serial", serial}});
    if (const auto voltage = line.value("voltage", ""); !voltage.empty()) row += "  L1 " + voltage + " V";
    if (line.value("ms", 0) > 0) row += "  " + number_of(line, "ms") + " ms";
    const auto meter = line.value("meter", "");
    if (!meter.empty()) row += "  " + text("scan.configured", {{"meter", meter}});
    std::cout << row << std::endl;
    if (!next_.empty() || !meter.empty()) return;
    const bool sure = line.value("certain", false) && profiles.size() == 1;
    std::string ids;
    for (const auto& profile : profiles) ids += (ids.empty() ? "" : ", ") + profile.value("profile", "");
    next_ = text(profiles.empty() ? "scan.next-unknown"
                 : sure           ? "scan.next-named"
                                  : "scan.next-likely",
                 {{"bus", bus_}, {"unit", unit}, {"profile", ids}});
  }

  void show_progress(const Json& line) {
    if (!terminal_) return;
    std::cout << "\r\033[K"
              << text("scan.progress", {{"percent", number_of(line, "percent")},
                                        {"settings", line.value("settings", "")},
                                        {"unit", number_of(line, "unit")},
                                        {"found", number_of(line, "found")}})
              << std::flush;
    dirty_ = true;
  }

  void clear() {
    if (dirty_) std::cout << "\r\033[K";
    dirty_ = false;
  }

  std::string bus_;
  bool is_json_;  ///< The lines are printed as they are.
  bool terminal_ = isatty(STDOUT_FILENO) == 1;
  bool dirty_ = false;  ///< A progress line stands there.
  bool complete_ = false;
  std::size_t count_ = 0;
  std::string next_;
};

}  // namespace

Exit scan(const Common& common, const ScanOptions& options) {
  const auto site = load_or_explain(common);
  if (!site || !has_bus(common, *site, options.bus)) return Exit::usage;
  Json args{{"bus", options.bus},
            {"depth", options.full    ? "full"
                      : options.quick ? "quick"
                                      : "normal"},
            {"despite_other_master", options.despite_other_master}};
  if (!options.units.empty()) {
    const auto units = parse_units(options.units);
    if (!units)
      return print_failure(common, Error{ErrorKind::invalid, "--units must be like 7 or 1-32, within 1 … 247"}),
             Exit::usage;
    args["unit_first"] = units->first;
    args["unit_last"] = units->second;
  }
  ScanView view(options.bus, common.json);
  Common lines = common;  // the view must see them also where they are printed as they are
  lines.json = false;
  const auto done = run_job(lines, *site, "scan", args, [&view](const Json& line) { view.show(line); });
  const Exit outcome = view.finish();
  return done ? outcome : exit_of(common, done.error());
}

}  // namespace jidian::app

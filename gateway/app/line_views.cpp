#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/job_run.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;

void show_frame(const Json& line) {
  if (line.value("type", "") != "frame") {
    std::cout << text("trace.lost", {{"frames", std::to_string(line.value("frames", 0))}}) << std::endl;
    return;
  }
  const auto time = line.value("time", "");
  std::cout << (time.size() > 23 ? time.substr(11, 12) : time) << "  +" << line.value("gap_ms", std::int64_t{0})
            << " ms  " << line.value("kind", "") << "  " << line.value("says", "") << std::endl;
}

/// What a doctor tells, gathered for the report at the end.
class DoctorView {
 public:
  DoctorView(std::string bus, bool is_json) : bus_(std::move(bus)), is_json_(is_json) {}

  void show(const Json& line) {
    const auto type = line.value("type", "");
    if (type == "pace" && !is_json_)
      std::cout << text("doctor.pace", {{"rate", std::to_string(line.value("requests_per_second", 0))}}) << std::endl;
    if (type == "unit")
      units_.push_back({line.value("meter", ""), std::to_string(line.value("unit", 0)), count(line, "requests"),
                        count(line, "good"), count(line, "silent"), count(line, "corrupt"),
                        count(line, "extra_frames")});
    if (type == "line") line_ = line;
    if (type == "diagnosis") {
      diagnoses_.push_back(line);
      faults_ += line.value("fault", true) ? 1U : 0U;
    }
  }

  std::size_t faults() const { return faults_; }

  void print() const {
    std::vector<std::vector<std::string>> rows{headings("doctor.heads")};
    rows.insert(rows.end(), units_.begin(), units_.end());
    std::cout << format_table(rows)
              << text("doctor.line", {{"requests", count(line_, "requests")},
                                      {"idle", count(line_, "idle_bytes")},
                                      {"stray", count(line_, "stray_bytes")},
                                      {"framing", count(line_, "framing_errors")},
                                      {"parity", count(line_, "parity_errors")}})
              << '\n';
    if (line_.contains("latency_ms") && line_["latency_ms"].is_number())
      std::cout << text("doctor.timer", {{"latency_ms", std::to_string(line_.value("latency_ms", 0))}}) << '\n';
    for (const auto& diagnosis : diagnoses_) {
      const auto cause = diagnosis.value("cause", "");
      if (!has_text("doctor." + cause)) {  // of a gateway newer than this command line
        std::cout << text("doctor.likely", {{"cause", cause}}) << '\n';
        continue;
      }
      std::cout << text("doctor.likely", {{"cause", fill("doctor." + cause, diagnosis)}}) << "\n    "
                << fill("doctor." + cause + ".evidence", diagnosis) << "\n    "
                << fill("doctor." + cause + ".advice", diagnosis) << '\n';
    }
    std::cout << text(diagnoses_.empty() ? "doctor.clean"
                      : faults_ == 0     ? "doctor.fair"
                                         : "doctor.next",
                      {{"bus", bus_}})
              << '\n';
  }

 private:
  static std::string count(const Json& line, const char* key) {
    return line.contains(key) ? std::to_string(line.value(key, std::uint64_t{0})) : "-";
  }

  static std::string fill(const std::string& key, const Json& diagnosis) {
    Values values;
    for (const auto& [name, value] : diagnosis["evidence"].items()) values.emplace_back(name, value.get<std::string>());
    return text(key, values);
  }

  std::string bus_;
  bool is_json_;  ///< The lines are printed as they are.
  std::vector<std::vector<std::string>> units_;
  Json line_ = Json::object();
  std::vector<Json> diagnoses_;
  std::size_t faults_ = 0;
};

}  // namespace

Exit trace(const Common& common, const TraceOptions& options) {
  const auto site = load_or_explain(common);
  if (!site || !has_bus(common, *site, options.bus)) return Exit::usage;
  const auto done = run_job(common, *site, "trace", {{"bus", options.bus}, {"seconds", options.seconds}}, show_frame);
  if (!done && done.error().kind() != ErrorKind::cancelled) return exit_of(common, done.error());
  if (!common.json) std::cout << text("trace.next", {{"bus", options.bus}}) << '\n';
  return Exit::ok;
}

Exit doctor(const Common& common, const DoctorOptions& options) {
  const auto site = load_or_explain(common);
  if (!site || !has_bus(common, *site, options.bus)) return Exit::usage;
  if (!common.json)
    std::cout << text("doctor.begin", {{"bus", options.bus}, {"seconds", std::to_string(options.seconds)}})
              << std::endl;
  DoctorView view(options.bus, common.json);
  Common lines = common;  // the view must see them also where they are printed as they are
  lines.json = false;
  const auto done =
      run_job(lines, *site, "doctor", {{"bus", options.bus}, {"seconds", options.seconds}}, [&](const Json& line) {
        view.show(line);
        if (common.json) std::cout << line.dump() << std::endl;
      });
  if (!done && done.error().kind() != ErrorKind::cancelled) return exit_of(common, done.error());
  if (!common.json) view.print();
  return view.faults() == 0 ? Exit::ok : Exit::findings;
}

}  // namespace jidian::app

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "acquire/identity_watch.hpp"
#include "app/job_run.hpp"
#include "app/line_diff.hpp"
#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/site_file.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "base/exact.hpp"
#include "base/id.hpp"
#include "config/journal.hpp"
#include "config/site_edit.hpp"
#include "domain/manifest.hpp"

namespace jidian::app {
namespace {

using AddJson = nlohmann::ordered_json;

/// A change of the site file, as far as it has come.
struct Addition {
  AddOptions options;  ///< With the id and, once it is known, the serial number.
  const meter::Profile* profile = nullptr;
  nlohmann::json probe = nlohmann::json(nlohmann::json::value_t::null);  ///< What the meter said; null: not asked.
  std::string text;                                                      ///< Of the new file.
  std::vector<config::Mistake> warnings;
};

/// "chint-dtsu666-7", or with a number behind if that is taken.
std::string default_id(const config::Site& site, const AddOptions& options) {
  const std::string unit = "-" + std::to_string(options.unit);
  for (int again = 1;; ++again) {
    const std::string tail = unit + (again == 1 ? "" : "-" + std::to_string(again));
    const std::string id = options.profile.substr(0, id_length_max - tail.size()) + tail;
    if (std::ranges::find(site.meters, id, &config::Meter::id) == site.meters.end()) return id;
  }
}

std::vector<config::Assignment> keys_of(const AddOptions& options) {
  std::vector<config::Assignment> keys{{"id", config::toml_string(options.id)}};
  const auto put = [&keys](const char* key, const std::string& value) {
    if (!value.empty()) keys.push_back({key, config::toml_string(value)});
  };
  put("name", options.name);
  put("bus", options.bus);
  keys.push_back({"unit", std::to_string(options.unit)});
  put("profile", options.profile);
  put("period", options.period);
  put("serial", options.serial);
  put("accuracy_class", options.accuracy_class);
  put("calibrated", options.calibrated);
  put("ct_ratio", options.ct_ratio);
  put("pt_ratio", options.pt_ratio);
  return keys;
}

/// The text with the meter in it, checked as the gateway would. Errors: those of the edit; invalid, with every mistake.
Status compose(Addition& addition, const SiteFile& file, const config::Catalogue& catalogue) {
  auto changed = config::add_meter(file.text(), keys_of(addition.options));
  if (changed && !addition.options.facility.empty()) {
    changed = config::add_to_facility(*changed, addition.options.facility, addition.options.id);
    if (!changed && changed.error().kind() == ErrorKind::not_found)
      return Error{ErrorKind::not_found,
                   changed.error().message() + text("add.no-facility", {{"facility", addition.options.facility},
                                                                        {"file", file.path().string()}})};
  }
  if (!changed) return changed.error();
  const auto name = file.path().string();
  const auto before = config::parse_site(file.text(), name, catalogue).mistakes;
  const auto after = config::parse_site(*changed, name, catalogue);
  if (!after.site) {
    std::string mistakes = text("add.mistakes");
    for (const auto& mistake : after.mistakes) mistakes += "\n" + line_of(mistake);
    return Error{ErrorKind::invalid, mistakes};
  }
  addition.warnings.clear();
  for (const auto& warning : after.mistakes)
    if (std::ranges::find(before, warning.text, &config::Mistake::text) == before.end())
      addition.warnings.push_back(warning);
  addition.text = std::move(*changed);
  return {};
}

std::string said(const nlohmann::json& probe, const char* key) {
  return probe.value(key, "");
}

std::string list_of(const nlohmann::json& ids) {
  std::string list;
  for (const auto& id : ids) list += (list.empty() ? "" : ", ") + id.get<std::string>();
  return list;
}

/// What the probe compared with this result: "frequency 50.01 Hz, voltage 231.2 V".
std::string checks_with(const nlohmann::json& probe, std::string_view result) {
  std::string list;
  for (const auto& check : probe.value("checks", nlohmann::json::array())) {
    if (check.value("result", "") != result) continue;
    const std::string key = "add." + check.value("check", "") + "." + check.value("because", "");
    const auto told = check.value("values", nlohmann::json::object());
    Values values;
    for (const auto& [name, value] : told.items()) values.emplace_back(name, value.get<std::string>());
    list += (list.empty() ? "" : ", ") + (has_text(key) ? text(key, values) : key);
  }
  return list;
}

/// What every sentence about the probe may say.
Values values_of(const Addition& addition) {
  const auto& others = addition.probe["others"];
  return {{"unit", std::to_string(addition.options.unit)},
          {"bus", addition.options.bus},
          {"profile", addition.options.profile},
          {"model", addition.profile->vendor + " " + addition.profile->model},
          {"ms", std::to_string(addition.probe.value("ms", 0))},
          {"voltage", said(addition.probe, "voltage")},
          {"told", said(addition.probe, "serial")},
          {"given", addition.options.serial},
          {"others", list_of(others)},
          {"contradictions", checks_with(addition.probe, "contradicts")},
          {"other", others.empty() ? "" : others[0].get<std::string>()}};
}

/// Whether a declared ratio is not the one that stands in the meter's own register.
bool is_other_ratio(const std::string& declared, const std::string& told) {
  constexpr double tolerance = 0.01;  // meters keep whole numbers
  const auto ratio = domain::parse_ratio(declared);
  const auto own = parse_exact(told);
  if (!ratio || !own) return false;
  const double wanted = ratio->first / ratio->second;
  return std::abs(to_double(*own) - wanted) > tolerance * wanted;
}

/// The first ratio of the command line that the meter contradicts: what is to be said of it.
std::optional<Values> ratio_contradicted(const Addition& addition) {
  const auto& options = addition.options;
  for (const auto& [key, declared] : {std::pair{"ct_ratio", options.ct_ratio}, {"pt_ratio", options.pt_ratio}}) {
    const auto told = said(addition.probe, key);
    if (!is_other_ratio(declared, told)) continue;
    return Values{{"unit", std::to_string(options.unit)},
                  {"option", std::string_view(key) == "ct_ratio" ? "--ct-ratio" : "--pt-ratio"},
                  {"declared", declared},
                  {"told", told}};
  }
  return std::nullopt;
}

/// What the meter turned out to be, and by what.
void print_probe(const Addition& addition) {
  const auto verdict = said(addition.probe, "verdict");
  const bool measured = verdict == "looks" && !said(addition.probe, "voltage").empty();
  std::cout << text(verdict == "says" ? "add.says"
                    : measured        ? "add.looks"
                                      : "add.reads",
                    values_of(addition))
            << (said(addition.probe, "serial").empty() ? "" : " " + text("add.serial", values_of(addition))) << '\n';
  for (const auto& [result, key] : {std::pair{"agrees", "add.checked"}, {"untold", "add.unchecked"}})
    if (const auto list = checks_with(addition.probe, result); !list.empty())
      std::cout << text(key, {{"list", list}}) << '\n';
  std::cout << std::flush;
}

/// Asks the meter whether it is what it is taken for, and for its serial number. Gives how the verb ends if it must end
/// here; says why.
std::optional<Exit> ask_meter(const Common& common, const config::Site& site, Addition& addition) {
  Common kept = common;  // its lines are for us, also where JSON is wanted
  kept.json = false;
  auto& options = addition.options;
  const auto done =
      run_job(kept, site, "probe", {{"bus", options.bus}, {"unit", options.unit}, {"profile", options.profile}},
              [&addition](const nlohmann::json& line) { addition.probe = line; });
  const auto refuse = [&](ErrorKind kind, const char* key, Exit exit) {
    print_failure(common, Error{kind, text(key, values_of(addition))});
    return exit;
  };
  if (!done && done.error().kind() == ErrorKind::cancelled) return Exit::findings;
  if (!done || !addition.probe.is_object()) {
    const std::string why = done ? "" : done.error().message() + ". ";
    const bool stale = !done && done.error().kind() == ErrorKind::not_found;
    print_failure(common, Error{ErrorKind::unreachable, text(stale ? "add.bus-unknown" : "add.not-asked",
                                                             {{"why", why}, {"bus", options.bus}})});
    return Exit::device;
  }
  const auto verdict = said(addition.probe, "verdict");
  const bool named = !addition.probe["others"].empty();
  if (verdict == "silent") return refuse(ErrorKind::timeout, "add.silent", Exit::device);
  if (verdict == "differs")
    return refuse(ErrorKind::conflict, named ? "add.differs" : "add.differs-unnamed", Exit::findings);
  if (verdict == "refuses")
    return refuse(ErrorKind::refused, named ? "add.refuses" : "add.refuses-unnamed", Exit::findings);
  if (verdict == "contradicts") return refuse(ErrorKind::conflict, "add.contradicts", Exit::findings);
  const auto serial = said(addition.probe, "serial");
  if (!serial.empty() && !options.serial.empty() && !acquire::is_same_serial(serial, options.serial))
    return refuse(ErrorKind::conflict, "add.serial-differs", Exit::findings);
  if (const auto contradicted = ratio_contradicted(addition)) {
    print_failure(common, Error{ErrorKind::conflict, text("add.ratio-differs", *contradicted)});
    return Exit::findings;
  }
  if (options.serial.empty()) options.serial = serial;
  if (!common.json) print_probe(addition);
  return std::nullopt;
}

/// What was done and what to do next.
void report(const Common& common, const Addition& addition, const SiteFile& file, bool gateway_runs) {
  const auto& options = addition.options;
  const Values values{{"meter", options.id}, {"file", file.path().string()}, {"facility", options.facility}};
  const std::string next = text(options.dry_run ? "add.next-dry"
                                : gateway_runs  ? "add.next"
                                                : "add.next-alone",
                                values);
  const std::string diff = options.dry_run ? line_diff(file.text(), addition.text, file.path().string()) : "";
  if (common.json) {
    auto warnings = AddJson::array();
    for (const auto& warning : addition.warnings) warnings.push_back(warning.to_string());
    AddJson line{{"meter", options.id},          {"bus", options.bus},
                 {"unit", options.unit},         {"profile", options.profile},
                 {"serial", options.serial},     {"facility", options.facility},
                 {"file", file.path().string()}, {"written", !options.dry_run},
                 {"probe", addition.probe},      {"warnings", std::move(warnings)}};
    if (options.dry_run) line["diff"] = diff;
    line["next"] = next;
    std::cout << line.dump(-1, ' ', false, AddJson::error_handler_t::replace) << '\n';
    return;
  }
  for (const auto& warning : addition.warnings) std::cout << text("check.warning") << line_of(warning) << '\n';
  std::cout << diff;
  if (!options.dry_run) {
    std::cout << text("add.done", values) << '\n';
    if (!options.facility.empty()) std::cout << text("add.facility", values) << '\n';
  }
  std::cout << next << '\n';
}

/// The catalogue with the wanted profile in it, or nothing after it was said why.
std::optional<config::Catalogue> catalogue_with(const Common& common, const std::string& profile) {
  auto known = load_catalogue(common.profiles);
  if (!known.problem.empty()) return print_failure(common, Error{ErrorKind::unreachable, known.problem}), std::nullopt;
  if (known.catalogue.contains(profile)) return std::move(known.catalogue);
  const auto ids = config::pick(known.catalogue, [](const auto& entry) -> std::string_view { return entry.first; });
  print_failure(common,
                Error{ErrorKind::not_found,
                      text("add.no-profile", {{"profile", profile}, {"hint", config::did_you_mean(profile, ids)}})});
  return std::nullopt;
}

Exit fail(const Common& common, const Error& error, Exit exit) {
  print_failure(common, error);
  return exit;
}

}  // namespace

Exit add(const Common& common, const AddOptions& options) {
  const auto site = load_or_explain(common);
  if (!site || !has_bus(common, *site, options.bus)) return Exit::usage;
  const auto catalogue = catalogue_with(common, options.profile);
  if (!catalogue) return Exit::usage;
  const auto file = SiteFile::open(common.site);
  if (!file) return fail(common, file.error(), Exit::usage);

  Addition addition;
  addition.options = options;
  addition.profile = &catalogue->at(options.profile);
  if (options.id.empty()) addition.options.id = default_id(*site, options);
  if (const auto done = compose(addition, *file, *catalogue); !done) return fail(common, done.error(), Exit::usage);
  if (options.probe) {
    if (const auto end = ask_meter(common, *site, addition)) return *end;
    if (const auto done = compose(addition, *file, *catalogue); !done) return fail(common, done.error(), Exit::usage);
  }
  if (!options.dry_run)
    if (const auto done = file->replace(addition.text); !done) return fail(common, done.error(), Exit::usage);
  report(common, addition, *file, LocalClient(common.socket.empty() ? site->api.socket : common.socket).is_running());
  return Exit::ok;
}

}  // namespace jidian::app

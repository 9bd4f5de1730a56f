#include <iostream>
#include <nlohmann/json.hpp>

#include "app/load.hpp"
#include "app/print.hpp"
#include "app/site_file.hpp"
#include "app/statements.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "config/site_edit.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;

Values facts_of(const Json& answer) {
  Values facts;
  for (const char* name : {"point", "unit", "old_final", "new_start", "old_serial", "new_serial", "at", "before",
                           "before_at", "after", "after_at", "gained", "by", "user"})
    facts.emplace_back(name, answer["facts"].value(name, "-"));
  facts.emplace_back("meter", answer.value("meter", ""));
  return facts;
}

/// Has the site file name the serial number of the meter that stands there now.
Status write_serial(const Common& common, const std::string& meter, const std::string& serial) {
  const auto file = SiteFile::open(common.site);
  if (!file) return file.error();
  const auto changed = config::set_meter_key(file->text(), meter, {"serial", config::toml_string(serial)});
  if (!changed) return changed.error();
  const auto known = load_catalogue(common.profiles);
  if (!known.problem.empty()) return Error{ErrorKind::unreachable, known.problem};
  const auto parsed = config::parse_site(*changed, file->path().string(), known.catalogue);
  if (!parsed.site)
    return Error{ErrorKind::invalid,
                 parsed.mistakes.empty() ? "the site file has a mistake" : parsed.mistakes.front().to_string()};
  return file->replace(*changed);
}

/// Whether nothing is left to be done by hand.
bool keep_serial(const Common& common, const Values& facts, const std::string& meter, const std::string& serial) {
  if (serial.empty()) {
    if (!common.json) std::cout << text("replace.no-serial", facts) << '\n';
    return true;
  }
  const auto written = write_serial(common, meter, serial);
  Values values = facts;
  values.emplace_back("site", common.site.string());
  if (!written) values.emplace_back("why", written.error().message());
  std::ostream& out = written && !common.json ? std::cout : std::cerr;
  if (!written || !common.json)
    out << text(written ? "replace.serial-written" : "replace.serial-not-written", values) << '\n';
  return static_cast<bool>(written);
}

Exit print_replaced(const Common& common, const std::string& body) {
  const auto answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("facts") || !answer["facts"].is_object())
    return print_failure(common, Error{ErrorKind::corrupt, text("answer.unclear")}), Exit::device;
  const Values facts = facts_of(answer);
  if (common.json)
    std::cout << body << '\n';
  else
    std::cout << text("replace.done", facts) << '\n'
              << text(answer["facts"].contains("before") ? "replace.gained" : "replace.nothing-before", facts) << '\n';
  const bool kept = keep_serial(common, facts, answer.value("meter", ""), answer["facts"].value("new_serial", ""));
  if (!common.json) std::cout << text("replace.next", facts) << '\n';
  return kept ? Exit::ok : Exit::findings;
}

}  // namespace

Exit replace(const Common& common, const ReplaceOptions& options) {
  const auto answer = state(common, "replace",
                            Json{{"op", "replace"},
                                 {"meter", options.meter},
                                 {"old_final", options.old_final},
                                 {"new_start", options.new_start},
                                 {"serial", options.serial},
                                 {"at", options.at},
                                 {"point", options.point},
                                 {"by", options.by},
                                 {"note", options.note}});
  if (!answer) return exit_of_statement(common, answer.error());
  return print_replaced(common, *answer);
}

}  // namespace jidian::app

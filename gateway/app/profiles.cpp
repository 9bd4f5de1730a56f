#include <iostream>
#include <string>

#include "app/catalogue_view.hpp"
#include "app/load.hpp"
#include "app/print.hpp"
#include "app/verbs.hpp"
#include "config/journal.hpp"

namespace jidian::app {
namespace {

Exit explain(const Common& common, const config::Catalogue& catalogue, const std::string& id) {
  const auto found = catalogue.find(id);
  if (found == catalogue.end()) {
    const auto ids = config::pick(catalogue, [](const auto& entry) -> std::string_view { return entry.first; });
    print_failure(common,
                  Error{ErrorKind::not_found, "no profile is called '" + id + "'" + config::did_you_mean(id, ids) +
                                                  " (jidian profiles lists them)"});
    return Exit::usage;
  }
  if (common.json)
    std::cout << explain_json(found->second).dump(2) << '\n';
  else
    std::cout << explain_text(found->second);
  return Exit::ok;
}

}  // namespace

Exit profiles(const Common& common, const std::string& id) {
  const auto loaded = load_catalogue(common.profiles);
  if (!loaded.problem.empty()) {
    print_failure(common, Error{ErrorKind::unreachable, loaded.problem});
    return Exit::usage;
  }
  for (const auto& mistake : loaded.mistakes) std::cerr << mistake.to_string() << '\n';
  const Exit shown = loaded.mistakes.empty() ? Exit::ok : Exit::findings;
  if (!id.empty()) {
    const Exit explained = explain(common, loaded.catalogue, id);
    return explained == Exit::ok ? shown : explained;
  }
  if (common.json)
    std::cout << list_json(loaded.catalogue).dump(2) << '\n';
  else
    std::cout << list_text(loaded.catalogue) << "\nNext: jidian profiles ID explains one.\n";
  return shown;
}

}  // namespace jidian::app

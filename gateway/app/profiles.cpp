#include <algorithm>
#include <iostream>
#include <string>

#include "app/catalogue_view.hpp"
#include "app/load.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "config/journal.hpp"

namespace jidian::app {
namespace {

std::string lower(std::string words) {
  std::ranges::transform(words, words.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return words;
}

/// The profiles whose id, maker or model holds `word`.
config::Catalogue those_with(const config::Catalogue& catalogue, const std::string& word) {
  config::Catalogue some;
  for (const auto& [id, profile] : catalogue)
    if (lower(id + " " + profile.vendor + " " + profile.model).find(lower(word)) != std::string::npos)
      some.emplace(id, profile);
  return some;
}

void list(const Common& common, const config::Catalogue& catalogue) {
  if (common.json)
    std::cout << list_json(catalogue).dump(2) << '\n';
  else
    std::cout << list_text(catalogue) << '\n' << text("profile.next") << '\n';
}

Exit explain(const Common& common, const config::Catalogue& catalogue, const std::string& id) {
  const auto found = catalogue.find(id);
  if (const auto some = those_with(catalogue, id); found == catalogue.end() && !some.empty()) {
    list(common, some);
    return Exit::ok;
  }
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
  for (const auto& mistake : loaded.mistakes) std::cerr << line_of(mistake) << '\n';
  const Exit shown = loaded.mistakes.empty() ? Exit::ok : Exit::findings;
  if (!id.empty()) {
    const Exit explained = explain(common, loaded.catalogue, id);
    return explained == Exit::ok ? shown : explained;
  }
  list(common, loaded.catalogue);
  return shown;
}

}  // namespace jidian::app

#include <algorithm>

#include "config/site_sections.hpp"
#include "config/units.hpp"

namespace jidian::config {
namespace {

constexpr std::string_view credentials_prefix = "credentials:";

bool is_credential_name(std::string_view name) {
  return !name.empty() && !name.starts_with('.') && name.find('/') == std::string_view::npos;
}

}  // namespace

bool is_file_spelling(std::string_view text) {
  if (text.starts_with(credentials_prefix)) return is_credential_name(text.substr(credentials_prefix.size()));
  return text.starts_with('/') && text.size() > 1;
}

Result<std::string> resolve_file(const std::string& spelling, const std::string& credentials_directory) {
  if (!is_file_spelling(spelling))
    return Error{ErrorKind::invalid, "neither an absolute path nor \"credentials:NAME\""};
  if (spelling.starts_with('/')) return spelling;
  if (credentials_directory.empty())
    return Error{ErrorKind::invalid, "\"credentials:\" needs a service started by systemd with LoadCredential="};
  return credentials_directory + "/" + spelling.substr(credentials_prefix.size());
}

std::string read_id(Section& section, std::span<const std::string_view> taken) {
  section.require("id", "id = \"…\", 1 to 32 of a-z, 0-9 and '-'");
  auto id = section.id("id").value_or("");
  if (!id.empty() && std::ranges::find(taken, id) != taken.end())
    section.complain("id", "is taken by an earlier one", "another id");
  return id;
}

std::vector<std::string> read_references(Section& section, std::string_view key, std::string_view thing,
                                         std::span<const std::string_view> existing) {
  std::vector<std::string> found;
  for (Text& it : section.texts(key)) {
    if (std::ranges::find(existing, it.value) == existing.end())
      section.complain(it,
                       "no " + std::string(thing) + " is called '" + it.value + "'" + did_you_mean(it.value, existing));
    else if (std::ranges::find(found, it.value) != found.end())
      section.complain(it, std::string(thing) + " '" + it.value + "' is listed twice");
    else
      found.push_back(std::move(it.value));
  }
  return found;
}

std::optional<std::string> read_path(Section& section, std::string_view key) {
  auto path = section.text(key);
  if (!path || path->starts_with('/')) return path;
  section.complain(key, "is not an absolute path", "one that begins with '/'");
  return std::nullopt;
}

Parsed parse_site(std::string_view text, const std::string& file, const Catalogue& catalogue) {
  Journal journal(file);
  const auto document = parse_document(text, journal);
  if (!document) return {std::nullopt, journal.take()};

  Site site;
  Section root(*document, "site file", journal);
  read_gateway(root, site);
  read_buses(root, site);
  read_meters(root, site, catalogue);
  read_facilities(root, site);
  read_plausibility(root, site);
  read_data_rules(root, site);
  read_card(root, site);
  read_amounts(root, site);
  read_uplinks(root, site);
  read_issuers(root, site);
  read_store(root, site);
  read_api(root, site);
  read_device(root, site);
  root.finish();
  if (journal.failed()) return {std::nullopt, journal.take()};
  check_traffic(root, site);
  return {std::move(site), journal.take()};
}

}  // namespace jidian::config

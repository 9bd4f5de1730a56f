#include <algorithm>

#include "config/site_sections.hpp"

namespace jidian::config {
namespace {

/// Energy, environment, the city and the grid each a few; more is a mistake.
constexpr std::size_t issuer_count_max = 32;

}  // namespace

void read_issuers(Section& root, Site& site) {
  const auto uplinks = ids_of(site.uplinks);
  for (Section& section : root.sections("issuer", "issuer")) {
    if (site.issuers.size() == issuer_count_max) {
      section.complain("there are more than " + std::to_string(issuer_count_max) + " issuers");
      break;
    }
    Issuer issuer;
    issuer.id = read_id(section, ids_of(site.issuers));
    issuer.name = section.text("name").value_or("");
    section.require("uplink", "uplink = \"…\", the id of the [[uplink]] through which its orders come");
    issuer.uplink = section.text("uplink").value_or("");
    if (!issuer.uplink.empty() && std::ranges::find(uplinks, issuer.uplink) == uplinks.end())
      section.complain("uplink", "does not exist", "the id of an [[uplink]]" + did_you_mean(issuer.uplink, uplinks));
    section.finish();
    site.issuers.push_back(std::move(issuer));
  }
}

}  // namespace jidian::config

#pragma once

#include "config/section.hpp"
#include "config/site.hpp"

// One reader per part of a site file. Each fills its part of `site` as far as it can and notes every mistake; a thing
// with mistakes still takes its id, so that what refers to it is not blamed as well.
namespace jidian::config {

void read_gateway(Section& root, Site& site);
void read_buses(Section& root, Site& site);
/// Needs the buses.
void read_meters(Section& root, Site& site, const Catalogue& catalogue);
/// Needs the meters.
void read_facilities(Section& root, Site& site);
/// The section `[plausibility]`.
void read_plausibility(Section& root, Site& site);
/// The section `[data_quality]`.
void read_data_rules(Section& root, Site& site);
/// `parent` and `unchecked` of a meter.
void read_family(Section& section, domain::MeterEntry& entry);
/// Parents that are no meter, or among their own descendants. Needs the meters; `sections` are theirs.
void check_parents(std::vector<Section>& sections, const Site& site);
/// What a facility declares it could do without. Needs its rated power.
void read_loads(Section& section, domain::FacilityEntry& facility);
/// How a facility's state is told: its section `[facility.run]`, and defaults where the file is silent. Needs the
/// meters, and the facility's own meters and rated power.
void read_run(Section& section, const Site& site, domain::FacilityEntry& facility);
/// Warns of facilities too small for the meter that is to judge them. `sections` are those of the facilities.
void check_facilities(std::vector<Section>& sections, const Site& site);
/// Needs the meters.
void read_card(Section& root, Site& site);
/// Whether the meter is part of the consumption of one of `ids`: its parent, or a parent of that, is among them.
bool has_ancestor_among(const Site& site, std::string_view id, const std::vector<std::string>& ids);
/// Keys of a facility that `read_amounts` reads later.
void skip_amounts(Section& facility);
/// What is agreed for an account of gas or water.
void read_account_terms(Section& section, domain::SupplyAccount& account);
/// Shifts, sliding demand and coverage of the site card. Needs its offset.
void read_shifts(Section& card, Site& site);
/// What facilities, accounts and the site add up, and what facilities make. Needs all of them.
void read_amounts(Section& root, Site& site);
void read_uplinks(Section& root, Site& site);
/// Needs the uplinks.
void read_issuers(Section& root, Site& site);
void read_store(Section& root, Site& site);
void read_api(Section& root, Site& site);
/// The section `[device]`.
void read_device(Section& root, Site& site);
/// Warns of a `live` that costs a SIM card more than it has. Needs everything.
void check_traffic(Section& root, const Site& site);

/// Fills what the manifest says of a meter from what is known of it.
void describe(Meter& meter);

/// Ids of `things`, for did-you-mean.
template <typename Things>
std::vector<std::string_view> ids_of(const Things& things) {
  return pick(things, [](const auto& thing) -> std::string_view { return thing.id; });
}

/// The `id` of a section, required and not among `taken`.
std::string read_id(Section& section, std::span<const std::string_view> taken);

/// The ids listed under `key`, each one of `existing` and listed once; `thing` is what they name: "meter".
std::vector<std::string> read_references(Section& section, std::string_view key, std::string_view thing,
                                         std::span<const std::string_view> existing);

/// An absolute path.
std::optional<std::string> read_path(Section& section, std::string_view key);

}  // namespace jidian::config

#include <algorithm>
#include <cmath>

#include "config/points.hpp"
#include "config/site_sections.hpp"
#include "config/units.hpp"

namespace jidian::config {
namespace {

using domain::FacilityKind;

constexpr std::array<std::pair<std::string_view, FacilityKind>, 5> facility_kinds{
    {{"production", FacilityKind::production},
     {"treatment", FacilityKind::treatment},
     {"auxiliary", FacilityKind::auxiliary},
     {"generation", FacilityKind::generation},
     {"storage", FacilityKind::storage}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> grades{
    {{"A", "A"}, {"B", "B"}, {"C", "C"}, {"D", "D"}}};

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// GB/T 2260: six digits, the first from 1 (North) to 8 (Hong Kong, Macao).
bool is_region(std::string_view text) {
  return text.size() == 6 && all_digits(text) && text[0] >= '1' && text[0] <= '8';
}

/// GB/T 4754: a section A … T and two to four digits.
bool is_industry(std::string_view text) {
  return text.size() >= 3 && text.size() <= 5 && text[0] >= 'A' && text[0] <= 'T' && all_digits(text.substr(1));
}

/// A text that must be there and look right.
std::string read_code(Section& section, std::string_view key, bool (*is_right)(std::string_view), std::string_view what,
                      std::string_view write) {
  section.require(key, std::string(key) + " = " + std::string(write));
  auto text = section.text(key).value_or("");
  if (!text.empty() && !is_right(text)) section.complain(key, what, write);
  return text;
}

/// What an account of the same carrier before this one counts as well. The same meter is a slip; a meter within another
/// can be billed apart.
void check_overlap(Section& section, const Site& site, const domain::SupplyAccount& account) {
  for (const domain::SupplyAccount& earlier : site.card.accounts) {
    if (earlier.carrier != account.carrier) continue;
    const std::string other = "account '" + earlier.id + "'";
    for (const std::string& meter : account.meters) {
      const std::string start = section.subject() + ": meter '" + meter + "' ";
      const bool is_within = has_ancestor_among(site, meter, earlier.meters);
      const auto is_part = [&](const std::string& it) { return has_ancestor_among(site, it, {meter}); };
      if (std::ranges::find(earlier.meters, meter) != earlier.meters.end())
        section.journal().mistake(section.place("meters"),
                                  start + "is in " + other + " already; write it in one of the two");
      else if (is_within || std::ranges::any_of(earlier.meters, is_part))
        section.journal().warn(section.place("meters"),
                               start + (is_within ? "is part of" : "holds") + " a meter of " + other +
                                   ": both accounts count that, the site once; write it in one of the two unless the "
                                   "supplier bills it apart");
    }
  }
}

void read_accounts(Section& card, Site& site) {
  const auto meters = ids_of(site.meters);
  for (Section& section : card.sections("account", "account")) {
    domain::SupplyAccount account;
    account.id = read_id(section, ids_of(site.card.accounts));
    section.require("carrier", "carrier = \"electricity\"");
    account.carrier = section.choice("carrier", carrier_words).value_or(Carrier::electricity);
    section.require("number", "number = \"…\", as on the supplier's bill");
    account.number = section.text("number").value_or("");
    account.feeder = section.text("feeder").value_or("");
    account.level = section.text("level").value_or("");
    account.meters = read_references(section, "meters", "meter", meters);
    check_overlap(section, site, account);
    read_account_terms(section, account);
    section.finish();
    site.card.accounts.push_back(std::move(account));
  }
}

void read_products(Section& card, Site& site) {
  for (Section& section : card.sections("product", "product")) {
    domain::Product product;
    product.id = read_id(section, ids_of(site.card.products));
    section.require("name", "name = \"…\"");
    product.name = section.text("name").value_or("");
    section.require("unit", "unit = \"pcs\" or \"t\"");
    product.unit = section.text("unit").value_or("");
    section.finish();
    site.card.products.push_back(std::move(product));
  }
}

void warn_of_homeless_meters(Section& root, const Site& site) {
  for (Section& section : root.sections("meter", "meter")) {
    const auto id = section.text("id");
    if (!id) continue;
    const auto uses = std::ranges::count_if(site.facilities, [&](const domain::FacilityEntry& facility) {
      return std::ranges::find(facility.meters, *id) != facility.meters.end();
    });
    const bool in_account = std::ranges::any_of(site.card.accounts, [&](const domain::SupplyAccount& account) {
      return std::ranges::find(account.meters, *id) != account.meters.end();
    });
    if (uses == 0 && !in_account)
      section.journal().warn(section.place(), section.subject() + ": belongs to no facility and no account");
    if (uses > 1)
      section.journal().warn(section.place(), section.subject() + ": belongs to " + std::to_string(uses) +
                                                  " facilities; its energy counts for each");
  }
}

}  // namespace

void read_gateway(Section& root, Site& site) {
  root.require("gateway", "a section [gateway] with id = \"…\"");
  auto gateway = root.section("gateway", "gateway");
  if (!gateway) return;
  site.gateway = read_id(*gateway, {});
  site.live_interval =
      gateway->duration_or_off("live_interval", Millis{1000}, Millis{3'600'000}).value_or(site.live_interval);
  gateway->finish();
}

void read_facilities(Section& root, Site& site) {
  const auto meters = ids_of(site.meters);
  auto sections = root.sections("facility", "facility");
  for (Section& section : sections) {
    domain::FacilityEntry facility;
    facility.id = read_id(section, ids_of(site.facilities));
    section.require("kind", "kind = \"production\", \"treatment\", \"auxiliary\", \"generation\" or \"storage\"");
    facility.name = section.text("name").value_or("");
    facility.kind = section.choice("kind", facility_kinds).value_or(FacilityKind::production);
    section.require("meters", "meters = [\"…\"]");
    facility.meters = read_references(section, "meters", "meter", meters);
    skip_amounts(section);
    const auto rated_power_kw = section.number("rated_power_kw", 0, 1'000'000);
    facility.rated_power_w = std::llround(rated_power_kw.value_or(0) * 1000);
    read_loads(section, facility);
    read_run(section, site, facility);
    site.facilities.push_back(std::move(facility));
  }
  // Only now: a treatment may stand before what it treats.
  std::vector<std::string_view> production;
  for (const domain::FacilityEntry& it : site.facilities)
    if (it.kind == FacilityKind::production) production.push_back(it.id);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (site.facilities[i].kind == FacilityKind::treatment)
      site.facilities[i].treats = read_references(sections[i], "treats", "production facility", production);
    else
      sections[i].forbid("treats", "is for kind = \"treatment\"; remove it");
    sections[i].finish();
  }
  check_facilities(sections, site);
}

void read_card(Section& root, Site& site) {
  root.require("site", "a section [site] with the site card");
  auto card = root.section("site", "site");
  if (!card) return;
  site.card.credit_code = read_code(*card, "credit_code", is_credit_code, "is no unified social credit code",
                                    "the 18 characters of the business licence (the last one checks the others)");
  card->require("name", "name = \"…\", as on the business licence");
  site.card.name = card->text("name").value_or("");
  site.card.region = read_code(*card, "region", is_region, "is no region code", "the 6 digits of GB/T 2260");
  site.card.industry =
      read_code(*card, "industry", is_industry, "is no industry code", "GB/T 4754's letter and digits: \"C3391\"");
  site.card.contract_capacity_kva = card->integer("contract_capacity_kva", 0, 10'000'000).value_or(0);
  site.card.performance_grade = card->choice("performance_grade", grades).value_or("");
  site.card.security_load_kw = card->integer("security_load_kw", 0, 10'000'000).value_or(0);
  if (const auto offset = card->text("utc_offset")) {
    if (const auto minutes = parse_utc_offset(*offset))
      site.card.utc_offset = *minutes;
    else
      card->complain("utc_offset", "is no offset", "\"+08:00\"");
  }
  read_accounts(*card, site);
  read_products(*card, site);
  read_shifts(*card, site);
  card->finish();
  warn_of_homeless_meters(root, site);
}

}  // namespace jidian::config

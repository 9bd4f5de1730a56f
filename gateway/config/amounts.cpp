#include <algorithm>
#include <array>

#include "base/decimal.hpp"
#include "base/exact.hpp"
#include "config/site_sections.hpp"

namespace jidian::config {
namespace {

using domain::Amount;
using domain::AmountSource;
using domain::FacilityKind;

/// mWh, ml and J: finer than any meter counts.
constexpr int energy_exponent = -6;
constexpr int product_exponent = -3;

/// What one of a unit is in the unit of its amount (kWh, m3, MJ).
struct UnitFactor {
  std::string_view unit;
  std::int64_t factor;
  int exponent;
};
constexpr auto electric_units = std::to_array<UnitFactor>({{"Wh", 1, -3}, {"kWh", 1, 0}, {"MWh", 1, 3}});
constexpr auto volume_units = std::to_array<UnitFactor>({{"L", 1, -3}, {"m3", 1, 0}});
constexpr auto heat_units = std::to_array<UnitFactor>({{"MJ", 1, 0}, {"GJ", 1, 3}, {"kWh", 36, -1}, {"MWh", 36, 2}});

constexpr std::array<std::pair<std::string_view, bool>, 2> directions{{{"taken", false}, {"given", true}}};

/// The meter's counter of a quantity, all phases together; nothing if it has none.
std::optional<AmountSource> find_counter(const Site& site, std::string_view meter, std::string_view quantity,
                                         std::optional<Carrier> carrier, std::span<const UnitFactor> units) {
  const auto found = std::ranges::find(site.meters, meter, &Meter::id);
  if (found == site.meters.end()) return std::nullopt;
  const auto& points = found->entry.points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool is_it = points[i].quantity == quantity && points[i].kind == PointKind::counter &&
                       (points[i].phase == "total" || points[i].phase.empty()) &&
                       (!carrier || points[i].carrier == *carrier);
    const auto unit = std::ranges::find(units, std::string_view(points[i].unit), &UnitFactor::unit);
    if (is_it && unit != units.end())
      return AmountSource{static_cast<domain::MeterIndex>(found - site.meters.begin()), static_cast<std::uint16_t>(i),
                          unit->factor, unit->exponent};
  }
  return std::nullopt;
}

struct Electricity {
  std::vector<AmountSource> taken;
  std::vector<AmountSource> given;
};

/// `is_forward_given`: what its meters count as import is what it gives.
Electricity electricity_of(const Site& site, const std::vector<std::string>& meters, bool is_forward_given) {
  Electricity found;
  for (const std::string& meter : meters) {
    if (has_ancestor_among(site, meter, meters)) continue;
    const auto counter = [&](std::string_view quantity) {
      return find_counter(site, meter, quantity, std::nullopt, electric_units);
    };
    auto import = counter("active_energy_import");
    const auto exported = counter("active_energy_export");
    if (!import && !exported) import = counter("active_energy_total");
    if (import) (is_forward_given ? found.given : found.taken).push_back(*import);
    if (exported) (is_forward_given ? found.taken : found.given).push_back(*exported);
  }
  return found;
}

void add_amount(std::string name, Carrier carrier, std::string unit, int exponent, std::vector<AmountSource> sources,
                std::vector<Amount>& amounts) {
  if (!sources.empty()) amounts.push_back({std::move(name), carrier, std::move(unit), exponent, std::move(sources)});
}

/// Counters of a carrier that flows one way: the first of `quantities` that a meter has.
std::vector<AmountSource> flows_of(const Site& site, const std::vector<std::string>& meters, Carrier carrier,
                                   std::span<const std::string_view> quantities, std::span<const UnitFactor> units) {
  std::vector<AmountSource> found;
  for (const std::string& meter : meters) {
    if (has_ancestor_among(site, meter, meters)) continue;
    for (const std::string_view quantity : quantities)
      if (const auto counter = find_counter(site, meter, quantity, carrier, units)) {
        found.push_back(*counter);
        break;
      }
  }
  return found;
}

void add_carrier(const Site& site, const std::vector<std::string>& meters, Carrier carrier, bool is_forward_given,
                 std::vector<Amount>& amounts) {
  constexpr std::array<std::string_view, 2> gas{"volume_standard", "volume"};
  constexpr std::array<std::string_view, 1> water{"volume"};
  constexpr std::array<std::string_view, 1> heat{"heat_energy"};
  switch (carrier) {
    case Carrier::electricity: {
      auto found = electricity_of(site, meters, is_forward_given);
      add_amount("energy.taken", carrier, "kWh", energy_exponent, std::move(found.taken), amounts);
      add_amount("energy.given", carrier, "kWh", energy_exponent, std::move(found.given), amounts);
      break;
    }
    case Carrier::gas:
      add_amount("gas", carrier, "m3", energy_exponent, flows_of(site, meters, carrier, gas, volume_units), amounts);
      break;
    case Carrier::water:
      add_amount("water", carrier, "m3", energy_exponent, flows_of(site, meters, carrier, water, volume_units),
                 amounts);
      break;
    case Carrier::heat:
      add_amount("heat", carrier, "MJ", energy_exponent, flows_of(site, meters, carrier, heat, heat_units), amounts);
      break;
    case Carrier::none:
      break;
  }
}

/// The counter that a product is counted with.
std::optional<AmountSource> read_product_source(Section& section, const Site& site) {
  section.require("meter", "meter = \"…\", the one whose counter counts it");
  section.require("point", "point = \"…\", a counter of that meter");
  const auto meter_id = section.text("meter").value_or("");
  const auto point_name = section.text("point").value_or("");
  const auto per_count = section.number("per_count", 1e-9, 1e9).value_or(1);
  const auto meter = std::ranges::find(site.meters, meter_id, &Meter::id);
  if (meter_id.empty() || point_name.empty()) return std::nullopt;
  if (meter == site.meters.end()) {
    section.complain("meter", "no meter has this id" + did_you_mean(meter_id, ids_of(site.meters)),
                     "one that is there");
    return std::nullopt;
  }
  const auto& points = meter->entry.points;
  const auto point = std::ranges::find(points, point_name, &domain::PointEntry::name);
  if (point == points.end() || point->kind != PointKind::counter) {
    std::string counters;
    for (const auto& it : points)
      if (it.kind == PointKind::counter) counters += (counters.empty() ? "" : ", ") + it.name;
    section.complain("point", point == points.end() ? "is no recorded point of that meter" : "is no counter",
                     counters.empty() ? "another meter: this one has no counter" : "one of its counters: " + counters);
    return std::nullopt;
  }
  const auto exact = parse_exact(format_float(per_count, 0));
  if (!exact) {
    section.complain("per_count", "has more digits than can be counted with", "at most 18 digits");
    return std::nullopt;
  }
  return AmountSource{static_cast<domain::MeterIndex>(meter - site.meters.begin()),
                      static_cast<std::uint16_t>(point - points.begin()), exact->mantissa, exact->exponent};
}

void read_made(Section& facility_section, const Site& site, domain::FacilityEntry& facility) {
  for (Section& section : facility_section.sections("product", facility_section.subject() + " product")) {
    section.require("product", "product = \"…\", the id of a [[site.product]]");
    const auto id = section.text("product").value_or("");
    const auto product = std::ranges::find(site.card.products, id, &domain::Product::id);
    if (!id.empty() && product == site.card.products.end())
      section.complain("product", "no [[site.product]] has this id" + did_you_mean(id, ids_of(site.card.products)),
                       "one that is there");
    const auto source = read_product_source(section, site);
    section.finish();
    if (!source || product == site.card.products.end()) continue;
    const std::string name = "product." + id;
    const auto same = std::ranges::find(facility.amounts, name, &Amount::name);
    const auto is_counter = [&](const AmountSource& it) {
      return it.meter == source->meter && it.point == source->point;
    };
    if (same != facility.amounts.end() && std::ranges::any_of(same->sources, is_counter))
      section.complain("point", "counts this product already", "each counter of a product once");
    else if (same != facility.amounts.end())
      same->sources.push_back(*source);
    else
      add_amount(name, Carrier::none, product->unit, product_exponent, {*source}, facility.amounts);
  }
}

void read_fuel_switch(Section& section, domain::FacilityEntry& facility) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> fuels{
      {{"electricity", "electricity"}, {"oil", "oil"}, {"lpg", "lpg"}, {"coal", "coal"}, {"biomass", "biomass"}}};
  facility.fuel_switch.fuel = section.choice("fuel_switch", fuels).value_or("");
  if (!section.has("fuel_switch"))
    section.forbid("fuel_switch_minutes",
                   "says how long a change of fuel takes; write fuel_switch = \"electricity\" too");
  else
    section.require("fuel_switch_minutes", "fuel_switch_minutes = 45, until it runs on the other fuel");
  facility.fuel_switch.after = std::chrono::minutes{section.integer("fuel_switch_minutes", 0, 100'000).value_or(0)};
}

void read_facility_amounts(Section& section, const Site& site, domain::FacilityEntry& facility) {
  const bool has_directions = facility.kind == FacilityKind::generation || facility.kind == FacilityKind::storage;
  if (!has_directions)
    section.forbid("forward", "is for kind = \"generation\" or \"storage\"; remove it");
  else if (site.card.is_covered)
    section.require("forward",
                    "forward = \"given\" if its meters count as import what it gives to the site, else \"taken\"; "
                    "coverage = \"complete\" needs it");
  const bool is_forward_given = section.choice("forward", directions).value_or(false);
  for (const Carrier carrier : {Carrier::electricity, Carrier::gas, Carrier::heat, Carrier::water})
    add_carrier(site, facility.meters, carrier, is_forward_given, facility.amounts);
  read_made(section, site, facility);
  read_fuel_switch(section, facility);
  if (has_directions && site.card.is_covered &&
      std::ranges::none_of(facility.amounts, [](const Amount& it) { return it.carrier == Carrier::electricity; }))
    section.complain(
        "coverage = \"complete\" needs a meter with an energy counter here; add its point, or take the "
        "declaration back");
}

void add_signed(const std::vector<Amount>& amounts, std::string_view name, std::int64_t sign,
                std::vector<AmountSource>& into) {
  const auto found = std::ranges::find(amounts, name, &Amount::name);
  if (found == amounts.end()) return;
  for (AmountSource source : found->sources) {
    source.factor *= sign;
    into.push_back(source);
  }
}

/// Import + generation − export ± storage.
void add_consumption(Section& root, Site& site) {
  std::vector<AmountSource> sources;
  std::vector<std::string> supply;
  for (const auto& account : site.card.accounts) {
    add_signed(account.amounts, "energy.taken", 1, sources);
    add_signed(account.amounts, "energy.given", -1, sources);
    if (account.carrier == Carrier::electricity)
      supply.insert(supply.end(), account.meters.begin(), account.meters.end());
  }
  // An account can be billed within another: what it takes is in the other's meter already.
  std::erase_if(sources,
                [&](const AmountSource& it) { return has_ancestor_among(site, site.meters[it.meter].id, supply); });
  if (sources.empty()) {
    if (auto card = root.section("site", "site"))
      card->complain("coverage", "is not true: no account has a meter with an energy counter",
                     "an [[site.account]] of electricity with its meters, or remove coverage");
    return;
  }
  for (const auto& facility : site.facilities) {
    if (facility.kind != FacilityKind::generation && facility.kind != FacilityKind::storage) continue;
    add_signed(facility.amounts, "energy.given", 1, sources);
    add_signed(facility.amounts, "energy.taken", -1, sources);
  }
  add_amount("energy.consumed", Carrier::electricity, "kWh", energy_exponent, std::move(sources), site.card.amounts);
}

}  // namespace

bool has_ancestor_among(const Site& site, std::string_view id, const std::vector<std::string>& ids) {
  for (std::size_t steps = 0; steps < site.meters.size(); ++steps) {
    const auto meter = std::ranges::find(site.meters, id, &Meter::id);
    if (meter == site.meters.end() || meter->entry.parent.empty()) return false;
    id = meter->entry.parent;
    if (std::ranges::find(ids, id) != ids.end()) return true;
  }
  return false;
}

void skip_amounts(Section& facility) {
  for (const std::string_view key : {"forward", "product", "fuel_switch", "fuel_switch_minutes"}) facility.skip(key);
}

void read_account_terms(Section& section, domain::SupplyAccount& account) {
  constexpr std::int64_t cubic_metres_most = 100'000'000;
  const bool is_volume = account.carrier == Carrier::gas || account.carrier == Carrier::water;
  for (const std::string_view key : {"contract_m3_per_day", "safety_minimum_m3_per_day"})
    if (!is_volume) section.forbid(key, "is for accounts of gas or water; remove it");
  account.contract_m3_per_day = section.integer("contract_m3_per_day", 0, cubic_metres_most).value_or(0);
  account.safety_minimum_m3_per_day = section.integer("safety_minimum_m3_per_day", 0, cubic_metres_most).value_or(0);
  if (account.contract_m3_per_day != 0 && account.safety_minimum_m3_per_day > account.contract_m3_per_day)
    section.complain("safety_minimum_m3_per_day", "is more than contract_m3_per_day", "the smaller of the two");
}

void read_amounts(Section& root, Site& site) {
  auto sections = root.sections("facility", "facility");
  for (std::size_t i = 0; i < sections.size() && i < site.facilities.size(); ++i)
    read_facility_amounts(sections[i], site, site.facilities[i]);
  for (auto& account : site.card.accounts) add_carrier(site, account.meters, account.carrier, false, account.amounts);
  if (site.card.is_covered) add_consumption(root, site);
}

}  // namespace jidian::config

#include "record/amounts_json.hpp"

#include <nlohmann/json.hpp>

namespace jidian::record {
namespace {

using AmountJson = nlohmann::ordered_json;

AmountJson json_of(const std::vector<domain::Amount>& amounts, const domain::Manifest& manifest) {
  AmountJson all = AmountJson::array();
  for (const auto& amount : amounts) {
    AmountJson sources = AmountJson::array();
    for (const auto& source : amount.sources) {
      if (source.meter >= manifest.meters.size() || source.point >= manifest.meters[source.meter].points.size())
        continue;
      const auto& meter = manifest.meters[source.meter];
      AmountJson entry{{"meter", meter.id}, {"point", meter.points[source.point].name}};
      if (source.factor != 1 || source.factor_exponent != 0) {
        entry["factor"] = source.factor;
        entry["factor_exponent"] = source.factor_exponent;
      }
      sources.push_back(std::move(entry));
    }
    all.push_back({{"name", amount.name},
                   {"carrier", name_of(amount.carrier)},
                   {"unit", amount.unit},
                   {"exponent", amount.exponent},
                   {"sources", std::move(sources)}});
  }
  return all;
}

}  // namespace

void add_amounts(const domain::Manifest& manifest, nlohmann::ordered_json& json) {
  AmountJson& site = json["site"];
  site["shifts"] = AmountJson::array();
  for (const auto& shift : manifest.site.shifts)
    site["shifts"].push_back(
        {{"id", shift.id}, {"start_minute", shift.start.count()}, {"minutes", shift.length.count()}});
  site["sliding_demand_s"] = manifest.site.sliding_demand.count();
  site["covered"] = manifest.site.is_covered;
  site["amounts"] = json_of(manifest.site.amounts, manifest);
  for (std::size_t i = 0; i < manifest.site.accounts.size(); ++i) {
    const auto& account = manifest.site.accounts[i];
    AmountJson& entry = site["accounts"][i];
    entry["amounts"] = json_of(account.amounts, manifest);
    if (account.contract_m3_per_day != 0) entry["contract_m3_per_day"] = account.contract_m3_per_day;
    if (account.safety_minimum_m3_per_day != 0) entry["safety_minimum_m3_per_day"] = account.safety_minimum_m3_per_day;
  }
  for (std::size_t i = 0; i < manifest.facilities.size(); ++i) {
    const auto& facility = manifest.facilities[i];
    AmountJson& entry = json["facilities"][i];
    entry["amounts"] = json_of(facility.amounts, manifest);
    if (!facility.fuel_switch.fuel.empty())
      entry["fuel_switch"] = {{"fuel", facility.fuel_switch.fuel}, {"minutes", facility.fuel_switch.after.count()}};
  }
}

}  // namespace jidian::record

#include "command/load_profile.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/decimal.hpp"
#include "domain/long_rows.hpp"

namespace jidian::command {
namespace {

using LoadJson = nlohmann::ordered_json;

/// What one of an amount's unit in an hour is called.
std::string hourly_unit(const std::string& unit) {
  return unit == "kWh" ? "kW" : unit + "/h";
}

std::optional<Demand> demand_of(std::int64_t value, UtcTime until) {
  const auto hourly = domain::hourly_of(value);
  if (!hourly) return std::nullopt;
  return Demand{*hourly, until};
}

void put_demand(const std::vector<domain::Amount>& amounts, const domain::DemandNow* taken,
                const domain::LocalSpan& month, SupplyView& into) {
  constexpr std::chrono::minutes quarter{15};
  if (amounts.empty()) return;
  into.unit = hourly_unit(amounts[0].unit);
  into.exponent = amounts[0].exponent;
  if (taken == nullptr) return;
  if (const auto& newest = taken->newest) {
    into.present = demand_of(newest->amount.value, newest->start + quarter);
    into.is_partial = newest->amount.is_partial;
    into.is_spanning = newest->amount.is_spanning;
  }
  if (const auto& peak = taken->month_peak; peak && month.contains(peak->until - Millis{1}))
    into.month = demand_of(peak->value, peak->until);
}

LoadJson whole_or_null(std::int64_t declared) {
  return declared == 0 ? LoadJson() : LoadJson(declared);
}

LoadJson kilo_or_null(std::int64_t watts) {
  if (watts % 1000 == 0) return whole_or_null(watts / 1000);
  return LoadJson::parse(format_decimal(watts, -3));
}

LoadJson text_or_null(const std::string& text) {
  return text.empty() ? LoadJson() : LoadJson(text);
}

LoadJson number_of(const std::optional<Demand>& demand, int exponent) {
  return demand ? LoadJson::parse(format_decimal(demand->value, exponent)) : LoadJson();
}

LoadJson supply_json(const SupplyView& supply, UtcTime now) {
  LoadJson age;
  if (supply.present) age = std::max<std::int64_t>((now - supply.present->until) / std::chrono::seconds{1}, 0);
  LoadJson json{{"id", supply.id}, {"carrier", name_of(supply.carrier)}};
  json["number"] = text_or_null(supply.number);
  json["feeder"] = text_or_null(supply.feeder);
  json["level"] = text_or_null(supply.level);
  if (supply.carrier == Carrier::gas || supply.carrier == Carrier::water) {
    json["contract_m3_per_day"] = whole_or_null(supply.contract_m3_per_day);
    json["safety_minimum_m3_per_day"] = whole_or_null(supply.safety_minimum_m3_per_day);
  }
  json["unit"] = text_or_null(supply.unit);
  json["demand"] = number_of(supply.present, supply.exponent);
  json["until"] = supply.present ? LoadJson(format_utc(supply.present->until)) : LoadJson();
  json["age_s"] = std::move(age);
  json["partial"] = supply.is_partial;
  json["spanning"] = supply.is_spanning;
  json["month_peak"] = number_of(supply.month, supply.exponent);
  json["month_peak_until"] = supply.month ? LoadJson(format_utc(supply.month->until)) : LoadJson();
  return json;
}

}  // namespace

LoadProfile load_profile_of(const domain::Manifest& manifest, const std::vector<domain::DemandNow>& demands,
                            UtcTime now) {
  const auto taken_by = [&](domain::Subject subject) {
    const auto found = std::ranges::find(demands, subject, &domain::DemandNow::subject);
    return found == demands.end() ? nullptr : &*found;
  };
  const domain::SiteCard& card = manifest.site;
  const auto month = domain::local_month(now, card.utc_offset);
  LoadProfile load{card.contract_capacity_kva, card.security_load_kw, {}, {}};
  for (std::size_t i = 0; i < card.accounts.size(); ++i) {
    const domain::SupplyAccount& account = card.accounts[i];
    SupplyView& view = load.accounts.emplace_back();
    view.id = account.id;
    view.carrier = account.carrier;
    view.number = account.number;
    view.feeder = account.feeder;
    view.level = account.level;
    view.contract_m3_per_day = account.contract_m3_per_day;
    view.safety_minimum_m3_per_day = account.safety_minimum_m3_per_day;
    put_demand(account.amounts, taken_by({domain::SubjectKind::account, static_cast<std::uint16_t>(i)}), month, view);
  }
  if (card.amounts.empty()) return load;
  load.site.emplace();
  load.site->id = "site";
  put_demand(card.amounts, taken_by({domain::SubjectKind::site, 0}), month, *load.site);
  return load;
}

nlohmann::ordered_json load_json(const LoadProfile& load, UtcTime now) {
  LoadJson json{{"contract_capacity_kva", whole_or_null(load.contract_capacity_kva)},
                {"security_load_kw", whole_or_null(load.security_load_kw)},
                {"site", load.site ? supply_json(*load.site, now) : LoadJson()},
                {"accounts", LoadJson::array()}};
  for (const SupplyView& account : load.accounts) json["accounts"].push_back(supply_json(account, now));
  return json;
}

nlohmann::ordered_json declared_json(const domain::DeclaredLoads& loads) {
  const auto minutes = [](std::int64_t watts, std::uint32_t minutes_needed) {
    return watts == 0 ? LoadJson() : LoadJson(minutes_needed);
  };
  return {{"security_kw", kilo_or_null(loads.security_w)},
          {"interruptible_kw", kilo_or_null(loads.interruptible_w)},
          {"interruptible_minutes", minutes(loads.interruptible_w, loads.interruptible_minutes)},
          {"adjustable_kw", kilo_or_null(loads.adjustable_w)},
          {"adjustable_minutes", minutes(loads.adjustable_w, loads.adjustable_minutes)}};
}

}  // namespace jidian::command

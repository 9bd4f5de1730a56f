#include "record/amounts.hpp"

#include <cstdlib>
#include <utility>

#include "record/body.hpp"

namespace jidian::record {
namespace {

/// Beyond this no decimal exponent of a unit goes.
constexpr int factor_exponent_most = 30;

/// Most columns of one subject: four carriers and as many products as anyone makes in one place.
constexpr int amounts_most = 256;

Result<domain::AmountSource> read_source(const jidian::v1::AmountSource& in,
                                         const std::vector<domain::MeterEntry>& meters) {
  if (in.meter() >= meters.size() || in.point() >= meters[in.meter()].points.size() ||
      meters[in.meter()].points[in.point()].kind != PointKind::counter)
    return Error{ErrorKind::corrupt, "an amount names a counter that is not there"};
  if (std::abs(std::int64_t{in.factor_exponent()}) > factor_exponent_most)
    return Error{ErrorKind::corrupt, "an amount has an impossible factor"};
  return domain::AmountSource{static_cast<domain::MeterIndex>(in.meter()), static_cast<std::uint16_t>(in.point()),
                              in.factor() == 0 ? 1 : in.factor(), in.factor_exponent()};
}

}  // namespace

void write_amounts(const std::vector<domain::Amount>& amounts, AmountMessages& out) {
  for (const auto& amount : amounts) {
    auto& entry = *out.Add();
    entry.set_name(to_utf8(amount.name));
    entry.set_carrier(static_cast<std::uint32_t>(amount.carrier));
    entry.set_unit(to_utf8(amount.unit));
    entry.set_exponent(amount.exponent);
    for (const auto& source : amount.sources) {
      auto& from = *entry.add_sources();
      from.set_meter(source.meter);
      from.set_point(source.point);
      if (source.factor != 1) from.set_factor(source.factor);
      from.set_factor_exponent(source.factor_exponent);
    }
  }
}

Result<std::vector<domain::Amount>> read_amounts(const AmountMessages& in,
                                                 const std::vector<domain::MeterEntry>& meters) {
  if (in.size() > amounts_most) return Error{ErrorKind::corrupt, "more amounts than a subject may have"};
  std::vector<domain::Amount> amounts;
  for (const auto& entry : in) {
    if (std::abs(std::int64_t{entry.exponent()}) > factor_exponent_most)
      return Error{ErrorKind::corrupt, "amount '" + entry.name() + "' has an impossible exponent"};
    domain::Amount amount{entry.name(), static_cast<Carrier>(entry.carrier()), entry.unit(), entry.exponent(), {}};
    for (const auto& from : entry.sources()) {
      const auto source = read_source(from, meters);
      if (!source) return source.error();
      amount.sources.push_back(*source);
    }
    amounts.push_back(std::move(amount));
  }
  return amounts;
}

void write_shifts(const domain::SiteCard& site, jidian::v1::SiteCard& out) {
  for (const auto& shift : site.shifts) {
    auto& entry = *out.add_shifts();
    entry.set_id(to_utf8(shift.id));
    entry.set_start_minute(static_cast<std::uint32_t>(shift.start.count()));
    entry.set_minutes(static_cast<std::uint32_t>(shift.length.count()));
  }
  out.set_sliding_demand_s(static_cast<std::uint32_t>(site.sliding_demand.count()));
  out.set_covered(site.is_covered);
}

void read_shifts(const jidian::v1::SiteCard& in, domain::SiteCard& site) {
  for (const auto& entry : in.shifts())
    site.shifts.push_back(
        {entry.id(), std::chrono::minutes{entry.start_minute()}, std::chrono::minutes{entry.minutes()}});
  site.sliding_demand = std::chrono::seconds{in.sliding_demand_s()};
  site.is_covered = in.covered();
}

void write_fuel_switch(const domain::FuelSwitch& fuel_switch, jidian::v1::Facility& out) {
  if (fuel_switch == domain::FuelSwitch{}) return;
  out.mutable_fuel_switch()->set_fuel(to_utf8(fuel_switch.fuel));
  out.mutable_fuel_switch()->set_minutes(static_cast<std::uint32_t>(fuel_switch.after.count()));
}

domain::FuelSwitch read_fuel_switch(const jidian::v1::Facility& in) {
  return {in.fuel_switch().fuel(), std::chrono::minutes{in.fuel_switch().minutes()}};
}

Status read_all_amounts(const jidian::v1::Manifest& in, domain::Manifest& manifest) {
  auto of_site = read_amounts(in.site().amounts(), manifest.meters);
  if (!of_site) return of_site.error();
  manifest.site.amounts = std::move(*of_site);
  for (std::size_t i = 0; i < manifest.site.accounts.size(); ++i) {
    auto amounts = read_amounts(in.site().accounts(static_cast<int>(i)).amounts(), manifest.meters);
    if (!amounts) return amounts.error();
    manifest.site.accounts[i].amounts = std::move(*amounts);
  }
  for (std::size_t i = 0; i < manifest.facilities.size(); ++i) {
    auto amounts = read_amounts(in.facilities(static_cast<int>(i)).amounts(), manifest.meters);
    if (!amounts) return amounts.error();
    manifest.facilities[i].amounts = std::move(*amounts);
  }
  return {};
}

}  // namespace jidian::record

#include "record/manifest.hpp"

#include <algorithm>

#include "record/amounts.hpp"
#include "record/batch.hpp"
#include "record/body.hpp"
#include "record/record.pb.h"

namespace jidian::record {
namespace {

constexpr std::uint32_t manifest_format = 1;

/// Most points of all meters of a manifest together: 2,000 meters of 60, and room.
constexpr std::size_t points_max = 200'000;

using Texts = google::protobuf::RepeatedPtrField<std::string>;

void put(const std::vector<std::string>& texts, Texts& into) {
  for (const std::string& text : texts) *into.Add() = to_utf8(text);
}

std::vector<std::string> get(const Texts& texts) {
  return {texts.begin(), texts.end()};
}

void write_site(const domain::SiteCard& site, jidian::v1::SiteCard& out) {
  out.set_credit_code(to_utf8(site.credit_code));
  out.set_name(to_utf8(site.name));
  out.set_region(to_utf8(site.region));
  out.set_industry(to_utf8(site.industry));
  out.set_contract_capacity_kva(site.contract_capacity_kva);
  out.set_performance_grade(to_utf8(site.performance_grade));
  out.set_security_load_kw(site.security_load_kw);
  out.set_utc_offset_minutes(static_cast<std::int32_t>(site.utc_offset.count()));
  for (const auto& account : site.accounts) {
    auto& entry = *out.add_accounts();
    entry.set_id(to_utf8(account.id));
    entry.set_carrier(static_cast<std::uint32_t>(account.carrier));
    entry.set_number(to_utf8(account.number));
    entry.set_feeder(to_utf8(account.feeder));
    entry.set_level(to_utf8(account.level));
    put(account.meters, *entry.mutable_meters());
    write_amounts(account.amounts, *entry.mutable_amounts());
    entry.set_contract_m3_per_day(account.contract_m3_per_day);
    entry.set_safety_minimum_m3_per_day(account.safety_minimum_m3_per_day);
  }
  for (const auto& product : site.products) {
    auto& entry = *out.add_products();
    entry.set_id(to_utf8(product.id));
    entry.set_name(to_utf8(product.name));
    entry.set_unit(to_utf8(product.unit));
  }
  write_shifts(site, out);
  write_amounts(site.amounts, *out.mutable_amounts());
}

void write_points(const std::vector<domain::PointEntry>& points, jidian::v1::PointList& out) {
  for (const auto& point : points) {
    auto& entry = *out.add_points();
    entry.set_name(to_utf8(point.name));
    entry.set_carrier(static_cast<std::uint32_t>(point.carrier));
    entry.set_kind(static_cast<std::uint32_t>(point.kind));
    entry.set_type(static_cast<std::uint32_t>(point.type));
    entry.set_quantity(to_utf8(point.quantity));
    entry.set_phase(to_utf8(point.phase));
    entry.set_unit(to_utf8(point.unit));
    entry.set_exponent(point.exponent);
    entry.set_modulus(point.modulus);
    for (const auto ratio : point.ratio_points) entry.add_ratio_points(ratio);
    put(point.labels, *entry.mutable_labels());
    if (point.scale_point) entry.set_scale_point(*point.scale_point);
  }
}

void write_meter(const domain::MeterEntry& meter, std::size_t point_list, jidian::v1::Meter& out) {
  out.set_id(to_utf8(meter.id));
  out.set_name(to_utf8(meter.name));
  out.set_bus(to_utf8(meter.bus));
  out.set_unit(meter.unit);
  out.set_profile(to_utf8(meter.profile));
  out.set_serial(to_utf8(meter.serial));
  out.set_accuracy_class(to_utf8(meter.accuracy_class));
  out.set_calibrated(to_utf8(meter.calibrated));
  out.set_ct_ratio(to_utf8(meter.ct_ratio));
  out.set_pt_ratio(to_utf8(meter.pt_ratio));
  out.set_period_ms(static_cast<std::uint64_t>(meter.period.count()));
  out.set_point_list(static_cast<std::uint32_t>(point_list));
  out.set_parent(to_utf8(meter.parent));
  put(meter.unchecked, *out.mutable_unchecked());
}

/// What is as the contract's defaults is left out.
void write_rules(const domain::PlausibilityRules& rules, jidian::v1::Manifest& out) {
  const domain::PlausibilityRules usual;
  if (rules == usual) return;
  auto& entry = *out.mutable_plausibility();
  if (rules.counter_polls != usual.counter_polls) entry.set_counter_polls(rules.counter_polls);
  if (rules.wiring_polls != usual.wiring_polls) entry.set_wiring_polls(rules.wiring_polls);
  if (rules.phase_sum_percent != usual.phase_sum_percent) entry.set_phase_sum_percent(rules.phase_sum_percent);
  if (rules.capacity_percent != usual.capacity_percent) entry.set_capacity_percent(rules.capacity_percent);
  if (rules.parent_percent != usual.parent_percent) entry.set_parent_percent(rules.parent_percent);
  if (rules.parent_quarters != usual.parent_quarters) entry.set_parent_quarters(rules.parent_quarters);
  if (rules.constant_after != usual.constant_after)
    entry.set_constant_after_s(static_cast<std::uint64_t>(rules.constant_after.count()));
}

domain::PlausibilityRules read_rules(const jidian::v1::Plausibility& in) {
  domain::PlausibilityRules rules;
  if (in.has_counter_polls()) rules.counter_polls = in.counter_polls();
  if (in.has_wiring_polls()) rules.wiring_polls = in.wiring_polls();
  if (in.has_phase_sum_percent()) rules.phase_sum_percent = in.phase_sum_percent();
  if (in.has_capacity_percent()) rules.capacity_percent = in.capacity_percent();
  if (in.has_parent_percent()) rules.parent_percent = in.parent_percent();
  if (in.has_parent_quarters()) rules.parent_quarters = in.parent_quarters();
  if (in.has_constant_after_s())
    rules.constant_after = std::chrono::seconds{static_cast<std::int64_t>(in.constant_after_s())};
  return rules;
}

/// Likewise.
void write_data_rules(const domain::DataRules& rules, jidian::v1::Manifest& out) {
  const domain::DataRules usual;
  if (rules == usual) return;
  auto& entry = *out.mutable_data_rules();
  const auto seconds = [](std::chrono::seconds time) { return static_cast<std::uint64_t>(time.count()); };
  if (rules.link_after != usual.link_after) entry.set_link_after_s(seconds(rules.link_after));
  if (rules.minutes_least != usual.minutes_least) entry.set_minutes_least(rules.minutes_least);
  if (rules.value_polls != usual.value_polls) entry.set_value_polls(rules.value_polls);
  if (rules.capacity_percent != usual.capacity_percent) entry.set_capacity_percent(rules.capacity_percent);
  if (rules.clock_after != usual.clock_after) entry.set_clock_after_s(seconds(rules.clock_after));
  if (rules.meter_clock_most != usual.meter_clock_most) entry.set_meter_clock_most_s(seconds(rules.meter_clock_most));
}

domain::DataRules read_data_rules(const jidian::v1::DataRules& in) {
  domain::DataRules rules;
  const auto seconds = [](std::uint64_t time) { return std::chrono::seconds{static_cast<std::int64_t>(time)}; };
  if (in.has_link_after_s()) rules.link_after = seconds(in.link_after_s());
  if (in.has_minutes_least()) rules.minutes_least = in.minutes_least();
  if (in.has_value_polls()) rules.value_polls = in.value_polls();
  if (in.has_capacity_percent()) rules.capacity_percent = in.capacity_percent();
  if (in.has_clock_after_s()) rules.clock_after = seconds(in.clock_after_s());
  if (in.has_meter_clock_most_s()) rules.meter_clock_most = seconds(in.meter_clock_most_s());
  return rules;
}

/// A facility whose state is not told has no rule: a manifest of an earlier release says the same.
void write_run(const domain::RunRule& rule, jidian::v1::Facility& out) {
  if (rule.source == domain::RunSource::none) return;
  auto& entry = *out.mutable_run();
  entry.set_source(static_cast<std::uint32_t>(rule.source));
  put(rule.meters, *entry.mutable_meters());
  entry.set_stop_below(rule.stop_below);
  entry.set_start_at(rule.start_at);
  entry.set_idle_below(rule.idle_below);
  entry.set_run_at(rule.run_at);
  entry.set_hold(rule.hold);
  entry.set_point(to_utf8(rule.point));
  for (const auto value : rule.stopped) entry.add_stopped(value);
  for (const auto value : rule.idle) entry.add_idle(value);
  for (const auto value : rule.running) entry.add_running(value);
  entry.set_de_energised_percent(rule.de_energised_percent);
  entry.set_nominal_voltage_mv(rule.nominal_voltage_mv);
}

/// A source of a later release is one that cannot be judged here.
domain::RunRule read_run(const jidian::v1::Facility& in) {
  const auto& entry = in.run();
  domain::RunRule rule;
  if (entry.source() == 0 || entry.source() > static_cast<std::uint32_t>(domain::RunSource::status)) return rule;
  rule.source = static_cast<domain::RunSource>(entry.source());
  rule.meters = get(entry.meters());
  rule.stop_below = entry.stop_below();
  rule.start_at = entry.start_at();
  rule.idle_below = entry.idle_below();
  rule.run_at = entry.run_at();
  rule.hold = entry.hold();
  rule.point = entry.point();
  rule.stopped.assign(entry.stopped().begin(), entry.stopped().end());
  rule.idle.assign(entry.idle().begin(), entry.idle().end());
  rule.running.assign(entry.running().begin(), entry.running().end());
  rule.de_energised_percent = entry.de_energised_percent();
  rule.nominal_voltage_mv = entry.nominal_voltage_mv();
  return rule;
}

void write_facility(const domain::FacilityEntry& facility, jidian::v1::Facility& out) {
  out.set_id(to_utf8(facility.id));
  out.set_name(to_utf8(facility.name));
  out.set_kind(static_cast<std::uint32_t>(facility.kind));
  put(facility.meters, *out.mutable_meters());
  put(facility.treats, *out.mutable_treats());
  out.set_rated_power_w(facility.rated_power_w);
  write_run(facility.run, out);
  out.set_security_load_w(facility.loads.security_w);
  out.set_interruptible_w(facility.loads.interruptible_w);
  out.set_interruptible_minutes(facility.loads.interruptible_minutes);
  out.set_adjustable_w(facility.loads.adjustable_w);
  out.set_adjustable_minutes(facility.loads.adjustable_minutes);
  write_amounts(facility.amounts, *out.mutable_amounts());
  write_fuel_switch(facility.fuel_switch, out);
}

domain::SiteCard read_site(const jidian::v1::SiteCard& in) {
  domain::SiteCard site{in.credit_code(),
                        in.name(),
                        in.region(),
                        in.industry(),
                        in.contract_capacity_kva(),
                        in.performance_grade(),
                        in.security_load_kw(),
                        std::chrono::minutes{in.utc_offset_minutes()},
                        {},
                        {}};
  for (const auto& entry : in.accounts())
    site.accounts.push_back({entry.id(),
                             static_cast<Carrier>(entry.carrier()),
                             entry.number(),
                             entry.feeder(),
                             entry.level(),
                             get(entry.meters()),
                             {},
                             entry.contract_m3_per_day(),
                             entry.safety_minimum_m3_per_day()});
  for (const auto& entry : in.products()) site.products.push_back({entry.id(), entry.name(), entry.unit()});
  read_shifts(in, site);
  return site;
}

Result<std::vector<domain::PointEntry>> read_points(const jidian::v1::PointList& in) {
  std::vector<domain::PointEntry> points;
  for (const auto& entry : in.points()) {
    const bool known = entry.type() <= static_cast<std::uint32_t>(ValueType::float64);
    if (!known) return Error{ErrorKind::unsupported, "point '" + entry.name() + "' has a type of a later release"};
    domain::PointEntry point{entry.name(),
                             static_cast<Carrier>(entry.carrier()),
                             static_cast<PointKind>(entry.kind()),
                             static_cast<ValueType>(entry.type()),
                             entry.quantity(),
                             entry.phase(),
                             entry.unit(),
                             entry.exponent(),
                             entry.modulus(),
                             {},
                             get(entry.labels()),
                             std::nullopt};
    if (std::abs(std::int64_t{entry.exponent()}) > 100)
      return Error{ErrorKind::corrupt, "point '" + entry.name() + "' has an impossible exponent"};
    for (const auto ratio : entry.ratio_points()) {
      if (ratio >= static_cast<std::uint32_t>(in.points_size()) || ratio > UINT16_MAX)
        return Error{ErrorKind::corrupt, "point '" + entry.name() + "' names a ratio point that is not there"};
      point.ratio_points.push_back(static_cast<std::uint16_t>(ratio));
    }
    if (entry.has_scale_point()) {
      const auto scale = entry.scale_point();
      if (scale >= static_cast<std::uint32_t>(in.points_size()) || scale > UINT16_MAX)
        return Error{ErrorKind::corrupt, "point '" + entry.name() + "' names a scale point that is not there"};
      if (in.points(static_cast<int>(scale)).type() > static_cast<std::uint32_t>(ValueType::signed_integer))
        return Error{ErrorKind::corrupt, "the scale point of '" + entry.name() + "' is no whole number"};
      point.scale_point = static_cast<std::uint16_t>(scale);
    }
    points.push_back(std::move(point));
  }
  return points;
}

domain::MeterEntry read_meter(const jidian::v1::Meter& in, const std::vector<domain::PointEntry>& points) {
  return {in.id(),
          in.name(),
          in.bus(),
          static_cast<std::uint8_t>(in.unit()),
          in.profile(),
          in.serial(),
          in.accuracy_class(),
          in.calibrated(),
          in.ct_ratio(),
          in.pt_ratio(),
          Millis{static_cast<std::int64_t>(in.period_ms())},
          points,
          in.parent(),
          get(in.unchecked())};
}

}  // namespace

EncodedManifest encode(const domain::Manifest& manifest) {
  jidian::v1::Manifest message;
  message.set_format(manifest_format);
  message.set_gateway(to_utf8(manifest.gateway));
  write_site(manifest.site, *message.mutable_site());
  std::vector<const std::vector<domain::PointEntry>*> lists;
  for (const auto& meter : manifest.meters) {
    const auto same = std::ranges::find_if(lists, [&](const auto* points) { return *points == meter.points; });
    write_meter(meter, static_cast<std::size_t>(same - lists.begin()), *message.add_meters());
    if (same != lists.end()) continue;
    lists.push_back(&meter.points);
    write_points(meter.points, *message.add_point_lists());
  }
  for (const auto& facility : manifest.facilities) write_facility(facility, *message.add_facilities());
  write_rules(manifest.plausibility, message);
  write_data_rules(manifest.data_rules, message);

  EncodedManifest encoded{Bytes(message.ByteSizeLong()), {}};
  message.SerializeWithCachedSizesToArray(encoded.bytes.data());
  encoded.hash = sha256(encoded.bytes);
  return encoded;
}

Result<domain::Manifest> decode_manifest(ByteView bytes) {
  jidian::v1::Manifest message;
  if (bytes.size() > body_bytes_max || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Error{ErrorKind::corrupt, "not a manifest"};
  if (message.format() != manifest_format)
    return Error{ErrorKind::unsupported, "a manifest of a format this release does not know"};

  std::vector<std::vector<domain::PointEntry>> lists;
  for (const auto& list : message.point_lists()) {
    auto points = read_points(list);
    if (!points) return points.error();
    lists.push_back(std::move(*points));
  }
  domain::Manifest manifest{message.gateway(),
                            read_site(message.site()),
                            {},
                            {},
                            read_rules(message.plausibility()),
                            read_data_rules(message.data_rules())};
  std::size_t points = 0;
  for (const auto& meter : message.meters()) {
    if (meter.point_list() >= lists.size()) return Error{ErrorKind::corrupt, "a meter's point list is not there"};
    points += lists[meter.point_list()].size();
    if (meter.unit() > UINT8_MAX || points > points_max || manifest.meters.size() > UINT16_MAX)
      return Error{ErrorKind::corrupt, "more meters, points or units than a manifest may have"};
    manifest.meters.push_back(read_meter(meter, lists[meter.point_list()]));
  }
  for (const auto& entry : message.facilities())
    manifest.facilities.push_back({entry.id(),
                                   entry.name(),
                                   static_cast<domain::FacilityKind>(entry.kind()),
                                   get(entry.meters()),
                                   get(entry.treats()),
                                   entry.rated_power_w(),
                                   read_run(entry),
                                   {entry.security_load_w(), entry.interruptible_w(), entry.interruptible_minutes(),
                                    entry.adjustable_w(), entry.adjustable_minutes()},
                                   {},
                                   read_fuel_switch(entry)});
  if (const auto done = read_all_amounts(message, manifest); !done) return done.error();
  return manifest;
}

}  // namespace jidian::record

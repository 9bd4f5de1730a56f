#include <nlohmann/json.hpp>

#include "base/decimal.hpp"
#include "record/amounts_json.hpp"
#include "record/body.hpp"
#include "record/manifest.hpp"

namespace jidian::record {
namespace {

using Json = nlohmann::ordered_json;

std::string in_quotes(std::string_view text) {
  return Json(to_utf8(text)).dump();
}

/// The name of a state's value, from "3=fault"; empty if it has none.
std::string_view label_of(const domain::PointEntry& point, std::uint64_t bits) {
  const std::string start = std::to_string(bits) + "=";
  for (const std::string& label : point.labels)
    if (label.starts_with(start)) return std::string_view(label).substr(start.size());
  return {};
}

std::string live_point(const domain::MeterEntry& meter, const domain::PointEntry& point, const domain::Sample& sample,
                       std::span<const domain::Sample> samples) {
  const auto exponent = domain::exponent_of(meter, point, samples);
  const bool valued = has_value(sample.quality) && exponent;
  std::string text =
      in_quotes(point.name) + ":{\"value\":" + (valued ? format_value(point.type, sample.bits, *exponent) : "null");
  if (const auto label = label_of(point, sample.bits); valued && !label.empty())
    text += ",\"label\":" + in_quotes(label);
  text += ",\"unit\":" + in_quotes(point.unit);
  if (!point.ratio_points.empty()) {
    Json names = Json::array();
    for (const auto ratio : point.ratio_points)
      if (ratio < meter.points.size()) names.push_back(to_utf8(meter.points[ratio].name));
    text += ",\"times\":" + names.dump();
  }
  return text + ",\"quality\":" + in_quotes(name_of(sample.quality)) + "}";
}

/// "ok" if any point is, else the quality of the first.
domain::Quality summary(const domain::Poll& poll) {
  for (const auto& sample : poll.samples)
    if (sample.quality == domain::Quality::ok) return sample.quality;
  return poll.samples.empty() ? domain::Quality::not_available : poll.samples.front().quality;
}

std::string live_meter(const domain::MeterEntry& meter, const domain::Poll& poll, UtcTime now) {
  std::string text = in_quotes(meter.id) + ":{\"time\":" + in_quotes(format_utc(poll.end)) +
                     ",\"age_s\":" + format_decimal(std::int64_t{(now - poll.end).count()}, -3) +
                     ",\"quality\":" + in_quotes(name_of(summary(poll))) + ",\"points\":{";
  for (std::size_t i = 0; i < poll.samples.size() && i < meter.points.size(); ++i)
    text += (i == 0 ? "" : ",") + live_point(meter, meter.points[i], poll.samples[i], poll.samples);
  return text + "}}";
}

/// The newest value by which it is judged: `"power_kw":10.500000`.
std::string live_total(const domain::RunRule& rule, std::int64_t total) {
  switch (rule.source) {
    case domain::RunSource::power:
      return ",\"power_kw\":" + format_decimal(total, -6);
    case domain::RunSource::current:
      return ",\"current_a\":" + format_decimal(total, -3);
    case domain::RunSource::status:
      return ",\"status\":" + std::to_string(total);
    case domain::RunSource::none:
      break;
  }
  return {};
}

std::string live_facility(const domain::FacilityEntry& facility, const domain::FacilityNow& now) {
  std::string text = in_quotes(facility.id) + ":{\"state\":" + in_quotes(name_of(now.state)) +
                     ",\"since\":" + (now.since ? in_quotes(format_utc(*now.since)) : "null");
  if (now.total) text += live_total(facility.run, *now.total);
  if (now.total_at) text += ",\"time\":" + in_quotes(format_utc(*now.total_at));
  return text + "}";
}

Json json_of(const domain::SiteCard& site) {
  Json accounts = Json::array();
  for (const auto& account : site.accounts)
    accounts.push_back({{"id", account.id},
                        {"carrier", name_of(account.carrier)},
                        {"number", account.number},
                        {"feeder", account.feeder},
                        {"level", account.level},
                        {"meters", account.meters}});
  Json products = Json::array();
  for (const auto& product : site.products)
    products.push_back({{"id", product.id}, {"name", product.name}, {"unit", product.unit}});
  return {{"credit_code", site.credit_code},
          {"name", site.name},
          {"region", site.region},
          {"industry", site.industry},
          {"contract_capacity_kva", site.contract_capacity_kva},
          {"performance_grade", site.performance_grade},
          {"security_load_kw", site.security_load_kw},
          {"utc_offset_minutes", site.utc_offset.count()},
          {"accounts", std::move(accounts)},
          {"products", std::move(products)}};
}

Json json_of(const domain::MeterEntry& meter, const domain::PointEntry& point) {
  Json json{{"name", point.name},          {"carrier", name_of(point.carrier)}, {"kind", name_of(point.kind)},
            {"type", name_of(point.type)}, {"quantity", point.quantity},        {"phase", point.phase},
            {"unit", point.unit},          {"exponent", point.exponent}};
  if (point.kind == PointKind::counter) json["modulus"] = point.modulus;
  if (!point.labels.empty()) json["labels"] = point.labels;
  for (const auto ratio : point.ratio_points)
    if (ratio < meter.points.size()) json["times"].push_back(meter.points[ratio].name);
  if (point.scale_point && *point.scale_point < meter.points.size())
    json["scale"] = meter.points[*point.scale_point].name;
  return json;
}

Json json_of(const domain::MeterEntry& meter) {
  Json points = Json::array();
  for (const auto& point : meter.points) points.push_back(json_of(meter, point));
  return {{"id", meter.id},
          {"name", meter.name},
          {"bus", meter.bus},
          {"unit", meter.unit},
          {"profile", meter.profile},
          {"serial", meter.serial},
          {"accuracy_class", meter.accuracy_class},
          {"calibrated", meter.calibrated},
          {"ct_ratio", meter.ct_ratio},
          {"pt_ratio", meter.pt_ratio},
          {"period_ms", meter.period.count()},
          {"parent", meter.parent},
          {"unchecked", meter.unchecked},
          {"points", std::move(points)}};
}

/// Levels as integers in thousandths, as they stand in the manifest.
Json json_of(const domain::RunRule& rule) {
  Json json{{"source", name_of(rule.source)}, {"meters", rule.meters}, {"hold", rule.hold}};
  if (rule.source == domain::RunSource::status) {
    json["point"] = rule.point;
    json["stopped"] = rule.stopped;
    json["idle"] = rule.idle;
    json["running"] = rule.running;
    return json;
  }
  if (rule.source == domain::RunSource::none) return Json{{"source", name_of(rule.source)}};
  json["unit"] = rule.source == domain::RunSource::power ? "0.001 W" : "0.001 A";
  json["stop_below"] = rule.stop_below;
  json["start_at"] = rule.start_at;
  if (rule.tells_idle()) {
    json["idle_below"] = rule.idle_below;
    json["run_at"] = rule.run_at;
  }
  json["de_energised_percent"] = rule.de_energised_percent;
  json["nominal_voltage_mv"] = rule.nominal_voltage_mv;
  return json;
}

Json json_of(const domain::FacilityEntry& facility) {
  return {{"id", facility.id},
          {"name", facility.name},
          {"kind", name_of(facility.kind)},
          {"meters", facility.meters},
          {"treats", facility.treats},
          {"rated_power_w", facility.rated_power_w},
          {"security_load_w", facility.loads.security_w},
          {"interruptible_w", facility.loads.interruptible_w},
          {"interruptible_minutes", facility.loads.interruptible_minutes},
          {"adjustable_w", facility.loads.adjustable_w},
          {"adjustable_minutes", facility.loads.adjustable_minutes},
          {"run", json_of(facility.run)}};
}

}  // namespace

std::string to_json(const domain::Manifest& manifest, const Hash& hash) {
  Json json{{"manifest", to_hex(hash)}, {"gateway", manifest.gateway}, {"site", json_of(manifest.site)}};
  json["meters"] = Json::array();
  for (const auto& meter : manifest.meters) json["meters"].push_back(json_of(meter));
  json["facilities"] = Json::array();
  for (const auto& facility : manifest.facilities) json["facilities"].push_back(json_of(facility));
  add_amounts(manifest, json);
  const auto& rules = manifest.plausibility;
  json["plausibility"] = {{"counter_polls", rules.counter_polls},
                          {"wiring_polls", rules.wiring_polls},
                          {"phase_sum_percent", rules.phase_sum_percent},
                          {"capacity_percent", rules.capacity_percent},
                          {"parent_percent", rules.parent_percent},
                          {"parent_quarters", rules.parent_quarters},
                          {"constant_after_s", rules.constant_after.count()}};
  const auto& data = manifest.data_rules;
  json["data_rules"] = {
      {"link_after_s", data.link_after.count()},   {"minutes_least", data.minutes_least},
      {"value_polls", data.value_polls},           {"capacity_percent", data.capacity_percent},
      {"clock_after_s", data.clock_after.count()}, {"meter_clock_most_s", data.meter_clock_most.count()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string live_json(const domain::Manifest& manifest, std::span<const domain::Poll> polls, UtcTime now,
                      std::span<const domain::FacilityNow> facilities) {
  std::string text = "{\"gateway\":" + in_quotes(manifest.gateway) + ",\"time\":" + in_quotes(format_utc(now));
  text += ",\"meters\":{";
  bool first = true;
  for (const auto& poll : polls) {
    if (poll.meter >= manifest.meters.size()) continue;
    text += (first ? "" : ",") + live_meter(manifest.meters[poll.meter], poll, now);
    first = false;
  }
  text += "}";
  for (std::size_t i = 0; i < facilities.size() && i < manifest.facilities.size(); ++i)
    text += (i == 0 ? ",\"facilities\":{" : ",") + live_facility(manifest.facilities[i], facilities[i]);
  return text + (facilities.empty() || manifest.facilities.empty() ? "}" : "}}");
}

}  // namespace jidian::record

#include "command/status.hpp"

#include <nlohmann/json.hpp>

#include "base/decimal.hpp"
#include "command/findings.hpp"
#include "command/mark.hpp"

namespace jidian::command {
namespace {

using Json = nlohmann::ordered_json;

Json time_of(const std::optional<UtcTime>& time) {
  return time ? Json(format_utc(*time)) : Json();
}

Json age_of(UtcTime now, const std::optional<UtcTime>& time) {
  return time ? Json(age_s(now, *time)) : Json();
}

/// A number that is negative where nothing is known.
Json known_number(double number) {
  return number < 0 ? Json() : Json(number);
}

Json text_of(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

std::string_view word_of(ClockQuality quality) {
  switch (quality) {
    case ClockQuality::synchronised:
      return "synchronised";
    case ClockQuality::holdover:
      return "holdover";
    case ClockQuality::unsynchronised:
      return "unsynchronised";
    case ClockQuality::unknown:
      break;
  }
  return "unknown";
}

Json json_of(const health::BusHealth& bus) {
  return {{"id", bus.id},
          {"address", bus.address},
          {"open", bus.open},
          {"lent", bus.lent},
          {"load", bus.load},
          {"requests", bus.requests},
          {"reopened", bus.reopened},
          {"dropped_polls", bus.dropped_polls},
          {"dropped_events", bus.dropped_events},
          {"error", text_of(bus.last_error)}};
}

Json json_of(const health::MeterRecord& record) {
  Json doubts = Json::array();
  for (const auto& doubt : record.doubts)
    doubts.push_back({{"check", doubt.check}, {"since", format_utc(doubt.since)}, {"points", doubt.points}});
  return doubts;
}

Json json_of(const Snapshot& snapshot, const health::MeterHealth& meter) {
  const UtcTime now = snapshot.now;
  Json next_try_in;
  if (meter.next_try) next_try_in = age_s(*meter.next_try, now);
  const auto* record = record_of(snapshot, meter.id);
  Json signed_off;
  if (record != nullptr && record->signed_off)
    signed_off = {{"at", format_utc(*record->signed_off)}, {"by", record->signed_by}};
  return {{"id", meter.id},
          {"bus", meter.bus},
          {"unit", meter.unit},
          {"state", state_of(snapshot, meter)},
          {"last_good", time_of(meter.last_good)},
          {"age_s", age_of(now, meter.last_good)},
          {"error", text_of(meter.last_error)},
          {"misses_in_row", meter.misses_in_row},
          {"next_try", time_of(meter.next_try)},
          {"next_try_in_s", std::move(next_try_in)},
          {"polls_good", meter.polls_good},
          {"polls_failed", meter.polls_failed},
          {"timeouts", meter.timeouts},
          {"exceptions", meter.exceptions},
          {"corrupt", meter.corrupt},
          {"slots_skipped", meter.slots_skipped},
          {"foreign", text_of(meter.foreign)},
          {"refused", meter.refused},
          {"doubts", record == nullptr ? Json::array() : json_of(*record)},
          {"signed_off", std::move(signed_off)}};
}

Json json_of(const health::StoreHealth& store, UtcTime now) {
  return {{"folder", store.folder},
          {"epoch", store.epoch},
          {"bytes", store.bytes},
          {"quota_bytes", store.quota_bytes},
          {"days_left", known_number(store.days_left)},
          {"autonomy_days", known_number(store.autonomy_days)},
          {"written_bytes_per_day", known_number(store.written_bytes_per_day)},
          {"flash_years", known_number(store.flash_years)},
          {"batches", store.batches},
          {"oldest", time_of(store.oldest)},
          {"readings_recorded", store.readings_recorded},
          {"commits", store.commits},
          {"last_commit", time_of(store.last_commit)},
          {"last_commit_age_s", age_of(now, store.last_commit)},
          {"evicted", store.evicted},
          {"trouble", text_of(store.trouble)}};
}

Json json_of(const std::vector<health::BackfillHealth>& backfills) {
  Json all = Json::array();
  for (const auto& each : backfills)
    all.push_back({{"id", each.id},
                   {"stream", each.stream},
                   {"batches", each.batches},
                   {"left", each.left},
                   {"since", format_utc(each.since)}});
  return all;
}

Json json_of(const health::UplinkHealth& uplink, UtcTime now) {
  return {{"id", uplink.id},
          {"address", uplink.address},
          {"confirm", uplink.confirm},
          {"connected", uplink.connected},
          {"pending", uplink.pending},
          {"oldest_pending", time_of(uplink.oldest_pending)},
          {"oldest_pending_age_s", age_of(now, uplink.oldest_pending)},
          {"backlog_from", time_of(uplink.backlog_from)},
          {"backlog_in_s", uplink.backlog_from ? Json(age_s(*uplink.backlog_from, now)) : Json()},
          {"last_receipt", time_of(uplink.last_receipt)},
          {"last_receipt_age_s", age_of(now, uplink.last_receipt)},
          {"certificate_until", time_of(uplink.certificate_until)},
          {"certificate_days",
           uplink.certificate_until
               ? Json(std::chrono::floor<std::chrono::days>(*uplink.certificate_until - now).count())
               : Json()},
          {"connects", uplink.connects},
          {"published", uplink.published},
          {"published_bytes", uplink.published_bytes},
          {"confirmed", uplink.confirmed},
          {"resent", uplink.resent},
          {"rejected", uplink.rejected},
          {"copied", uplink.copied},
          {"receipts_refused", uplink.receipts_refused},
          {"dropped_messages", uplink.dropped_messages},
          {"backfilled", uplink.backfilled},
          {"backfills", json_of(uplink.backfills)},
          {"trouble", text_of(uplink.trouble)}};
}

Json json_of(const FacilityView& facility, UtcTime now) {
  const auto in_unit = [&](domain::RunSource source, int exponent) {
    const bool is_it = facility.source == source && facility.now.total;
    return is_it ? Json::parse(format_decimal(*facility.now.total, exponent)) : Json();
  };
  return {{"id", facility.id},
          {"source", name_of(facility.source)},
          {"state", name_of(facility.now.state)},
          {"since", time_of(facility.now.since)},
          {"since_s", age_of(now, facility.now.since)},
          {"power_kw", in_unit(domain::RunSource::power, -6)},
          {"current_a", in_unit(domain::RunSource::current, -3)},
          {"status", in_unit(domain::RunSource::status, 0)},
          {"value_time", time_of(facility.now.total_at)},
          {"value_age_s", age_of(now, facility.now.total_at)},
          {"declared", declared_json(facility.loads)}};
}

Json json_of(const ConfigurationView& configuration) {
  return {{"file", text_of(configuration.file)},
          {"taken", time_of(configuration.taken)},
          {"trouble", text_of(configuration.trouble)}};
}

Json json_of(const std::optional<health::UpdateHealth>& update) {
  if (!update) return nullptr;
  return {{"id", update->id},
          {"from", update->from},
          {"to", text_of(update->to)},
          {"slot", update->slot},
          {"state", text_of(update->state)},
          {"at", format_utc(update->at)},
          {"reason", text_of(update->reason)}};
}

Json json_of(const Finding& finding) {
  return {{"level", finding.level == Finding::Level::error ? "error" : "warning"},
          {"about", finding.about},
          {"what", finding.what},
          {"do", finding.advice}};
}

}  // namespace

std::string status_json(const Snapshot& snapshot) {
  Json status{{"gateway", snapshot.gateway},
              {"version", snapshot.version},
              {"time", format_utc(snapshot.now)},
              {"started", format_utc(snapshot.started)},
              {"uptime_s", snapshot.uptime.count()},
              {"clock", word_of(snapshot.clock)},
              {"recording", is_recording(snapshot)},
              {"configuration", json_of(snapshot.configuration)},
              {"update", json_of(snapshot.update)},
              {"findings", Json::array()},
              {"buses", Json::array()},
              {"meters", Json::array()},
              {"facilities", Json::array()},
              {"load", load_json(snapshot.load, snapshot.now)},
              {"store", json_of(snapshot.store, snapshot.now)},
              {"uplinks", Json::array()},
              {"marks", Json::array()},
              {"directives", Json::parse(snapshot.directives, nullptr, false)}};
  for (const auto& finding : find_faults(snapshot)) status["findings"].push_back(json_of(finding));
  for (const auto& bus : snapshot.buses) status["buses"].push_back(json_of(bus));
  for (const auto& meter : snapshot.meters) status["meters"].push_back(json_of(snapshot, meter));
  for (const auto& facility : snapshot.facilities) status["facilities"].push_back(json_of(facility, snapshot.now));
  for (const auto& uplink : snapshot.uplinks) status["uplinks"].push_back(json_of(uplink, snapshot.now));
  for (const auto& mark : snapshot.marks) status["marks"].push_back(json_of(mark, snapshot.now));
  // What devices and files say may be any bytes: replaced, not thrown at the caller.
  return status.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace jidian::command

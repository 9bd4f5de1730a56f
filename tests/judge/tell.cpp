#include "tell.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "batch.hpp"
#include "record/record.pb.h"

namespace jidian::judge {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Event& event) {
  Json facts = Json::object();
  for (const auto& [name, value] : event.facts) facts[name] = value;
  Json json{{"time_ms", event.time_ms},
            {"kind", event.kind},
            {"subject", event.subject},
            {"text", event.text},
            {"facts", facts}};
  if (event.is_gap)
    json["gap"] = {{"cause", event.gap.cause},
                   {"from_ms", event.gap.from_ms},
                   {"until_ms", event.gap.until_ms},
                   {"missed", event.gap.missed}};
  return json;
}

Json json_of(const v1::Facility& facility) {
  return {{"id", facility.id()},
          {"kind", facility.kind()},
          {"meters", std::vector<std::string>(facility.meters().begin(), facility.meters().end())},
          {"treats", std::vector<std::string>(facility.treats().begin(), facility.treats().end())},
          {"rated_power_w", facility.rated_power_w()},
          {"security_load_w", facility.security_load_w()},
          {"interruptible_w", facility.interruptible_w()},
          {"interruptible_minutes", facility.interruptible_minutes()},
          {"adjustable_w", facility.adjustable_w()},
          {"adjustable_minutes", facility.adjustable_minutes()}};
}

template <class Tell>
void for_each_event(const Ledger& ledger, Tell tell) {
  ledger.for_each([&tell](const Row& row) {
    if (row.key.stream != event_stream || !row.taken) return;
    for (const Event& event : decode_batch(row.bytes).events) tell(event);
  });
}

}  // namespace

void tell_events(const Ledger& ledger, int kind, std::ostream& out) {
  for_each_event(ledger, [&](const Event& event) {
    if (kind == 0 || event.kind == kind) out << json_of(event).dump() << '\n';
  });
}

void tell_manifests(const Ledger& ledger, std::ostream& out) {
  for_each_event(ledger, [&](const Event& event) {
    if (event.manifest.empty()) return;
    v1::Manifest manifest;
    if (!manifest.ParseFromArray(event.manifest.data(), static_cast<int>(event.manifest.size())))
      throw DamagedBatch("a manifest cannot be parsed");
    Json facilities = Json::array();
    for (const auto& facility : manifest.facilities()) facilities.push_back(json_of(facility));
    out << Json{{"time_ms", event.time_ms}, {"facilities", facilities}}.dump() << '\n';
  });
}

}  // namespace jidian::judge

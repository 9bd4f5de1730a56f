#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "scenario.hpp"

namespace jidian::plant {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::initializer_list<std::pair<FeedKind, const char*>> kinds{{FeedKind::load, "load"},
                                                                        {FeedKind::sum, "sum"},
                                                                        {FeedKind::gas, "gas"},
                                                                        {FeedKind::product, "product"},
                                                                        {FeedKind::generation, "generation"}};

// An object whose every key must be asked for: a misspelt key is a mistake, not a default.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) throw ScenarioError(where_ + " must be an object");
  }

  template <class Value>
  void get(const char* key, Value& into) {
    known_.push_back(key);
    const auto found = json_.find(key);
    if (found == json_.end()) return;
    try {
      found->get_to(into);
    } catch (const Json::exception&) {
      throw ScenarioError(where_ + ": '" + key + "' has the wrong type");
    }
  }

  template <class Read>
  void each(const char* key, Read read) {
    known_.push_back(key);
    const auto found = json_.find(key);
    if (found == json_.end()) return;
    if (!found->is_array()) throw ScenarioError(where_ + ": '" + key + "' must be a list");
    for (std::size_t i = 0; i < found->size(); ++i) {
      Reader inner((*found)[i], where_ + "." + key + "[" + std::to_string(i) + "]");
      read(inner);
      inner.finish();
    }
  }

  void finish() const {
    for (const auto& [key, value] : json_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        throw ScenarioError(where_ + ": unknown key '" + key + "'");
  }

 private:
  const Json& json_;
  std::string where_;
  std::vector<std::string> known_;
};

void read_feed(Reader& reader, Feed& feed) {
  std::string kind = "load";
  std::int64_t phase_ms = 0;
  reader.get("id", feed.id);
  reader.get("kind", kind);
  reader.get("shift", feed.program.shift);
  reader.get("cycle", feed.program.cycle);
  reader.get("standby_permille", feed.program.standby_permille);
  reader.get("phase_ms", phase_ms);
  reader.get("rated", feed.rated);
  reader.get("power_factor_permille", feed.power_factor_permille);
  reader.get("initial", feed.initial);
  reader.get("children", feed.children);
  reader.each("outages", [&feed](Reader& item) {
    Outage outage;
    item.get("from_ms", outage.from_ms);
    item.get("to_ms", outage.to_ms);
    item.get("permille", outage.permille);
    item.get("cut", outage.is_cut);
    feed.outages.push_back(outage);
  });
  if (phase_ms < 0) throw ScenarioError("feed '" + feed.id + "': phase_ms must not be negative");
  feed.program.phase = phase_ms / step_ms;
  for (const auto& [value, name] : kinds)
    if (kind == name) {
      feed.kind = value;
      return;
    }
  throw ScenarioError("feed '" + feed.id + "': unknown kind '" + kind + "'");
}

void read_units(Reader& reader, std::vector<Unit>& units) {
  reader.each("units", [&units](Reader& item) {
    Unit unit;
    item.get("unit", unit.unit);
    item.get("meter", unit.meter);
    item.get("model", unit.model);
    item.get("feed", unit.feed);
    item.get("ct", unit.ct);
    item.get("pt_tenths", unit.pt_tenths);
    item.get("ct_ms", unit.ct_ms);
    item.get("ct_after", unit.ct_after);
    item.get("powered_by", unit.powered_by);
    item.get("latency_ms", unit.latency_ms);
    item.get("registers_max", unit.registers_max);
    item.get("swap_ms", unit.swap_ms);
    item.get("swap_shows", unit.swap_shows);
    units.push_back(unit);
  });
}

void read_line(Reader& reader, Line& line) {
  std::string parity(1, line.parity);
  reader.get("id", line.id);
  reader.get("path", line.path);
  reader.get("baud", line.baud);
  reader.get("parity", parity);
  reader.get("stop_bits", line.stop_bits);
  reader.get("strict", line.strict);
  reader.get("worst_latency_ms", line.worst_latency_ms);
  read_units(reader, line.units);
  line.parity = parity.size() == 1 ? parity[0] : '?';
}

void read_endpoint(Reader& reader, Endpoint& endpoint) {
  reader.get("id", endpoint.id);
  reader.get("port", endpoint.port);
  reader.get("absent_answers", endpoint.absent_answers);
  reader.get("connections_max", endpoint.connections_max);
  read_units(reader, endpoint.units);
}

Json format_feed(const Feed& feed) {
  Json out{{"id", feed.id}};
  for (const auto& [value, name] : kinds)
    if (feed.kind == value) out["kind"] = name;
  out["outages"] = Json::array();
  for (const Outage& outage : feed.outages)
    out["outages"].push_back(
        {{"from_ms", outage.from_ms}, {"to_ms", outage.to_ms}, {"permille", outage.permille}, {"cut", outage.is_cut}});
  if (feed.kind == FeedKind::sum) {
    out["children"] = feed.children;
    return out;
  }
  out["shift"] = feed.program.shift;
  out["cycle"] = feed.program.cycle;
  out["standby_permille"] = feed.program.standby_permille;
  out["phase_ms"] = feed.program.phase * step_ms;
  out["rated"] = feed.rated;
  out["power_factor_permille"] = feed.power_factor_permille;
  out["initial"] = feed.initial;
  return out;
}

Json format_units(const std::vector<Unit>& units) {
  Json out = Json::array();
  for (const Unit& unit : units)
    out.push_back({{"unit", unit.unit},
                   {"meter", unit.meter},
                   {"model", unit.model},
                   {"feed", unit.feed},
                   {"ct", unit.ct},
                   {"pt_tenths", unit.pt_tenths},
                   {"ct_ms", unit.ct_ms},
                   {"ct_after", unit.ct_after},
                   {"powered_by", unit.powered_by},
                   {"latency_ms", unit.latency_ms},
                   {"registers_max", unit.registers_max},
                   {"swap_ms", unit.swap_ms},
                   {"swap_shows", unit.swap_shows}});
  return out;
}

}  // namespace

Scenario parse_scenario(std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    throw ScenarioError(std::string("the scenario is no JSON: ") + error.what());
  }
  Scenario out;
  Reader reader(json, "scenario");
  reader.get("name", out.name);
  reader.get("seed", out.seed);
  reader.get("start_ms", out.start_ms);
  reader.get("utc_offset_minutes", out.utc_offset_minutes);
  reader.get("schedule_shift_ms", out.schedule_shift_ms);
  reader.each("feeds", [&out](Reader& item) { read_feed(item, out.feeds.emplace_back()); });
  reader.each("lines", [&out](Reader& item) { read_line(item, out.lines.emplace_back()); });
  reader.each("tcp", [&out](Reader& item) { read_endpoint(item, out.endpoints.emplace_back()); });
  reader.each("faults", [&out](Reader& item) {
    FaultLine& fault = out.faults.emplace_back();
    item.get("target", fault.target);
    item.get("fault", fault.text);
  });
  reader.finish();
  check_scenario(out);
  return out;
}

std::string format_scenario(const Scenario& scenario) {
  Json out{{"name", scenario.name},
           {"seed", scenario.seed},
           {"start_ms", scenario.start_ms},
           {"utc_offset_minutes", scenario.utc_offset_minutes},
           {"schedule_shift_ms", scenario.schedule_shift_ms},
           {"feeds", Json::array()},
           {"lines", Json::array()},
           {"tcp", Json::array()},
           {"faults", Json::array()}};
  for (const Feed& feed : scenario.feeds) out["feeds"].push_back(format_feed(feed));
  for (const Line& line : scenario.lines)
    out["lines"].push_back({{"id", line.id},
                            {"path", line.path},
                            {"baud", line.baud},
                            {"parity", std::string(1, line.parity)},
                            {"stop_bits", line.stop_bits},
                            {"strict", line.strict},
                            {"worst_latency_ms", line.worst_latency_ms},
                            {"units", format_units(line.units)}});
  for (const Endpoint& endpoint : scenario.endpoints)
    out["tcp"].push_back({{"id", endpoint.id},
                          {"port", endpoint.port},
                          {"absent_answers", endpoint.absent_answers},
                          {"connections_max", endpoint.connections_max},
                          {"units", format_units(endpoint.units)}});
  for (const FaultLine& fault : scenario.faults)
    out["faults"].push_back({{"target", fault.target}, {"fault", fault.text}});
  return out.dump(2) + "\n";
}

}  // namespace jidian::plant

#include <array>

#include "hash.hpp"
#include "scenario.hpp"

namespace jidian::plant {
namespace {

Feed load(const std::string& id, const Program& program, std::int64_t watts, std::int64_t kwh,
          std::int64_t power_factor_permille = 860) {
  Feed feed;
  feed.id = id;
  feed.program = program;
  feed.rated = watts;
  feed.initial = kwh;
  feed.power_factor_permille = power_factor_permille;
  return feed;
}

Unit meter(int unit, const std::string& id, const std::string& model, const std::string& feed, std::int64_t ct,
           int latency_ms) {
  Unit out;
  out.unit = unit;
  out.meter = id;
  out.model = model;
  out.feed = feed;
  out.ct = ct;
  out.latency_ms = latency_ms;
  return out;
}

// A small foundry: an induction furnace around the clock, a moulding line in two shifts, and their treatment.
Scenario demo() {
  Scenario out;
  out.name = "demo";
  out.seed = 20260101;
  out.feeds.push_back(load("furnace-1", {"three", "furnace", 12, 0}, 630'000, 1'482'310, 950));
  out.feeds.push_back(load("moulding-1", {"two", "press", 25, 0}, 90'000, 211'904));
  out.feeds.push_back(load("bag-filter-1", {"three", "bag-filter", 8, 0}, 75'000, 396'120, 840));
  out.feeds.push_back(load("voc-1", {"two-treatment", "voc", 10, 0}, 45'000, 118'455, 880));
  out.feeds.push_back(load("compressor-1", {"three", "compressor", 30, 0}, 55'000, 240'018, 850));
  Feed transformer;
  transformer.id = "transformer-1";
  transformer.kind = FeedKind::sum;
  transformer.children = {"furnace-1", "moulding-1", "bag-filter-1", "voc-1", "compressor-1"};
  out.feeds.push_back(transformer);
  Feed castings;
  castings.id = "castings";
  castings.kind = FeedKind::product;
  castings.program = {"two", "steady", 0, 0};
  castings.rated = 36'000;
  castings.initial = 182'440;
  out.feeds.push_back(castings);
  Feed gas;
  gas.id = "gas-1";
  gas.kind = FeedKind::gas;
  gas.program = {"three", "burner", 50, 0};
  gas.rated = 120'000;
  gas.initial = 61'250;
  out.feeds.push_back(gas);

  Line line;
  line.id = "rtu-1";
  line.units = {meter(1, "furnace-1", "chint-dtsu666", "furnace-1", 240, 12),
                meter(2, "moulding-1", "chint-pd666", "moulding-1", 40, 12),
                meter(3, "bag-filter-1", "acrel-adl400", "bag-filter-1", 30, 15),
                meter(4, "voc-1", "eastron-sdm630", "voc-1", 1, 10)};
  out.lines.push_back(line);
  Endpoint hall;
  hall.id = "tcp-1";
  hall.units = {meter(1, "transformer-1", "siemens-pac3200", "transformer-1", 1, 5),
                meter(2, "compressor-1", "eastron-sdm630", "compressor-1", 1, 8)};
  Endpoint controller;
  controller.id = "tcp-2";
  controller.units = {meter(1, "plc-1", "plc-counter", "castings", 1, 3)};
  Endpoint station;
  station.id = "tcp-3";
  station.units = {meter(1, "gas-1", "fuxin-gas", "gas-1", 1, 10)};
  out.endpoints = {hall, controller, station};
  return out;
}

constexpr std::array programs{"furnace", "press", "bag-filter", "voc", "compressor", "line"};

Feed numbered_load(const std::string& id, int number) {
  const auto spread = static_cast<std::int64_t>(mix(7, static_cast<std::uint64_t>(number)) % 1000);
  const char* cycle = programs[static_cast<std::size_t>(number) % programs.size()];
  return load(id, {"always", cycle, 20, number * 37}, 20'000 + 180 * spread, 1'000 + 97 * spread);
}

Scenario load20() {
  Scenario out;
  out.name = "load20";
  out.seed = 20;
  for (int number = 1; number <= 20; ++number) {
    const std::string id = "meter-" + std::to_string(number);
    out.feeds.push_back(numbered_load(id, number));
    Endpoint endpoint;
    endpoint.id = "tcp-" + std::to_string(number);
    endpoint.units = {meter(1, id, "eastron-sdm630", id, 1, 0)};
    out.endpoints.push_back(endpoint);
  }
  return out;
}

Scenario line8() {
  Scenario out;
  out.name = "line8";
  out.seed = 8;
  Line line;
  line.id = "rtu-1";
  for (int number = 1; number <= 8; ++number) {
    const std::string id = "meter-" + std::to_string(number);
    out.feeds.push_back(numbered_load(id, number));
    line.units.push_back(meter(number, id, "eastron-sdm630", id, 1, 0));
  }
  out.lines.push_back(line);
  return out;
}

Scenario wide() {
  constexpr int endpoints = 256;
  constexpr int meters = 2000;
  constexpr std::array models{"eastron-sdm630", "chint-dtsu666",   "acrel-adl400",       "siemens-pac3200",
                              "chint-pd666",    "janitza-umg96rm", "carlogavazzi-em340", "schneider-iem3155"};
  Scenario out;
  out.name = "wide";
  out.seed = 256;
  for (int number = 1; number <= endpoints; ++number) {
    Endpoint endpoint;
    endpoint.id = "tcp-" + std::to_string(number);
    out.endpoints.push_back(endpoint);
  }
  for (int number = 0; number < meters; ++number) {
    const std::string id = "meter-" + std::to_string(number + 1);
    out.feeds.push_back(numbered_load(id, number));
    std::vector<Unit>& units = out.endpoints[static_cast<std::size_t>(number % endpoints)].units;
    const char* model = models[static_cast<std::size_t>(number / endpoints) % models.size()];
    units.push_back(meter(static_cast<int>(units.size()) + 1, id, model, id, 20, 0));
  }
  return out;
}

}  // namespace

std::vector<std::string> builtin_names() {
  return {"demo", "load20", "line8", "wide"};
}

Scenario builtin_scenario(std::string_view name) {
  if (name == "demo") return demo();
  if (name == "load20") return load20();
  if (name == "line8") return line8();
  if (name == "wide") return wide();
  throw ScenarioError("unknown built-in scenario '" + std::string(name) + "'");
}

}  // namespace jidian::plant

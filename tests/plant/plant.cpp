#include "plant.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

namespace jidian::plant {
namespace {

using Json = nlohmann::ordered_json;

const Scenario& checked_scenario(const Scenario& scenario) {
  check_scenario(scenario);
  return scenario;
}

Json to_json(const MeterStats& stats) {
  Json faults = Json::object();
  for (std::size_t kind = 0; kind < fault_kinds; ++kind)
    if (const std::uint64_t hits = stats.faults[kind].load(); hits > 0)
      faults[name_of(FaultKind{static_cast<int>(kind)})] = hits;
  return {{"requests", stats.requests.load()},
          {"replies", stats.replies.load()},
          {"exceptions", stats.exceptions.load()},
          {"registers", stats.registers.load()},
          {"forbidden_functions", stats.forbidden_functions.load()},
          {"faults", faults}};
}

Json to_json(const BusStats& stats, bool is_line) {
  Json out{{"bytes_in", stats.bytes_in.load()},
           {"bytes_out", stats.bytes_out.load()},
           {"bad_frames", stats.bad_frames.load()},
           {"absent_requests", stats.absent_requests.load()}};
  if (is_line)
    out.update({{"silence_violations", stats.silence_violations.load()},
                {"collisions", stats.collisions.load()},
                {"deaf_requests", stats.deaf_requests.load()},
                {"wire_busy_us", stats.wire_busy_us.load()},
                {"overdue", stats.overdue.load()},
                {"left", stats.left.load()}});
  else
    out.update({{"connections", stats.connections.load()},
                {"refused", stats.refused.load()},
                {"resets", stats.resets.load()}});
  return out;
}

bool has_target(const Scenario& scenario, const std::string& target) {
  const auto in_units = [&](const std::vector<Unit>& units) {
    return std::any_of(units.begin(), units.end(), [&](const Unit& unit) { return unit.meter == target; });
  };
  const auto in = [&](const auto& buses) {
    return std::any_of(buses.begin(), buses.end(),
                       [&](const auto& bus) { return bus.id == target || in_units(bus.units); });
  };
  return target == "*" || in(scenario.lines) || in(scenario.endpoints);
}

}  // namespace

Plant::Plant(const Scenario& scenario, const Options& options)
    : scenario_(checked_scenario(scenario)),
      options_(options),
      world_(scenario_),
      faults_(scenario_.seed),
      responder_(world_, faults_, scenario_.seed),
      tcp_(responder_, faults_) {
  for (const FaultLine& fault : scenario_.faults) faults_.set(fault.target, parse_fault(fault.text));
  for (Endpoint& endpoint : scenario_.endpoints) {
    Port& port = tcp_.add(endpoint);
    endpoint.port = port.number;
    attach(port.bus, endpoint.units);
  }
  for (Line& line : scenario_.lines) {
    const std::filesystem::path path = line.path.empty() ? line.id : line.path;
    line.path = std::filesystem::absolute(path.is_absolute() ? path : options.folder / path).lexically_normal();
    lines_.push_back(std::make_unique<RtuLine>(line, line.path, responder_, faults_));
    attach(lines_.back()->bus(), line.units);
  }
  if (!options.control.empty())
    tcp_.add_control(options.control, [this](const std::string& line) { return command(line); });
  threads_.emplace_back([this] { tcp_.run(); });
  for (const auto& line : lines_) threads_.emplace_back([&served = *line] { served.run(); });
}

Plant::~Plant() {
  tcp_.stop();
  for (const auto& line : lines_) line->stop();
  for (std::thread& thread : threads_) thread.join();
}

void Plant::attach(Bus& bus, const std::vector<Unit>& units) {
  for (const Unit& unit : units) {
    devices_.push_back(std::make_unique<Device>());
    Device& device = *devices_.back();
    device.unit = &unit;
    device.model = &model(unit.model);
    device.feed = world_.feed(unit.feed);
    if (!unit.powered_by.empty()) device.powered_by = world_.feed(unit.powered_by);
    bus.units[static_cast<std::size_t>(unit.unit)] = &device;
  }
}

std::string Plant::ports_json() const {
  Json out{{"pid", ::getpid()}, {"control", options_.control}, {"tcp", Json::array()}, {"lines", Json::array()}};
  for (const Endpoint& endpoint : scenario_.endpoints)
    out["tcp"].push_back({{"id", endpoint.id}, {"port", endpoint.port}});
  for (const Line& line : scenario_.lines) out["lines"].push_back({{"id", line.id}, {"path", line.path}});
  return out.dump() + "\n";
}

std::string Plant::stats_json() const {
  Json out{{"meters", Json::object()}, {"tcp", Json::object()}, {"lines", Json::object()}};
  std::uint64_t requests = 0;
  std::uint64_t replies = 0;
  std::uint64_t forbidden = 0;
  for (const auto& device : devices_) {
    out["meters"][device->unit->meter] = to_json(device->stats);
    requests += device->stats.requests.load();
    replies += device->stats.replies.load();
    forbidden += device->stats.forbidden_functions.load();
  }
  for (const auto& port : tcp_.ports()) out["tcp"][port->bus.id] = to_json(port->bus.stats, false);
  for (const auto& line : lines_) out["lines"][line->bus().id] = to_json(line->bus().stats, true);
  out["total"] = {{"requests", requests}, {"replies", replies}, {"forbidden_functions", forbidden}};
  return out.dump();
}

std::string Plant::command(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  std::string target;
  std::string rest;
  words >> verb >> target;
  std::getline(words >> std::ws, rest);
  if (verb == "stats") return stats_json();
  if (verb == "now") return std::to_string(step_at(utc_ms()) * step_ms);
  if (verb == "stop") {
    stop_asked_.store(true);
    return "ok";
  }
  if (verb == "faults") {
    Json out = Json::object();
    for (const auto& [name, faults] : faults_.all())
      for (const Fault& fault : faults)
        out[name].push_back(
            {{"kind", name_of(fault.kind)}, {"probability", fault.probability}, {"argument", fault.argument}});
    return out.dump();
  }
  if (verb != "fault") return "error: say fault, faults, stats, now or stop";
  if (!has_target(scenario_, target)) return "error: no meter, line or endpoint is called '" + target + "'";
  try {
    if (rest == "clear")
      faults_.clear(target);
    else
      faults_.set(target, parse_fault(rest));
  } catch (const ScenarioError& error) {
    return std::string("error: ") + error.what();
  }
  return "ok";
}

}  // namespace jidian::plant

#include "scenario.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "faults.hpp"
#include "model.hpp"

namespace jidian::plant {
namespace {

// 20 MW at 10 mW for 14 years still fits a counter.
constexpr std::int64_t rated_max = 20'000'000;

void require(bool holds, const std::string& sentence) {
  if (!holds) throw ScenarioError(sentence);
}

void check_feed(const Feed& feed, const std::set<std::string>& before) {
  const std::string name = "feed '" + feed.id + "': ";
  require(!feed.id.empty(), "a feed has no id");
  require(before.count(feed.id) == 0, name + "the id is used twice");
  require(feed.rated >= 0 && feed.rated <= rated_max, name + "rated must be in [0, 20000000]");
  require(feed.kind == FeedKind::sum || feed.rated > 0, name + "rated must be above 0");
  require(feed.kind != FeedKind::generation || (feed.program.shift == "never" && feed.program.standby_permille == 0),
          name + "generation needs shift never and standby_permille 0; its outages say what it gives");
  require(feed.power_factor_permille >= 100 && feed.power_factor_permille <= 1000,
          name + "power_factor_permille must be in [100, 1000]");
  require(feed.program.standby_permille >= 0 && feed.program.standby_permille <= 1000,
          name + "standby_permille must be in [0, 1000]");
  for (const std::string& child : feed.children)
    require(before.count(child) == 1, name + "child '" + child + "' does not stand before it");
  for (const Outage& outage : feed.outages)
    require(outage.from_ms < outage.to_ms && outage.permille >= 0 && outage.permille <= 1000,
            name + "an outage must end after it begins and be in [0, 1000] permille");
  for (const Outage& outage : feed.outages)
    require(outage.is_cut ? outage.permille == 0 : feed.kind != FeedKind::sum,
            name + "a cut has no permille, and a sum has no outages but cuts");
  (void)Schedule(feed.program, 0);
}

// The least it takes at any time, noise included: W.
std::int64_t least_of(const Feed& feed) {
  constexpr std::int64_t noise_permille = 64;
  std::int64_t level = Schedule(feed.program, 0).least() - noise_permille;
  for (const Outage& outage : feed.outages) level = std::min(level, outage.permille);
  return feed.rated * std::max<std::int64_t>(level, 0) / 1000;
}

// Import and export are sums in closed form only where the direction is that of a whole outage.
void check_directions(const Scenario& scenario, const Feed& sum) {
  const std::string name = "feed '" + sum.id + "': ";
  const Feed* generation = nullptr;
  std::int64_t most = 0;
  std::int64_t least = 0;
  for (const Feed& feed : scenario.feeds) {
    if (std::find(sum.children.begin(), sum.children.end(), feed.id) == sum.children.end()) continue;
    if (feed.kind != FeedKind::generation) {
      most += feed.rated;
      least += least_of(feed);
      continue;
    }
    require(generation == nullptr, name + "more than one child is a generator");
    generation = &feed;
  }
  if (generation == nullptr) return;
  for (const Feed& feed : scenario.feeds) {
    const bool is_child = std::find(sum.children.begin(), sum.children.end(), feed.id) != sum.children.end();
    const bool is_above = std::find(feed.children.begin(), feed.children.end(), sum.id) != feed.children.end();
    require(!is_above && !(is_child && feed.kind == FeedKind::sum),
            name + "beside a generator stand loads only, and above it nothing");
  }
  for (const Outage& outage : generation->outages) {
    const std::int64_t given = generation->rated * outage.permille / 1000;
    require(given * 10 > most * 12 || given * 10 < least * 9 || given == 0,
            name + std::to_string(given) + " W of generation is neither clearly above the " + std::to_string(most) +
                " W its other children take at most nor clearly below the " + std::to_string(least) +
                " W they take at least");
  }
}

void check_units(const std::vector<Unit>& units, const std::string& where, const std::set<std::string>& feeds,
                 std::set<std::string>& names) {
  std::set<int> addresses;
  for (const Unit& unit : units) {
    const std::string name = where + ", meter '" + unit.meter + "': ";
    require(!unit.meter.empty() && names.insert(unit.meter).second, name + "the id must be unique and not empty");
    require(unit.unit >= 0 && unit.unit <= 255 && addresses.insert(unit.unit).second,
            name + "unit must be in [0, 255] and unique there");
    require(feeds.count(unit.feed) == 1, name + "unknown feed '" + unit.feed + "'");
    require(unit.ct >= 1 && unit.ct <= 9999 && unit.pt_tenths >= 1, name + "ct and pt_tenths must be positive");
    require(unit.ct_ms == 0 || (unit.ct_after >= 1 && unit.ct_after <= 9999 && unit.swap_ms == 0),
            name + "ct_ms needs a positive ct_after, and no swap_ms beside it");
    require(unit.powered_by.empty() || feeds.count(unit.powered_by) == 1,
            name + "unknown feed '" + unit.powered_by + "'");
    require(unit.latency_ms >= 0 && unit.registers_max >= 0,
            name + "latency_ms and registers_max must not be negative");
    (void)model(unit.model);
  }
}

}  // namespace

void check_scenario(const Scenario& scenario) {
  require(scenario.utc_offset_minutes % 10 == 0, "utc_offset_minutes must be a multiple of 10");
  std::set<std::string> feeds;
  for (const Feed& feed : scenario.feeds) {
    check_feed(feed, feeds);
    feeds.insert(feed.id);
  }
  for (const Feed& feed : scenario.feeds)
    if (feed.kind == FeedKind::sum) check_directions(scenario, feed);
  std::set<std::string> names;
  for (const Line& line : scenario.lines) {
    const std::string where = "line '" + line.id + "'";
    require(names.insert(line.id).second, where + ": the id is used twice");
    require(line.baud >= 300 && line.baud <= 921'600, where + ": baud must be in [300, 921600]");
    require(std::string("NEO").find(line.parity) != std::string::npos, where + ": parity must be N, E or O");
    require(line.stop_bits == 1 || line.stop_bits == 2, where + ": stop_bits must be 1 or 2");
    require(line.worst_latency_ms >= 0, where + ": worst_latency_ms must not be negative");
    check_units(line.units, where, feeds, names);
  }
  for (const Endpoint& endpoint : scenario.endpoints) {
    const std::string where = "endpoint '" + endpoint.id + "'";
    require(names.insert(endpoint.id).second, where + ": the id is used twice");
    require(endpoint.port >= 0 && endpoint.port <= 65'535, where + ": port must be in [0, 65535]");
    check_units(endpoint.units, where, feeds, names);
  }
  for (const FaultLine& fault : scenario.faults) {
    require(fault.target == "*" || names.count(fault.target) == 1, "fault: unknown target '" + fault.target + "'");
    (void)parse_fault(fault.text);
  }
}

Scenario load_scenario(const std::string& name_or_path) {
  const std::vector<std::string> names = builtin_names();
  if (std::find(names.begin(), names.end(), name_or_path) != names.end()) return builtin_scenario(name_or_path);
  std::ifstream file(name_or_path);
  if (!file) throw ScenarioError("no built-in scenario and no readable file is called '" + name_or_path + "'");
  std::ostringstream text;
  text << file.rdbuf();
  return parse_scenario(text.str());
}

}  // namespace jidian::plant

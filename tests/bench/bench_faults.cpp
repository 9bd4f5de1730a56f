// How many values are false when a plant of serial lines and Modbus/TCP endpoints does everything wrong that can be
// detected: late, held back, foreign, doubled, torn and garbled replies. What is true, the plant's own model says.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "modbus/bus.hpp"
#include "plant/plant.hpp"
#include "plant/truth.hpp"
#include "tests/bench/figure.hpp"

namespace {

using namespace jidian;

constexpr int wires = 16;  ///< Of each kind.
constexpr int units = 4;   ///< On each wire.
constexpr Millis response{40};
constexpr Millis latency{140};

struct Tally {
  std::atomic<long> transactions{0};
  std::atomic<long> values{0};
  std::atomic<long> wrong{0};
};

std::string meter_of(const std::string& wire, int unit) {
  return wire + "-meter-" + std::to_string(unit);
}

plant::Scenario make_scenario() {
  plant::Scenario scenario = plant::builtin_scenario("line8");
  const plant::Unit pattern = scenario.lines[0].units[0];
  const auto units_of = [&](const std::string& wire) {
    std::vector<plant::Unit> made;
    for (int unit = 1; unit <= units; ++unit) {
      plant::Unit& next = made.emplace_back(pattern);
      next.unit = unit;
      next.meter = meter_of(wire, unit);
      next.feed = scenario.feeds[static_cast<std::size_t>(unit)].id;
    }
    return made;
  };
  scenario.lines.clear();
  for (int n = 0; n < wires; ++n) {
    plant::Line& line = scenario.lines.emplace_back();
    line.id = "line-" + std::to_string(n);
    line.baud = 115'200;
    line.units = units_of(line.id);
    plant::Endpoint& endpoint = scenario.endpoints.emplace_back();
    endpoint.id = "tcp-" + std::to_string(n);
    endpoint.units = units_of(endpoint.id);
  }
  // Probabilities are tried in turn; late and held-back replies have the unit, function and length of a true one.
  for (const char* fault :
       {"late_reply 0.10 70ms", "delay 0.05 60ms", "stale 0.05", "silence 0.01", "exception 0.01 6", "wrong_unit 0.02",
        "wrong_transaction 0.02", "bad_crc 0.02", "truncated 0.01", "glued 0.02", "echo 0.01"})
    scenario.faults.push_back({"*", fault});
  return scenario;
}

std::int64_t now_ms() {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now()).time_since_epoch().count();
}

/// Reads blocks of one length, each another one than before, and compares with what the meter showed meanwhile.
void work(acquire::Bus& bus, const std::string& wire, const plant::Scenario& scenario, long transactions,
          Tally& tally) {
  plant::Truth truth(scenario);
  std::vector<std::uint16_t> words(10);
  for (long n = 0; n < transactions; ++n) {
    if (!bus.is_open() && !bus.open({})) continue;
    const int unit = 1 + static_cast<int>(n % units);
    const auto first = static_cast<std::uint16_t>(n * 2 % 60);
    const std::int64_t start = now_ms();
    const auto done = bus.read(static_cast<std::uint8_t>(unit), {meter::Table::input, first, 10}, words);
    const std::int64_t end = now_ms();
    ++tally.transactions;
    if (!done) continue;
    ++tally.values;
    if (!truth.showed(meter_of(wire, unit), plant::Table::input, first, words, start, end)) ++tally.wrong;
  }
}

void report(const char* kind, const Tally& tally) {
  const std::string unit = "in " + std::to_string(tally.transactions.load());
  bench::print_figure((std::string("faults.wrong.") + kind).c_str(), {static_cast<double>(tally.wrong.load())},
                      unit.c_str());
  std::printf("  %ld values in %ld transactions\n", tally.values.load(), tally.transactions.load());
}

int run(const std::string& folder, long transactions) {
  const plant::Plant plant(make_scenario(), {folder, ""});
  const auto ports = nlohmann::json::parse(plant.ports_json());
  Tally rtu;
  Tally tcp;
  {
    std::vector<std::jthread> workers;
    for (const auto& line : ports.at("lines"))
      workers.emplace_back([&, id = line.at("id").get<std::string>(), path = line.at("path").get<std::string>()] {
        const auto bus = modbus::make_serial_bus({path, {{115'200, meter::Parity::none, 1}, response, latency}});
        work(*bus, id, plant.scenario(), transactions / wires / 4, rtu);
      });
    for (const auto& endpoint : ports.at("tcp"))
      workers.emplace_back(
          [&, id = endpoint.at("id").get<std::string>(), port = endpoint.at("port").get<std::uint16_t>()] {
            const auto bus = modbus::make_tcp_bus({"127.0.0.1", port, Millis{2'000}, response});
            work(*bus, id, plant.scenario(), transactions / wires * 3 / 4, tcp);
          });
  }
  report("rtu", rtu);
  report("tcp", tcp);

  long late = 0;
  long other = 0;
  const auto stats = nlohmann::json::parse(plant.stats_json());
  for (const auto& meter : stats.at("meters"))
    for (const auto& [kind, count] : meter.at("faults").items())
      (kind == "late_reply" || kind == "stale" || kind == "delay" ? late : other) += count.get<long>();
  const auto forbidden = stats.at("total").at("forbidden_functions").get<long>();
  std::printf("  faults: %ld late replies of the right shape, %ld others; requests that were no read: %ld\n", late,
              other, forbidden);
  return rtu.wrong == 0 && tcp.wrong == 0 && forbidden == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = std::filesystem::temp_directory_path() / "jidian-bench-faults-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const int code = run(folder, argc > 1 ? std::atol(argv[1]) : 100'000);
  std::filesystem::remove_all(folder);
  return code;
}

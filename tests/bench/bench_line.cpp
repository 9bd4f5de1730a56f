// How much of a 9600-baud line carries characters when eight meters of forty registers are read back to back, with the
// silences of the protocol kept: measured by the simulated plant at its end of the wire.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "modbus/bus.hpp"
#include "plant/plant.hpp"
#include "plant/scenario.hpp"
#include "tests/bench/figure.hpp"

namespace {

using jidian::Millis;
using jidian::meter::Registers;
using jidian::meter::Table;
using Steady = std::chrono::steady_clock;

constexpr Registers block{Table::input, 0, 40};

struct Counts {
  double busy_us;
  std::uint64_t violations;
  std::uint64_t collisions;
};

Counts counts_of(const jidian::plant::Plant& plant) {
  const auto line = nlohmann::json::parse(plant.stats_json()).at("lines").begin().value();
  return {line.at("wire_busy_us").get<double>(), line.at("silence_violations").get<std::uint64_t>(),
          line.at("collisions").get<std::uint64_t>()};
}

/// Reads round after round for `time`; the number of reads that failed, after those that went well.
std::pair<int, int> read_rounds(jidian::acquire::Bus& bus, std::chrono::seconds time) {
  std::vector<std::uint16_t> words(block.count);
  int good = 0;
  int failed = 0;
  for (const auto end = Steady::now() + time; Steady::now() < end;)
    for (std::uint8_t unit = 1; unit <= 8; ++unit) ++(bus.read(unit, block, words) ? good : failed);
  return {good, failed};
}

int run(const std::string& folder, std::chrono::seconds time) {
  const jidian::plant::Plant plant(jidian::plant::builtin_scenario("line8"), {folder, ""});
  const auto lines = nlohmann::json::parse(plant.ports_json()).at("lines");
  jidian::modbus::SerialOptions options;
  options.device = lines.at(0).at("path").get<std::string>();
  const auto bus = jidian::modbus::make_serial_bus(options);
  if (const auto opened = bus->open({}); !opened) {
    std::fprintf(stderr, "%s\n", opened.error().message().c_str());
    return 1;
  }
  read_rounds(*bus, std::chrono::seconds{1});
  const Counts before = counts_of(plant);
  const auto began = Steady::now();
  const auto [good, failed] = read_rounds(*bus, time);
  const double elapsed_us = std::chrono::duration<double, std::micro>(Steady::now() - began).count();
  const Counts after = counts_of(plant);

  const double used = (after.busy_us - before.busy_us) / elapsed_us;
  const auto violations = after.violations - before.violations + after.collisions - before.collisions;
  // 8 + 85 characters on the wire and 7 characters of silence: 93 % is all there is.
  jidian::bench::print_figure("line.used", {used * 100}, "%");
  std::printf("  8 meters x 40 registers for %lld s: %d reads, %d failed, %llu silences violated\n",
              static_cast<long long>(time.count()), good, failed, static_cast<unsigned long long>(violations));
  return failed == 0 && violations == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = std::filesystem::temp_directory_path() / "jidian-bench-line-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 30;
  const int code = run(folder, std::chrono::seconds{seconds});
  std::filesystem::remove_all(folder);
  return code;
}

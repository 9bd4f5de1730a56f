// How many values are false when serial lines, lines behind device servers and Modbus/TCP endpoints do everything wrong
// that can be detected: late, held back, foreign, doubled, torn and garbled replies. Beside it: how many of the clean
// transactions are accepted, and how soon after a fault there is a value again. What is true, the plant's own model
// says.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "modbus/bus.hpp"
#include "plant/plant.hpp"
#include "plant/truth.hpp"
#include "tests/bench/figure.hpp"
#include "tests/bench/frame_noise.hpp"
#include "tests/integration/modbus/device_server.hpp"

namespace {

using namespace jidian;
using Steady = std::chrono::steady_clock;

constexpr int kinds = 3;
constexpr int wires = 48;            ///< Of each kind; each of them mostly waits.
constexpr int units = 4;             ///< On each wire.
constexpr int reads_of_a_unit = 16;  ///< One after the other: what is late from the one has the shape of the next.
constexpr Millis response{40};
constexpr Millis latency{180};
/// What the plant keeps by its own clock, and how long a device server may let a byte wait: less than the latency, as
/// this machine may let any of them wait.
constexpr Millis plant_latency{110};
constexpr Millis server_patience{45};
/// A slot of such a wire: one transaction, its time-out and its bytes included.
constexpr Millis slot{50};
constexpr modbus::SerialTiming timing{{115'200, meter::Parity::none, 1}, response, latency};

/// What one wire, or all of a kind, came to.
struct Tally {
  long transactions = 0;
  long values = 0;
  long wrong = 0;
  long clean = 0;
  long clean_accepted = 0;
  long traps = 0;  ///< Followed a late or foreign reply, or came with one, of its own unit, function and length.
  std::vector<double> recoveries_ms;   ///< From the start of a failed transaction to the end of the next value.
  std::map<std::string, long> losses;  ///< Why clean transactions gave no value.

  void add(const Tally& more) {
    transactions += more.transactions;
    values += more.values;
    wrong += more.wrong;
    clean += more.clean;
    clean_accepted += more.clean_accepted;
    traps += more.traps;
    recoveries_ms.insert(recoveries_ms.end(), more.recoveries_ms.begin(), more.recoveries_ms.end());
    for (const auto& [why, count] : more.losses) losses[why] += count;
  }
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
  const auto add_line = [&](const std::string& id) {
    plant::Line& line = scenario.lines.emplace_back();
    line.id = id;
    line.baud = 115'200;
    line.worst_latency_ms = static_cast<int>(plant_latency.count());
    line.strict = false;  // a device server's line has no peer whose settings could be seen
    line.units = units_of(id);
    scenario.faults.push_back({id, "flip 0.02 3"});  // Modbus/TCP has no checksum that would show it
  };
  for (int n = 0; n < wires; ++n) {
    add_line("rtu-" + std::to_string(n));
    add_line("rtu_over_tcp-" + std::to_string(n));
    plant::Endpoint& endpoint = scenario.endpoints.emplace_back();
    endpoint.id = "tcp-" + std::to_string(n);
    endpoint.units = units_of(endpoint.id);
  }
  // Probabilities are tried in turn; late and held-back replies have the unit, function and length of a true one. What
  // no master can tell is left out: a reply later than the worst latency that comes alone, in the place of the answer.
  for (const char* fault :
       {"late_reply 0.12 70ms", "delay 0.06 60ms", "stale 0.06", "silence 0.01", "exception 0.01 6", "wrong_unit 0.02",
        "wrong_transaction 0.02", "bad_crc 0.02", "truncated 0.01", "glued 0.02", "echo 0.01"})
    scenario.faults.push_back({"*", fault});
  return scenario;
}

std::int64_t now_ms() {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now()).time_since_epoch().count();
}

double ms_between(Steady::time_point from, Steady::time_point until) {
  return std::chrono::duration<double, std::milli>(until - from).count();
}

/// Knows which requests of a wire the plant will have struck: its choice depends on the meter and the number of the
/// request only.
class Oracle {
 public:
  Oracle(plant::Plant& plant, std::string wire)
      : faults_(plant.faults()), wire_(std::move(wire)), is_tcp_(wire_.starts_with("tcp")) {}

  /// Whether nothing was done to the next request to `unit`, and nothing that was held back comes with its answer.
  bool next_is_clean(int unit) {
    const auto fault = faults_.choose(meter_of(wire_, unit), wire_, sent_[static_cast<std::size_t>(unit)]++);
    const bool clean = !fault && !held_;
    held_ = fault && (fault->kind == FaultKind::stale || (held_ && fault->kind == FaultKind::silence));
    traps_ += late_unit_ == unit || (fault && brings_a_foreign_one(fault->kind)) ? 1 : 0;
    late_unit_ = fault && is_late(fault->kind) ? unit : 0;
    return clean;
  }

  /// Requests that met a reply of another one, with their own unit, function and length.
  long traps() const { return traps_; }

 private:
  using FaultKind = plant::FaultKind;

  static bool is_late(FaultKind kind) {
    return kind == FaultKind::late_reply || kind == FaultKind::delay || kind == FaultKind::stale;
  }

  bool brings_a_foreign_one(FaultKind kind) const {
    return kind == FaultKind::glued || (is_tcp_ && kind == FaultKind::wrong_transaction);
  }

  plant::FaultBoard& faults_;
  std::string wire_;
  std::array<std::uint64_t, units + 1> sent_{};
  bool is_tcp_;
  bool held_ = false;
  int late_unit_ = 0;  ///< Whose reply to the request before comes late; 0: nobody's.
  long traps_ = 0;
};

/// Reads blocks of one length, each another one than before, and compares with what the meter showed meanwhile.
Tally work(acquire::Bus& bus, const std::string& wire, plant::Plant& plant, long transactions) {
  plant::Truth truth(plant.scenario());
  Oracle oracle(plant, wire);
  Tally tally;
  std::vector<std::uint16_t> words(10);
  bool recovering = false;
  Steady::time_point failed_at{};
  for (long n = 0; n < transactions; ++n) {
    const int unit = 1 + static_cast<int>(n / reads_of_a_unit % units);
    const auto first = static_cast<std::uint16_t>(n * 2 % 60);
    const auto began = Steady::now();
    if (!bus.is_open() && !bus.open({})) continue;
    const auto asked = bus.counters().requests;
    const std::int64_t start = now_ms();
    const auto done = bus.read(static_cast<std::uint8_t>(unit), {meter::Table::input, first, 10}, words);
    const std::int64_t end = now_ms();
    ++tally.transactions;
    // A request that was not even sent (the line was not silent) is no transaction of the meter, and no clean one.
    const bool clean = bus.counters().requests != asked && oracle.next_is_clean(unit);
    tally.clean += clean ? 1 : 0;
    if (!done) {
      if (clean) ++tally.losses[done.error().message()];
      // Each fault has its own time: a run of them is measured from its last one.
      if (done.error().kind() == ErrorKind::refused) continue;
      recovering = true;
      failed_at = began;
      continue;
    }
    tally.clean_accepted += clean ? 1 : 0;
    ++tally.values;
    if (!truth.showed(meter_of(wire, unit), plant::Table::input, first, words, start, end)) ++tally.wrong;
    if (recovering) tally.recoveries_ms.push_back(ms_between(failed_at, Steady::now()));
    recovering = false;
  }
  tally.traps = oracle.traps();
  return tally;
}

void report(const std::string& kind, Tally& tally) {
  const std::string name = "faults.";
  bench::print_figure((name + "wrong." + kind).c_str(), {static_cast<double>(tally.wrong)},
                      ("in " + std::to_string(tally.transactions)).c_str());
  bench::print_figure(
      (name + "accepted." + kind).c_str(),
      {100.0 * static_cast<double>(tally.clean_accepted) / static_cast<double>(std::max(1L, tally.clean))}, "%");
  auto& times = tally.recoveries_ms;
  std::ranges::sort(times);
  const double bound = static_cast<double>((latency + slot).count());
  const auto within = std::ranges::upper_bound(times, bound) - times.begin();
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  bench::print_figure((name + "recovery." + kind).c_str(), {at(0.99)}, "ms");
  std::printf(
      "  %ld values; %ld clean transactions; %zu recoveries: median %.0f, 99 %% %.0f, longest %.0f ms; %.2f %% "
      "within worst latency + one slot (%.0f ms)\n",
      tally.values, tally.clean, times.size(), at(0.5), at(0.99), times.back(),
      100.0 * static_cast<double>(within) / static_cast<double>(times.size()), bound);
  for (const auto& [why, count] : tally.losses) std::printf("  %ld clean ones lost: %s\n", count, why.c_str());
}

/// One wire: its name in the plant, and the bus that reads it with what that needs to live.
struct Wire {
  std::string id;
  std::shared_ptr<test::DeviceServer> server;
  std::unique_ptr<acquire::Bus> bus;
};

std::map<std::string, std::vector<Wire>> make_wires(const plant::Plant& plant) {
  std::map<std::string, std::vector<Wire>> made;
  const auto ports = nlohmann::json::parse(plant.ports_json());
  for (const auto& line : ports.at("lines")) {
    const auto id = line.at("id").get<std::string>();
    const auto path = line.at("path").get<std::string>();
    if (id.starts_with("rtu-")) {
      made["rtu"].push_back({id, {}, modbus::make_serial_bus({path, timing})});
      continue;
    }
    auto server = std::make_shared<test::DeviceServer>(path, server_patience);
    auto bus = modbus::make_rtu_over_tcp_bus({"127.0.0.1", server->port(), Millis{2'000}, timing});
    made["rtu_over_tcp"].push_back({id, std::move(server), std::move(bus)});
  }
  for (const auto& endpoint : ports.at("tcp"))
    made["tcp"].push_back(
        {endpoint.at("id").get<std::string>(),
         {},
         modbus::make_tcp_bus({"127.0.0.1", endpoint.at("port").get<std::uint16_t>(), Millis{2'000}, response})});
  return made;
}

/// What the plant did, of all wires. False: a request was no read.
bool report_plant(const plant::Plant& plant, long traps) {
  std::map<std::string, long> done;
  const auto stats = nlohmann::json::parse(plant.stats_json());
  for (const auto& meter : stats.at("meters"))
    for (const auto& [kind, count] : meter.at("faults").items()) done[kind] += count.get<long>();
  long overdue = 0;
  for (const auto& [id, line] : stats.at("lines").items()) overdue += line.at("overdue").get<long>();
  const auto forbidden = stats.at("total").at("forbidden_functions").get<long>();
  bench::print_figure("faults.late", {static_cast<double>(traps)}, "replies");
  std::printf("  of all kinds of bus. Faults:");
  for (const auto& [kind, count] : done) std::printf(" %s %ld", kind.c_str(), count);
  std::printf("; kept back since this machine made them later than that: %ld; requests that were no read: %ld\n",
              overdue, forbidden);
  return forbidden == 0;
}

/// Notes when the whole machine had no time for us: what is late then, is not late by the line.
class Stalls {
 public:
  Stalls() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}

  void report() {
    thread_.request_stop();
    thread_.join();
    std::printf("  meanwhile the machine let a thread wait for more than %lld ms %zu times, for %.0f ms at most\n",
                static_cast<long long>(bearable.count()), count_, longest_ms_);
  }

 private:
  static constexpr Millis bearable{20};

  void watch(const std::stop_token& stop) {
    constexpr Millis interval{5};
    for (auto due = Steady::now() + interval; !stop.stop_requested(); due = Steady::now() + interval) {
      std::this_thread::sleep_until(due);
      const double late_ms = ms_between(due, Steady::now());
      longest_ms_ = std::max(longest_ms_, late_ms);
      count_ += late_ms > static_cast<double>(bearable.count()) ? 1U : 0U;
    }
  }

  std::size_t count_ = 0;
  double longest_ms_ = 0;
  std::jthread thread_;
};

int run(const std::string& folder, long transactions) {
  plant::Plant plant(make_scenario(), {folder, ""});
  auto all = make_wires(plant);
  std::map<std::string, std::vector<Tally>> tallies;
  Stalls stalls;
  const auto began = Steady::now();
  {
    std::vector<std::jthread> workers;
    for (auto& [kind, some] : all) {
      auto& of_kind = tallies[kind];
      of_kind.resize(some.size());
      for (std::size_t n = 0; n < some.size(); ++n)
        workers.emplace_back([&plant, &wire = some[n], &tally = of_kind[n], count = transactions / wires / kinds] {
          tally = work(*wire.bus, wire.id, plant, count);
        });
    }
  }
  const double took_s = ms_between(began, Steady::now()) / 1'000;
  bool good = true;
  Tally whole;
  for (const auto& [kind, some] : tallies) {
    Tally sum;
    for (const Tally& tally : some) sum.add(tally);
    report(kind, sum);
    whole.add(sum);
    good = good && sum.wrong == 0;
  }
  std::printf("  %ld transactions over %d wires of each kind in %.0f s, processor %.0f %% of one\n", whole.transactions,
              wires, took_s, 100 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC / took_s);
  stalls.report();
  good = report_plant(plant, whole.traps) && good;
  return bench::report_frame_noise() && good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = std::filesystem::temp_directory_path() / "jidian-bench-faults-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const int code = run(folder, argc > 1 ? std::max(std::atol(argv[1]), 2'000L) : 100'100);
  std::filesystem::remove_all(folder);
  return code;
}

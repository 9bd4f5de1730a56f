// A fleet coming back: the uplinks of 20,000 gateways in virtual time against one broker that takes so much and no
// more.
#include "tests/bench/fleet.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/bench/figure.hpp"

namespace jidian::bench {
namespace {

void print(const std::string& name, const FleetResult& result) {
  const auto figure = [&](const char* what, double value, const char* unit) {
    print_figure((name + "." + what).c_str(), {value}, unit);
  };
  figure("attempts_peak", static_cast<double>(result.attempts_per_s), "per s");
  figure("connections_peak", static_cast<double>(result.connections_per_s), "per s");
  figure("live.50", result.live_s[0], "s");
  figure("live.99", result.live_s[1], "s");
  figure("live.100", result.live_s[2], "s");
  figure("live_lag.99", result.live_lag_99_s, "s");
  figure("live_lag.100", result.live_lag_s, "s");
  figure("drained.50", result.drained_s[0], "s");
  figure("drained.99", result.drained_s[1], "s");
  figure("drained.100", result.drained_s[2], "s");
  figure("bytes_peak", result.bytes_per_s / 1e6, "MB/s");
  std::printf("  %llu batches, %llu links given up%s%s\n", static_cast<unsigned long long>(result.batches),
              static_cast<unsigned long long>(result.links_lost), result.all_live ? "" : ", NOT ALL LIVE",
              result.all_drained ? "" : ", NOT ALL DRAINED");
}

/// The same for a tenth of the gateways and a tenth of the broker.
FleetPlan tenth(FleetPlan plan) {
  plan.gateways /= 10;
  plan.connections_per_s /= 10;
  plan.bytes_per_s /= 10;
  return plan;
}

void measure(std::size_t gateways) {
  FleetPlan plan;
  plan.gateways = gateways;
  std::printf("# fleet: %zu gateways of 128 readings/s; the broker takes %zu connections/s and %.0f MB/s\n",
              plan.gateways, plan.connections_per_s, plan.bytes_per_s / 1e6);
  std::printf("# an outage of six hours\n");
  print("fleet", run_fleet(plan));

  std::printf("# a restart of the broker, ten seconds\n");
  FleetPlan restart = plan;
  restart.outage = std::chrono::seconds(10);
  print("fleet.restart", run_fleet(restart));

  std::printf(
      "# for comparison: six hours, a tenth of the gateways, all alike (no jitter, one offset); a tenth of the "
      "broker\n");
  FleetPlan alike = tenth(plan);
  alike.alike = true;
  print("fleet.alike", run_fleet(alike));
  std::printf("# the same, and the broker takes whatever comes: what such a fleet would ask for\n");
  alike.connections_per_s = alike.gateways;
  alike.bytes_per_s = 1e12;
  print("fleet.alike_open", run_fleet(alike));
  std::printf("# a tenth of the gateways as they are, and the broker takes whatever comes\n");
  alike.alike = false;
  print("fleet.tenth_open", run_fleet(alike));
}

}  // namespace
}  // namespace jidian::bench

/// `bench_fleet [GATEWAYS]`.
int main(int argc, char** argv) {
  jidian::bench::measure(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000);
  return 0;
}

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace jidian::bench {

/// A fleet whose broker goes away and comes back.
struct FleetPlan {
  std::size_t gateways = 20'000;
  std::chrono::seconds outage = std::chrono::hours(6);
  /// What the broker takes when it is back: connections a second, the others are refused; bytes a second, in the order
  /// in which they come.
  std::size_t connections_per_s = 500;
  double bytes_per_s = 100e6;
  /// Every gateway has the same id and draws the same numbers: no spreading at all, for comparison.
  bool alike = false;
  /// How long the fleet is watched after the broker is back, at most.
  std::chrono::seconds watched = std::chrono::hours(3);
};

/// What was seen since the broker was back. Seconds count from there.
struct FleetResult {
  bool all_live = false;
  bool all_drained = false;
  std::size_t attempts_per_s = 0;     ///< To connect, in the busiest second.
  std::size_t connections_per_s = 0;  ///< Those that were accepted, in the busiest second.
  std::array<double, 3> live_s{};     ///< When 50 %, 99 % and all gateways were connected; 0 if that never was.
  double live_lag_99_s = 0;           ///< From a commit while connected to the broker: 99 % of these batches …
  double live_lag_s = 0;              ///< … and all.
  std::array<double, 3> drained_s{};  ///< When 50 %, 99 % and all had sent what they recorded until their return.
  double bytes_per_s = 0;             ///< That the broker took, in the busiest second.
  std::uint64_t batches = 0;          ///< That it took in all.
  std::uint64_t links_lost = 0;       ///< Connections that gateways gave up.
};

/// Runs the uplink's own `Session` of every gateway (pauses, offset, token bucket, window, answer watch) in virtual
/// time against one simulated broker. Each records a batch of 1,280 readings every ten seconds (128 a second) and one
/// of interval rows a minute; the broker's word confirms. The same plan gives the same result on every machine.
FleetResult run_fleet(const FleetPlan& plan);

}  // namespace jidian::bench

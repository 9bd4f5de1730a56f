// Two thousand gateways come back to one broker, in virtual time.
#include "tests/bench/fleet.hpp"

#include <gtest/gtest.h>

namespace jidian::bench {
namespace {

using std::chrono::seconds;

/// Half an hour without a broker that then takes 50 connections a second.
FleetPlan half_an_hour() {
  FleetPlan plan;
  plan.gateways = 2000;
  plan.outage = std::chrono::minutes(30);
  plan.connections_per_s = 50;
  plan.bytes_per_s = 20e6;
  return plan;
}

TEST(Fleet, SpreadsItsAttemptsAndItsBacklogsAfterALongOutage) {
  const auto result = run_fleet(half_an_hour());
  EXPECT_TRUE(result.all_live);
  EXPECT_TRUE(result.all_drained);
  EXPECT_LE(result.attempts_per_s, 2000U / 30 * 2) << "one gateway in thirty seconds, and what chance adds";
  EXPECT_LE(result.connections_per_s, 50U);
  EXPECT_LE(result.live_s[0], 30);
  EXPECT_LE(result.live_s[1], 120);
  EXPECT_LE(result.live_s[2], 240);
  // 0.3 MB each at 20 batches a second: all at once they would ask for 60 MB/s.
  EXPECT_LE(result.bytes_per_s, 12e6);
  EXPECT_LE(result.live_lag_s, 5);
  EXPECT_LE(result.drained_s[2], 30 * 60 / 16 + 240 + 60);
  EXPECT_EQ(result.links_lost, 0U);
}

TEST(Fleet, WithoutSpreadingWouldComeInOneSecond) {
  auto plan = half_an_hour();
  plan.alike = true;
  plan.connections_per_s = plan.gateways;
  plan.bytes_per_s = 1e12;
  const auto result = run_fleet(plan);
  EXPECT_EQ(result.attempts_per_s, 2000U);
  EXPECT_GE(result.bytes_per_s, 40e6);
}

TEST(Fleet, IsBackWithinTheBrokersMeansAfterARestart) {
  auto plan = half_an_hour();
  plan.outage = seconds(10);
  plan.connections_per_s = 2000;
  const auto alone = run_fleet(plan);
  EXPECT_LE(alone.live_s[2], 5.5) << "nobody waits longer than five seconds where the broker takes all";
  plan.connections_per_s = 50;
  const auto result = run_fleet(plan);
  EXPECT_TRUE(result.all_drained);
  EXPECT_LE(result.attempts_per_s, 2000U / 2);
  EXPECT_LE(result.live_s[2], 2000 / 50 * 3);
}

TEST(Fleet, ABrokerThatIsSlowDelaysWhatIsNewByLittle) {
  auto plan = half_an_hour();
  plan.gateways = 500;
  plan.bytes_per_s = 1e6;  // less than the backlogs ask for, ten times what is new; the windows of all hold 8 MB
  const auto result = run_fleet(plan);
  EXPECT_TRUE(result.all_drained);
  EXPECT_LE(result.live_lag_s, 30);
  EXPECT_EQ(result.links_lost, 0U);
}

}  // namespace
}  // namespace jidian::bench

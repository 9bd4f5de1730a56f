// Four hundred gateways come back to one broker, in virtual time.
#include "tests/bench/fleet.hpp"

#include <gtest/gtest.h>

namespace jidian::bench {
namespace {

using std::chrono::seconds;

/// Half an hour without a broker that then takes 10 connections a second.
FleetPlan half_an_hour() {
  FleetPlan plan;
  plan.gateways = 400;
  plan.outage = std::chrono::minutes(30);
  plan.connections_per_s = 10;
  plan.bytes_per_s = 4e6;
  return plan;
}

TEST(Fleet, SpreadsItsAttemptsAndItsBacklogsAfterALongOutage) {
  const auto result = run_fleet(half_an_hour());
  EXPECT_TRUE(result.all_live);
  EXPECT_TRUE(result.all_drained);
  EXPECT_LE(result.attempts_per_s, 400U / 30 * 3) << "one gateway in thirty seconds, and what chance adds";
  EXPECT_LE(result.connections_per_s, 10U);
  EXPECT_LE(result.live_s[0], 30);
  EXPECT_LE(result.live_s[1], 120);
  EXPECT_LE(result.live_s[2], 240);
  // 0.3 MB each at 20 batches a second: all at once they would ask for 12 MB/s.
  EXPECT_LE(result.bytes_per_s, 3.6e6);
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
  EXPECT_EQ(result.attempts_per_s, 400U);
  EXPECT_GE(result.bytes_per_s, 8e6);
}

TEST(Fleet, IsBackWithinTheBrokersMeansAfterARestart) {
  auto plan = half_an_hour();
  plan.outage = seconds(10);
  plan.connections_per_s = 400;
  const auto alone = run_fleet(plan);
  EXPECT_LE(alone.live_s[2], 5.5) << "nobody waits longer than five seconds where the broker takes all";
  plan.connections_per_s = 10;
  const auto result = run_fleet(plan);
  EXPECT_TRUE(result.all_drained);
  EXPECT_LE(result.attempts_per_s, 400U / 2);
  EXPECT_LE(result.live_s[2], 400 / 10 * 3);
}

TEST(Fleet, ABrokerThatIsSlowDelaysWhatIsNewByLittle) {
  auto plan = half_an_hour();
  plan.gateways = 200;
  plan.bytes_per_s = 4e5;  // less than the backlogs ask for, ten times what is new; the windows of all hold 3 MB
  const auto result = run_fleet(plan);
  EXPECT_TRUE(result.all_drained);
  EXPECT_LE(result.live_lag_s, 30);
  EXPECT_EQ(result.links_lost, 0U);
}

}  // namespace
}  // namespace jidian::bench

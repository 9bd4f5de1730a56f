#include "plant/world.hpp"

#include <gmock/gmock.h>

#include "plant/quantity.hpp"

namespace jidian::plant {
namespace {

// Monday 2026-03-02 00:00 at +08:00.
constexpr std::int64_t monday_ms = 1'772'380'800'000;
constexpr Step monday = monday_ms / step_ms;

FeedState at(const Scenario& scenario, const std::string& feed, Step step) {
  const World world(scenario);
  return world.at(world.feed(feed), step);
}

// Steps that cross every kind of edge: cycle pieces, noise grids, shift edges, the week's end.
std::vector<Step> telling_steps() {
  std::vector<Step> steps;
  for (const Step hour : {0, 5, 6, 11, 12, 17, 18, 22, 23, 6 * 24 + 8, 6 * 24 + 16, 7 * 24})
    for (Step offset = -12; offset <= 12; ++offset) steps.push_back(monday + hour * steps_per_hour + offset);
  for (Step offset = 0; offset < 5000; offset += 7) steps.push_back(monday + 40 * steps_per_hour + offset);
  return steps;
}

TEST(World, EnergyGrowsByExactlyThePowerOfEachStep) {
  const World world(builtin_scenario("demo"));
  for (const std::string feed : {"furnace-1", "moulding-1", "voc-1", "transformer-1"}) {
    for (const Step step : telling_steps()) {
      const FeedState now = world.at(world.feed(feed), step);
      const FeedState next = world.at(world.feed(feed), step + 1);
      for (std::size_t phase = 0; phase < 3; ++phase) {
        ASSERT_EQ(next.active[phase].total - now.active[phase].total, now.active[phase].rate) << feed << " " << step;
        ASSERT_EQ(next.reactive[phase].total - now.reactive[phase].total, now.reactive[phase].rate) << feed;
      }
    }
  }
}

TEST(World, PowerIsNeverNegativeAndNeverAboveRated) {
  const World world(builtin_scenario("demo"));
  for (const std::string feed : {"furnace-1", "moulding-1", "bag-filter-1", "compressor-1"}) {
    for (const Step step : telling_steps()) {
      const FeedState now = world.at(world.feed(feed), step);
      for (const Flow& phase : now.active) {
        ASSERT_GE(phase.rate, 0) << feed << " " << step;
        ASSERT_LE(phase.rate, world.rated(world.feed(feed)) * 100 / 3 * 112 / 100) << feed << " " << step;
      }
    }
  }
}

TEST(World, TransformerIsTheSumOfItsConsumers) {
  const Scenario scenario = builtin_scenario("demo");
  const World world(scenario);
  for (const Step step : {monday + 12'345, monday + 3'456'789}) {
    Flow sum;
    for (const std::string child : {"furnace-1", "moulding-1", "bag-filter-1", "voc-1", "compressor-1"})
      sum += world.at(world.feed(child), step).active[1];
    const FeedState transformer = world.at(world.feed("transformer-1"), step);
    EXPECT_EQ(transformer.active[1].rate, sum.rate);
    EXPECT_EQ(transformer.active[1].total, sum.total);
  }
}

TEST(World, TheSameSeedGivesTheSamePlantAndAnotherSeedAnother) {
  Scenario scenario = builtin_scenario("demo");
  const auto first = at(scenario, "furnace-1", monday + 777).active[0];
  EXPECT_EQ(at(scenario, "furnace-1", monday + 777).active[0].rate, first.rate);
  scenario.seed += 1;
  EXPECT_NE(at(scenario, "furnace-1", monday + 777).active[0].rate, first.rate);
}

TEST(World, ShiftsDecideWhenALineRuns) {
  const World world(builtin_scenario("demo"));
  const auto watts = [&](Step step) {
    return Snapshot(world, world.feed("moulding-1"), step).amount(Quantity::active_power, Phase::total) / watt;
  };
  EXPECT_LT(watts(monday + 3 * steps_per_hour), 3'000);                            // night: standby
  EXPECT_GT(watts(monday + 8 * steps_per_hour), 15'000);                           // morning shift
  EXPECT_LT(watts(monday + 11 * steps_per_hour + 45 * steps_per_minute), 3'000);   // break
  EXPECT_LT(watts(monday + 6 * 24 * steps_per_hour + 9 * steps_per_hour), 3'000);  // Sunday
}

TEST(World, CountersShowTheirInitialValueAtTheStart) {
  const Scenario scenario = builtin_scenario("demo");
  const World world(scenario);
  const Snapshot start(world, world.feed("furnace-1"), step_at(scenario.start_ms));
  EXPECT_NEAR(static_cast<double>(start.amount(Quantity::active_import, Phase::total)) / kilowatt_hour, 1'482'310,
              0.001);
  EXPECT_EQ(world.at(world.feed("castings"), step_at(scenario.start_ms)).pieces, 182'440);
}

TEST(World, OutageReplacesTheLoadAndKeepsTheEnergyExact) {
  Scenario scenario = builtin_scenario("demo");
  scenario.feeds[3].outages = {{monday_ms + 14 * 3'600'000, monday_ms + 16 * 3'600'000, 0}};
  const World world(scenario);
  const int voc = world.feed("voc-1");
  EXPECT_EQ(world.at(voc, monday + 15 * steps_per_hour).active[0].rate, 0);
  EXPECT_GT(world.at(voc, monday + 13 * steps_per_hour).active[0].rate, 0);
  EXPECT_GT(world.at(voc, monday + 17 * steps_per_hour).active[0].rate, 0);
  for (const Step edge : {14 * steps_per_hour, 16 * steps_per_hour, 20 * steps_per_hour})
    for (Step step = monday + edge - 5; step < monday + edge + 5; ++step)
      ASSERT_EQ(world.at(voc, step + 1).active[2].total - world.at(voc, step).active[2].total,
                world.at(voc, step).active[2].rate);
}

Feed steady(const std::string& id, std::int64_t watts) {
  Feed feed;
  feed.id = id;
  feed.rated = watts;
  feed.initial = 1'000;
  return feed;
}

// A hall of 60 kW under a roof that gives 30, 200 and 30 kW for a minute each.
Scenario roof() {
  Scenario out;
  Feed panels = steady("panels", 200'000);
  panels.kind = FeedKind::generation;
  panels.program = {"never", "steady", 0, 0};
  panels.power_factor_permille = 1000;
  for (int minute = 0; minute < 3; ++minute)
    panels.outages.push_back(
        {monday_ms + minute * 60'000, monday_ms + (minute + 1) * 60'000, minute == 1 ? 1000 : 150});
  Feed grid;
  grid.id = "grid";
  grid.kind = FeedKind::sum;
  grid.children = {"hall", "panels"};
  out.feeds = {steady("hall", 60'000), panels, grid};
  return out;
}

TEST(World, WhatARoofGivesBeyondTheHallFlowsBackAndIsCountedApart) {
  const Scenario scenario = roof();
  check_scenario(scenario);
  const World world(scenario);
  const int grid = world.feed("grid");
  for (Step step = monday - 50; step < monday + 4 * steps_per_minute; ++step) {
    const FeedState now = world.at(grid, step);
    const FeedState next = world.at(grid, step + 1);
    const bool is_noon = step >= monday + steps_per_minute && step < monday + 2 * steps_per_minute;
    for (std::size_t phase = 0; phase < 3; ++phase) {
      ASSERT_EQ(now.active[phase].rate < 0, is_noon) << step - monday;
      ASSERT_EQ(next.active[phase].total - now.active[phase].total, std::max<std::int64_t>(now.active[phase].rate, 0));
      ASSERT_EQ(next.exported[phase] - now.exported[phase], std::max<std::int64_t>(-now.active[phase].rate, 0));
    }
  }
  const Snapshot noon(world, grid, monday + 3 * steps_per_minute);
  EXPECT_NEAR(static_cast<double>(noon.amount(Quantity::active_export, Phase::total)) / kilowatt_hour, 140.0 / 60, 0.1);
}

TEST(World, AGeneratorNearWhatItsNeighboursTakeIsAMistake) {
  Scenario scenario = roof();
  scenario.feeds[1].outages[1].permille = 300;
  EXPECT_THROW(check_scenario(scenario), ScenarioError);
  scenario = roof();
  scenario.feeds[1].program.shift = "always";
  EXPECT_THROW(check_scenario(scenario), ScenarioError);
}

TEST(World, ACutFeedHasNeitherLoadNorVoltageAndKeepsItsCount) {
  Scenario scenario = builtin_scenario("demo");
  scenario.feeds[0].outages = {{monday_ms, monday_ms + 60'000, 0, true}};
  check_scenario(scenario);
  const World world(scenario);
  const int furnace = world.feed("furnace-1");
  EXPECT_FALSE(world.is_cut(furnace, monday - 1));
  EXPECT_TRUE(world.is_cut(furnace, monday));
  EXPECT_FALSE(world.is_cut(furnace, monday + steps_per_minute));
  const Snapshot dead(world, furnace, monday + 300);
  for (const Quantity quantity : {Quantity::voltage_ln, Quantity::voltage_ll, Quantity::current, Quantity::active_power,
                                  Quantity::apparent_power, Quantity::frequency, Quantity::thd_voltage})
    EXPECT_EQ(dead.amount(quantity, Phase::l1), 0);
  EXPECT_EQ(dead.amount(Quantity::active_import, Phase::total),
            Snapshot(world, furnace, monday).amount(Quantity::active_import, Phase::total));
  EXPECT_GT(Snapshot(world, furnace, monday + steps_per_minute).amount(Quantity::voltage_ln, Phase::l1), 220 * volt);
}

TEST(World, ScheduleShiftMovesThePlantInTime) {
  Scenario scenario = builtin_scenario("demo");
  const World now(scenario);
  scenario.schedule_shift_ms = 3'600'000;
  const World later(scenario);
  EXPECT_EQ(later.at(0, monday).active[0].rate, now.at(0, monday + steps_per_hour).active[0].rate);
}

TEST(World, PiecesAreCountedWhileTheLineRuns) {
  const World world(builtin_scenario("demo"));
  const int castings = world.feed("castings");
  const auto pieces = [&](Step step) { return world.at(castings, step).pieces; };
  EXPECT_EQ(pieces(monday + 7 * steps_per_hour) - pieces(monday + 6 * steps_per_hour), 100);
  EXPECT_EQ(pieces(monday + 5 * steps_per_hour), pieces(monday));
}

TEST(World, PhaseVoltagesAndFrequencyStayBelievable) {
  const World world(builtin_scenario("demo"));
  for (const Step step : telling_steps()) {
    const FeedState now = world.at(0, step);
    for (const std::int64_t voltage : now.voltage_mv)
      ASSERT_THAT(voltage, testing::AllOf(testing::Gt(222'000), testing::Lt(238'000)));
    ASSERT_THAT(now.frequency_mhz, testing::AllOf(testing::Gt(49'950), testing::Lt(50'050)));
  }
}

}  // namespace
}  // namespace jidian::plant

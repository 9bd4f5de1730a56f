#include "commission/scan_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace jidian::commission {
namespace {

using meter::Parity;

const acquire::LineSettings home{4'800, Parity::none, 1};
const ScanLine serial{.is_tunable = true, .is_line = true, .home = home};

std::vector<meter::LinkDefaults> known() {
  meter::LinkDefaults common;
  meter::LinkDefaults high = common;
  high.unit = 99;
  meter::LinkDefaults even;
  even.baud = 19'200;
  even.parity = Parity::even;
  even.bauds = {1'200, 38'400};
  return {even, common, high};
}

TEST(ScanPlan, TheLinesOwnSettingsComeFirstThenTheCommonestOfTheProfiles) {
  const auto stages = plan_scan({.depth = ScanDepth::quick}, serial, known());
  ASSERT_GE(stages.size(), 3U);
  EXPECT_EQ(stages[0].settings, home);
  EXPECT_EQ(acquire::to_string(stages[1].settings), "9600 8N1");
  EXPECT_EQ(acquire::to_string(stages[2].settings), "19200 8E1");
}

TEST(ScanPlan, QuickAsksUnits1To32AndThoseMetersAreDeliveredWith) {
  const auto units = plan_scan({.depth = ScanDepth::quick}, serial, known()).front().units;
  EXPECT_EQ(units.size(), 33U);
  EXPECT_EQ(units.front(), 1);
  EXPECT_EQ(units.back(), 99);
}

TEST(ScanPlan, NoSettingIsTriedTwice) {
  const auto stages = plan_scan({.depth = ScanDepth::full}, serial, known());
  for (const auto& stage : stages) EXPECT_EQ(std::ranges::count(stages, stage.settings, &ScanStage::settings), 1);
}

TEST(ScanPlan, FullTriesWhatAMeterCanBeSetToAndAllUnits) {
  const auto stages = plan_scan({.depth = ScanDepth::full}, serial, known());
  EXPECT_TRUE(std::ranges::any_of(stages, [](const auto& stage) { return stage.settings.baud == 38'400; }));
  EXPECT_EQ(stages.front().units.size(), 247U);
}

TEST(ScanPlan, AnEndpointHasNoSettingsToTry) {
  EXPECT_EQ(plan_scan({.depth = ScanDepth::full}, ScanLine{.home = home}, known()).size(), 1U);
}

TEST(ScanPlan, NamedUnitsAreAllThatIsAsked) {
  const ScanRequest request{.unit_first = 5, .unit_last = 7};
  EXPECT_EQ(plan_scan(request, serial, known()).front().units, (std::vector<std::uint8_t>{5, 6, 7}));
  EXPECT_TRUE(plan_rest(request, serial, {}).empty());
}

TEST(ScanPlan, TheRestIsAskedWhereSomethingAnswered) {
  const std::vector<acquire::LineSettings> answered{{9'600, Parity::even, 1}};
  const auto rest = plan_rest({}, serial, answered);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].settings, answered[0]);
  EXPECT_EQ(rest[0].units.front(), 33);
  EXPECT_EQ(rest[1].settings, home);
}

TEST(ScanPlan, AllUnitsWithFourSettingsTakeLessThanSevenMinutes) {
  std::vector<ScanStage> stages;
  for (const auto parity : {Parity::none, Parity::even})
    for (const std::uint32_t baud : {9'600U, 19'200U})
      stages.push_back({{baud, parity, 1}, std::vector<std::uint8_t>(247)});
  EXPECT_LT(2 * time_for(serial, stages), std::chrono::minutes{7});  // even if all are asked twice
}

}  // namespace
}  // namespace jidian::commission

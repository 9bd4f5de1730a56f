#include "plant/truth.hpp"

#include <gmock/gmock.h>

namespace jidian::plant {
namespace {

constexpr std::int64_t some_ms = 1'772'409'612'345;

TEST(Truth, TellsEveryValueOfAnInterval) {
  Truth truth(builtin_scenario("demo"));
  const auto shown = truth.registers_between("transformer-1", Table::holding, 65, 2, some_ms, some_ms + 400);
  ASSERT_EQ(shown.size(), 5U);
  EXPECT_EQ(shown[0].from_ms, some_ms - some_ms % step_ms);
  EXPECT_EQ(truth.registers("transformer-1", Table::holding, 65, 2, some_ms + 100), shown[1].words);
}

TEST(Truth, AcceptsOnlyWhatWasShownDuringThePoll) {
  Truth truth(builtin_scenario("demo"));
  const auto now = truth.registers("compressor-1", Table::input, 52, 2, some_ms).value();
  EXPECT_TRUE(truth.showed("compressor-1", Table::input, 52, now, some_ms - 250, some_ms + 50));
  EXPECT_FALSE(truth.showed("compressor-1", Table::input, 52, now, some_ms + 200, some_ms + 300));
  EXPECT_FALSE(truth.showed("compressor-1", Table::input, 52, {now[0], static_cast<std::uint16_t>(now[1] ^ 1U)},
                            some_ms - 250, some_ms + 50));
}

TEST(Truth, KnowsNeitherStrangeMetersNorUnmappedRegisters) {
  Truth truth(builtin_scenario("demo"));
  EXPECT_FALSE(truth.registers("nobody", Table::input, 52, 2, some_ms));
  EXPECT_FALSE(truth.registers("furnace-1", Table::holding, 9000, 2, some_ms));
  EXPECT_FALSE(truth.showed("nobody", Table::input, 52, {0, 0}, some_ms, some_ms));
}

TEST(Truth, CountersOfAWeekNeverFall) {
  Truth truth(builtin_scenario("demo"));
  std::uint32_t before = 0;
  for (std::int64_t minute = 0; minute < 7 * 24 * 60; minute += 30) {
    const auto words = truth.registers("bag-filter-1", Table::holding, 10, 2, some_ms + minute * 60'000).value();
    const std::uint32_t now = static_cast<std::uint32_t>(words[0]) << 16U | words[1];
    ASSERT_GE(now, before) << minute;
    before = now;
  }
}

TEST(Scenario, SurvivesBeingWrittenAndRead) {
  for (const std::string name : {"demo", "load20", "line8"}) {
    const std::string text = format_scenario(builtin_scenario(name));
    EXPECT_EQ(format_scenario(parse_scenario(text)), text) << name;
  }
  Scenario changed = builtin_scenario("demo");
  changed.feeds[0].outages = {{some_ms, some_ms + 1000, 0, true}};
  changed.feeds[5].outages = {{some_ms, some_ms + 1000, 0, true}};
  changed.lines[0].units[0].ct_ms = some_ms;
  changed.lines[0].units[0].ct_after = 480;
  changed.lines[0].units[1].powered_by = "furnace-1";
  const std::string text = format_scenario(changed);
  EXPECT_EQ(format_scenario(parse_scenario(text)), text);
  EXPECT_TRUE(parse_scenario(text).feeds[5].outages.at(0).is_cut);
}

TEST(Scenario, MisspeltKeysAndUnknownNamesAreMistakes) {
  EXPECT_THROW(parse_scenario(R"({"sead": 1})"), ScenarioError);
  EXPECT_THROW(parse_scenario(R"({"feeds": [{"id": "a", "rated": 1, "cycle": "dance"}]})"), ScenarioError);
  EXPECT_THROW(
      parse_scenario(R"({"tcp": [{"id": "t", "units": [{"meter": "m", "model": "eastron-sdm630", "feed": "x"}]}]})"),
      ScenarioError);
  EXPECT_THROW(parse_scenario("{"), ScenarioError);
}

TEST(Scenario, WideHas256EndpointsAnd2000Meters) {
  const Scenario wide = builtin_scenario("wide");
  std::size_t meters = 0;
  for (const Endpoint& endpoint : wide.endpoints) meters += endpoint.units.size();
  EXPECT_EQ(wide.endpoints.size(), 256U);
  EXPECT_EQ(meters, 2000U);
  check_scenario(wide);
}

}  // namespace
}  // namespace jidian::plant

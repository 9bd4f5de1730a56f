#include "meter/relations.hpp"

#include <gmock/gmock.h>

#include "meter/read_plan.hpp"

namespace jidian::meter {
namespace {

using testing::ElementsAre;

Point point(std::string name, std::uint16_t first, RawType type = RawType::u16) {
  Point made;
  made.name = std::move(name);
  made.place = {Table::holding, first, 1};
  made.type = type;
  return made;
}

Point scaled(std::string name, std::uint16_t first, std::string scale) {
  Point made = point(std::move(name), first, RawType::s16);
  made.scale_point = std::move(scale);
  return made;
}

Decoded value(std::int64_t number) {
  return {static_cast<std::uint64_t>(number), Presence::value};
}

constexpr Decoded not_available{0, Presence::not_available};
constexpr Decoded corrupt{0, Presence::corrupt};

Registers holding(std::uint16_t first, std::uint16_t count) {
  return {Table::holding, first, count};
}

/// What becomes of a value of 2314 whose scale point holds `scale`.
Decoded with_scale(Decoded scale, Decoded own = value(2314)) {
  const std::vector points{scaled("power", 18, "power_sf"), point("power_sf", 22, RawType::s16)};
  std::vector decoded{own, scale};
  relate(points, decoded);
  return decoded[0];
}

TEST(Runs, AreThePointsThemselvesWhereNothingIsRelated) {
  const std::vector points{point("a", 4), point("b", 9)};
  EXPECT_THAT(runs_of(points), ElementsAre(holding(4, 1), holding(9, 1)));
}

TEST(Runs, OfAScaleAndAllItScalesAreOne) {
  const std::vector points{scaled("l1", 19, "sf"), scaled("l2", 20, "sf"), point("sf", 22), point("other", 21)};
  EXPECT_THAT(runs_of(points), ElementsAre(holding(19, 4), holding(19, 4), holding(19, 4), holding(21, 1)));
}

TEST(Runs, JoinThroughSharedPointsWhateverTheOrder) {
  Point flow = scaled("flow", 0, "sf");
  flow.valid_while = Condition{"error", {0}};
  Point heat = point("heat", 2);
  heat.valid_while = Condition{"error", {0}};
  Point power = point("power", 90);
  power.sign_point = "sign";
  const std::vector points{point("sign", 93), heat, point("error", 71), power, point("sf", 80), flow};
  EXPECT_THAT(runs_of(points), ElementsAre(holding(90, 4), holding(0, 81), holding(0, 81), holding(90, 4),
                                           holding(0, 81), holding(0, 81)));
}

TEST(Runs, OverAWholeTableDoNotWrap) {
  const std::vector points{scaled("power", 0, "sf"), point("sf", 65535)};
  EXPECT_THAT(runs_of(points), ElementsAre(holding(0, 65535), holding(0, 65535)));
  const std::vector others{scaled("power", 1, "sf"), point("sf", 65535)};
  EXPECT_THAT(runs_of(others), ElementsAre(holding(1, 65535), holding(1, 65535)));
}

TEST(Runs, AreNeverSeparatedByThePlan) {
  const std::vector points{scaled("a", 0, "a_sf"), point("a_sf", 6), scaled("b", 7, "b_sf"), point("b_sf", 15),
                           point("c", 16)};
  const auto runs = runs_of(points);
  for (std::uint16_t count_max = 9; count_max < 20; ++count_max) {
    const auto reads = plan_reads(runs, {count_max, 0});
    for (const Registers& run : runs)
      EXPECT_TRUE(std::ranges::any_of(
          reads, [&](const Registers& read) { return read.first <= run.first && run.end() <= read.end(); }))
          << count_max << " " << run.first;
  }
}

TEST(Scale, LeavesTheNumberAsItIs) {
  EXPECT_EQ(with_scale(value(-2)), value(2314));
  EXPECT_EQ(with_scale(value(12)), value(2314));
}

TEST(Scale, ThatIsNotThereTakesTheValueWithIt) {
  EXPECT_EQ(with_scale(not_available), not_available);
  EXPECT_EQ(with_scale(corrupt), corrupt);
  EXPECT_EQ(with_scale(not_available, corrupt), corrupt);
  EXPECT_EQ(with_scale(value(1), not_available), not_available);
}

TEST(Scale, BeyondReasonIsOutOfRange) {
  EXPECT_EQ(with_scale(value(13)), (Decoded{2314, Presence::out_of_range}));
  EXPECT_EQ(with_scale(value(-32768)), (Decoded{2314, Presence::out_of_range}));
  EXPECT_EQ(with_scale({4, Presence::out_of_range}), (Decoded{2314, Presence::out_of_range}));
  EXPECT_EQ(exponent_of(scaled("power", 1, "sf"), static_cast<std::uint64_t>(-32768)), std::nullopt);
}

TEST(Scale, IsAddedToTheExponent) {
  Point power = scaled("power", 1, "sf");
  power.exponent = -4;
  EXPECT_EQ(exponent_of(power, static_cast<std::uint64_t>(-2)), -6);
  EXPECT_EQ(exponent_of(power, 3), -1);
}

TEST(Scale, SunspecsOwnNotAvailableNeverBecomesAnExponent) {
  std::vector points{scaled("power", 18, "power_sf"), point("power_sf", 22, RawType::s16)};
  points[1].not_available = {0x8000};
  std::vector decoded{decode(points[0], std::vector<std::uint16_t>{100}),
                      decode(points[1], std::vector<std::uint16_t>{0x8000})};
  relate(points, decoded);
  EXPECT_THAT(decoded, ElementsAre(not_available, not_available));
}

TEST(Sign, OfAnotherRegisterNegates) {
  Point power = point("power", 49);
  power.sign_point = "sign";
  const std::vector points{power, point("sign", 36, RawType::bits)};
  EXPECT_EQ(value_type_of(power), ValueType::signed_integer);
  std::vector decoded{value(40000), value(1)};
  relate(points, decoded);
  EXPECT_EQ(decoded[0], value(-40000));
  decoded = {value(40000), value(0)};
  relate(points, decoded);
  EXPECT_EQ(decoded[0], value(40000));
  decoded = {value(40000), corrupt};
  relate(points, decoded);
  EXPECT_EQ(decoded[0], corrupt);
}

TEST(Validity, OutsideItsConditionAValueIsNotAvailable) {
  Point flow = point("flow", 0, RawType::u16);
  flow.valid_while = Condition{"error", {0, -4}};
  const std::vector points{point("error", 71, RawType::s16), flow};
  const auto flow_while = [&](Decoded error) {
    std::vector decoded{error, value(17)};
    relate(points, decoded);
    return decoded[1];
  };
  EXPECT_EQ(flow_while(value(0)), value(17));
  EXPECT_EQ(flow_while(value(-4)), value(17));
  EXPECT_EQ(flow_while(value(1)), not_available);
  EXPECT_EQ(flow_while(not_available), not_available);
  EXPECT_EQ(flow_while(corrupt), not_available);
}

}  // namespace
}  // namespace jidian::meter

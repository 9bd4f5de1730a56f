#include <gtest/gtest.h>

#include "tests/unit/domain/summed_plant.hpp"

/// What an account takes where the transformer ratio is changed in its meter.
namespace jidian::domain::summed {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// Grid's meter counts 0.01 kWh a second behind its transformers, whose ratio it keeps in a register.
class RatioChange : public testing::Test {
 protected:
  RatioChange() {
    PointEntry ratio;
    ratio.kind = PointKind::attribute;
    manifest_.meters[0].points.push_back(ratio);
    manifest_.meters[0].points[0].ratio_points = {2};
  }

  void live(Builders& builders, UtcTime from, UtcTime until, std::uint64_t ratio) {
    for (UtcTime slot = from; slot < until; slot += seconds{10}) {
      Poll shown;
      shown.slot = slot;
      shown.start = slot + Millis{5};
      shown.end = slot + Millis{20};
      const auto count = static_cast<std::uint64_t>((slot - midnight) / Millis{1000});
      shown.samples = {{count, Quality::ok}, {0, Quality::ok}, {ratio, Quality::ok}};
      builders.add(shown, told_);
      builders.close_overdue(slot + Millis{500}, told_);
    }
  }
  std::vector<AggregateRow> minutes_told() const { return told_.of(grid, seconds{60}); }

  static constexpr std::int64_t minute_taken = 600'000;  ///< Before the ratio.
  Manifest manifest_ = plant();
  Told told_;
};

TEST_F(RatioChange, WhileTheGatewayWasOffGivesNoStepAcross) {
  Builders first(manifest_);
  live(first, midnight, midnight + seconds{61}, 40);
  ASSERT_EQ(minutes_told().size(), 1U);
  EXPECT_EQ(minutes_told()[0].amounts[0].value, 40 * minute_taken);

  const UtcTime back = midnight + hours{2};
  Builders second(manifest_);
  second.restore(told_);
  second.skip_to(back, told_);
  told_.rows.clear();
  live(second, back, back + seconds{121}, 80);
  const auto rows = minutes_told();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].amounts[0].value, 0);
  EXPECT_TRUE(rows[0].amounts[0].is_partial);
  EXPECT_EQ(rows[1].amounts[0].value, 80 * minute_taken);
  EXPECT_FALSE(rows[1].amounts[0].is_partial);
}

TEST_F(RatioChange, WhileTheMeterWasSilentGivesNoStepAcrossWhereverItComesBack) {
  // In the middle of a minute, and just behind the end of a silent one, whose nearest count it has.
  for (const seconds within : {seconds{30}, seconds{0}}) {
    told_ = {};
    Builders builders(manifest_);
    live(builders, midnight, midnight + seconds{61}, 40);
    const UtcTime back = midnight + hours{2} + within;
    for (UtcTime now = midnight + seconds{61}; now < back; now += seconds{1}) builders.close_overdue(now, told_);
    live(builders, back, midnight + hours{2} + seconds{121}, 80);
    std::int64_t sum = 0;
    for (const AggregateRow& row : minutes_told()) sum += row.amounts[0].value;
    EXPECT_EQ(sum, 40 * minute_taken + 80 * minute_taken) << within.count();
    EXPECT_EQ(minutes_told().back().amounts[0].value, 80 * minute_taken) << within.count();
  }
}

TEST_F(RatioChange, BetweenTwoMinutesLeavesTheFirstOneAtItsOwn) {
  Builders builders(manifest_);
  live(builders, midnight, midnight + seconds{60}, 40);
  live(builders, midnight + seconds{60}, midnight + seconds{181}, 80);
  const auto rows = minutes_told();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].amounts[0].value, 40 * minute_taken * 5 / 6) << "until its last poll";
  EXPECT_EQ(rows[1].amounts[0].value, 0);
  EXPECT_TRUE(rows[1].amounts[0].is_partial);
  EXPECT_EQ(rows[2].amounts[0].value, 80 * minute_taken);
}

/// The same for an exponent that the meter keeps in a register: 0.01 kWh, then 0.1 kWh.
TEST(ScaleChange, WithinAMinuteLeavesItWithoutAStepAndTheNextOneWhole) {
  Manifest manifest = plant();
  PointEntry scale;
  scale.kind = PointKind::state;
  manifest.meters[0].points.push_back(scale);
  manifest.meters[0].points[0].scale_point = 2;
  Builders builders(manifest);
  Told told;
  for (UtcTime slot = midnight; slot < midnight + seconds{181}; slot += seconds{10}) {
    const bool is_coarse = slot >= midnight + seconds{90};
    const auto count = static_cast<std::uint64_t>((slot - midnight) / Millis{1000});
    Poll shown;
    shown.slot = slot;
    shown.start = slot + Millis{5};
    shown.end = slot + Millis{20};
    shown.samples = {
        {is_coarse ? count / 10 : count, Quality::ok}, {0, Quality::ok}, {is_coarse ? 1U : 0U, Quality::ok}};
    builders.add(shown, told);
    builders.close_overdue(slot + Millis{500}, told);
  }
  const auto rows = told.of(grid, seconds{60});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].amounts[0].value, 600'000);
  EXPECT_EQ(rows[1].amounts[0].value, 0);
  EXPECT_TRUE(rows[1].amounts[0].is_partial);
  EXPECT_EQ(rows[2].amounts[0].value, 600'000);
  EXPECT_FALSE(rows[2].amounts[0].is_partial || rows[2].amounts[0].is_spanning);
}

}  // namespace
}  // namespace jidian::domain::summed

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/domain/one_meter.hpp"
#include "tests/unit/domain/summed_plant.hpp"

/// Counters go on where the clock is set back.
namespace jidian::domain {
namespace {

using one_meter::Builder;
using one_meter::midnight;
using one_meter::poll;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A box that boots with its clock a day ahead. The counter counts once a second, whatever the clock shows.
class ClockSetBack : public testing::Test {
 protected:
  static constexpr UtcTime ahead = midnight + hours{24};

  void add(Builder& builder, UtcTime from, UtcTime until) {
    for (UtcTime slot = from; slot < until; slot += seconds{1}) builder.add(poll(slot, 5, count_++));
  }

  std::uint64_t count_ = 1'000;
  Builder built_;
};

TEST_F(ClockSetBack, EveryRowBehindItHasItsStepAndTheFirstOneIsSaidToGoAcross) {
  add(built_, ahead, ahead + seconds{90});
  built_.builder.skip_to(midnight + seconds{20}, built_.rows);
  const std::uint64_t last_ahead = count_ - 1;
  built_.rows.clear();
  add(built_, midnight + seconds{20}, midnight + minutes{16});
  const auto rows = built_.of(seconds{60});
  ASSERT_EQ(rows.size(), 15U);
  EXPECT_EQ(rows[0].start, midnight);
  EXPECT_EQ(rows[0].points[1].first, last_ahead);
  EXPECT_EQ(rows[0].points[1].first_at, ahead + seconds{89} + Millis{30}) << "as it was recorded";
  EXPECT_EQ(rows[0].points[1].last_at, midnight + seconds{60} + Millis{30});
  EXPECT_EQ(rows[0].points[1].last, last_ahead + 41);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].points[1].first, rows[i - 1].points[1].last) << i;
    EXPECT_EQ(rows[i].points[1].last - rows[i].points[1].first, 60U) << i;
    EXPECT_LT(rows[i].points[1].first_at, rows[i].points[1].last_at) << i;
  }
  const auto quarters = built_.of(seconds{900});
  ASSERT_EQ(quarters.size(), 1U);
  EXPECT_EQ(quarters[0].points[1].first, last_ahead);
  EXPECT_EQ(quarters[0].points[1].last, rows[14].points[1].last);
}

TEST_F(ClockSetBack, WhileTheGatewayWasOffIsNoOtherMatter) {
  add(built_, ahead, ahead + seconds{61});
  ASSERT_EQ(built_.rows.size(), 1U);
  Builder after;
  after.builder.restore(built_.rows.front());
  after.builder.skip_to(midnight, after.rows);
  add(after, midnight, midnight + seconds{121});
  const auto rows = after.of(seconds{60});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].points[1].first, built_.rows.front().points[1].last);
  EXPECT_EQ(rows[0].points[1].first_at, built_.rows.front().points[1].last_at);
  EXPECT_EQ(rows[0].points[1].last_at, midnight + seconds{60} + Millis{30});
  EXPECT_EQ(rows[1].points[1].last - rows[1].points[1].first, 60U);
}

TEST_F(ClockSetBack, AgainAndAgainLosesNothing) {
  add(built_, ahead, ahead + minutes{3});
  for (int times = 1; times <= 3; ++times) {
    const UtcTime now = ahead - hours{times} + seconds{30};
    built_.builder.skip_to(now, built_.rows);
    add(built_, now, now + minutes{3});
  }
  std::uint64_t counted = 1'000;
  for (const IntervalRow& row : built_.of(seconds{60})) {
    if (row.points[1].first_at == UtcTime{}) continue;
    EXPECT_EQ(row.points[1].first, counted) << format_utc(row.start);
    counted = row.points[1].last;
  }
  EXPECT_GT(counted, count_ - 60);
}

TEST_F(ClockSetBack, ACountOfTheMeterBeforeAnExchangeBehindItIsNoEdge) {
  add(built_, ahead, ahead + seconds{90});
  built_.builder.skip_to(midnight, built_.rows);
  built_.builder.begin_anew(0, midnight + seconds{30});
  built_.rows.clear();
  count_ = 7;  // the new meter
  add(built_, midnight + seconds{40}, midnight + seconds{121});
  const auto rows = built_.of(seconds{60});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].points[1].first, 7U);
}

/// The same for what facilities and accounts take: 0.01 kWh a second.
TEST(AggregateBuilder, AClockThatRanADayAheadCostsNoRowItsEnergyAndMakesNoPeak) {
  namespace plant = summed;
  Manifest manifest = plant::plant();
  manifest.site.sliding_demand = seconds{60};
  plant::Builders builders(manifest);
  plant::Told told;
  std::uint64_t count = 50'000;
  const auto live = [&](UtcTime from, UtcTime until) {
    for (UtcTime slot = from; slot < until; slot += seconds{10}, count += 10) {
      Poll shown;
      shown.slot = slot;
      shown.start = slot + Millis{5};
      shown.end = slot + Millis{20};
      shown.samples = {{count % 100'000, Quality::ok}, {0, Quality::ok}};
      builders.add(shown, told);
      builders.close_overdue(slot + Millis{500}, told);
    }
  };
  live(plant::midnight + hours{24}, plant::midnight + hours{24} + minutes{20});
  const UtcTime back = plant::midnight + minutes{7};
  builders.skip_to(back, told);
  told.rows.clear();
  live(back, plant::midnight + minutes{62});
  builders.close_overdue(plant::midnight + minutes{63}, told);

  const auto minute_rows = told.of(plant::grid, seconds{60});
  ASSERT_GE(minute_rows.size(), 50U);
  EXPECT_EQ(minute_rows[0].start, back);
  EXPECT_TRUE(minute_rows[0].amounts[0].is_partial);
  EXPECT_TRUE(minute_rows[0].amounts[0].is_spanning);
  EXPECT_LE(minute_rows[0].from, minute_rows[0].until);
  for (std::size_t i = 1; i < 50; ++i) {
    EXPECT_EQ(minute_rows[i].amounts[0].value, 600'000) << i;
    EXPECT_FALSE(minute_rows[i].amounts[0].is_partial || minute_rows[i].amounts[0].is_spanning) << i;
  }
  const auto quarters = told.of(plant::grid, seconds{900});
  ASSERT_GE(quarters.size(), 4U);
  EXPECT_TRUE(quarters[0].amounts[0].is_partial && quarters[0].amounts[0].is_spanning);
  EXPECT_FALSE(quarters[0].peak);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(quarters[i].amounts[0].value, 9'000'000) << i;
    ASSERT_TRUE(quarters[i].peak) << i;
    EXPECT_EQ(quarters[i].peak->value, 9'000'000) << i;
  }
}

}  // namespace
}  // namespace jidian::domain

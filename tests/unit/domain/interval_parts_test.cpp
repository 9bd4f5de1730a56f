#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/domain/one_meter.hpp"
#include "tests/unit/domain/summed_plant.hpp"

/// Rows of a meter that goes and comes back within an interval.
namespace jidian::domain {
namespace {

using one_meter::Builder;
using one_meter::midnight;
using one_meter::poll;
using std::chrono::seconds;

/// A meter that goes after 90 s and comes back after 100 s.
class MeterThatComesBack : public testing::Test {
 protected:
  static constexpr int gone = 90;
  static constexpr int back = 100;

  MeterThatComesBack() {
    add(first_, 0, gone);
    first_.builder.end(0, at(gone), first_.rows);
  }
  static UtcTime at(int s) { return midnight + seconds(s); }
  static void add(Builder& builder, int from, int until) {
    for (int s = from; s < until; ++s) builder.add(poll(at(s), 5, 100u + static_cast<unsigned>(s)));
  }
  /// What another builder is shown of `rows` and of the polls before its return.
  void recall(Builder& builder, const IntervalBuilder::Rows& rows) const {
    for (const IntervalRow& row : rows) builder.builder.restore(row);
    add(builder, 0, gone);
    builder.builder.resume(0, at(back), builder.rows);
  }
  Builder first_;
  Builder second_;
};

TEST_F(MeterThatComesBack, HasASecondRowOfEachIntervalThatItWentIn) {
  recall(second_, first_.rows);
  EXPECT_TRUE(second_.rows.empty());
  add(second_, back, 961);
  const IntervalRow minute = second_.of(seconds(60)).front();
  EXPECT_EQ(minute.start, at(60));
  EXPECT_EQ(minute.polls_made, 20u);
  EXPECT_EQ(minute.polls_expected, 20u) << "from its return on";
  EXPECT_EQ(minute.points[0].samples, 20u);
  EXPECT_EQ(second_.of(seconds(60))[1].polls_expected, 60u);
  const IntervalRow before = first_.of(seconds(900)).front();
  ASSERT_EQ(second_.of(seconds(900)).size(), 1u);
  const IntervalRow quarter = second_.of(seconds(900)).front();
  EXPECT_EQ(quarter.start, before.start);
  EXPECT_EQ(quarter.polls_made, 800u);
  EXPECT_EQ(quarter.polls_expected, 800u);
  EXPECT_EQ(quarter.points[1].first, before.points[1].last) << "energies telescope";
  EXPECT_EQ(quarter.points[1].first_at, before.points[1].last_at);
  EXPECT_EQ(quarter.points[1].last, 1000u);
}

TEST_F(MeterThatComesBack, HasTheSameRowsAfterARestartWithinThem) {
  recall(second_, first_.rows);
  add(second_, back, 961);
  Builder third;  // in the second minute, when the first row behind the return was told already
  IntervalBuilder::Rows rows = first_.rows;
  rows.push_back(second_.rows.front());
  recall(third, rows);
  add(third, back, 961);
  ASSERT_EQ(third.rows.size() + 1, second_.rows.size());
  EXPECT_TRUE(std::equal(third.rows.begin(), third.rows.end(), second_.rows.begin() + 1));
}

TEST_F(MeterThatComesBack, TellsNoSecondRowTwice) {
  recall(second_, first_.rows);
  add(second_, back, 961);
  Builder third;
  IntervalBuilder::Rows rows = first_.rows;
  rows.insert(rows.end(), second_.rows.begin(), second_.rows.end());
  recall(third, rows);
  add(third, back, 961);
  EXPECT_TRUE(third.rows.empty());
}

TEST_F(MeterThatComesBack, AndGoesOnceMoreHasAThirdRow) {
  recall(second_, first_.rows);
  add(second_, back, 105);
  second_.builder.end(0, at(105), second_.rows);
  Builder third;
  IntervalBuilder::Rows rows = first_.rows;
  rows.insert(rows.end(), second_.rows.begin(), second_.rows.end());
  recall(third, rows);
  add(third, back, 105);
  third.builder.resume(0, at(110), third.rows);
  EXPECT_TRUE(third.rows.empty());
  add(third, 110, 121);
  ASSERT_EQ(third.rows.size(), 1u);
  EXPECT_EQ(third.rows.front().start, at(60));
  EXPECT_EQ(third.rows.front().polls_made, 10u);
  EXPECT_EQ(third.rows.front().polls_expected, 10u);
}

/// A minute of a meter whose energy counter went from one count to another.
IntervalRow minute_of(MeterIndex meter, int from, std::uint64_t first, int until, std::uint64_t last) {
  IntervalRow row{meter, summed::midnight, seconds(60), 2, 2, std::vector<PointInterval>(2)};
  row.points[0].first = first;
  row.points[0].first_at = summed::midnight + seconds(from);
  row.points[0].last = last;
  row.points[0].last_at = summed::midnight + seconds(until);
  return row;
}

TEST(AggregateBuilder, ARowWaitsForTheSecondPartOfAMeterThatCameBackAndHasBoth) {
  const Manifest manifest = summed::plant();
  AggregateBuilder aggregates(manifest);
  AggregateBuilder::Rows told;
  aggregates.restore(minute_of(0, 0, 100, 20, 102));
  aggregates.resume(0, summed::midnight + seconds(40));
  const auto told_of_press = [&] { return std::ranges::count(told, summed::press, &AggregateRow::subject); };
  aggregates.add(minute_of(1, 0, 700, 60, 705), told);
  EXPECT_EQ(told_of_press(), 0);
  aggregates.add(minute_of(0, 20, 102, 60, 106), told);
  ASSERT_EQ(told_of_press(), 1);
  const AggregateRow row = *std::ranges::find(told, summed::press, &AggregateRow::subject);
  EXPECT_EQ(row.amounts[0].value, (106 - 100 + 705 - 700) * 10'000);
  EXPECT_TRUE(row.amounts[0].is_partial) << "no part of it is the whole minute";
  EXPECT_EQ(row.polls_made, 6u);
}

}  // namespace
}  // namespace jidian::domain

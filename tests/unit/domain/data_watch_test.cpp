#include "domain/data_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jidian::domain {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr UtcTime noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + hours{12}};

std::string fact_of(const Event& event, const std::string& name) {
  for (const auto& [key, value] : event.facts)
    if (key == name) return value;
  return "none";
}

PointEntry point(const std::string& quantity, const std::string& phase, const std::string& unit,
                 PointKind kind = PointKind::instantaneous) {
  PointEntry point;
  point.name = phase.empty() ? quantity : quantity + "." + phase;
  point.quantity = quantity;
  point.phase = phase;
  point.unit = unit;
  point.kind = kind;
  point.type = ValueType::signed_integer;
  return point;
}

/// A meter behind 100/5 A with power (kW), frequency, its own clock and a count of openings.
class DataWatchTest : public testing::Test {
 protected:
  DataWatchTest() {
    MeterEntry& meter = manifest_.meters.emplace_back();
    meter.id = "press-1";
    meter.ct_ratio = "100/5";
    meter.points = {point("active_power", "total", "kW"), point("frequency", "", "Hz"),
                    point("clock_unix", "", "s", PointKind::state),
                    point("cover_open_count", "", "", PointKind::state)};
    manifest_.data_rules.value_polls = 3;
  }
  void begin() { watch_.emplace(manifest_); }

  Poll poll_of(std::int64_t kw, std::int64_t hz = 50, std::int64_t clock_off = 0, std::int64_t openings = 0) {
    now_ += seconds(1);
    const auto told = std::chrono::floor<seconds>(now_).time_since_epoch().count() + clock_off;
    Poll poll{0, now_, now_, now_, ClockQuality::synchronised, {}, {}};
    for (const std::int64_t value : {kw, hz, told, openings})
      poll.samples.push_back({static_cast<std::uint64_t>(value), Quality::ok});
    return poll;
  }
  /// "check state" of what the same poll `times` times brings.
  std::vector<std::string> polls(int times, std::int64_t kw, std::int64_t hz = 50, std::int64_t clock_off = 0,
                                 std::int64_t openings = 0) {
    events_.clear();
    for (int i = 0; i < times; ++i) watch_->add(poll_of(kw, hz, clock_off, openings), events_);
    return told();
  }
  /// Rows of the minutes of `hour` of which the first `with_values` have values.
  std::vector<std::string> rows(UtcTime hour, int with_values, int count = 60) {
    events_.clear();
    for (int i = 0; i < count; ++i) watch_->add(row(hour + minutes(i), i < with_values ? 60 : 0), events_);
    return told();
  }
  static IntervalRow row(UtcTime start, std::uint32_t polls_made) {
    return {0, start, seconds(60), polls_made, 60, {}};
  }
  std::vector<std::string> told() const {
    std::vector<std::string> all;
    for (const auto& event : events_) all.push_back(fact_of(event, "check") + " " + fact_of(event, "state"));
    return all;
  }

  Manifest manifest_;
  std::optional<DataWatch> watch_;
  std::vector<Event> events_;
  UtcTime now_ = noon;
};

TEST_F(DataWatchTest, AMinuteWithTwoRowsIsOne) {
  begin();
  rows(noon, 60);
  events_.clear();
  for (int i = 0; i < 60; ++i)
    for (int part = 0; part < 2; ++part) watch_->add(row(noon + hours(1) + minutes(i), i < 40 ? 30 : 0), events_);
  watch_->add(row(noon + hours(2), 60), events_);
  EXPECT_THAT(told(), ElementsAre("rows begun")) << "40 minutes with values, not 80";
}

TEST_F(DataWatchTest, PowerBelowZeroIsToldWhereNothingGenerates) {
  begin();
  EXPECT_THAT(polls(2, -5), IsEmpty());
  EXPECT_THAT(polls(1, 5), IsEmpty()) << "two polls are no news";
  EXPECT_THAT(polls(4, -5), ElementsAre("negative begun"));
  EXPECT_EQ(fact_of(events_[0], "point"), "active_power.total");
  EXPECT_EQ(fact_of(events_[0], "active_power.total"), "-5");
  EXPECT_EQ(fact_of(events_[0], "since"), "2026-03-01T12:00:04.000Z");
  EXPECT_THAT(polls(5, 5), ElementsAre("negative ended"));
  EXPECT_THAT(polls(5, -5), IsEmpty()) << "within the hour";
  FacilityEntry panels;
  panels.kind = FacilityKind::generation;
  panels.meters = {"press-1"};
  manifest_.facilities = {panels};
  begin();
  EXPECT_THAT(polls(5, -5), IsEmpty());
  EXPECT_THAT(polls(5, 5, -1), ElementsAre("negative begun")) << "a frequency";
}

TEST_F(DataWatchTest, WhatBeginsAgainWithinTheHourAndLastsIsToldWhenTheHourIsOver) {
  begin();
  EXPECT_THAT(polls(3, -5), ElementsAre("negative begun"));
  EXPECT_THAT(polls(3, 5), ElementsAre("negative ended"));
  EXPECT_THAT(polls(3, -5), IsEmpty());
  now_ += minutes(30);
  EXPECT_THAT(polls(3, -5), IsEmpty());
  now_ += minutes(30);
  EXPECT_THAT(polls(1, 5), IsEmpty()) << "a good poll begins nothing";
  EXPECT_THAT(polls(3, -5), ElementsAre("negative begun")) << "once";
  EXPECT_EQ(fact_of(events_[0], "since"), "2026-03-01T12:00:07.000Z");
  EXPECT_THAT(polls(3, 5), ElementsAre("negative ended"));
}

TEST_F(DataWatchTest, WhatBeginsAgainWithinTheHourAndEndsInItIsNotTold) {
  begin();
  polls(3, -5);
  polls(3, 5);
  EXPECT_THAT(polls(3, -5), IsEmpty());
  EXPECT_THAT(polls(3, 5), IsEmpty());
  now_ += hours(1);
  EXPECT_THAT(polls(3, -5), ElementsAre("negative begun"));
}

TEST_F(DataWatchTest, WhatARoofGivesFlowsBackThroughTheMetersOfTheGrid) {
  FacilityEntry panels;
  panels.kind = FacilityKind::generation;
  panels.meters = {"roof-1"};
  manifest_.facilities = {panels};
  begin();
  EXPECT_THAT(polls(5, -5), ElementsAre("negative begun")) << "a press gives nothing back";
  manifest_.site.accounts.push_back({"grid", Carrier::electricity, "1", "", "", {"press-1"}});
  begin();
  EXPECT_THAT(polls(5, -5), IsEmpty());
}

TEST_F(DataWatchTest, PowerBeyondTheTransformersIsOverRange) {
  begin();  // 100 A at 400 V: 69 kVA, 150 % of it: 104
  EXPECT_THAT(polls(5, 103), IsEmpty());
  EXPECT_THAT(polls(5, 105), ElementsAre("over_range begun"));
  EXPECT_THAT(polls(5, 60), ElementsAre("over_range ended"));
}

TEST_F(DataWatchTest, WhatAMeterIsLeftOutOfIsNotLookedAt) {
  manifest_.meters[0].unchecked = {"negative", "over_range", "meter_clock", "cover", "rows"};
  begin();
  EXPECT_THAT(polls(5, -105, 50, -301, 0), IsEmpty());
  EXPECT_THAT(polls(5, 105, -1, 600, 1), IsEmpty());
  rows(noon, 60);
  EXPECT_THAT(rows(noon + hours(5), 10), IsEmpty());
  manifest_.meters[0].unchecked = {"negative"};
  begin();
  EXPECT_THAT(polls(5, -105), ElementsAre("over_range begun")) << "the others are";
}

TEST_F(DataWatchTest, SoIsAValueOutsideItsPointsRange) {
  begin();
  for (int i = 0; i < 3; ++i) {
    Poll poll = poll_of(5);
    poll.samples[1].quality = Quality::out_of_range;
    watch_->add(poll, events_);
  }
  EXPECT_THAT(told(), ElementsAre("over_range begun"));
  EXPECT_EQ(fact_of(events_[0], "point"), "frequency");
}

TEST_F(DataWatchTest, AHoleEndsNothing) {
  begin();
  polls(3, -5);
  events_.clear();
  for (int i = 0; i < 10; ++i) {
    Poll poll = poll_of(5);
    for (Sample& sample : poll.samples) sample = {0, Quality::no_answer};
    watch_->add(poll, events_);
  }
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DataWatchTest, TheMetersOwnClockIsHeldAgainstTheBoxs) {
  begin();
  EXPECT_THAT(polls(5, 5, 50, 299), IsEmpty());
  EXPECT_THAT(polls(5, 5, 50, 8 * 3600), IsEmpty()) << "the site's time";
  EXPECT_THAT(polls(5, 5, 50, -301), ElementsAre("meter_clock begun"));
  EXPECT_EQ(fact_of(events_[0], "offset_s"), "-301");
  EXPECT_THAT(polls(5, 5, 50, 10), ElementsAre("meter_clock ended"));
}

TEST_F(DataWatchTest, OpeningsAreCountedOnOverARestart) {
  begin();
  EXPECT_THAT(polls(3, 5, 50, 0, 7), IsEmpty());
  EXPECT_THAT(polls(3, 5, 50, 0, 8), ElementsAre("cover counted"));
  EXPECT_EQ(fact_of(events_[0], "before") + " " + fact_of(events_[0], "after"), "7 8");
  EXPECT_THAT(polls(3, 5, 50, 0, 9), IsEmpty()) << "within the hour";
  now_ += hours(1);
  EXPECT_THAT(polls(1, 5, 50, 0, 10), ElementsAre("cover counted"));
  EXPECT_EQ(fact_of(events_[0], "before") + " " + fact_of(events_[0], "after"), "8 10") << "none is lost";
  const Poll last = poll_of(5, 50, 0, 10);
  begin();
  watch_->remember(last);
  EXPECT_THAT(polls(1, 5, 50, 0, 11), ElementsAre("cover counted"));
}

TEST_F(DataWatchTest, AnHourNeedsItsMinutes) {
  begin();
  EXPECT_THAT(rows(noon + minutes(10), 10, 50), IsEmpty()) << "the first hour is not whole";
  EXPECT_THAT(rows(noon + hours(1), 44), IsEmpty());
  EXPECT_THAT(rows(noon + hours(2), 44), ElementsAre("rows begun"));
  EXPECT_EQ(fact_of(events_[0], "hour"), "2026-03-01T13:00:00.000Z");
  EXPECT_EQ(fact_of(events_[0], "minutes"), "44");
  EXPECT_EQ(events_[0].time, noon + hours(2));
  EXPECT_THAT(rows(noon + hours(3), 45), IsEmpty()) << "told once";
  EXPECT_THAT(rows(noon + hours(4), 60), ElementsAre("rows ended"));
}

TEST_F(DataWatchTest, HoursWithoutAnyRowCountToo) {
  begin();
  rows(noon, 60);
  EXPECT_THAT(rows(noon + hours(5), 60), ElementsAre("rows begun"));
  EXPECT_EQ(fact_of(events_[0], "since"), "2026-03-01T13:00:00.000Z");
  EXPECT_THAT(rows(noon + hours(6), 60), ElementsAre("rows ended"));
}

TEST_F(DataWatchTest, ARestartGoesOnWithTheHour) {
  begin();
  for (int i = 0; i < 30; ++i) watch_->remember(row(noon + minutes(i), 60));
  for (int i = 30; i < 60; ++i) watch_->add(row(noon + minutes(i), 60), events_);
  EXPECT_THAT(rows(noon + hours(1), 60), IsEmpty());
}

TEST_F(DataWatchTest, AClockThatWasAheadAndIsSetBackLeavesHoursToBeJudged) {
  begin();
  rows(noon, 60);
  EXPECT_THAT(rows(noon + hours(240), 30, 30), ElementsAre("rows begun"));
  EXPECT_THAT(rows(noon + hours(1) + minutes(20), 40, 40), IsEmpty()) << "set back into an hour that is not whole";
  EXPECT_THAT(rows(noon + hours(2), 60), IsEmpty());
  EXPECT_THAT(rows(noon + hours(3), 10), ElementsAre("rows ended"));
  EXPECT_THAT(rows(noon + hours(4), 60), ElementsAre("rows begun"));
  EXPECT_EQ(fact_of(events_[0], "hour") + " " + fact_of(events_[0], "minutes"), "2026-03-01T15:00:00.000Z 10");
}

TEST_F(DataWatchTest, AClockSetBackOverTheTurnOfAnHourCountsItAnew) {
  begin();
  rows(noon, 60);
  rows(noon + hours(1), 30, 30);
  rows(noon + minutes(50), 10, 10);
  rows(noon + hours(1), 30);
  EXPECT_THAT(rows(noon + hours(2), 60), ElementsAre("rows begun"));
  EXPECT_EQ(fact_of(events_[0], "minutes"), "30") << "the minutes that came twice count once";
}

TEST_F(DataWatchTest, AMeterThatIsAskedRarelyNeedsLess) {
  manifest_.meters[0].period = minutes(5);
  begin();
  for (int hour = 0; hour < 3; ++hour)
    for (int i = 0; i < 60; i += 5)
      watch_->add(row(noon + hours(hour) + minutes(i), hour == 1 && i > 35 ? 0 : 1), events_);
  EXPECT_THAT(told(), ElementsAre("rows begun"));
  EXPECT_EQ(fact_of(events_[0], "minutes") + " of " + fact_of(events_[0], "least"), "8 of 9");
}

TEST_F(DataWatchTest, ALinkThatIsLostForLongIsToldAtItsEndToo) {
  begin();
  watch_->see_link("province", true, noon, events_);
  watch_->see_link("province", false, noon + minutes(1), events_);
  watch_->see_link("province", false, noon + minutes(15), events_);
  watch_->see_link("bureau", true, noon + minutes(15), events_);
  EXPECT_THAT(told(), IsEmpty());
  watch_->see_link("province", false, noon + minutes(16), events_);
  watch_->see_link("province", false, noon + minutes(17), events_);
  watch_->see_link("province", true, noon + minutes(20), events_);
  watch_->see_link("province", true, noon + minutes(21), events_);
  EXPECT_THAT(told(), ElementsAre("link begun", "link ended"));
  EXPECT_EQ(events_[0].subject, "province");
  EXPECT_EQ(fact_of(events_[1], "since"), "2026-03-01T12:01:00.000Z");
  EXPECT_EQ(fact_of(events_[1], "lasted_s"), "1140");
}

TEST_F(DataWatchTest, AShortBreakIsNoNews) {
  begin();
  for (int i = 0; i < 100; ++i) watch_->see_link("province", i % 10 == 0, noon + minutes(i), events_);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DataWatchTest, AClockThatIsNotSetIsToldAfterAnHour) {
  begin();
  watch_->see_clock(ClockQuality::unsynchronised, noon, events_);
  watch_->see_clock(ClockQuality::unsynchronised, noon + minutes(59), events_);
  EXPECT_THAT(told(), IsEmpty());
  watch_->see_clock(ClockQuality::unsynchronised, noon + minutes(60), events_);
  watch_->see_clock(ClockQuality::synchronised, noon + minutes(61), events_);
  EXPECT_THAT(told(), ElementsAre("clock begun", "clock ended"));
}

}  // namespace
}  // namespace jidian::domain

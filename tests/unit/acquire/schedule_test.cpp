#include "acquire/schedule.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace jidian::acquire {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const UtcTime noon{hours{490'000}};  // a whole hour of 2025

TEST(Schedule, SlotsAreMultiplesOfThePeriodSinceTheEpoch) {
  Schedule schedule({{seconds{10}, Millis{0}}}, noon + Millis{1});
  EXPECT_EQ(schedule.next_due(), noon + seconds{10});
  EXPECT_FALSE(schedule.take_due(noon + Millis{9'999}));
  const auto slot = schedule.take_due(noon + Millis{10'004});
  ASSERT_TRUE(slot);
  EXPECT_EQ(slot->due, noon + seconds{10});
  EXPECT_EQ(slot->skipped, 0U);
  EXPECT_EQ(schedule.next_due(), noon + seconds{20});
}

TEST(Schedule, AStartOnASlotServesThatSlot) {
  Schedule schedule({{seconds{10}, Millis{0}}}, noon);
  EXPECT_EQ(schedule.take_due(noon)->due, noon);
  EXPECT_FALSE(schedule.take_due(noon));
}

TEST(Schedule, OffsetShiftsTheSlots) {
  Schedule schedule({{seconds{10}, Millis{300}}}, noon);
  EXPECT_EQ(schedule.next_due(), noon + Millis{300});
}

TEST(Schedule, AnOffsetLongerThanThePeriodIsNoTrap) {
  Schedule schedule({{seconds{1}, Millis{2'300}}}, noon);
  EXPECT_EQ(schedule.next_due(), noon + Millis{300});
}

TEST(Schedule, MissedSlotsAreSkippedAndCountedNeverBunched) {
  Schedule schedule({{seconds{1}, Millis{0}}}, noon);
  ASSERT_TRUE(schedule.take_due(noon));
  const auto late = schedule.take_due(noon + Millis{5'700});
  ASSERT_TRUE(late);
  EXPECT_EQ(late->due, noon + seconds{5});
  EXPECT_EQ(late->skipped, 4U);
  EXPECT_FALSE(schedule.take_due(noon + Millis{5'999}));
  EXPECT_TRUE(schedule.take_due(noon + seconds{6}));
}

TEST(Schedule, LongestOverdueComesFirst) {
  Schedule schedule({{seconds{1}, Millis{0}}, {seconds{5}, Millis{0}}}, noon);
  EXPECT_EQ(schedule.take_due(noon)->meter, 0U);
  EXPECT_EQ(schedule.take_due(noon + Millis{1'500})->meter, 1U);  // due at noon, the other at noon + 1 s
  EXPECT_EQ(schedule.take_due(noon + Millis{1'500})->meter, 0U);
}

TEST(Schedule, AnOverloadedBusServesItsMetersInTurn) {
  Schedule schedule(std::vector<Schedule::Entry>(4, {seconds{1}, Millis{0}}), noon);
  std::map<std::size_t, int> served;
  for (int n = 0; n < 400; ++n) ++served[schedule.take_due(noon + Millis{600} * n)->meter];  // 2.4 s a round
  for (std::size_t meter = 0; meter < 4; ++meter) EXPECT_EQ(served[meter], 100) << meter;
}

std::vector<std::size_t> edges_at(Schedule& schedule, UtcTime now) {
  std::vector<std::size_t> meters;
  while (const auto slot = schedule.take_edge(now)) meters.push_back(slot->meter);
  return meters;
}

TEST(Schedule, OnTheEdgeOfAQuarterHourMetersWithCountersAreToldApart) {
  const std::vector<Schedule::Entry> entries{{seconds{10}, Millis{0}, false},
                                             {seconds{10}, Millis{0}, true},
                                             {seconds{10}, Millis{0}, false},
                                             {seconds{10}, Millis{0}, true}};
  Schedule schedule(entries, noon);
  EXPECT_EQ(schedule.next_edge(), noon);
  EXPECT_EQ(edges_at(schedule, noon), (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(schedule.take_due(noon)->meter, 0U);
  EXPECT_EQ(schedule.take_due(noon)->meter, 2U);
  EXPECT_FALSE(schedule.take_due(noon));
  EXPECT_TRUE(edges_at(schedule, noon + seconds{10}).empty());
  EXPECT_EQ(schedule.next_edge(), noon + minutes{15});
  for (UtcTime now = noon + seconds{10}; now < noon + minutes{15}; now += seconds{10})
    for (int meter = 0; meter < 4; ++meter) ASSERT_TRUE(schedule.take_due(now));
  EXPECT_EQ(schedule.next_edge(), noon + minutes{15});
  EXPECT_EQ(edges_at(schedule, noon + minutes{15}).size(), 2U);
}

TEST(Schedule, AnEdgeIsTheFirstSlotOfAQuarterHourWhereverItLies) {
  Schedule schedule({{seconds{10}, Millis{300}, true}, {seconds{7}, Millis{0}, true}, {minutes{60}, Millis{0}, true}},
                    noon - seconds{30});
  std::map<std::size_t, std::vector<UtcTime>> edges;
  for (UtcTime now = noon - seconds{30}; now < noon + minutes{29}; now += Millis{100}) {
    while (const auto slot = schedule.take_edge(now)) edges[slot->meter].push_back(slot->due);
    while (schedule.take_due(now)) continue;
  }
  EXPECT_EQ(edges[0], (std::vector<UtcTime>{noon + Millis{300}, noon + minutes{15} + Millis{300}}));
  EXPECT_EQ(edges[1].size(), 2U);
  EXPECT_LT(edges[1][0] - noon, seconds{7});
  EXPECT_EQ(edges[2], std::vector<UtcTime>{noon});
}

TEST(Schedule, AnEdgeThatPassedUnservedIsTheNextSlotServed) {
  Schedule schedule({{seconds{1}, Millis{0}, true}}, noon - seconds{2});
  ASSERT_TRUE(schedule.take_due(noon - seconds{2}));
  const auto late = schedule.take_edge(noon + Millis{3'400});
  ASSERT_TRUE(late);
  EXPECT_EQ(late->due, noon + seconds{3});
  EXPECT_EQ(late->skipped, 4U);
}

TEST(Schedule, AStartWithinAQuarterHourIsNoEdge) {
  Schedule schedule({{seconds{10}, Millis{0}, true}}, noon + minutes{7});
  EXPECT_EQ(schedule.next_edge(), noon + minutes{15});
  EXPECT_FALSE(schedule.take_edge(noon + minutes{7}));
  EXPECT_TRUE(schedule.take_due(noon + minutes{7}));
}

TEST(Schedule, WithoutMetersNothingIsEverDue) {
  Schedule schedule({}, noon);
  EXPECT_FALSE(schedule.take_due(noon + hours{1}));
  EXPECT_FALSE(schedule.take_edge(noon + hours{1}));
  EXPECT_EQ(schedule.next_due(), UtcTime::max());
  EXPECT_EQ(schedule.next_edge(), UtcTime::max());
}

TEST(Schedule, AStepForwardSkipsWithoutCounting) {
  Schedule schedule({{seconds{10}, Millis{0}}}, noon);
  ASSERT_TRUE(schedule.take_due(noon));
  const UtcTime later = noon + hours{3} + seconds{7};
  schedule.realign(later);
  EXPECT_EQ(schedule.next_due(), noon + hours{3} + seconds{10});
  EXPECT_EQ(schedule.take_due(noon + hours{3} + seconds{10})->skipped, 0U);
}

TEST(Schedule, ASmallStepBackRepeatsNoSlot) {
  Schedule schedule({{seconds{1}, Millis{0}}}, noon);
  ASSERT_TRUE(schedule.take_due(noon));
  schedule.realign(noon - Millis{2'600});
  EXPECT_FALSE(schedule.take_due(noon));
  EXPECT_EQ(schedule.take_due(noon + seconds{1})->due, noon + seconds{1});
}

TEST(Schedule, ASlotThatAnotherScheduleServedIsNotRepeatedAfterASmallStepBack) {
  Schedule before({{seconds{1}, Millis{0}, false}, {seconds{5}, Millis{0}, false}}, noon);
  ASSERT_TRUE(before.take_due(noon));
  ASSERT_TRUE(before.take_due(noon));
  Schedule after({{seconds{1}, Millis{0}, false, before.last(0)}, {seconds{2}, Millis{0}, false, before.last(1)}},
                 noon - Millis{2'600});
  EXPECT_EQ(after.next_due(), noon + seconds{1});
  EXPECT_EQ(after.take_due(noon + seconds{1})->meter, 0U);
  EXPECT_EQ(after.take_due(noon + seconds{2})->due, noon + seconds{2}) << "another period has slots of its own";
  const Schedule later({{seconds{1}, Millis{0}, false, noon}}, noon - hours{1});
  EXPECT_EQ(later.next_due(), noon - hours{1}) << "the hour is lived a second time";
}

TEST(Schedule, AnEdgeThatPassesBetweenTwoSchedulesIsTheFirstSlotOfTheNext) {
  Schedule schedule({{seconds{1}, Millis{0}, true, noon - seconds{2}}}, noon + Millis{3'400});
  EXPECT_EQ(schedule.next_edge(), noon + seconds{4});
  EXPECT_TRUE(schedule.take_edge(noon + seconds{4}));
  Schedule unknown({{seconds{1}, Millis{0}, true}}, noon + Millis{3'400});
  EXPECT_EQ(unknown.next_edge(), noon + minutes{15});
}

TEST(Schedule, TheEdgeOfABusyMeterStaysDue) {
  Schedule schedule({{seconds{1}, Millis{0}, true}, {seconds{1}, Millis{0}, true}}, noon);
  const auto is_first = [](std::size_t meter) { return meter == 0; };
  EXPECT_EQ(schedule.take_edge(noon, is_first)->meter, 1U);
  EXPECT_FALSE(schedule.take_edge(noon, is_first));
  EXPECT_EQ(schedule.take_edge(noon)->meter, 0U);
}

TEST(Schedule, ALargeStepBackDoesNotStopPolling) {
  Schedule schedule({{seconds{1}, Millis{0}}}, noon);
  ASSERT_TRUE(schedule.take_due(noon));
  schedule.realign(noon - hours{1});
  EXPECT_EQ(schedule.next_due(), noon - hours{1});
}

TEST(Schedule, InstantsBefore1970AlignAsWell) {
  const UtcTime early{Millis{-1'500}};
  Schedule schedule({{seconds{1}, Millis{0}}}, early);
  EXPECT_EQ(schedule.next_due(), UtcTime{Millis{-1'000}});
}

TEST(Schedule, ADayOfSlotsIsCompleteAndInOrder) {
  Schedule schedule({{seconds{7}, Millis{100}}}, noon);
  UtcTime last{};
  std::uint64_t count = 0;
  for (UtcTime now = noon; now < noon + hours{24}; now += Millis{333}) {
    while (const auto slot = schedule.take_due(now)) {
      EXPECT_TRUE(count == 0 || slot->due - last == seconds{7});
      last = slot->due;
      ++count;
    }
  }
  EXPECT_NEAR(static_cast<double>(count), 86'400 / 7.0, 1);
}

}  // namespace
}  // namespace jidian::acquire

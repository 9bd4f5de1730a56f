#include "domain/interval_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <random>

#include "domain/slots.hpp"
#include "tests/unit/domain/one_meter.hpp"

namespace jidian::domain {
namespace {

using one_meter::Builder;
using one_meter::hole;
using one_meter::midnight;
using one_meter::plant;
using one_meter::poll;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(IntervalBuilder, AReturnLeavesWhatGoesOnBehindItAsItIs) {
  Builder first;
  for (int s = 0; s < 61; ++s) first.add(poll(midnight + seconds(s), 5, 100u));
  ASSERT_EQ(first.of(seconds(60)).size(), 1u);
  Builder plant;  // after a restart: it came back in the minute that is told already
  plant.builder.restore(first.of(seconds(60)).front());
  plant.builder.resume(0, midnight + seconds(30), plant.rows);
  for (int s = 30; s < 121; ++s) plant.add(poll(midnight + seconds(s), 5, 100u));
  ASSERT_EQ(plant.of(seconds(60)).size(), 1u);
  EXPECT_EQ(plant.of(seconds(60)).front().start, midnight + seconds(60));
}

TEST(IntervalBuilder, AMeterThatGoesTellsWhatItHadAndNothingMore) {
  Builder b;
  for (int s = 0; s < 90; ++s) b.add(poll(midnight + seconds(s), 5, 100u + static_cast<unsigned>(s)));
  b.builder.end(0, midnight + seconds(95), b.rows);
  ASSERT_EQ(b.of(seconds(60)).size(), 2u);
  EXPECT_EQ(b.of(seconds(60)).front().polls_expected, 60u);
  EXPECT_EQ(b.of(seconds(60)).back().polls_made, 30u);
  EXPECT_EQ(b.of(seconds(60)).back().polls_expected, 35u) << "none behind its end";
  ASSERT_EQ(b.of(seconds(900)).size(), 1u);
  EXPECT_EQ(b.of(seconds(900)).front().polls_made, 90u);
  EXPECT_EQ(b.of(seconds(900)).front().points[1].last, 189u);
  b.builder.close_overdue(midnight + seconds(7200), b.rows);
  EXPECT_EQ(b.rows.size(), 3u);
}

TEST(CountSlots, HalfOpenAndForAnyPhase) {
  const auto at = [](std::int64_t ms) { return UtcTime{Millis{ms}}; };
  EXPECT_EQ(count_slots(at(0), at(60'000), at(0), Millis{1000}), 60u);
  EXPECT_EQ(count_slots(at(1), at(60'000), at(0), Millis{1000}), 59u);
  EXPECT_EQ(count_slots(at(0), at(60'001), at(0), Millis{1000}), 61u);
  EXPECT_EQ(count_slots(at(0), at(60'000), at(123'456'300), Millis{7'000}), 8u);
  EXPECT_EQ(count_slots(at(-5'000), at(5'000), at(500), Millis{1000}), 10u);
  EXPECT_EQ(count_slots(at(10), at(10), at(0), Millis{1}), 0u);
  EXPECT_EQ(count_slots(at(10), at(5), at(0), Millis{1}), 0u);
}

TEST(ComesAgain, OnlyWhereWaitingForNewSlotsTakesAMinute) {
  EXPECT_FALSE(comes_again(midnight, midnight + seconds(5), seconds(10))) << "it lies in the past";
  EXPECT_FALSE(comes_again(midnight, midnight, seconds(10)));
  EXPECT_FALSE(comes_again(midnight, midnight - Millis{59'999}, seconds(1)));
  EXPECT_TRUE(comes_again(midnight, midnight - seconds(60), seconds(1)));
  EXPECT_TRUE(comes_again(midnight, midnight - std::chrono::hours(24 * 365), seconds(1)));
  EXPECT_FALSE(comes_again(midnight, midnight - seconds(69), seconds(40)))
      << "the first slot from then on is 40 s before";
  EXPECT_FALSE(comes_again(midnight, midnight - minutes(10), minutes(15))) << "it is that one itself";
  EXPECT_TRUE(comes_again(midnight, midnight - minutes(16), minutes(15)));
}

TEST(Align, StartsOfIntervalsAlsoBefore1970) {
  EXPECT_EQ(align(midnight + seconds(899), seconds(900)), midnight);
  EXPECT_EQ(align(UtcTime{Millis{-1}}, seconds(60)), UtcTime{Millis{-60'000}});
}

TEST(IntervalBuilder, MinuteHasExtremesSumAndCounts) {
  Builder b;
  for (int s = 0; s <= 60; ++s) b.add(poll(midnight + seconds(s), s - 30, 1000 + 2u * static_cast<unsigned>(s)));
  ASSERT_EQ(b.rows.size(), 1u);
  const IntervalRow& row = b.rows.front();
  EXPECT_EQ(row.start, midnight);
  EXPECT_EQ(row.polls_made, 60u);
  EXPECT_EQ(row.polls_expected, 60u);
  EXPECT_EQ(row.points[0].samples, 60u);
  EXPECT_EQ(static_cast<std::int64_t>(row.points[0].least), -30);
  EXPECT_EQ(static_cast<std::int64_t>(row.points[0].most), 29);
  EXPECT_EQ(static_cast<std::int64_t>(row.points[0].sum), -30);
  EXPECT_EQ(std::bit_cast<double>(row.points[2].sum), 60 * 20.5);
  EXPECT_EQ(row.points[1].first, 1000u);
  EXPECT_EQ(row.points[1].last, 1120u);  // the sample in the slot of the edge
  EXPECT_EQ(row.points[1].last_at, midnight + seconds(60) + Millis{30});
}

TEST(IntervalBuilder, EdgeIsTheNearestSampleOnEitherSide) {
  Builder b(Millis{10'000});
  for (int i = 0; i < 13; ++i) b.add(poll(midnight + seconds(7 + 10 * i), 0, static_cast<unsigned>(i)));
  const auto rows = b.of(seconds(60));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].polls_expected, 6u);
  EXPECT_EQ(rows[0].points[1].first, 0u);
  EXPECT_EQ(rows[0].points[1].last, 5u);  // 3 s before the edge, the other 7 s behind
  EXPECT_EQ(rows[1].points[1].first, 5u);
  EXPECT_EQ(rows[1].points[1].last, 11u);
}

TEST(IntervalBuilder, EveryEdgeIsASampleWithItsInstantAndNothingInBetween) {
  Builder b(Millis{7'000});
  std::vector<std::pair<std::uint64_t, UtcTime>> samples;
  for (int i = 0; i < 300; ++i) {
    b.add(poll(midnight + seconds(7 * i), 0, 1'000u * static_cast<unsigned>(i)));
    samples.emplace_back(1'000u * static_cast<unsigned>(i), midnight + seconds(7 * i) + Millis{30});
  }
  ASSERT_GT(b.rows.size(), 30u);
  for (const IntervalRow& row : b.rows) {
    const PointInterval& energy = row.points[1];
    EXPECT_EQ(std::ranges::count(samples, std::pair(energy.first, energy.first_at)), 1) << format_utc(row.start);
    EXPECT_EQ(std::ranges::count(samples, std::pair(energy.last, energy.last_at)), 1) << format_utc(row.start);
  }
}

TEST(IntervalBuilder, BadValuesAreInNoSumAndNoEdge) {
  Builder b;
  for (int s = 0; s <= 60; ++s) {
    auto one = poll(midnight + seconds(s), 5, 100);
    if (s == 59 || s == 60) one.samples[1] = {999'999, Quality::implausible};
    if (s == 30) one.samples[0] = {99'999, Quality::out_of_range};
    if (s == 31) one.samples[0] = {0, Quality::refused};
    b.add(one);
  }
  const IntervalRow& row = b.rows.front();
  EXPECT_EQ(row.polls_made, 60u);
  EXPECT_EQ(row.points[0].samples, 58u);
  EXPECT_EQ(row.points[0].most, 5u);
  EXPECT_EQ(row.points[1].last, 100u);
  EXPECT_EQ(row.points[1].last_at, midnight + seconds(58) + Millis{30});
}

TEST(IntervalBuilder, StateKeepsFirstAndLastInside) {
  Builder b;
  for (int s = 0; s <= 60; ++s) b.add(poll(midnight + seconds(s), 0, 0, 0, s < 20 ? 3 : s < 60 ? 4 : 5));
  EXPECT_EQ(b.rows.front().points[3].first, 3u);
  EXPECT_EQ(b.rows.front().points[3].last, 4u);
}

TEST(IntervalBuilder, RowOfAMeterThatFallsSilentComesByTime) {
  Builder b;
  for (int s = 0; s < 30; ++s) b.add(poll(midnight + seconds(s), 0, static_cast<unsigned>(s)));
  b.builder.close_overdue(midnight + seconds(69), b.rows);
  EXPECT_TRUE(b.rows.empty());
  b.builder.close_overdue(midnight + seconds(70), b.rows);
  ASSERT_EQ(b.rows.size(), 1u);
  EXPECT_EQ(b.rows[0].polls_made, 30u);
  EXPECT_EQ(b.rows[0].points[1].last, 29u);
}

TEST(IntervalBuilder, SilentMinutesSayNothingAndTheReturnBooksWhatTheCounterShows) {
  Builder b;
  b.add(poll(midnight + seconds(59), 0, 100));
  for (int s = 60; s < 240; ++s) b.add(hole(midnight + seconds(s)));
  b.add(poll(midnight + seconds(250), 0, 170));
  b.add(poll(midnight + seconds(300), 0, 180));
  const auto rows = b.of(seconds(60));
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].points[1].last, 100u);
  for (std::size_t i : {1u, 2u}) {
    EXPECT_EQ(rows[i].polls_made, 0u);
    EXPECT_EQ(rows[i].polls_expected, 60u);
    EXPECT_EQ(rows[i].points[1].samples, 0u);
    EXPECT_EQ(rows[i].points[1].first_at, UtcTime{});
    EXPECT_EQ(rows[i].points[1].quality, Quality::no_answer);
  }
  // The sample nearest to the end of the last silent minute came 10 s later.
  EXPECT_EQ(rows[3].polls_made, 0u);
  EXPECT_EQ(rows[3].points[1].first, 100u);
  EXPECT_EQ(rows[3].points[1].first_at, midnight + seconds(59) + Millis{30});
  EXPECT_EQ(rows[3].points[1].last, 170u);
  EXPECT_EQ(rows[4].points[1].first, 170u);
  EXPECT_EQ(rows[4].points[1].last, 180u);
}

TEST(IntervalBuilder, DayTelescopesToTheLastDigitWithHolesAndLateStarts) {
  Builder b(Millis{10'000});
  std::mt19937 random(7);
  std::uint64_t energy = 4'000'000'000;
  std::uint64_t first = 0;
  UtcTime now = midnight - seconds(30);
  for (; now <= midnight + std::chrono::hours(24); now += seconds(10)) {
    energy += random() % 500;
    if (now == midnight) first = energy;
    const bool must = now == midnight || now == midnight + std::chrono::hours(24);
    const auto dice = random() % 100;
    if (!must && dice < 3) {
      b.add(hole(now));
    } else if (must || dice >= 5) {
      b.add(poll(now, 0, energy));
    }
    b.builder.close_overdue(now, b.rows);
  }
  for (const auto& [length, count] : {std::pair(seconds(60), 1440u), std::pair(seconds(900), 96u)}) {
    auto rows = b.of(length);
    rows.erase(rows.begin());  // what was before midnight
    ASSERT_EQ(rows.size(), count);
    std::uint64_t sum = 0;
    std::uint64_t last = rows.front().points[1].first;
    EXPECT_EQ(last, first);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].start, midnight + i * length);
      EXPECT_EQ(rows[i].polls_expected, static_cast<std::uint32_t>(length / seconds(10)));
      if (rows[i].points[1].last_at == UtcTime{}) continue;
      EXPECT_EQ(rows[i].points[1].first, last);
      last = rows[i].points[1].last;
      sum += last - rows[i].points[1].first;
    }
    EXPECT_EQ(sum, energy - first);
  }
}

TEST(IntervalBuilder, MinuteCutInTwoComesOutWholeFromRecordedPolls) {
  Builder whole;
  for (int s = 0; s <= 120; ++s) whole.add(poll(midnight + seconds(s), s, 10u * static_cast<unsigned>(s)));

  Builder again;
  again.builder.restore(whole.rows.front());
  for (int s = 30; s < 90; ++s) again.add(poll(midnight + seconds(s), s, 10u * static_cast<unsigned>(s)));
  again.builder.skip_to(midnight + seconds(90), again.rows);
  for (int s = 90; s <= 120; ++s) again.add(poll(midnight + seconds(s), s, 10u * static_cast<unsigned>(s)));
  const auto rows = again.of(seconds(60));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.front(), whole.rows.back());
}

TEST(IntervalBuilder, ACounterReadBeforeTheRestStandsAtItsOwnInstant) {
  Builder b(Millis{10'000});
  const UtcTime quarter = midnight + minutes(15);
  for (int i = 0; i <= 180; ++i) {
    Poll edge = poll(midnight + seconds(10 * i), 1, static_cast<unsigned>(i));
    if (i == 90) {
      edge.end = quarter + Millis{1'900};
      edge.early = {{1, quarter + Millis{400}}};
    }
    b.add(edge);
  }
  const auto rows = b.of(seconds(900));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].points[1].last, 90u);
  EXPECT_EQ(rows[0].points[1].last_at, quarter + Millis{400});
  EXPECT_EQ(rows[1].points[1].first_at, quarter + Millis{400});
  EXPECT_EQ(rows[1].points[3].first_at, quarter + Millis{1'900}) << "the state came with the rest";
  EXPECT_EQ(rows[1].polls_made, 90u);
}

TEST(IntervalBuilder, TimeNotLivedThroughHasNoRows) {
  Builder b;
  for (int s = 0; s < 90; ++s) b.add(poll(midnight + seconds(s), 0, static_cast<unsigned>(s)));
  b.builder.skip_to(midnight + std::chrono::hours(300) + seconds(20), b.rows);
  b.builder.close_overdue(midnight + std::chrono::hours(300) + seconds(20), b.rows);
  auto rows = b.of(seconds(60));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].polls_made, 30u);
  for (int s = 20; s <= 60; ++s) b.add(poll(midnight + std::chrono::hours(300) + seconds(s), 0, 5000));
  rows = b.of(seconds(60));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[2].start, midnight + std::chrono::hours(300));
  EXPECT_EQ(rows[2].points[1].first, 89u);
  EXPECT_EQ(rows[2].points[1].last, 5000u);
}

TEST(IntervalBuilder, MeterSlowerThanAMinuteHasRowsWhereASlotLies) {
  Builder b(Millis{300'000});
  for (int i = 0; i < 4; ++i) b.add(poll(midnight + minutes(5 * i), 1, static_cast<unsigned>(i)));
  const auto rows = b.of(seconds(60));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].start, midnight + minutes(5));
  EXPECT_EQ(rows[1].polls_expected, 1u);
  const auto quarters = b.of(seconds(900));
  ASSERT_EQ(quarters.size(), 1u);
  EXPECT_EQ(quarters[0].polls_expected, 3u);
  EXPECT_EQ(quarters[0].points[1].last, 3u);
}

/// The plant whose power and energy are scaled by the mode.
struct ScaledBuilder : Builder {
  ScaledBuilder() {
    manifest.meters[0].points[0].scale_point = 3;
    manifest.meters[0].points[1].scale_point = 3;
  }
};

TEST(ScaledPoint, ARowInWhichItsExponentChangedHasNoSamplesOfIt) {
  ScaledBuilder built;
  built.add(poll(midnight, 10, 100, 20, 1));
  built.add(poll(midnight + seconds{10}, 100, 1000, 20, 0));
  built.add(poll(midnight + seconds{20}, 10, 100, 20, 1));
  built.add(poll(midnight + seconds{60}, 12, 102, 20, 1));
  built.add(poll(midnight + seconds{70}, 14, 104, 20, 1));
  built.add(poll(midnight + seconds{120}, 16, 106, 20, 1));
  const auto rows = built.of(seconds{60});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].points[0].samples, 0U);
  EXPECT_EQ(rows[0].points[0].quality, Quality::not_available);
  EXPECT_EQ(rows[0].points[2].samples, 3U) << "what has no scale goes on";
  EXPECT_EQ(rows[1].points[0].samples, 2U);
  EXPECT_EQ(rows[1].points[0].least, 12U);
  EXPECT_EQ(rows[1].points[0].quality, Quality::ok);
}

TEST(ScaledPoint, ACounterNeverStepsFromOneExponentToAnother) {
  ScaledBuilder built;
  built.add(poll(midnight, 10, 100, 20, 1));
  built.add(poll(midnight + seconds{50}, 10, 101, 20, 1));
  built.add(poll(midnight + seconds{60}, 100, 1020, 20, 0));  // the edge of two rows
  built.add(poll(midnight + seconds{110}, 100, 1030, 20, 0));
  built.add(poll(midnight + seconds{120}, 100, 1040, 20, 0));
  const auto rows = built.of(seconds{60});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].points[1].first, 100U);
  EXPECT_EQ(rows[0].points[1].last, 101U) << "the sample behind the edge has another exponent";
  EXPECT_EQ(rows[1].points[1].first, 1020U);
  EXPECT_EQ(rows[1].points[1].last, 1040U);
}

TEST(ScaledPoint, ACounterHasNoEdgesInARowWithinWhichItsExponentChanged) {
  ScaledBuilder built;
  built.add(poll(midnight, 10, 100, 20, 1));
  built.add(poll(midnight + seconds{20}, 100, 1010, 20, 0));
  built.add(poll(midnight + seconds{50}, 100, 1020, 20, 0));
  built.add(poll(midnight + seconds{60}, 100, 1025, 20, 0));
  built.add(poll(midnight + seconds{120}, 100, 1040, 20, 0));
  const auto rows = built.of(seconds{60});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].points[3].first, 1U) << "the exponent of the row";
  EXPECT_EQ(rows[0].points[1].samples, 0U);
  EXPECT_EQ(rows[0].points[1].quality, Quality::not_available);
  EXPECT_EQ(rows[0].points[1].first_at, UtcTime{});
  EXPECT_EQ(rows[0].points[1].last_at, UtcTime{});
  EXPECT_EQ(rows[1].points[3].first, 0U);
  EXPECT_EQ(rows[1].points[1].first, 1025U) << "the count at the edge, in the new exponent";
  EXPECT_EQ(rows[1].points[1].last, 1040U);

  // Behind a restart the row says that the count before it is of another exponent.
  ScaledBuilder after;
  IntervalRow before = rows[0];
  before.start -= seconds{60};
  before.points[3].last = 1;
  before.points[1] = {1, 0, 0, 0, 100, 100, midnight - seconds{40}, midnight - seconds{1}, Quality::ok};
  after.builder.restore(before);
  after.builder.restore(rows[0]);
  after.add(poll(midnight + seconds{70}, 100, 1030, 20, 0));
  after.add(poll(midnight + seconds{120}, 100, 1040, 20, 0));
  ASSERT_EQ(after.of(seconds{60}).size(), 1U);
  EXPECT_EQ(after.of(seconds{60})[0].points[1].first, 1030U);
}

TEST(ScaledPoint, ACounterBeginsAnewIfItsExponentChangedWhileTheGatewayWasOff) {
  ScaledBuilder before;
  before.add(poll(midnight, 10, 100, 20, 1));
  before.add(poll(midnight + seconds{50}, 10, 101, 20, 1));
  before.add(poll(midnight + seconds{60}, 10, 102, 20, 1));
  ScaledBuilder after;
  after.builder.restore(before.of(seconds{60})[0]);
  after.add(poll(midnight + seconds{70}, 100, 1020, 20, 0));
  after.add(poll(midnight + seconds{110}, 100, 1030, 20, 0));
  after.add(poll(midnight + seconds{120}, 100, 1040, 20, 0));
  const auto rows = after.of(seconds{60});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].points[1].first, 1020U);
}

TEST(ExponentOf, AddsTheScaleOfTheSamePoll) {
  ScaledBuilder built;
  const MeterEntry& meter = built.manifest.meters[0];
  EXPECT_EQ(exponent_of(meter, meter.points[0], poll(midnight, 1, 1, 20, 3).samples), 3);
  EXPECT_EQ(exponent_of(meter, meter.points[0], poll(midnight, 1, 1, 20, ~0ULL - 1).samples), -2);
  EXPECT_EQ(exponent_of(meter, meter.points[0], poll(midnight, 1, 1, 20, 13).samples), std::nullopt);
  EXPECT_EQ(exponent_of(meter, meter.points[0], hole(midnight).samples), std::nullopt);
  EXPECT_EQ(exponent_of(meter, meter.points[2], hole(midnight).samples), 0);
}

}  // namespace
}  // namespace jidian::domain

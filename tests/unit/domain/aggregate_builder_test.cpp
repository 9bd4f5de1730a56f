#include "domain/aggregate_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <random>
#include <set>

#include "tests/unit/domain/summed_plant.hpp"

namespace jidian::domain::summed {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds one_minute{60};
constexpr seconds one_quarter{900};
constexpr seconds one_hour{3600};
constexpr seconds one_day{86'400};
constexpr seconds half_day{43'200};

/// 0.01 kWh a second and meter; the second meter twice as fast.
std::uint64_t count_at(std::size_t meter, UtcTime time) {
  return static_cast<std::uint64_t>((time - midnight) / Millis{1000} + 50'000) * (meter + 1);
}

float gas_at(UtcTime time) {
  return static_cast<float>((time - midnight) / Millis{1000}) / 7.0F;
}

Poll poll_of(std::size_t meter, UtcTime slot) {
  Poll poll;
  poll.meter = static_cast<MeterIndex>(meter);
  poll.slot = slot;
  poll.start = slot + Millis{5};
  poll.end = slot + Millis{20};
  poll.samples = {{count_at(meter, slot) % 100'000, Quality::ok},
                  {std::bit_cast<std::uint32_t>(gas_at(slot)), Quality::ok}};
  return poll;
}

/// Both meters in every slot of [from, until), with the recorder's second-by-second round.
void live(Builders& builders, UtcTime from, UtcTime until, Told& told, Millis period = seconds{10}) {
  for (UtcTime slot = from; slot < until; slot += period) {
    for (std::size_t meter = 0; meter < 2; ++meter) builders.add(poll_of(meter, slot), told);
    builders.close_overdue(slot + Millis{500}, told);
  }
}

/// The number of a counter's steps between two instants, in 10^-6 kWh.
std::int64_t taken(std::size_t meter, UtcTime from, UtcTime until) {
  return static_cast<std::int64_t>(count_at(meter, until) - count_at(meter, from)) * 10'000;
}

TEST(AggregateBuilder, ADayIsKnownToTheLastDigit) {
  const Manifest manifest = plant();
  Builders builders(manifest);
  Told told;
  live(builders, midnight, midnight + one_day + one_minute, told);

  const auto minutes_told = told.of(press, one_minute);
  const auto quarters = told.of(press, one_quarter);
  ASSERT_EQ(minutes_told.size(), 1'440u);
  ASSERT_EQ(quarters.size(), 96u);
  ASSERT_EQ(told.of(press, one_hour).size(), 24u);
  ASSERT_EQ(told.of(press, half_day, 1).size(), 1u);
  const auto days = told.of(press, one_day);
  ASSERT_EQ(days.size(), 1u);
  EXPECT_EQ(days[0].start, midnight);
  EXPECT_EQ(days[0].covered_s, 86'400u);
  EXPECT_EQ(days[0].polls_made, 2u * 8'640);
  EXPECT_EQ(days[0].polls_expected, 2u * 8'640);
  EXPECT_FALSE(days[0].amounts[0].is_partial);
  EXPECT_FALSE(days[0].amounts[0].is_spanning);
  const std::int64_t expected = taken(0, midnight, midnight + one_day) + taken(1, midnight, midnight + one_day);
  EXPECT_EQ(days[0].amounts[0].value, expected);
  EXPECT_EQ(told.sum(press, one_minute), expected);
  EXPECT_EQ(told.sum(press, one_quarter), expected);
  EXPECT_EQ(told.sum(press, one_hour), expected);
  EXPECT_EQ(days[0].from, midnight + Millis{20});
  EXPECT_EQ(days[0].until, midnight + one_day + Millis{20});
  for (const auto& row : minutes_told) {
    EXPECT_EQ(row.amounts, (std::vector<AmountInterval>{{1'800'000, false, false}}));
    EXPECT_EQ(row.polls_made, 12u);
  }
}

TEST(AggregateBuilder, FloatsTelescopeByRoundedCounts) {
  const Manifest manifest = plant();
  Builders builders(manifest);
  Told told;
  live(builders, midnight, midnight + one_day + one_minute, told);
  const auto rounded = [](UtcTime time) { return std::llround(static_cast<double>(gas_at(time)) * 1e6); };
  EXPECT_EQ(told.sum(boiler, one_minute), rounded(midnight + one_day) - rounded(midnight));
  EXPECT_EQ(told.of(boiler, one_day).at(0).amounts[0].value, rounded(midnight + one_day) - rounded(midnight));
}

TEST(AggregateBuilder, TheOrderAcrossMetersMakesNoDifference) {
  const Manifest manifest = plant();
  Told in_order;
  Told delayed;
  Builders one(manifest);
  Builders other(manifest);
  for (UtcTime slot = midnight; slot < midnight + hours{2}; slot += seconds{10}) {
    one.add(poll_of(0, slot), in_order);
    one.add(poll_of(1, slot), in_order);
    other.add(poll_of(1, slot), delayed);
    if (slot >= midnight + seconds{10}) other.add(poll_of(0, slot - seconds{10}), delayed);
  }
  const auto only_press = [](const Told& told) { return told.of(press, one_minute); };
  ASSERT_GE(only_press(delayed).size(), 118u);
  for (std::size_t i = 0; i < only_press(delayed).size(); ++i)
    EXPECT_EQ(only_press(delayed)[i], only_press(in_order)[i]) << i;
}

TEST(AggregateBuilder, ASilentMeterMakesRowsPartialAndItsReturnSpanning) {
  const Manifest manifest = plant();
  Builders builders(manifest);
  Told told;
  live(builders, midnight, midnight + minutes{20}, told);
  for (UtcTime slot = midnight + minutes{20}; slot < midnight + minutes{40}; slot += seconds{10}) {
    builders.add(poll_of(0, slot), told);
    builders.close_overdue(slot + Millis{500}, told);
  }
  live(builders, midnight + minutes{40}, midnight + hours{1} + one_minute, told);

  const auto rows = told.of(press, one_minute);
  ASSERT_EQ(rows.size(), 60u);
  EXPECT_FALSE(rows[18].amounts[0].is_partial);
  EXPECT_TRUE(rows[25].amounts[0].is_partial);
  EXPECT_EQ(rows[25].amounts[0].value, taken(0, midnight, midnight + one_minute));
  EXPECT_EQ(rows[25].polls_made, 6u);
  EXPECT_EQ(rows[25].polls_expected, 12u);
  EXPECT_TRUE(rows[39].amounts[0].is_spanning || rows[40].amounts[0].is_spanning);
  const std::int64_t expected = taken(0, midnight, midnight + hours{1}) + taken(1, midnight, midnight + hours{1});
  EXPECT_EQ(told.sum(press, one_minute), expected);
  EXPECT_EQ(told.sum(press, one_quarter), expected);
  const auto hour = told.of(press, one_hour);
  ASSERT_EQ(hour.size(), 1u);
  EXPECT_EQ(hour[0].amounts[0].value, expected);
  EXPECT_FALSE(hour[0].amounts[0].is_partial) << "the hole is booked within the hour";
  EXPECT_FALSE(hour[0].amounts[0].is_spanning);
}

TEST(AggregateBuilder, AMeterThatWasNeverThereHoldsRowsBackOnlyUntilTheyAreOverdue) {
  const Manifest manifest = plant();
  Builders builders(manifest);
  Told told;
  for (UtcTime slot = midnight; slot <= midnight + seconds{70}; slot += seconds{10})
    builders.add(poll_of(0, slot), told);
  EXPECT_TRUE(told.of(press, one_minute).empty());
  EXPECT_EQ(told.of(grid, one_minute).size(), 1u);
  builders.close_overdue(midnight + seconds{81}, told);
  EXPECT_TRUE(told.of(press, one_minute).empty());
  builders.close_overdue(midnight + seconds{82}, told);
  ASSERT_EQ(told.of(press, one_minute).size(), 1u);
  EXPECT_TRUE(told.of(press, one_minute)[0].amounts[0].is_partial);
}

TEST(AggregateBuilder, WhatComesLateIsBookedInTheNextRow) {
  const Manifest manifest = plant();
  AggregateBuilder builder(manifest);
  AggregateBuilder::Rows rows;
  const auto row_of = [](std::size_t meter, int minute) {
    const UtcTime start = midnight + minutes{minute};
    IntervalRow row{static_cast<MeterIndex>(meter), start, one_minute, 6, 6, std::vector<PointInterval>(2)};
    row.points[0] = {6,
                     0,
                     0,
                     0,
                     static_cast<std::uint64_t>(100 * minute),
                     static_cast<std::uint64_t>(100 * minute + 100),
                     start,
                     start + one_minute,
                     Quality::ok};
    return row;
  };
  builder.add(row_of(0, 0), rows);
  builder.close_overdue(midnight + seconds{82}, rows);
  builder.add(row_of(1, 0), rows);
  builder.add(row_of(0, 1), rows);
  builder.add(row_of(1, 1), rows);
  std::vector<AmountInterval> of_press;
  for (const auto& row : rows)
    if (row.subject == press) of_press.push_back(row.amounts[0]);
  EXPECT_EQ(of_press, (std::vector<AmountInterval>{{1'000'000, true, false}, {3'000'000, false, true}}));
}

TEST(AggregateBuilder, StretchesFillTheRowsOfTheirFacility) {
  Manifest manifest = plant();
  Builders builders(manifest);
  Told told;
  builders.add(Stretch{0, midnight, midnight + seconds{90}, FacilityState::stopped, false});
  builders.add(Stretch{0, midnight + seconds{90}, midnight + minutes{16}, FacilityState::running, true});
  live(builders, midnight, midnight + minutes{16}, told);
  const auto rows = told.of(press, one_minute);
  ASSERT_EQ(rows.size(), 15u);
  EXPECT_EQ(rows[1].state_ms, (std::array<std::uint32_t, 5>{0, 0, 30'000, 0, 30'000}));
  EXPECT_EQ(rows[1].state, FacilityState::running);
  EXPECT_EQ(rows[0].starts + rows[1].starts + rows[2].starts, 1u);
  EXPECT_EQ(rows[1].starts, 1u);
  const auto quarter = told.of(press, one_quarter);
  ASSERT_EQ(quarter.size(), 1u);
  EXPECT_EQ(quarter[0].state_ms, (std::array<std::uint32_t, 5>{0, 0, 90'000, 0, 810'000}));
  EXPECT_EQ(quarter[0].starts, 1u);
  EXPECT_EQ(told.of(grid, one_minute)[0].state_ms, (std::array<std::uint32_t, 5>{}));
}

TEST(AggregateBuilder, RowsWaitUntilTheStateIsKnown) {
  const Manifest manifest = plant();
  Builders builders(manifest);
  Told told;
  builders.add(Stretch{0, midnight, midnight + seconds{50}, FacilityState::running, false});
  live(builders, midnight, midnight + seconds{90}, told);
  EXPECT_TRUE(told.of(press, one_minute).empty());
  builders.add(Stretch{0, midnight + seconds{50}, midnight + seconds{60}, FacilityState::idle, false});
  builders.close_overdue(midnight + seconds{90}, told);
  ASSERT_EQ(told.of(press, one_minute).size(), 1u);
  EXPECT_EQ(told.of(press, one_minute)[0].state_ms, (std::array<std::uint32_t, 5>{0, 0, 0, 10'000, 50'000}));
  live(builders, midnight + seconds{90}, midnight + minutes{10}, told);
  EXPECT_GE(told.of(press, one_minute).size(), 5u) << "a watch that says nothing any more stops no row for ever";
}

TEST(AggregateBuilder, SlidingDemandFindsWhatTheBlockHides) {
  Manifest manifest = plant();
  manifest.site.sliding_demand = seconds{60};
  Builders builders(manifest);
  Told told;
  // 10 counts every 10 s, and 100 from 00:20 to 00:35: no quarter hour sees all of it.
  std::uint64_t count = 0;
  for (UtcTime slot = midnight; slot < midnight + hours{1}; slot += seconds{10}) {
    Poll poll = poll_of(0, slot);
    poll.samples[0].bits = count % 100'000;
    builders.add(poll, told);
    builders.close_overdue(slot + Millis{500}, told);
    count += slot >= midnight + minutes{20} && slot < midnight + minutes{35} ? 100U : 10U;
  }
  const auto quarters = told.of(grid, one_quarter);
  ASSERT_EQ(quarters.size(), 3u);
  ASSERT_TRUE(quarters[2].peak);
  EXPECT_EQ(quarters[2].peak->value, 90 * 100 * 10'000);
  EXPECT_EQ(quarters[2].peak->until, midnight + minutes{35});
  EXPECT_GT(quarters[2].peak->value, quarters[1].amounts[0].value);
  EXPECT_EQ(quarters[2].month_peak, quarters[2].peak);
}

TEST(AggregateBuilder, MonthsPeakSurvivesByItsNoteAndEndsWithTheMonth) {
  const Manifest manifest = plant();
  Builders builders(manifest);
  Told told;
  live(builders, midnight, midnight + minutes{31}, told);
  const auto notes = builders.aggregates().take_notes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].name, "month-peak.grid");
  EXPECT_TRUE(builders.aggregates().take_notes().empty());

  Builders again(manifest);
  again.aggregates().restore(
      Note{"month-peak.grid", "77000000 " + std::to_string((midnight + minutes{45}).time_since_epoch().count())});
  again.aggregates().restore(Note{"month-peak.grid", "nonsense"});
  again.aggregates().restore(Note{"swap.m-0", "1 2"});
  Told later;
  live(again, midnight + hours{3}, midnight + hours{4}, later);
  ASSERT_FALSE(later.of(grid, one_quarter).empty());
  EXPECT_EQ(later.of(grid, one_quarter)[0].month_peak->value, 77'000'000);
  Told april;
  const UtcTime next_month = midnight + std::chrono::days{31};
  again.skip_to(next_month, april);
  live(again, next_month, next_month + hours{1}, april);
  ASSERT_GE(april.of(grid, one_quarter).size(), 3u);
  EXPECT_EQ(april.of(grid, one_quarter).back().month_peak->value, 9'000'000);
}

/// Rows that a kill left on record: all but the last ones, in the order in which they were told.
Told on_record(const Told& told, std::size_t meters_lost, std::size_t rows_lost) {
  Told kept = told;
  kept.meters.resize(kept.meters.size() - std::min(meters_lost, kept.meters.size()));
  std::size_t rows = kept.rows.size() - (meters_lost == 0 ? std::min(rows_lost, kept.rows.size()) : 0);
  while (rows > 0 && kept.meters_before[rows - 1] > kept.meters.size()) --rows;
  kept.rows.resize(rows);
  kept.meters_before.resize(rows);
  return kept;
}

// For any pattern of holes and restarts: no sum is another one than the counters', and no interval is told twice.
TEST(AggregateBuilder, SumsTelescopeWhateverIsLost) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&random](unsigned percent) { return random() % 100 < percent; };
    const Manifest manifest = plant();
    auto builders = std::make_unique<Builders>(manifest);
    Told told;
    std::vector<Poll> recent;
    bool silent = false;
    auto until_kill = 300 + random() % 900;
    const UtcTime end = midnight + hours{13};
    for (UtcTime slot = midnight; slot < end; slot += seconds{10}) {
      if (chance(1)) silent = !silent;
      const bool is_edge = slot == midnight || slot + minutes{2} > end;
      for (std::size_t meter = 0; meter < 2; ++meter) {
        if (!is_edge && ((silent && meter == 1) || chance(5))) continue;
        const Poll poll = poll_of(meter, slot);
        builders->add(poll, told);
        recent.push_back(poll);
      }
      builders->close_overdue(slot + Millis{500}, told);
      if (--until_kill > 0 || is_edge) continue;
      // Killed: the rows of the last step may be lost, and are made again from the polls on record.
      until_kill = 300 + random() % 900;
      const Told record = on_record(told, random() % 3, random() % 3);
      builders = std::make_unique<Builders>(manifest);
      builders->restore(record);
      told = record;
      const UtcTime since = slot - minutes{65};
      for (const Poll& poll : recent)
        if (poll.slot >= since) builders->add(poll, told);
      slot += seconds{10 * (random() % 120)};
      builders->skip_to(slot + seconds{10}, told);
    }
    builders->close_overdue(end + minutes{30}, told);
    for (const seconds length : {one_minute, one_quarter}) {
      std::set<std::pair<std::uint16_t, UtcTime>> seen;
      std::int64_t of_meters = 0;
      for (const auto& row : told.meters)
        if (row.length == length && row.points[0].first_at != UtcTime{})
          of_meters +=
              static_cast<std::int64_t>((row.points[0].last + 100'000 - row.points[0].first) % 100'000) * 10'000;
      EXPECT_EQ(told.sum(press, length), of_meters) << seed << " " << length.count();
      for (const auto& row : told.of(press, length))
        EXPECT_TRUE(seen.insert({row.subject.index, row.start}).second) << seed << " " << format_utc(row.start);
    }
    EXPECT_EQ(told.sum(press, one_minute), told.sum(press, one_quarter)) << seed;
    std::int64_t of_hours = 0;
    for (const auto& row : told.of(press, one_hour)) of_hours += row.amounts[0].value;
    std::int64_t of_quarters = 0;
    for (const auto& row : told.of(press, one_quarter))
      if (row.start < midnight + hours{13}) of_quarters += row.amounts[0].value;
    EXPECT_EQ(of_hours, of_quarters) << seed;
    ASSERT_EQ(told.of(press, half_day, 2).size(), 1u) << seed;  // the end of the night before
  }
}

TEST(AggregateBuilder, TheClockSetBackGivesSecondRowsAndLosesNothing) {
  const Manifest manifest = plant();
  Builders builders(manifest);
  Told told;
  live(builders, midnight, midnight + minutes{32}, told);
  const UtcTime back = midnight + minutes{12};
  builders.skip_to(back, told);
  // The meter counts on: what it shows at the set clock is 20 minutes further.
  for (UtcTime slot = back; slot < midnight + minutes{50}; slot += seconds{10}) {
    Poll poll = poll_of(0, slot + minutes{20});
    poll.slot = slot;
    poll.start = slot + Millis{5};
    poll.end = slot + Millis{20};
    builders.add(poll, told);
    builders.close_overdue(slot + Millis{500}, told);
  }
  builders.close_overdue(midnight + hours{1}, told);
  const auto of_meter = [&](seconds length) {
    std::int64_t sum = 0;
    for (const auto& row : told.meters)
      if (row.meter == 0 && row.length == length && row.points[0].first_at != UtcTime{})
        sum += static_cast<std::int64_t>((row.points[0].last + 100'000 - row.points[0].first) % 100'000) * 10'000;
    return sum;
  };
  EXPECT_EQ(told.sum(grid, one_minute), of_meter(one_minute));
  EXPECT_EQ(told.sum(grid, one_quarter), of_meter(one_quarter));
  const auto rows = told.of(grid, one_minute);
  EXPECT_GT(std::ranges::count(rows, midnight + minutes{20}, &AggregateRow::start), 1);
}

}  // namespace
}  // namespace jidian::domain::summed

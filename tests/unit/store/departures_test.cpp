#include "store/departures.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace jidian::store {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime first_day{std::chrono::days(20'000)};

Departure left(std::uint64_t first, std::uint64_t last, Parting why, UtcTime at) {
  return {{first, last}, why, at, first_day + std::chrono::seconds(first), first_day + std::chrono::seconds(last + 1)};
}

TEST(Departures, OneDayAndOneReasonShareAnEntry) {
  Departures departures;
  departures.add(left(1, 10, Parting::retention, first_day + 1h));
  departures.add(left(11, 20, Parting::retention, first_day + 2h));
  departures.add(left(21, 30, Parting::retention, first_day + 25h));
  departures.add(left(31, 40, Parting::quota, first_day + 25h));
  departures.add(left(42, 42, Parting::quota, first_day + 25h));
  const std::vector expected{
      left(1, 20, Parting::retention, first_day + 2h), left(21, 30, Parting::retention, first_day + 25h),
      left(31, 40, Parting::quota, first_day + 25h), left(42, 42, Parting::quota, first_day + 25h)};
  EXPECT_EQ(departures.entries(), expected);
}

TEST(Departures, WhatLeftBeforeKeepsItsReason) {
  Departures departures;
  departures.add(left(4, 6, Parting::unconfirmed, first_day));
  departures.add(left(1, 9, Parting::quota, first_day + 1h));
  ASSERT_EQ(departures.entries().size(), 3U);
  EXPECT_EQ(departures.entries()[0].range, (SeqRange{1, 3}));
  EXPECT_EQ(departures.entries()[1], left(4, 6, Parting::unconfirmed, first_day));
  EXPECT_EQ(departures.entries()[2].range, (SeqRange{7, 9}));
  departures.add(left(5, 5, Parting::quota, first_day + 2h));
  EXPECT_EQ(departures.entries().size(), 3U);
}

TEST(Departures, AreFewHoweverLongItGoesOn) {
  Departures departures;
  for (std::uint64_t day = 0; day < 100; ++day)
    departures.add(left(day + 1, day + 1, Parting::retention, first_day + day * 24h));
  EXPECT_EQ(departures.entries().size(), Departures::entries_max);
  EXPECT_EQ(departures.entries().front().range.first, 1U);
  EXPECT_EQ(departures.entries().back(), left(100, 100, Parting::retention, first_day + 99 * 24h));
  for (std::uint64_t seq = 101; seq < 200; ++seq)
    departures.add(left(seq, seq, seq % 2 == 0 ? Parting::quota : Parting::unconfirmed, first_day + 100 * 24h));
  EXPECT_EQ(departures.entries().size(), Departures::entries_max);
  EXPECT_EQ(departures.entries().front().why, Parting::unconfirmed) << "the graver reason stays";
}

TEST(Departures, NeverCoverWhatIsStillThereBetweenThem) {
  Departures departures;
  for (std::uint64_t day = 0; day < 40; ++day)
    departures.add(left(2 * day + 1, 2 * day + 1, Parting::retention, first_day + day * 24h));
  ASSERT_EQ(departures.entries().size(), Departures::entries_max);
  for (const Departure& entry : departures.entries()) EXPECT_EQ(entry.range.size(), 1U);
  EXPECT_EQ(departures.entries().back().range.first, 79U) << "the oldest are forgotten";
  departures.add(left(78, 78, Parting::unconfirmed, first_day + 40 * 24h));
  EXPECT_NE(std::ranges::find(departures.entries(), Parting::unconfirmed, &Departure::why), departures.entries().end());
}

TEST(Departures, ComeBackFromTheirText) {
  Departures departures;
  EXPECT_EQ(departures.to_text(), "");
  departures.add(left(1, 10, Parting::retention, first_day));
  departures.add(left(20, 30, Parting::unconfirmed, first_day + 5h));
  EXPECT_EQ(Departures::from_text(departures.to_text()).value(), departures);
  for (const char* text : {"x", "1 2", "0 2 1 0 0 0", "3 2 1 0 0 0", "1 2 4 0 0 0", "5 9 1 0 0 0\n9 10 1 0 0 0"})
    EXPECT_FALSE(Departures::from_text(text)) << text;
}

}  // namespace
}  // namespace jidian::store

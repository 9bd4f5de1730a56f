#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "domain/interval_builder.hpp"
#include "domain/slots.hpp"
#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/recorder/takeover.hpp"

namespace jidian::recorder {
namespace {

/// A box whose clock was ahead at its first start and is set back while it records. True time begins at 08:00:00.
class SetBack : public Takeover {
 protected:
  /// The first start, with the clock `ahead`, and 30 s of polls.
  void begin_ahead(Millis ahead) {
    core_.reset();
    record_ = plant::MemoryRecord(plant::manifest(2));
    clock_.now.utc = plant::morning + ahead;
    begin(plant::manifest(2));
    poll_from(clock_.now.utc, 30);
  }
  void set_clock_back(Millis by) { clock_.now.utc -= by; }

  /// Polls of both meters in each second, whose counters go on whatever the clock shows.
  void poll_from(UtcTime from, int count) {
    for (int s = 0; s < count; ++s) {
      energy_ += 2;
      for (const std::size_t meter : {0u, 1u}) take(plant::poll(meter, from + std::chrono::seconds(s), energy_));
    }
  }
  void poll_until(int s) {
    const auto from = std::chrono::ceil<std::chrono::seconds>(clock_.now.utc);
    poll_from(from, static_cast<int>((second_of_change(s) - from) / std::chrono::seconds(1)));
  }
  void note_what_was_told() {
    rows_before_ = record_.rows().size();
    gaps_before_ = record_.events(domain::EventKind::gap).size();
  }
  /// What is recorded is committed; nothing is said. The next run begins 0.3 s behind that second.
  void crash_until(int s) {
    commit();
    note_what_was_told();
    clock_.pass(second_of_change(s) + Millis{300} - clock_.now.utc);
    begin(plant::manifest(2));
  }
  std::vector<domain::Event> new_gaps() const {
    const auto gaps = record_.events(domain::EventKind::gap);
    return {gaps.begin() + static_cast<std::ptrdiff_t>(gaps_before_), gaps.end()};
  }
  /// The box's gap behind the crash is all that is missing, once.
  void expect_one_gap(int first, int last) const {
    const auto gaps = new_gaps();
    ASSERT_EQ(gaps.size(), 1u);
    EXPECT_EQ(gaps[0].subject, "");
    EXPECT_EQ(gaps[0].gap->cause, domain::GapCause::crash);
    EXPECT_GT(gaps[0].gap->from, second_of_change(first - 1));
    EXPECT_LE(gaps[0].gap->from, second_of_change(first));
    EXPECT_EQ(gaps[0].gap->until, second_of_change(last) + Millis{300});
    EXPECT_EQ(gaps[0].gap->missed, 2u * static_cast<unsigned>(last + 1 - first));
  }
  void expect_nothing_ahead_or_twice() {
    commit();
    for (const auto& event : new_gaps()) EXPECT_LE(event.gap->until, clock_.now.utc) << event.subject;
    using Place = std::tuple<std::size_t, UtcTime, std::chrono::seconds>;
    std::map<Place, std::uint64_t> readings;
    for (const auto& poll : record_.polls())
      for (const auto length : domain::IntervalBuilder::lengths)
        ++readings[Place(poll.meter, domain::align(poll.slot, length), length)];
    std::map<Place, std::uint64_t> told;
    const auto rows = record_.rows();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      told[Place(rows[i].meter, rows[i].start, rows[i].length)] += rows[i].polls_made;
      if (i < rows_before_) continue;
      EXPECT_LE(rows[i].start, clock_.now.utc) << format_utc(rows[i].start);
      EXPECT_GT(rows[i].polls_made, 0u) << format_utc(rows[i].start);
    }
    for (const auto& [place, polls] : told)
      EXPECT_LE(polls, readings[place]) << format_utc(std::get<1>(place)) << " " << std::get<2>(place).count();
  }
  std::string alive_until() const { return fact(record_.events(domain::EventKind::start).back(), "alive_until"); }

  static constexpr Millis hours_ahead = std::chrono::hours(8);
  static constexpr Millis minutes_ahead = std::chrono::minutes(5);
  std::uint64_t energy_ = 1000;
  std::size_t rows_before_ = 0;
  std::size_t gaps_before_ = 0;
};

TEST_F(SetBack, ARestartBehindTheStepTellsTheRealOutageAndNothingAhead) {
  begin_ahead(hours_ahead);
  set_clock_back(hours_ahead);
  poll_until(3540);
  crash_until(3900);
  expect_one_gap(3540, 3900);
  EXPECT_EQ(alive_until(), "2026-03-01T08:58:59.020Z");
  poll_until(4030);
  expect_one_gap(3540, 3900);
  expect_nothing_ahead_or_twice();
}

TEST_F(SetBack, AReloadBehindTheStepTellsNothing) {
  begin_ahead(hours_ahead);
  set_clock_back(hours_ahead);
  poll_until(3540);
  commit();
  note_what_was_told();
  auto renamed = plant::manifest(2);
  renamed.meters[0].name = "press";
  change(std::move(renamed));
  poll_until(3670);
  EXPECT_TRUE(new_gaps().empty());
  expect_nothing_ahead_or_twice();
}

TEST_F(SetBack, ARestartWithinACommitOfTheStepTellsNothingAhead) {
  begin_ahead(hours_ahead);
  set_clock_back(hours_ahead);
  poll_until(33);
  note_what_was_told();
  clock_.pass(second_of_change(100) + Millis{300} - clock_.now.utc);
  begin(plant::manifest(2));
  poll_until(200);
  ASSERT_EQ(new_gaps().size(), 1u);
  EXPECT_EQ(new_gaps()[0].gap->until, second_of_change(100) + Millis{300});
  EXPECT_LT(new_gaps()[0].gap->from, second_of_change(34));
  expect_nothing_ahead_or_twice();
}

TEST_F(SetBack, AfterAFewMinutesBackARestartBeforeTheClockCaughtUpTellsNothingAhead) {
  begin_ahead(minutes_ahead);
  set_clock_back(minutes_ahead);
  poll_until(180);
  crash_until(210);
  expect_one_gap(180, 210);
  poll_until(240);
  expect_nothing_ahead_or_twice();
}

TEST_F(SetBack, AfterAFewMinutesBackARestartBehindTheOldTimeTellsNothingTwice) {
  begin_ahead(minutes_ahead);
  set_clock_back(minutes_ahead);
  poll_until(180);
  crash_until(600);
  expect_one_gap(180, 600);
  EXPECT_EQ(alive_until(), "2026-03-01T08:02:59.020Z");
  poll_until(720);
  expect_nothing_ahead_or_twice();
}

TEST_F(SetBack, ARestartInTheMinuteThatWasOpenAtTheStepTellsItsOldPollsOnce) {
  begin_ahead(minutes_ahead);
  set_clock_back(minutes_ahead);
  poll_until(340);
  crash_until(345);
  expect_one_gap(340, 345);
  poll_until(480);
  expect_nothing_ahead_or_twice();
}

TEST_F(SetBack, WhatARunAheadLeftDoesNotHideTheOutageBehindALaterOne) {
  begin_ahead(hours_ahead);
  commit();
  set_clock_back(hours_ahead);
  crash_until(60);  // nobody saw the step
  poll_until(3540);
  crash_until(3900);
  expect_one_gap(3540, 3900);
  poll_until(4030);
  expect_nothing_ahead_or_twice();
}

TEST_F(SetBack, ByLessThanAMinuteNoSlotComesAgainAndARestartMissesNone) {
  begin_ahead(std::chrono::seconds(45));
  set_clock_back(std::chrono::seconds(45));
  poll_from(second_of_change(75), 60);
  crash_until(140);
  expect_one_gap(135, 140);
  poll_until(250);
  expect_one_gap(135, 140);
  expect_nothing_ahead_or_twice();
}

TEST_F(SetBack, ARestartBehindAWrongTimeLetsCountersGoOnFromTheLastCountOnRecord) {
  poll_until(1000);
  clock_.now.utc += std::chrono::hours(2);
  poll_from(std::chrono::ceil<std::chrono::seconds>(clock_.now.utc), 1200);
  set_clock_back(std::chrono::hours(2));
  poll_until(2500);
  crash_until(2510);
  poll_until(3661);
  core_->stop(clock_.now);
  commit();
  std::map<std::pair<domain::MeterIndex, std::chrono::seconds>, std::uint64_t> told;
  std::size_t steps = 0;
  for (const auto& row : record_.rows()) {
    const auto& energy = row.points.at(1);
    if (energy.last_at == UtcTime{}) continue;
    if (const auto before = told.find({row.meter, row.length}); before != told.end()) {
      EXPECT_EQ(energy.first, before->second) << row.length.count() << " " << format_utc(row.start);
      ++steps;
    }
    told[{row.meter, row.length}] = energy.last;
  }
  EXPECT_GT(steps, 100u);
  EXPECT_EQ((told.at({0, std::chrono::seconds(60)})), energy_);
}

TEST_F(SetBack, SlotsInATimeThatTheClockOnceJumpedOverAreToldAsMissing) {
  poll_from(clock_.now.utc, 30);
  clock_.pass(Millis{500});
  clock_.now.utc += hours_ahead;
  poll_from(std::chrono::ceil<std::chrono::seconds>(clock_.now.utc), 30);
  set_clock_back(hours_ahead);
  poll_until(80);
  poll_from(second_of_change(85), 10);
  core_->stop(clock_.now);
  commit();
  const auto gaps = gaps_of("m-0");
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0], (domain::Gap{domain::GapCause::bus_fault, second_of_change(80), second_of_change(85), 5}));
}

}  // namespace
}  // namespace jidian::recorder

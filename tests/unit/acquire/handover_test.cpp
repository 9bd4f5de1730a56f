#include <gmock/gmock.h>

#include "tests/unit/acquire/core_fixture.hpp"

namespace jidian::acquire {
namespace {

using domain::EventKind;
using domain::GapCause;
using std::chrono::minutes;
using std::chrono::seconds;

/// A poller that ends, and another one that goes on with its meters, as when the configuration is changed.
class Handovers : public PollerCoreTest {
 protected:
  void begin_with(domain::MeterIndex count) { begin(meters(count)); }

  /// Ends the present poller; the next one is on the same meters.
  void change() {
    core->rest();
    left = core->hand_over();
    auto next = meters(static_cast<domain::MeterIndex>(left.meters.size()));
    for (PolledMeter& meter : next) meter.before = left.meters.at(meter.id);
    core.reset();
    begin(std::move(next), {}, left.down_since);
  }

  static std::vector<PolledMeter> meters(domain::MeterIndex count) {
    std::vector<PolledMeter> made;
    for (domain::MeterIndex n = 0; n < count; ++n) made.push_back(make_meter(n, {0, 1}));
    return made;
  }

  Handover left;
};

TEST_F(Handovers, NoLabelIsUsedTwiceIfTheClockWasSetBackBeforeAReload) {
  begin_with(2);
  run(seconds{10});
  clock.step_wall_clock(Millis{-2'600});
  change();
  run(seconds{10});
  for (domain::MeterIndex meter = 0; meter < 2; ++meter) {
    const auto polls = sink.of(meter);
    ASSERT_GE(polls.size(), 16U);
    for (std::size_t n = 1; n < polls.size(); ++n)
      ASSERT_GT(polls[n].slot, polls[n - 1].slot) << "meter " << meter << ", poll " << n;
  }
}

TEST_F(Handovers, AMeterThatAReloadRepairedIsToldToBeBack) {
  silence_units({1});
  begin_with(2);
  run(minutes{1});
  ASSERT_EQ(sink.of(EventKind::meter_silent).size(), 1U);
  bus.fails = nullptr;
  change();
  run(seconds{3});
  const auto back = sink.of(EventKind::meter_back);
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].subject, "meter-0");
  EXPECT_GE(std::stoi(back[0].facts.at(0).second), 55) << "since it was told to be silent";
  change();
  run(seconds{3});
  EXPECT_EQ(sink.of(EventKind::meter_back).size(), 1U) << "told once";
}

TEST_F(Handovers, AMeterThatStaysSilentIsToldOnceAndGetsANewChance) {
  silence_units({1});
  begin_with(1);
  run(minutes{4});
  const auto asked = requests_of(1);
  change();
  run(seconds{3});
  EXPECT_GE(requests_of(1), asked + 3) << "the change may have repaired it";
  run(minutes{2});
  EXPECT_EQ(sink.of(EventKind::meter_silent).size(), 1U);
  EXPECT_TRUE(sink.of(EventKind::meter_back).empty());
  EXPECT_TRUE(health_of("meter-0").next_try);
  bus.fails = nullptr;
  run(minutes{6});
  EXPECT_EQ(sink.of(EventKind::meter_back).size(), 1U);
}

TEST_F(Handovers, ABusThatAReloadRepairedIsToldToBeBack) {
  bus.open_error = Error{ErrorKind::unreachable, "cannot connect: Connection refused"};
  begin_with(1);
  run(minutes{1});
  ASSERT_EQ(sink.of(EventKind::bus_down).size(), 1U);
  change();
  run(minutes{1});
  EXPECT_EQ(sink.of(EventKind::bus_down).size(), 1U) << "it is still the same outage";
  EXPECT_TRUE(sink.of(EventKind::bus_back).empty());
  bus.open_error.reset();
  change();
  run(seconds{3});
  const auto back = sink.of(EventKind::bus_back);
  ASSERT_EQ(back.size(), 1U);
  EXPECT_GE(std::stoi(back[0].facts.at(0).second), 115);
  core->post_health();
  EXPECT_TRUE(board.buses()[0].open);
  EXPECT_EQ(board.buses()[0].last_error, "");
}

TEST_F(Handovers, ABusInOrderIsNotToldToBeBack) {
  begin_with(1);
  run(seconds{5});
  change();
  run(seconds{5});
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(Handovers, WhatFoundNoRoomIsLeftAndNotLost) {
  silence_units({1});
  begin_with(2);
  sink.full = true;
  run(seconds{30});
  change();
  ASSERT_EQ(left.events.size(), 2U);
  EXPECT_EQ(left.events[0].kind, EventKind::meter_silent);
  ASSERT_TRUE(left.events[1].gap);
  EXPECT_EQ(left.events[1].gap->cause, GapCause::queue_full);
  EXPECT_GE(left.events[1].gap->missed, 50U);
  EXPECT_GE(left.events[1].gap->until - left.events[1].gap->from, seconds{25});
  sink.full = false;
  const auto again = core->hand_over();
  EXPECT_TRUE(again.events.empty());
}

}  // namespace
}  // namespace jidian::acquire

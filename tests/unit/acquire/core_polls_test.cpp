#include <gmock/gmock.h>

#include "tests/unit/acquire/core_fixture.hpp"

namespace jidian::acquire {
namespace {

using domain::Quality;
using domain::Sample;
using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;

using PollerCorePolls = PollerCoreTest;

TEST_F(PollerCorePolls, APollCarriesItsSlotItsTimesAndItsValues) {
  clock.advance(Millis{400});
  begin({make_meter(0, {100, 101, 300})});
  run(Millis{1'000});
  ASSERT_EQ(sink.polls.size(), 1U);
  const domain::Poll& poll = sink.polls[0];
  EXPECT_EQ(poll.slot.time_since_epoch() % seconds{1}, Millis{0});
  EXPECT_EQ(poll.start, poll.slot);
  EXPECT_EQ(poll.end, poll.slot + Millis{40});  // two reads
  EXPECT_EQ(poll.clock, ClockQuality::synchronised);
  EXPECT_THAT(poll.samples,
              ElementsAre(Sample{1'100, Quality::ok}, Sample{1'101, Quality::ok}, Sample{1'300, Quality::ok}));
}

TEST_F(PollerCorePolls, NeighbouringPointsShareARead) {
  begin({make_meter(0, {101, 100, 105, 300})});
  run(Millis{500});
  ASSERT_EQ(bus.requests.size(), 2U);
  EXPECT_EQ(bus.requests[0].registers, (meter::Registers{meter::Table::holding, 100, 6}));
  EXPECT_EQ(bus.requests[1].registers, (meter::Registers{meter::Table::holding, 300, 1}));
  EXPECT_EQ(sink.polls[0].samples[2].bits, 1'105U);
}

TEST_F(PollerCorePolls, AWholeDayHasEverySlotOfEveryMeterOnce) {
  std::vector<PolledMeter> meters;
  for (domain::MeterIndex n = 0; n < 4; ++n) meters.push_back(make_meter(n, {0, 1, 200}, seconds{30 * (n + 1)}));
  begin(std::move(meters));
  run(hours{24});
  for (domain::MeterIndex n = 0; n < 4; ++n) {
    const auto polls = sink.of(n);
    ASSERT_EQ(polls.size(), 2'880U / (n + 1U)) << n;
    for (std::size_t i = 1; i < polls.size(); ++i)
      ASSERT_EQ(polls[i].slot - polls[i - 1].slot, seconds{30 * (n + 1)}) << n << " " << i;
  }
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(PollerCorePolls, ARefusedBlockLeavesTheOthersTheirValues) {
  bus.fails = [](std::uint8_t, meter::Registers registers) -> std::optional<Error> {
    if (registers.first == 100) return refusal();
    if (registers.first == 200) return garbage();
    return std::nullopt;
  };
  begin({make_meter(0, {0, 100, 200, 300})});
  run(Millis{500});
  ASSERT_EQ(sink.polls.size(), 1U);
  EXPECT_THAT(sink.polls[0].samples, ElementsAre(Sample{1'000, Quality::ok}, Sample{0, Quality::refused},
                                                 Sample{0, Quality::corrupt}, Sample{1'300, Quality::ok}));
  const auto health = health_of("meter-0");
  EXPECT_EQ(health.exceptions, 1U);
  EXPECT_EQ(health.corrupt, 1U);
  EXPECT_EQ(health.polls_failed, 1U);
  EXPECT_EQ(health.misses_in_row, 0U);
  EXPECT_EQ(health.last_error, refusal().message());
}

TEST_F(PollerCorePolls, AMeterThatSaysNotAvailableHasNoValue) {
  auto meter = make_meter(0, {0, 1});
  meter.points[1].not_available = {register_value(1, 1)};
  begin({meter});
  run(Millis{500});
  EXPECT_THAT(sink.polls[0].samples, ElementsAre(Sample{1'000, Quality::ok}, Sample{0, Quality::not_available}));
}

TEST_F(PollerCorePolls, ASilentMeterCostsOneTimeoutAPoll) {
  silence_units({1});
  begin({make_meter(0, {0, 100, 200, 300}, seconds{10})});
  run(seconds{5});
  EXPECT_EQ(bus.requests.size(), 1U);
  ASSERT_EQ(sink.polls.size(), 1U);
  EXPECT_THAT(sink.polls[0].samples, testing::Each(Sample{0, Quality::no_answer}));
  EXPECT_EQ(sink.polls[0].cause, domain::GapCause::meter_silent);
  EXPECT_EQ(health_of("meter-0").timeouts, 1U);
}

TEST_F(PollerCorePolls, ASilentBlockDoesNotHideTheOthersForLong) {
  bus.fails = [](std::uint8_t, meter::Registers registers) -> std::optional<Error> {
    if (registers.first == 0) return silence();
    return std::nullopt;
  };
  begin({make_meter(0, {0, 100, 200}, seconds{2})});
  run(seconds{10});
  ASSERT_EQ(sink.polls.size(), 5U);
  for (std::size_t n = 1; n < 5; ++n)
    EXPECT_THAT(sink.polls[n].samples,
                ElementsAre(Sample{0, Quality::no_answer}, Sample{1'100, Quality::ok}, Sample{1'200, Quality::ok}));
  EXPECT_TRUE(sink.of(domain::EventKind::meter_silent).empty());
}

TEST_F(PollerCorePolls, TurnaroundIsKeptBetweenTheReadsOfAMeter) {
  auto meter = make_meter(0, {0, 100});
  meter.turnaround = Millis{150};
  begin({meter});
  run(Millis{900});
  ASSERT_EQ(bus.requests.size(), 2U);
  EXPECT_GE(bus.requests[1].at - bus.requests[0].at, bus.read_cost + Millis{150});
}

TEST_F(PollerCorePolls, SlotsThatPassDuringALongPollAreSkippedAndCounted) {
  bus.read_cost = Millis{2'600};
  begin({make_meter(0, {0})});
  run(Millis{10'500});
  EXPECT_EQ(sink.polls.size(), 5U);  // 0, 2, 5, 7, 10 s
  for (const auto& poll : sink.polls) EXPECT_EQ(poll.slot.time_since_epoch() % seconds{1}, Millis{0});
  EXPECT_GE(health_of("meter-0").slots_skipped, 5U);
}

TEST_F(PollerCorePolls, AStepOfTheWallClockNeitherStopsNorBunchesPolling) {
  begin({make_meter(0, {0})});
  run(seconds{10});
  clock.step_wall_clock(-hours{2});
  sink.polls.clear();
  run(seconds{10});
  EXPECT_NEAR(static_cast<double>(sink.polls.size()), 10, 1);
  clock.step_wall_clock(hours{5});
  sink.polls.clear();
  run(seconds{10});
  EXPECT_NEAR(static_cast<double>(sink.polls.size()), 10, 1);
  EXPECT_EQ(health_of("meter-0").slots_skipped, 0U);
}

TEST_F(PollerCorePolls, AStopInTheMiddleOfAPollRecordsNoHalfPoll) {
  std::stop_source stop;
  bus.on_read = [&] { stop.request_stop(); };
  begin({make_meter(0, {0, 100})});
  core->step(stop.get_token());
  EXPECT_EQ(bus.requests.size(), 1U);
  EXPECT_TRUE(sink.polls.empty());
}

TEST_F(PollerCorePolls, WhatAFullQueueDropsIsToldOnceInOneGap) {
  begin({make_meter(0, {0})});
  run(Millis{1'500});
  sink.full = true;
  run(seconds{5});
  sink.full = false;
  run(seconds{3});
  const auto gaps = sink.of(domain::EventKind::gap);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].subject, "bus-1");
  const auto& gap = gaps[0].gap.value();
  EXPECT_EQ(gap.cause, domain::GapCause::queue_full);
  EXPECT_EQ(gap.missed, 5U);
  EXPECT_EQ(gap.until - gap.from, seconds{5});
  EXPECT_EQ(sink.polls.size(), 10U - 5U);
  core->post_health();
  EXPECT_EQ(board.buses()[0].dropped_polls, 5U);
}

TEST_F(PollerCorePolls, EventsThatALongStallLosesAreCountedWhereOthersSeeThem) {
  std::vector<PolledMeter> many;
  for (domain::MeterIndex n = 0; n < 70; ++n) many.push_back(make_meter(n, {0}));
  bus.fails = [](std::uint8_t, meter::Registers) { return std::optional(silence()); };
  bus.timeout_cost = Millis{1};
  begin(std::move(many));
  core->post_health();
  EXPECT_EQ(board.buses().at(0).dropped_events, 0U);
  sink.full = true;
  run(std::chrono::minutes{1});
  core->post_health();
  EXPECT_GE(board.buses().at(0).dropped_events, 70U - 64U);  // each meter is told to be silent, and 64 events wait
}

TEST_F(PollerCorePolls, LoadIsTheShareOfTimeTheBusWorks) {
  bus.read_cost = Millis{250};
  begin({make_meter(0, {0, 100})});
  run(seconds{120});
  core->post_health();
  ASSERT_EQ(board.buses().size(), 1U);
  EXPECT_NEAR(board.buses()[0].load, 0.5, 0.02);
  EXPECT_EQ(board.buses()[0].address, "fake:502");
  EXPECT_TRUE(board.buses()[0].open);
}

TEST_F(PollerCorePolls, TheHeartbeatStopsWhenTheCoreDoes) {
  begin({make_meter(0, {0}, hours{24})});
  run(hours{1});
  EXPECT_FALSE(board.stuck(clock.steady));
  clock.advance(std::chrono::minutes{2});
  EXPECT_EQ(board.stuck(clock.steady), "bus bus-1");
}

TEST_F(PollerCorePolls, AValueAndItsExponentComeFromOneRequest) {
  PolledMeter meter = make_meter(0, {100, 101, 110});
  meter.limits = {11, 0};
  meter.points[0].scale_point = meter.points[2].name;
  begin({meter});
  run(Millis{500});
  ASSERT_EQ(bus.requests.size(), 1U);
  EXPECT_EQ(bus.requests[0].registers, (meter::Registers{meter::Table::holding, 100, 11}));
}

TEST_F(PollerCorePolls, AValueWithoutItsExponentIsNotAvailable) {
  PolledMeter meter = make_meter(0, {100, 101, 102});
  meter.points[0].scale_point = meter.points[2].name;
  meter.points[2].not_available = {register_value(meter.unit, 102)};
  begin({meter});
  run(Millis{500});
  EXPECT_THAT(sink.polls.at(0).samples, ElementsAre(Sample{0, Quality::not_available}, Sample{1'101, Quality::ok},
                                                    Sample{0, Quality::not_available}));
  const auto answer = core->read(meter.id, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->points[0].value, "");
}

TEST_F(PollerCorePolls, AReadForPeopleAppliesTheExponent) {
  PolledMeter meter = make_meter(0, {100, 101});
  meter.points[0].scale_point = meter.points[1].name;
  meter.points[1].type = meter::RawType::bits;
  meter.points[1].bit_first = 0;
  meter.points[1].bit_count = 2;
  begin({meter});
  const auto answer = core->read(meter.id, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(register_value(meter.unit, 101) & 3, 1);
  EXPECT_EQ(answer->points[0].value, "11000");
}

}  // namespace
}  // namespace jidian::acquire

#include <gmock/gmock.h>

#include "tests/unit/acquire/core_fixture.hpp"

namespace jidian::acquire {
namespace {

using domain::EventKind;
using domain::GapCause;
using domain::Quality;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using PollerCoreFailures = PollerCoreTest;

std::vector<PolledMeter> meters(domain::MeterIndex count, Millis period) {
  std::vector<PolledMeter> made;
  for (domain::MeterIndex n = 0; n < count; ++n) made.push_back(make_meter(n, {0, 1, 100}, period));
  return made;
}

TEST_F(PollerCoreFailures, TwoDeadMetersOfEightCostTheOthersNoSlot) {
  silence_units({3, 6});
  begin(meters(8, seconds{2}));
  run(minutes{20});
  for (const auto alive : std::vector<domain::MeterIndex>{0, 1, 3, 4, 6, 7}) {
    const auto polls = sink.of(alive);
    EXPECT_EQ(polls.size(), 600U) << alive;
    for (const auto& poll : polls) ASSERT_EQ(poll.samples[0].quality, Quality::ok);
  }
}

TEST_F(PollerCoreFailures, TwoDeadMetersOfEightOnALineOf9600BaudCostTheOthersNoSlot) {
  bus.shared = true;
  bus.read_cost = Millis{104};     // forty registers
  bus.timeout_cost = Millis{940};  // time-out and worst latency of 300 and 600 ms
  silence_units({3, 6});
  std::vector<PolledMeter> eight;
  for (domain::MeterIndex n = 0; n < 8; ++n) eight.push_back(make_meter(n, {0, 39}, seconds{3}));
  for (PolledMeter& meter : eight) meter.limits.gap_max = 40;
  begin(std::move(eight), {.used_before = true});
  run(hours{1});
  for (const auto alive : std::vector<domain::MeterIndex>{0, 1, 3, 4, 6, 7}) {
    const auto polls = sink.of(alive);
    EXPECT_NEAR(static_cast<double>(polls.size()), 1'200, 1) << alive;
    for (std::size_t n = 0; n < polls.size(); ++n) {
      ASSERT_EQ(polls[n].samples[0].quality, Quality::ok) << alive;
      if (n > 0) {
        ASSERT_EQ(polls[n].slot - polls[n - 1].slot, seconds{3}) << alive;
      }
    }
  }
  EXPECT_GT(requests_of(3), 10U);  // and they were looked for all the time
}

TEST_F(PollerCoreFailures, ADeadMeterStillShowsEveryHole) {
  silence_units({1});
  begin(meters(1, seconds{1}));
  run(minutes{10});
  const auto polls = sink.of(0);
  EXPECT_NEAR(static_cast<double>(polls.size()), 600, 2);
  for (const auto& poll : polls) {
    EXPECT_EQ(poll.cause, GapCause::meter_silent);
    EXPECT_THAT(poll.samples, testing::Each(domain::Sample{0, Quality::no_answer}));
  }
}

TEST_F(PollerCoreFailures, SilenceAndReturnAreToldOnceEach) {
  silence_units({1});
  begin(meters(2, seconds{1}));
  run(minutes{3});
  ASSERT_EQ(sink.of(EventKind::meter_silent).size(), 1U);
  EXPECT_EQ(sink.of(EventKind::meter_silent)[0].subject, "meter-0");
  EXPECT_TRUE(sink.of(EventKind::meter_back).empty());
  const auto health = health_of("meter-0");
  EXPECT_TRUE(health.next_try);
  EXPECT_EQ(health.last_error, silence().message());

  bus.fails = nullptr;
  run(minutes{6});
  ASSERT_EQ(sink.of(EventKind::meter_back).size(), 1U);
  EXPECT_EQ(sink.of(EventKind::meter_silent).size(), 1U);
  EXPECT_EQ(sink.of(0).back().samples[0].quality, Quality::ok);
  EXPECT_FALSE(health_of("meter-0").next_try);
  EXPECT_EQ(health_of("meter-0").last_error, "");
}

TEST_F(PollerCoreFailures, ProbesAreShortAndGrowRare) {
  silence_units({1});
  begin(meters(1, seconds{1}));
  run(hours{2});
  ASSERT_GT(bus.requests.size(), 10U);
  for (std::size_t n = 3; n < bus.requests.size(); ++n) {
    EXPECT_EQ(bus.requests[n].registers.count, 1);
    const auto gap = bus.requests[n].at - bus.requests[n - 1].at;
    EXPECT_GE(gap, seconds{4});
    EXPECT_LE(gap, seconds{362});
  }
  EXPECT_LT(bus.requests.size(), 45U);
}

TEST_F(PollerCoreFailures, AProbeIsMadeEvenOnALineWithoutPauses) {
  silence_units({1});
  bus.read_cost = Millis{500};  // four meters of two reads cannot be served each second
  begin(meters(5, seconds{1}));
  run(minutes{2});
  EXPECT_GE(requests_of(1), 3U + 3U);  // three polls, then probes after about 5, 10, 20, 40 s
}

TEST_F(PollerCoreFailures, AMeterThatOnlyRefusesIsAlive) {
  bus.fails = [](std::uint8_t, meter::Registers) -> std::optional<Error> { return refusal(); };
  begin(meters(1, seconds{1}));
  run(minutes{1});
  EXPECT_TRUE(sink.events.empty());
  EXPECT_THAT(sink.polls.back().samples, testing::Each(domain::Sample{0, Quality::refused}));
}

TEST_F(PollerCoreFailures, AMeterThatOnlyGarblesIsGivenUp) {
  bus.fails = [](std::uint8_t, meter::Registers) -> std::optional<Error> { return garbage(); };
  begin(meters(1, seconds{1}));
  run(minutes{1});
  EXPECT_EQ(sink.of(EventKind::meter_silent).size(), 1U);
  EXPECT_THAT(sink.polls.front().samples, testing::Each(domain::Sample{0, Quality::corrupt}));
}

TEST_F(PollerCoreFailures, AMeterThatIsAskedForNothingIsNotCalledSilent) {
  begin({make_meter(0, {}), make_meter(1, {0})});
  run(seconds{10});
  EXPECT_TRUE(sink.of(EventKind::meter_silent).empty());
  EXPECT_EQ(requests_of(1), 0U);
  EXPECT_GE(sink.of(1).size(), 9U) << "the others are polled as ever";
}

TEST_F(PollerCoreFailures, ABusThatCannotBeOpenedIsToldOnceAndEveryHoleHasItsCause) {
  bus.open_error = Error{ErrorKind::unreachable, "cannot connect: Connection refused"};
  begin(meters(2, seconds{1}));
  run(hours{1});
  EXPECT_EQ(sink.of(EventKind::bus_down).size(), 1U);
  EXPECT_TRUE(sink.of(EventKind::meter_silent).empty());
  EXPECT_NEAR(static_cast<double>(sink.of(0).size()), 3'600, 2);
  for (const auto& poll : sink.polls) {
    ASSERT_EQ(poll.cause, GapCause::bus_fault);
    ASSERT_THAT(poll.samples, testing::Each(domain::Sample{0, Quality::no_answer}));
  }
  core->post_health();
  EXPECT_EQ(board.buses()[0].last_error, "cannot connect: Connection refused");
  EXPECT_FALSE(board.buses()[0].open);

  bus.open_error.reset();
  const SteadyTime healed = clock.steady;
  bus.requests.clear();
  run(seconds{10});
  EXPECT_EQ(sink.of(EventKind::bus_back).size(), 1U);
  ASSERT_FALSE(bus.requests.empty());
  EXPECT_LE(bus.requests[0].at - healed, seconds{5} + seconds{1});
  EXPECT_EQ(sink.polls.back().samples[0].quality, Quality::ok);
}

TEST_F(PollerCoreFailures, APortThatGoesAwayInUseIsABusFaultNotASilentMeter) {
  begin(meters(2, seconds{1}));
  run(seconds{5});
  bus.fails = [](std::uint8_t, meter::Registers) -> std::optional<Error> { return broken(); };
  bus.open_error = Error{ErrorKind::unreachable, "cannot open /dev/ttyUSB0: No such file or directory"};
  run(minutes{1});
  EXPECT_EQ(sink.of(EventKind::bus_down).size(), 1U);
  EXPECT_TRUE(sink.of(EventKind::meter_silent).empty());
  EXPECT_EQ(sink.polls.back().cause, GapCause::bus_fault);
  bus.fails = nullptr;
  bus.open_error.reset();
  run(seconds{10});
  EXPECT_EQ(sink.of(EventKind::bus_back).size(), 1U);
  core->post_health();
  EXPECT_EQ(board.buses()[0].reopened, 1U);
}

TEST_F(PollerCoreFailures, AConnectionTheOtherEndClosedWhileIdleCostsNoPoll) {
  begin(meters(1, seconds{10}));
  int reads = 0;
  bus.fails = [&](std::uint8_t, meter::Registers) -> std::optional<Error> {
    if (++reads % 3 == 0) return broken();
    return std::nullopt;
  };
  run(minutes{5});
  EXPECT_EQ(sink.polls.size(), 30U);
  for (const auto& poll : sink.polls) EXPECT_EQ(poll.samples[0].quality, Quality::ok);
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(PollerCoreFailures, AServerThatDropsEveryConnectionIsNotHammered) {
  bus.fails = [](std::uint8_t, meter::Registers) -> std::optional<Error> { return broken(); };
  begin(meters(1, Millis{100}));
  run(minutes{10});
  EXPECT_LT(bus.opens, 600 / 3 + 20);
  EXPECT_EQ(sink.of(EventKind::bus_down).size(), 1U);
  EXPECT_TRUE(sink.of(EventKind::bus_back).empty());
}

TEST_F(PollerCoreFailures, AFreshReadingOnRequestBringsAGivenUpMeterBack) {
  silence_units({1});
  begin(meters(1, seconds{1}));
  run(minutes{5});
  bus.fails = nullptr;
  const auto answer = core->read("meter-0", {});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->points.size(), 3U);
  EXPECT_EQ(answer->points[2].point, "p100");
  EXPECT_EQ(answer->points[2].value, "1100");
  EXPECT_THAT(answer->points[2].words, testing::ElementsAre(1'100));
  EXPECT_EQ(sink.of(EventKind::meter_back).size(), 1U);
  run(seconds{2});
  EXPECT_EQ(sink.polls.back().samples[0].quality, Quality::ok);
}

TEST_F(PollerCoreFailures, AReadingOnRequestSaysWhyThereIsNone) {
  bus.fails = [](std::uint8_t, meter::Registers registers) -> std::optional<Error> {
    if (registers.first == 100) return refusal();
    return std::nullopt;
  };
  begin(meters(1, seconds{1}));
  const auto answer = core->read("meter-0", {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->points[0].error, "");
  EXPECT_EQ(answer->points[2].error, refusal().message());
  EXPECT_EQ(answer->points[2].value, "");

  EXPECT_EQ(core->read("nobody", {}).error().kind(), ErrorKind::not_found);
  bus.close();
  bus.open_error = Error{ErrorKind::conflict, "/dev/ttyS0 is in use by mbpoll (pid 7)"};
  const auto refused = core->read("meter-0", {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("mbpoll"));
}

}  // namespace
}  // namespace jidian::acquire

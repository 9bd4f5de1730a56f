#include "acquire/poller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <mutex>

#include "tests/unit/acquire/fakes.hpp"

namespace jidian::acquire {
namespace {

class RealClock final : public Clock {
 public:
  UtcTime utc_now() override { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }
  SteadyTime steady_now() override { return std::chrono::floor<Millis>(std::chrono::steady_clock::now()); }
  ClockQuality quality() override { return ClockQuality::unknown; }
};

/// Answers every unit at once; `hold` makes readers wait.
class InstantBus final : public Bus {
 public:
  explicit InstantBus(std::shared_future<void> hold = {}) : hold_(std::move(hold)) {}
  Status open(std::stop_token) override { return {}; }
  bool is_open() const override { return true; }
  Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) override {
    if (hold_.valid()) hold_.wait();
    for (std::uint32_t n = 0; n < registers.count; ++n) into[n] = register_value(unit, registers.first + n);
    return {};
  }
  std::uint8_t last_exception() const override { return 0; }
  void close() override {}
  std::string address() const override { return "instant"; }

 private:
  std::shared_future<void> hold_;
};

class NullSink final : public Sink {
 public:
  bool offer(domain::Poll) override { return true; }
  bool offer(domain::Event) override { return true; }
  bool offer(domain::Note) override { return true; }
};

class PollerTest : public testing::Test {
 protected:
  RealClock clock;
  NullSink sink;
  health::Board board;
};

TEST_F(PollerTest, ReadsAMeterBetweenItsSlots) {
  Poller poller("bus-1", std::make_unique<InstantBus>(), {make_meter(0, {7}, std::chrono::hours{24})}, sink, clock,
                board);
  const auto answer = poller.read_meter("meter-0").get();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->points.at(0).value, "1007");
  EXPECT_EQ(poller.read_meter("other").get().error().kind(), ErrorKind::not_found);
  EXPECT_EQ(poller.bus_id(), "bus-1");
}

TEST_F(PollerTest, RequestsBeyondTheBoundAreRefusedAndTheRestAnswered) {
  std::promise<void> release;
  std::vector<std::future<Result<MeterAnswer>>> answers;
  Poller poller("bus-1", std::make_unique<InstantBus>(release.get_future().share()),
                {make_meter(0, {7}, Millis{1'000})}, sink, clock, board);
  for (int n = 0; n < 40; ++n) answers.push_back(poller.read_meter("meter-0"));
  release.set_value();
  int full = 0;
  for (auto& answer : answers) {
    const auto said = answer.get();
    if (!said) {
      EXPECT_EQ(said.error().kind(), ErrorKind::full);
      ++full;
    }
  }
  EXPECT_GE(full, 40 - 16 - 1);
  EXPECT_LE(full, 40 - 16);
}

TEST_F(PollerTest, AStopAnswersWhatStillWaits) {
  std::promise<void> release;
  std::future<Result<MeterAnswer>> first;
  std::future<Result<MeterAnswer>> second;
  {
    Poller poller("bus-1", std::make_unique<InstantBus>(release.get_future().share()), {make_meter(0, {7, 100})}, sink,
                  clock, board);
    first = poller.read_meter("meter-0");
    second = poller.read_meter("meter-0");
    poller.request_stop();
    release.set_value();
  }
  const auto said = second.get();
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().kind(), ErrorKind::cancelled);
}

TEST_F(PollerTest, OneThatWasStoppedAnswersThatItIsGivenUpAndIsNotStuck) {
  Poller poller("bus-1", std::make_unique<InstantBus>(), {make_meter(0, {7}, std::chrono::hours{24})}, sink, clock,
                board);
  ASSERT_TRUE(poller.read_meter("meter-0").get());
  poller.stop();
  poller.stop();
  const auto said = poller.read_meter("meter-0").get();
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().kind(), ErrorKind::cancelled);
  EXPECT_EQ(board.stuck(clock.steady_now() + std::chrono::hours{1}), std::nullopt);
}

TEST_F(PollerTest, LendsTheBusBetweenSlots) {
  Poller poller("bus-1", std::make_unique<InstantBus>(), {make_meter(0, {7}, std::chrono::hours{24})}, sink, clock,
                board);
  std::array<std::uint16_t, 1> word{};
  bool was_lent = false;
  auto lent = poller.lend([&](Bus& bus, std::stop_token) {
    was_lent = board.buses().at(0).lent;
    return bus.read(9, {meter::Table::holding, 3, 1}, word);
  });
  EXPECT_TRUE(lent.get());
  EXPECT_TRUE(was_lent);
  EXPECT_FALSE(board.buses().at(0).lent);
  EXPECT_EQ(word[0], register_value(9, 3));
  const auto refused = poller.lend([](Bus& bus, std::stop_token) { return bus.retune({}); }).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::unsupported);
}

TEST_F(PollerTest, ReadOnceNeedsNoPoller) {
  InstantBus bus;
  const auto answer = read_once(bus, make_meter(4, {20, 21}), clock, {});
  EXPECT_EQ(answer.meter, "meter-4");
  ASSERT_EQ(answer.points.size(), 2U);
  EXPECT_EQ(answer.points[1].value, "5021");
}

}  // namespace
}  // namespace jidian::acquire

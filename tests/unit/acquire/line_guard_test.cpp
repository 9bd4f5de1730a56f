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

class SharedLine : public PollerCoreTest {
 protected:
  void SetUp() override { bus.shared = true; }

  /// Another master asks unit 7, as it does all the time.
  void hear_another() {
    Frame frame;
    frame.kind = FrameKind::foreign;
    frame.bytes = {7, 3, 0, 0, 0, 2, 0xC4, 0x6D};
    bus.heard.frames = {frame};
  }
  static std::string fact(const domain::Event& event, const std::string& name) {
    for (const auto& [key, value] : event.facts)
      if (key == name) return value;
    return {};
  }
};

TEST_F(SharedLine, IsHeardTenSecondsBeforeTheFirstRequest) {
  const auto began = clock.steady;
  begin({make_meter(0, {1})});
  run(seconds{15});
  EXPECT_THAT(bus.listened, testing::ElementsAre(Millis{seconds{10}}));
  ASSERT_FALSE(bus.requests.empty());
  EXPECT_GE(bus.requests[0].at - began, seconds{10});
  EXPECT_EQ(sink.notes.at("line/bus-1"), "fake:502");
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(SharedLine, IsHeardASecondIfItWasUsedBefore) {
  begin({make_meter(0, {1})}, {.used_before = true});
  run(seconds{15});
  EXPECT_THAT(bus.listened, testing::ElementsAre(Millis{seconds{1}}));
  EXPECT_TRUE(sink.notes.empty());
}

TEST_F(SharedLine, ThatBreaksLaterIsNotHeardAgain) {
  begin({make_meter(0, {1})});
  run(seconds{15});
  bus.close();
  run(seconds{15});
  EXPECT_EQ(bus.listened.size(), 1U);
  EXPECT_EQ(bus.opens, 2);
}

TEST_F(SharedLine, WithAMasterIsNotTouchedAndHeardEveryMinute) {
  hear_another();
  begin({make_meter(0, {1}), make_meter(1, {1})});
  run(minutes{10});
  EXPECT_TRUE(bus.requests.empty());
  EXPECT_NEAR(static_cast<double>(bus.listened.size()), 9, 1);
  ASSERT_EQ(sink.of(EventKind::bus_down).size(), 1U);
  const auto event = sink.of(EventKind::bus_down)[0];
  EXPECT_EQ(fact(event, "units"), "7");
  EXPECT_EQ(fact(event, "frames"), "070300000002c46d");
  for (const auto& poll : sink.polls) EXPECT_EQ(poll.cause, GapCause::foreign_master);
  EXPECT_GT(sink.of(0).size(), 400U);
  core->post_health();
  EXPECT_THAT(board.buses()[0].last_error, testing::HasSubstr("another master"));
  EXPECT_FALSE(board.buses()[0].open);
  EXPECT_TRUE(sink.notes.empty());

  bus.heard = {};
  run(minutes{2});
  EXPECT_EQ(sink.of(EventKind::bus_back).size(), 1U);
  EXPECT_EQ(sink.polls.back().samples[0].quality, Quality::ok);
}

TEST_F(SharedLine, WithAMasterHasNoSlotWithoutThatCause) {
  hear_another();
  begin({make_meter(0, {1})});
  run(minutes{3});
  bus.heard = {};
  run(minutes{2});
  ASSERT_FALSE(sink.polls.empty());
  ASSERT_EQ(sink.polls.back().samples[0].quality, Quality::ok);
  for (std::size_t n = 1; n < sink.polls.size(); ++n)
    ASSERT_EQ(sink.polls[n].slot - sink.polls[n - 1].slot, seconds{1}) << n;
}

TEST_F(SharedLine, ALoneFrameAtALaterStartMayBeOurOwnReply) {
  hear_another();
  bus.heard_once = true;
  begin({make_meter(0, {1})}, {.used_before = true});
  run(seconds{15});
  EXPECT_THAT(bus.listened, testing::ElementsAre(Millis{seconds{1}}, Millis{seconds{1}}));
  EXPECT_FALSE(bus.requests.empty());
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(SharedLine, WithAMasterIsLentForListeningOnly) {
  hear_another();
  begin({make_meter(0, {1})});
  run(seconds{15});
  const auto done = core->lend(
      [](Bus& lent, std::stop_token stop) -> Status {
        std::uint16_t word = 0;
        EXPECT_EQ(lent.read(1, {}, {&word, 1}).error().kind(), ErrorKind::conflict);
        EXPECT_TRUE(lent.listen(Millis{100}, stop));
        return {};
      },
      {});
  EXPECT_TRUE(done);
  EXPECT_TRUE(bus.requests.empty());
  EXPECT_FALSE(core->read("meter-0", {}));
}

TEST_F(SharedLine, WithAnAcceptedMasterIsUsedAndThatIsTold) {
  hear_another();
  begin({make_meter(0, {1})}, {.other_master_accepted = true});
  run(seconds{15});
  EXPECT_FALSE(bus.requests.empty());
  EXPECT_TRUE(sink.of(EventKind::bus_down).empty());
  ASSERT_EQ(sink.of(EventKind::foreign_master).size(), 1U);
  EXPECT_EQ(fact(sink.of(EventKind::foreign_master)[0], "accepted"), "true");
}

TEST_F(SharedLine, ForeignFramesAtRunTimeAreToldOnceAnHour) {
  begin({make_meter(0, {1})});
  run(minutes{1});
  EXPECT_TRUE(sink.events.empty());
  for (int n = 0; n < 90; ++n) {
    ++bus.foreign;
    run(minutes{1});
  }
  EXPECT_EQ(sink.of(EventKind::foreign_master).size(), 2U);
  EXPECT_EQ(sink.polls.back().samples[0].quality, Quality::ok);
}

}  // namespace
}  // namespace jidian::acquire

// What the broker will not take: topics, packets, and who still gets through.
#include "uplink/session.hpp"

#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"
#include "uplink/reasons.hpp"

namespace jidian::uplink {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RefusedTest : public testing::Test, protected Bench {
 protected:
  static constexpr const char* command_b1 = R"({"id":"b-1","op":"echo","expires":"2026-03-01T01:00:00Z"})";
  std::string trouble() { return session().health(now).trouble; }
  nlohmann::json last_reply() { return nlohmann::json::parse(wire().published.back().payload); }
};

TEST_F(RefusedTest, TheLargestBatchIsHeldWhenTheBrokerEndsTheConnectionOverAPacket) {
  store.add(Stream::reading);
  store.add(Stream::reading, Bytes(5000, 7));
  store.add(Stream::reading);
  connect();
  lose(reason_packet_too_large);
  reconnect();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 3"));
  EXPECT_EQ(session().health(now).rejected, 1U);
  EXPECT_EQ(notices.size(), 1U);
}

TEST_F(RefusedTest, AReplyLargerThanTheBrokersPacketsIsAnsweredWithTooLarge) {
  links.command = [](const std::string&) {
    return R"({"id":"b-1","ok":true,"result":")" + std::string(900, 'x') + "\"}";
  };
  connect();
  wire().packet_bytes_max = 500;
  say("command", command_b1);
  step();
  EXPECT_EQ(last_reply()["id"], "b-1");
  EXPECT_EQ(last_reply()["ok"], false);
  EXPECT_EQ(last_reply()["error"]["kind"], "too_large");
  EXPECT_EQ(wire().published.back().correlation, (Bytes{1, 2}));
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::command_refused);
  EXPECT_THAT(notices[0].text, HasSubstr("'b-1' has 9"));
}

TEST_F(RefusedTest, AReplyOverWhichTheBrokerEndedTheConnectionIsNotSentInFullAgain) {
  links.command = [](const std::string&) {
    return R"({"id":"b-1","ok":true,"result":")" + std::string(900, 'x') + "\"}";
  };
  store.add(Stream::reading);
  connect();
  say("command", command_b1);
  step();
  EXPECT_EQ(last_reply()["ok"], true);
  lose(reason_packet_too_large);
  reconnect();
  EXPECT_EQ(session().health(now).rejected, 0U) << "the small batch is not to blame";
  say("command", command_b1);
  step();
  EXPECT_EQ(last_reply()["error"]["kind"], "too_large");
}

TEST_F(RefusedTest, AReplyIsNotToBlameForALargerManifestWhichIsThenNotSentAgain) {
  links.manifest_hash = [] { return std::string("abc"); };
  links.manifest_json = [] { return std::string(5000, 'm'); };
  store.add(Stream::reading, Bytes(100, 7));
  step();
  session().handle(Connected{}, now);
  step();
  say("command", command_b1);
  step();
  lose(reason_packet_too_large);
  reconnect();
  for (const auto& message : wire().published) EXPECT_NE(message.topic, std::string(base) + "manifest");
  EXPECT_EQ(session().health(now).rejected, 0U) << "nor is the batch";
  say("command", command_b1);
  step();
  EXPECT_EQ(last_reply()["ok"], true);
}

TEST_F(RefusedTest, AReplyIsNotToBlameForALargerLiveMessage) {
  connect();
  session().offer_live(std::string(5000, 'l'));
  step();
  answer(wire().published.back().token);  // it was sent; nobody knows whether the broker takes it
  say("command", command_b1);
  step();
  lose(reason_packet_too_large);
  reconnect();
  session().offer_live(std::string(5000, 'l'));
  step();
  say("command", command_b1);
  step();
  EXPECT_EQ(last_reply()["ok"], true);
  for (const auto& message : wire().published) EXPECT_LT(message.payload.size(), 5000U);
}

TEST_F(RefusedTest, AReplyThatWasTooLargeIsTriedInFullAgainAfterAnHour) {
  links.command = [](const std::string&) {
    return R"({"id":"b-1","ok":true,"result":")" + std::string(900, 'x') + "\"}";
  };
  connect();
  say("command", command_b1);
  step();
  lose(reason_packet_too_large);
  reconnect();
  pass(std::chrono::minutes(59));
  say("command", command_b1);
  step();
  EXPECT_EQ(last_reply()["ok"], false);
  answer(wire().published.back().token);
  now.steady += std::chrono::hours(1);
  say("command", command_b1);
  step();
  EXPECT_EQ(last_reply()["ok"], true);
}

TEST_F(RefusedTest, ADeniedTopicKeepsItsBatchesAndIsTriedAgainSlowly) {
  options.streams = {Stream::event, Stream::reading};
  for (int count = 0; count < 5; ++count) store.add(Stream::reading);
  connect();
  answer_all(0x87);
  EXPECT_EQ(trouble(),
            "the broker refuses the topic 'jidian/v1/370211/box-1/reading': not authorised (0x87); nothing is dropped, "
            "it is tried again every 5 s");
  pass(seconds(5));
  step();
  answer_all(0x87);
  EXPECT_THAT(trouble(), HasSubstr("every 10 s"));
  for (int hour = 0; hour < 10; ++hour) {
    pass(std::chrono::hours(1));
    step();
    answer_all(0x87);
  }
  EXPECT_THAT(trouble(), HasSubstr("every 300 s"));
  EXPECT_EQ(session().health(now).pending, 5U);
  pass(seconds(300));
  step();
  answer_all();
  EXPECT_EQ(carried().back(), "reading 5");
}

TEST_F(RefusedTest, ARefusedManifestIsOfferedAgainUntilTheBrokerTakesIt) {
  links.manifest_hash = [] { return std::string("abc"); };
  links.manifest_json = [] { return std::string("{}"); };
  step();
  session().handle(Connected{}, now);
  step();
  ASSERT_EQ(wire().published.back().topic, "jidian/v1/370211/box-1/manifest");
  answer(wire().published.front().token);  // the status
  answer(wire().published.back().token, 0x87);
  EXPECT_THAT(trouble(), HasSubstr("refuses the topic 'jidian/v1/370211/box-1/manifest'"));

  const auto offered = wire().published.size();
  pass(seconds(29));
  step();
  EXPECT_EQ(wire().published.size(), offered);
  pass(seconds(1));
  step();
  ASSERT_EQ(wire().published.size(), offered + 1);
  EXPECT_EQ(wire().published.back().topic, "jidian/v1/370211/box-1/manifest");
  answer(wire().published.back().token);
  EXPECT_EQ(trouble(), "");
}

TEST_F(RefusedTest, ARefusedStreamIsProbedWithOneBatchAndHoldsUpNoOther) {
  for (int count = 0; count < 5; ++count) store.add(Stream::reading);
  connect(1);
  answer_batch(open_batches()[0], 0x97);
  step();
  EXPECT_THAT(open_batches(), IsEmpty());
  const auto event = store.add(Stream::event);
  step();
  ASSERT_EQ(open_batches().size(), 1U);
  EXPECT_EQ(name_of(open_batches()[0]), "event 1");
  answer_batch(open_batches()[0]);
  EXPECT_THAT(trouble(), HasSubstr("quota exceeded (0x97)"));
  pass(seconds(5));
  step();
  ASSERT_EQ(open_batches().size(), 1U);
  EXPECT_EQ(name_of(open_batches()[0]), "reading 1");
  answer_all();
  EXPECT_EQ(carried().back(), "reading 5");
  EXPECT_EQ(store.acknowledged_text(1, Stream::reading), "");
  receipt(event);
  receipt({1, Stream::reading, 5}, 1);
  EXPECT_EQ(trouble(), "");
  EXPECT_EQ(session().health(now).pending, 0U);
}

TEST_F(RefusedTest, ABatchAboveThePacketLimitIsShownAndBlocksNothing) {
  store.add(Stream::reading);
  const auto large = store.add(Stream::reading, Bytes(5000, 7));
  const auto last = store.add(Stream::reading);
  step();
  wire().packet_bytes_max = 1000;
  session().handle(Connected{65'535, 1000}, now);
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 3"));
  receipt({1, Stream::reading, 1});
  receipt(last);
  const auto health = session().health(now);
  EXPECT_EQ(health.rejected, 1U);
  EXPECT_EQ(health.pending, 1U);
  EXPECT_THAT(health.trouble, HasSubstr("reading 2: too_large"));
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::batch_rejected);
  wire().packet_bytes_max = 0;
  session().retry_rejected();
  step();
  EXPECT_EQ(carried().back(), "reading 2");
  answer_all();
  receipt(large);
  EXPECT_EQ(trouble(), "");
}

TEST_F(RefusedTest, AConnectionThatTakesNothingMoreIsGivenUpThoughNobodySaysThatItEnded) {
  connect();
  wire().takes_nothing = true;
  store.add(Stream::reading);
  step();
  EXPECT_LE(session().next_due(now), now.steady + seconds(5));
  pass(Millis(4999));
  step();
  EXPECT_TRUE(session().connected()) << "the event may be on the way";
  pass(Millis(1));
  step();
  EXPECT_FALSE(session().connected());
  EXPECT_THAT(trouble(), HasSubstr("the connection has ended without a word"));
  reconnect();
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
}

TEST_F(RefusedTest, AMessageThatTheConnectionDidNotTakeOnceIsNoReasonToEndIt) {
  connect();
  wire().takes_nothing = true;
  store.add(Stream::reading);
  step();
  wire().takes_nothing = false;
  pass(seconds(1));
  step();
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
  answer_all();
  pass(seconds(5));
  step();
  EXPECT_TRUE(session().connected());
  EXPECT_EQ(brokers.wires.size(), 1U);
}

}  // namespace
}  // namespace jidian::uplink

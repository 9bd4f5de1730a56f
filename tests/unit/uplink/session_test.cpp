// Connecting, publishing, giving up and trying again.
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

class SessionTest : public testing::Test, protected Bench {
 protected:
  std::string trouble() { return session().health(now).trouble; }
};

TEST_F(SessionTest, ConnectsWithAWillAndAsksForReceiptsAndCommands) {
  step();
  ASSERT_EQ(brokers.wires.size(), 1U);
  EXPECT_EQ(wire().options.client_id, "box-1");
  EXPECT_EQ(wire().options.will_topic, "jidian/v1/370211/box-1/status");
  EXPECT_EQ(wire().options.will_payload,
            R"({"state":"offline","gateway":"box-1","instance":"8000800080008000","time":"2026-03-01T00:00:00.000Z"})");
  EXPECT_THAT(wire().options.optional_topics, ElementsAre("jidian/v1/370211/box-1/status"));
  EXPECT_THAT(wire().topics, ElementsAre("jidian/v1/370211/box-1/receipt", "jidian/v1/370211/box-1/command"));
}

TEST_F(SessionTest, SubscribesToNothingItDoesNotNeed) {
  options.may.clear();
  options.confirm = Confirm::broker;
  step();
  EXPECT_THAT(wire().topics, IsEmpty());
}

TEST_F(SessionTest, AnnouncesItselfRetainedAtEachConnect) {
  links.manifest_hash = [] { return std::string("abc"); };
  links.manifest_json = [] { return std::string("{}"); };
  for (int connection = 0; connection < 2; ++connection) {
    reconnect();
    ASSERT_GE(wire().published.size(), 2U);
    const auto& status = wire().published[0];
    EXPECT_EQ(status.topic, "jidian/v1/370211/box-1/status");
    EXPECT_TRUE(status.retain);
    EXPECT_EQ(status.qos, 1);
    const auto json = nlohmann::json::parse(status.payload);
    EXPECT_EQ(json["state"], "online");
    EXPECT_EQ(json["epoch"], "0000000000000001");
    EXPECT_EQ(json["manifest"], "abc");
    EXPECT_EQ(wire().published[1].topic, "jidian/v1/370211/box-1/manifest");
    EXPECT_TRUE(wire().published[1].retain);
    lose();
  }
}

TEST_F(SessionTest, AnnouncesANewManifestAndANewEpoch) {
  std::string hash = "abc";
  links.manifest_hash = [&] { return hash; };
  links.manifest_json = [] { return std::string("{}"); };
  connect();
  const auto before = wire().published.size();
  hash = "def";
  pass(seconds(2));
  step();
  answer_others();
  EXPECT_EQ(wire().published.size(), before + 2);
  store.begin(2);
  pass(seconds(2));
  step();
  EXPECT_EQ(nlohmann::json::parse(wire().published.back().payload)["epoch"], "0000000000000002");
}

TEST_F(SessionTest, NeverHasMoreUnansweredThanTheWindow) {
  for (int count = 0; count < 50; ++count) store.add(Stream::reading);
  connect();
  EXPECT_EQ(open_batches().size(), 10U);
  answer_batch(open_batches()[0]);
  step();
  EXPECT_EQ(open_batches().size(), 10U);
}

TEST_F(SessionTest, AReceiveMaximumOfOneIsObeyedForEveryMessage) {
  links.manifest_json = [] { return std::string("{}"); };
  store.add(Stream::reading);
  store.add(Stream::reading);
  step();
  session().handle(Connected{1, 0}, now);
  std::vector<std::string> order;
  for (int round = 0; round < 5; ++round) {
    step();
    ASSERT_EQ(wire().published.size(), std::min<std::size_t>(order.size() + 1, 4));
    if (wire().published.size() == order.size()) break;
    order.push_back(wire().published.back().topic.substr(std::string(base).size()));
    answer(wire().published.back().token);
  }
  EXPECT_THAT(order, ElementsAre("status", "manifest", "reading", "reading"));
}

TEST_F(SessionTest, WhatWasNotAnsweredBeforeTheConnectionBrokeIsSentAgain) {
  for (int count = 0; count < 4; ++count) store.add(Stream::reading);
  connect();
  const auto open = open_batches();
  ASSERT_EQ(open.size(), 4U);
  answer_batch(open[1]);
  lose();
  reconnect();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 3", "reading 4"));
  EXPECT_EQ(session().health(now).resent, 3U);
}

TEST_F(SessionTest, ADeadLinkIsGivenUpAfterFifteenSecondsAndTheBatchSentAgain) {
  store.add(Stream::reading);
  connect();
  ASSERT_THAT(carried(), ElementsAre("reading 1"));
  pass(Millis(14'999));
  step();
  EXPECT_TRUE(wire().alive);
  pass(Millis(1));
  step();
  EXPECT_FALSE(brokers.wires[0]->alive);
  EXPECT_THAT(trouble(), HasSubstr("has not answered a publish for 15 s"));
  EXPECT_LE(session().next_due(now), now.steady + seconds(3));
  reconnect();
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
}

TEST_F(SessionTest, EachDeadLinkIsGivenMoreTimeAndLessToCarry) {
  for (int count = 0; count < 20; ++count) store.add(Stream::reading);
  connect();
  EXPECT_EQ(open_batches().size(), 10U);
  pass(seconds(15));
  step();
  now.steady = session().next_due(now);
  step();
  session().handle(Connected{}, now);
  step();
  EXPECT_EQ(wire().published.size(), 5U);
  pass(seconds(29));
  step();
  EXPECT_TRUE(wire().alive);
  pass(seconds(1));
  step();
  EXPECT_FALSE(brokers.wires[1]->alive);
}

TEST_F(SessionTest, AnAttemptThatReportsNothingIsGivenUp) {
  step();
  now.steady = session().next_due(now);
  step();
  EXPECT_FALSE(brokers.wires[0]->alive);
  EXPECT_THAT(trouble(), HasSubstr("not connected"));
}

TEST_F(SessionTest, SaysWhyItIsNotConnected) {
  EXPECT_EQ(trouble(), "not connected yet");
  step();
  session().handle(Disconnected{0, "the certificate has expired"}, now);
  EXPECT_EQ(trouble(), "not connected: the certificate has expired");
  connect();
  EXPECT_EQ(brokers.wires.size(), 1U) << "no attempt before the pause is over";
  reconnect();
  EXPECT_EQ(trouble(), "");
}

TEST_F(SessionTest, ABrokerThatIsBusyIsLeftAloneForLongerThanOneThatIsAway) {
  const auto longest_pause = [this](std::uint8_t reason) {
    Millis longest{0};
    for (int attempt = 0; attempt < 6; ++attempt) {
      now.steady = std::max(now.steady, session().next_due(now));
      step();
      lose(reason);
      longest = std::max(longest, std::chrono::duration_cast<Millis>(session().next_due(now) - now.steady));
    }
    return longest;
  };
  EXPECT_LE(longest_pause(0), seconds(5));
  EXPECT_GT(longest_pause(reason_server_busy), seconds(10));
}

TEST_F(SessionTest, ATakeoverIsReportedOnceAndWaitsAMinute) {
  for (int round = 0; round < 3; ++round) {
    reconnect();
    lose(reason_taken_over);
    EXPECT_GE(session().next_due(now), now.steady + seconds(60));
    EXPECT_THAT(trouble(), HasSubstr("another box uses the id 'box-1'"));
  }
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::duplicate_identity);
  EXPECT_THAT(notices[0].text, HasSubstr("two gateways have the same id"));
}

TEST_F(SessionTest, ACertificateThatEndsIsToldOnceAlsoWhileTheConnectionLasts) {
  brokers.certificate = now.utc + std::chrono::days{31};
  connect();
  EXPECT_EQ(session().health(now).certificate_until, brokers.certificate);
  EXPECT_THAT(notices, IsEmpty());
  now.utc += std::chrono::days{1} + Millis{1};
  step();
  step();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::certificate);
  EXPECT_THAT(notices[0].text,
              HasSubstr("shows to 'province' ends on " + format_utc(*brokers.certificate).substr(0, 10)));
  lose();
  reconnect();
  EXPECT_EQ(notices.size(), 1U) << "the same one";
}

TEST_F(SessionTest, AnExpiredCertificateDoesNotKeepItFromTrying) {
  brokers.certificate = now.utc - std::chrono::days{1};
  for (int round = 0; round < 3; ++round) {
    now.steady = std::max(now.steady, session().next_due(now));
    step();
    lose();
  }
  EXPECT_EQ(brokers.wires.size(), 3U);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_THAT(notices[0].text, HasSubstr("has expired on"));
  brokers.certificate = now.utc + std::chrono::days{365};  // somebody renewed it
  reconnect();
  EXPECT_TRUE(session().connected());
  EXPECT_EQ(notices.size(), 1U);
}

TEST_F(SessionTest, ABrokersWordIsEnoughWhereItIsConfigured) {
  options.confirm = Confirm::broker;
  for (int count = 0; count < 3; ++count) store.add(Stream::reading);
  connect();
  const auto open = open_batches();
  answer_batch(open[0]);
  answer_batch(open[2]);
  answer_batch(open[1], 0x80);
  EXPECT_EQ(store.acknowledged_text(1, Stream::reading), "1-1,3-3");
  EXPECT_EQ(session().health(now).confirmed, 2U);
  pass(seconds(5));
  step();
  answer_all();
  EXPECT_EQ(store.acknowledged_text(1, Stream::reading), "1-3");
}

TEST_F(SessionTest, SaysWhenNobodySubscribes) {
  store.add(Stream::reading);
  connect();
  answer_all(reason_no_subscribers);
  EXPECT_EQ(trouble(), "nobody subscribes to 'jidian/v1/370211/box-1/reading' at the broker");
}

TEST_F(SessionTest, OnlyTheNewestLiveIsSentAndOneAtATime) {
  connect();
  session().offer_live("1");
  session().offer_live("2");
  step();
  const auto live = wire().published.back();
  EXPECT_EQ(live.topic, "jidian/v1/370211/box-1/live");
  EXPECT_EQ(live.qos, 0);
  EXPECT_TRUE(live.retain);
  EXPECT_EQ(live.payload, Bytes{'2'});
  const auto before = wire().published.size();
  session().offer_live("3");
  step();
  EXPECT_EQ(wire().published.size(), before);
  answer(live.token);
  step();
  EXPECT_EQ(wire().published.back().payload, Bytes{'3'});
}

TEST_F(SessionTest, WhereLiveIsOffWhatAnEarlierRunLeftOfItIsCleared) {
  options.live = false;
  for (int connection = 1; connection <= 2; ++connection) {
    connect();
    step();
    const auto& sent = wire().published;
    const auto live = std::ranges::find(sent, std::string("jidian/v1/370211/box-1/live"), &Outgoing::topic);
    ASSERT_NE(live, sent.end());
    EXPECT_TRUE(live->retain);
    EXPECT_TRUE(live->payload.empty());
    EXPECT_EQ(std::ranges::count(sent, live->topic, &Outgoing::topic), 1);
    session().handle(Disconnected{0, "gone"}, now);
    pass(seconds(120));
  }
}

TEST_F(SessionTest, LiveIsNotPiledUpOnALinkThatMayBeDead) {
  store.add(Stream::reading);
  connect();
  pass(seconds(4));
  session().offer_live("1");
  step();
  EXPECT_EQ(wire().published.back().topic, "jidian/v1/370211/box-1/reading");
}

TEST_F(SessionTest, AStoppingSessionPublishesNothingButGoodbye) {
  store.add(Stream::reading);
  connect();
  session().stop();
  store.add(Stream::reading);
  step();
  EXPECT_FALSE(session().settled());
  answer_batch(open_batches()[0]);
  EXPECT_TRUE(session().settled());
  session().say_offline(now);
  EXPECT_EQ(nlohmann::json::parse(wire().published.back().payload)["state"], "offline");
  EXPECT_TRUE(wire().published.back().retain);
  EXPECT_FALSE(session().settled());
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
}

TEST_F(SessionTest, ACommandIsAnsweredWhereItAsksWithItsCorrelation) {
  connect();
  const std::string command = R"({"id":"c1","op":"echo","expires":"2026-03-01T01:00:00Z"})";
  say("command", command, false, "province/inbox/7");
  step();
  const auto reply = wire().published.back();
  EXPECT_EQ(reply.topic, "province/inbox/7");
  EXPECT_EQ(reply.correlation, (Bytes{1, 2}));
  EXPECT_EQ(std::string(reply.payload.begin(), reply.payload.end()), R"({"ok":true})");
  say("command", command, false, "jidian/v1/370211/box-1/event");
  step();
  EXPECT_EQ(wire().published.back().topic, "jidian/v1/370211/box-1/reply");
  EXPECT_EQ(commands.size(), 1U);
  EXPECT_THAT(notices, IsEmpty());
}

TEST_F(SessionTest, RefusedCommandsAreReportedButDoNotFillTheRecord) {
  connect();
  for (int count = 0; count < 100; ++count) {
    say("command", R"({"id":"c1","op":"reboot","expires":"2026-03-01T01:00:00Z"})");
    pass(seconds(1));
  }
  EXPECT_THAT(commands, IsEmpty());
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::command_refused);
  EXPECT_THAT(notices[1].text, HasSubstr("and 59 more"));
}

TEST_F(SessionTest, ANoticeIsShortHoweverMuchOthersWrote) {
  links.command = [](const std::string&) {
    return R"({"id":"c1","ok":false,"error":{"kind":"invalid","message":")" + std::string(3000, 'x') + R"("}})";
  };
  connect();
  say("command", R"({"id":"c1","op":"echo","expires":"2026-03-01T01:00:00Z"})");
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].text.size(), 500U);
}

}  // namespace
}  // namespace jidian::uplink

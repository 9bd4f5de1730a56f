// What a session does with lists of orders.
#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"
#include "uplink/session.hpp"

namespace jidian::uplink {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class SessionOrders : public testing::Test, protected Bench {
 protected:
  SessionOrders() {
    links.directives = [this](const std::string& json, std::uint64_t dropped) {
      heard.push_back(json);
      passed_over += dropped;
    };
  }
  static Incoming message(const std::string& topic, const std::string& text, std::uint64_t dropped) {
    Incoming message;
    message.topic = base + topic;
    message.payload.assign(text.begin(), text.end());
    message.passed_over = dropped;
    return message;
  }
  static Incoming list(const std::string& text, std::uint64_t dropped) { return message("directives", text, dropped); }
  static Incoming receipt_like(const std::string& text) { return message("receipt", text, 0); }
  void say_list(const std::string& text, std::uint64_t dropped) { session().handle(list(text, dropped), now); }

  std::vector<std::string> heard;
  std::uint64_t passed_over = 0;
};

TEST_F(SessionOrders, OrdersAreHeardOnANewConnectionOnceSomebodyMayGiveThem) {
  connect();
  say("directives", R"({"directives":[]})", true);
  EXPECT_TRUE(heard.empty());
  session().renew_directives(true, now);
  EXPECT_TRUE(wire().said_goodbye);
  EXPECT_EQ(session().next_due(now), now.steady) << "at once";
  connect();
  EXPECT_EQ(brokers.wires.size(), 2U);
  EXPECT_THAT(wire().options.optional_topics,
              ElementsAre(base + std::string("status"), base + std::string("directives")));
  say("directives", R"({"directives":[]})", true);
  EXPECT_EQ(heard.size(), 1U);
}

TEST_F(SessionOrders, WhereAnotherBoxUsesTheIdTheNewConnectionComesAfterItsPause) {
  connect();
  lose();
  reconnect();
  say("status", R"({"state":"online","gateway":"box-1","instance":"0000000000000001"})");
  session().renew_directives(true, now);
  EXPECT_TRUE(brokers.wires[1]->said_goodbye);
  EXPECT_FALSE(session().connected()) << "what said goodbye carries nothing more";
  EXPECT_GE(session().next_due(now), now.steady + seconds(60));
  store.add(Stream::reading);
  reconnect();
  ASSERT_EQ(brokers.wires.size(), 3U);
  EXPECT_THAT(wire().options.optional_topics, testing::Contains(base + std::string("directives")));
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
}

TEST_F(SessionOrders, OrdersAreSubscribedToWhereSomebodyMayGiveThem) {
  options.directives = true;
  connect();
  EXPECT_THAT(wire().options.optional_topics,
              ElementsAre(base + std::string("status"), base + std::string("directives")));
  say("directives", R"({"directives":[]})", true);
  say("directives", "", true);
  EXPECT_THAT(heard, ElementsAre(R"({"directives":[]})")) << "a topic that was cleared says nothing";
}

TEST_F(SessionOrders, AListThatArrivedIsHeardThoughItsConnectionIsGone) {
  options.directives = true;
  connect();
  lose();
  say("directives", "no list");
  EXPECT_THAT(heard, ElementsAre("no list"));
}

TEST_F(SessionOrders, ListsOfOrdersThatWereDroppedAreCounted) {
  options.directives = true;
  connect();
  say_list("x", 7);
  EXPECT_EQ(passed_over, 7U);
}

TEST_F(SessionOrders, ListsDroppedBeforeAClearedTopicAreToldWithTheNext) {
  options.directives = true;
  connect();
  say_list("", 3);
  EXPECT_TRUE(heard.empty());
  say_list("x", 2);
  EXPECT_EQ(passed_over, 5U);
  say_list("y", 0);
  EXPECT_EQ(passed_over, 5U) << "once";
}

TEST_F(SessionOrders, ListsThatNobodyFetchedFromALostConnectionAreHeardInTheirOrder) {
  options.directives = true;
  connect();
  wire().unread = {list("third", 0), receipt_like("no receipt"), list("newest", 4)};
  store.add(Stream::reading);
  step();
  pass(seconds(60));
  step();
  ASSERT_FALSE(session().connected()) << "given up: nothing was answered";
  EXPECT_TRUE(heard.empty()) << "what the caller holds comes first";
  say("directives", "first");
  say("directives", "second");
  step();
  EXPECT_THAT(heard, ElementsAre("first", "second", "third", "newest"));
  EXPECT_EQ(passed_over, 4U);
  EXPECT_THAT(notices, IsEmpty()) << "the batches of a receipt come again";
}

TEST_F(SessionOrders, ListsThatNobodyFetchedAreHeardWhenOthersMayGiveOrders) {
  options.directives = true;
  connect();
  wire().unread = {list("newest", 0)};
  session().renew_directives(true, now);
  step();
  EXPECT_THAT(heard, ElementsAre("newest"));
}

TEST_F(SessionOrders, ListsThatNobodyFetchedAreHeardWhenTheGatewayStops) {
  options.directives = true;
  connect();
  wire().unread = {list("newest", 0)};
  session().stop();
  session().close();
  EXPECT_THAT(heard, ElementsAre("newest"));
  EXPECT_EQ(session().broker(), nullptr);
  EXPECT_FALSE(wire().alive);
}

TEST_F(SessionOrders, MessagesThatFoundNoRoomAreCountedOverAllConnections) {
  connect();
  EXPECT_EQ(session().health(now).dropped_messages, 0U);
  wire().dropped = 3;
  EXPECT_EQ(session().health(now).dropped_messages, 3U);
  lose();
  EXPECT_EQ(session().health(now).dropped_messages, 3U);
  reconnect();
  wire().dropped = 2;
  EXPECT_EQ(session().health(now).dropped_messages, 5U);
  session().stop();
  session().close();
  EXPECT_EQ(session().health(now).dropped_messages, 5U);
}

TEST_F(SessionOrders, ABrokerThatRefusesTheOrdersStillGetsTheBatches) {
  options.directives = true;
  store.add(Stream::reading);
  step();
  session().handle(Connected{65'535, 0, {base + std::string("directives")}}, now);
  step();
  answer_others();
  step();
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
  EXPECT_THAT(session().health(now).trouble, testing::HasSubstr("no order can be heard"));
}

}  // namespace
}  // namespace jidian::uplink

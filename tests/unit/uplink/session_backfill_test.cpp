// Batches that a destination asks to have again.
#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"

namespace jidian::uplink {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class SessionBackfill : public testing::Test, protected Bench {
 protected:
  /// `batches` readings that the destination has confirmed, over an answered connection.
  void connect_with_confirmed(int batches) {
    for (int count = 0; count < batches; ++count) last = store.add(Stream::reading);
    store.acknowledge("province", last.epoch, Stream::reading, {1, last.seq});
    connect();
    ASSERT_THAT(carried(), IsEmpty());
  }
  void ask(const std::string& id, SeqRange range, std::uint64_t epoch = 1, Stream stream = Stream::reading) {
    store::Ranges ranges;
    ranges.add(range);
    session().backfill({id, stream, {{epoch, ranges}}}, now);
    step();
  }
  std::vector<health::BackfillHealth> running() { return session().health(now).backfills; }

  BatchKey last;
};

TEST_F(SessionBackfill, ConfirmedBatchesComeAgainByteForByteUntilTheyAreConfirmedAgain) {
  connect_with_confirmed(5);
  ask("b-1", {2, 3});
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 2", "reading 3"));
  EXPECT_EQ(wire().published.back().topic, std::string(base) + "reading");
  ASSERT_EQ(running().size(), 1U);
  EXPECT_EQ(running()[0].left, 2U);
  receipt({1, Stream::reading, 3}, 2);
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_EQ(session().health(now).backfilled, 2U);
  EXPECT_EQ(session().health(now).pending, 0U);
  pass(seconds(300));
  step();
  EXPECT_EQ(carried().size(), 2U);
}

TEST_F(SessionBackfill, GoesBehindLiveAndBacklogAndAtTheBacklogsPace) {
  options.backlog_batches_per_s = 2;
  for (int count = 0; count < 8; ++count) last = store.add(Stream::reading);
  store.acknowledge("province", 1, Stream::reading, {1, 5});
  connect();
  ask("b-1", {1, 5});
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 6", "reading 7"));
  store.add(Stream::reading);
  pass(seconds(1));
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 6", "reading 7", "reading 9", "reading 8", "reading 1"));
  pass(Millis(500));
  step();
  answer_all();
  EXPECT_EQ(carried().back(), "reading 2");
  EXPECT_EQ(carried().size(), 6U);
}

TEST_F(SessionBackfill, WhatALostConnectionSwallowedIsSentWithTheNext) {
  connect_with_confirmed(3);
  ask("b-1", {1, 2});
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2"));
  lose();
  reconnect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2"));
  receipt({1, Stream::reading, 2}, 1);
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(SessionBackfill, WithoutAReceiptItIsSentAgainAfterTheTimeout) {
  connect_with_confirmed(3);
  ask("b-1", {1, 3});
  answer_all();
  pass(seconds(30));
  receipt({1, Stream::reading, 1});
  receipt({1, Stream::reading, 3});
  pass(seconds(30));
  step();
  EXPECT_EQ(carried().back(), "reading 2");
  EXPECT_EQ(carried().size(), 4U);
}

TEST_F(SessionBackfill, ARefusedBatchIsNotSentAgainAndStaysConfirmed) {
  const auto event = store.add(Stream::event);
  store.acknowledge("province", 1, Stream::event, {1, 1});
  connect_with_confirmed(2);
  ask("b-1", {1, 1}, 1, Stream::event);
  ask("b-2", {2, 2});
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("event 1", "reading 2"));
  receipt(event);
  reject({1, Stream::reading, 2}, "corrupt");
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_EQ(session().health(now).rejected, 0U);
  EXPECT_EQ(store.acknowledged_text(1, Stream::reading), "1-2");
}

TEST_F(SessionBackfill, OlderEpochsAreServedAndWhatLeftMeanwhileIsPassedOver) {
  connect_with_confirmed(4);
  store.begin(7);
  const auto second = store.add(Stream::reading);
  store.acknowledge("province", 7, Stream::reading, {1, 1});
  store.evict_before({1, Stream::reading, 3});
  store.damage({1, Stream::reading, 3});
  ask("b-1", {1, 4});
  ask("b-2", {1, 1}, 7);
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 4", "7:reading 1"));
  receipt({1, Stream::reading, 4});
  receipt(second);
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(SessionBackfill, ByTheBrokersWordItEndsWithTheBrokersAnswer) {
  options.confirm = Confirm::broker;
  connect_with_confirmed(3);
  ask("b-1", {1, 3});
  answer_all();
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(SessionBackfill, ABatchThatTheDiskRefusesIsSentOnceItGivesIt) {
  connect_with_confirmed(3);
  store.refuse({1, Stream::reading, 2}, ErrorKind::io);
  ask("b-1", {1, 3});
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
  store.allow({1, Stream::reading, 2});
  step();
  EXPECT_THAT(carried(), ElementsAre("reading 1")) << "it rests";
  pass(Outbox::reread_pause);
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2", "reading 3"));
}

}  // namespace
}  // namespace jidian::uplink

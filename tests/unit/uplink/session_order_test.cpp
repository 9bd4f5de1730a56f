// Which batch goes when.
#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"

namespace jidian::uplink {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class SessionOrder : public testing::Test, protected Bench {};

TEST_F(SessionOrder, EventsBeforeIntervalsBeforeReadings) {
  for (int count = 0; count < 2; ++count)
    for (const auto stream : {Stream::reading, Stream::interval, Stream::event}) store.add(stream);
  connect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("event 1", "event 2", "interval 1", "interval 2", "reading 1", "reading 2"));
}

TEST_F(SessionOrder, TakesOnlyItsOwnStreams) {
  options.streams = {Stream::interval};
  for (const auto stream : record::all_streams) store.add(stream);
  connect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("interval 1"));
  EXPECT_EQ(session().health(now).pending, 1U);
}

TEST_F(SessionOrder, OldEpochsDrainFirstAndInOrder) {
  store.add(Stream::reading);
  store.add(Stream::reading);
  store.begin(7);
  store.add(Stream::reading);
  store.begin(3);
  store.add(Stream::reading);
  connect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2", "7:reading 1", "3:reading 1"));
}

TEST_F(SessionOrder, NewBatchesOvertakeThePacedBacklogAndEventsOvertakeBoth) {
  options.backlog_batches_per_s = 2;
  for (int count = 0; count < 10; ++count) store.add(Stream::reading);
  connect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2"));
  store.add(Stream::reading);
  store.add(Stream::interval);
  store.add(Stream::event);
  pass(Millis(500));
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2", "event 1", "interval 1", "reading 11", "reading 3"));
}

TEST_F(SessionOrder, TheBacklogKeepsItsPace) {
  options.backlog_batches_per_s = 20;
  options.confirm = Confirm::broker;
  for (int count = 0; count < 500; ++count) store.add(Stream::reading);
  connect();
  for (int tick = 0; tick < 1000; ++tick) {
    pass(Millis(10));
    step();
    answer_all();
  }
  EXPECT_GE(carried().size(), 20U + 190U);
  EXPECT_LE(carried().size(), 20U + 200U);
}

TEST_F(SessionOrder, IsWokenInTimeForTheNextOfTheBacklog) {
  options.backlog_batches_per_s = 4;
  for (int count = 0; count < 10; ++count) store.add(Stream::reading);
  connect();
  answer_all();
  EXPECT_EQ(session().next_due(now), now.steady + Millis(250));
}

TEST_F(SessionOrder, BatchesOfAnEpochBegunWhileConnectedAreLive) {
  options.backlog_batches_per_s = 1;
  for (int count = 0; count < 5; ++count) store.add(Stream::reading);
  connect();
  answer_all();
  store.begin(2);
  store.add(Stream::reading);
  step();
  EXPECT_EQ(carried().back(), "2:reading 1");
}

TEST_F(SessionOrder, WhatIsAcknowledgedAlreadyIsNotSent) {
  for (int count = 0; count < 5; ++count) store.add(Stream::reading);
  store.acknowledge("province", 1, Stream::reading, {1, 2});
  store.acknowledge("province", 1, Stream::reading, {4, 4});
  connect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 3", "reading 5"));
}

TEST_F(SessionOrder, DamagedAndEvictedRowsArePassedOver) {
  for (int count = 0; count < 200; ++count) {
    const auto key = store.add(Stream::reading);
    if (count >= 10 && count < 190) store.damage(key);
  }
  store.evict_before({1, Stream::reading, 9});
  connect();
  for (int round = 0; round < 10; ++round) {
    step();
    answer_all();
  }
  ASSERT_EQ(carried().size(), 12U);
  EXPECT_EQ(carried()[0], "reading 9");
  EXPECT_EQ(carried()[2], "reading 191");
  EXPECT_EQ(session().health(now).pending, 12U);  // what cannot be read does not wait for anything
}

TEST_F(SessionOrder, ARowThatTheDiskRefusesHoldsUpItsOwnLogOnlyAndOnlyWhileItIsRefused) {
  for (int count = 0; count < 4; ++count) store.add(Stream::reading);
  store.add(Stream::interval);
  for (const ErrorKind kind : {ErrorKind::io, ErrorKind::conflict}) {
    store.refuse({1, Stream::reading, 2}, kind);
    if (kind == ErrorKind::io) connect();
    answer_all();
    EXPECT_THAT(carried(), ElementsAre("interval 1", "reading 1"));
    EXPECT_EQ(session().health(now).trouble, "the store cannot be read: it failed");
    EXPECT_EQ(session().health(now).pending, 5U) << "nothing is given up";
    pass(Outbox::reread_pause);
    step();
  }
  store.allow({1, Stream::reading, 2});
  store.damage({1, Stream::reading, 2});  // so the store says after some rounds
  pass(Outbox::reread_pause);
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("interval 1", "reading 1", "reading 3", "reading 4"));
  EXPECT_EQ(session().health(now).trouble, "");
  EXPECT_EQ(session().health(now).pending, 4U);
}

TEST_F(SessionOrder, WhatWasDamagedIsLookedAtAgainOnANewConnection) {
  for (int count = 0; count < 3; ++count) store.add(Stream::reading);
  store.damage({1, Stream::reading, 2});
  connect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 3"));
  receipt({1, Stream::reading, 1});
  receipt({1, Stream::reading, 3});
  store.mend();
  lose();
  reconnect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 2"));
}

TEST_F(SessionOrder, AnEndOfALogThatCannotBeReadIsSaidAndTriedAgainEveryHourOnTheSameConnection) {
  for (int count = 0; count < 3; ++count) store.add(Stream::reading);
  for (const std::uint64_t seq : {2U, 3U}) store.damage({1, Stream::reading, seq});
  connect();
  answer_all();
  receipt({1, Stream::reading, 1});
  EXPECT_EQ(session().health(now).trouble,
            "the end of the log reading of epoch 0000000000000001 cannot be read; it is tried again every hour");
  store.mend();
  pass(Outbox::unreadable_pause - Millis{1});
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
  pass(Millis{1});
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2", "reading 3"));
  EXPECT_EQ(session().health(now).trouble, "");
}

TEST_F(SessionOrder, ADestinationThatNeverConfirmsBoundsWhatIsRemembered) {
  options.backlog_batches_per_s = 100'000;
  for (int count = 0; count < 3000; ++count) store.add(Stream::reading);
  connect();
  answer_all();
  EXPECT_EQ(carried().size(), Outbox::unconfirmed_backlog_max);
  for (int count = 0; count < 3000; ++count) store.add(Stream::reading);
  step();
  answer_all();
  EXPECT_EQ(carried().size(), Outbox::unconfirmed_max);
}

/// A session that was connected, lost the broker for six hours, and is back; the store got `while_away` meanwhile.
class AfterALongOutage : public SessionOrder {
 protected:
  void come_back(int while_away) {
    options.confirm = Confirm::broker;
    connect();
    lose();
    offset_ = backlog_offset("box-1", std::chrono::hours(6));
    for (int count = 0; count < while_away; ++count) store.add(Stream::reading);
    store.add(Stream::interval);
    store.add(Stream::event);
    pass(std::chrono::hours(6));
    connect();
    answer_all();
  }
  Millis offset_{};
};

TEST_F(AfterALongOutage, EventsAndWhatIsNewGoAtOnceAndTheBacklogAfterTheGatewaysOffset) {
  come_back(2);
  ASSERT_GT(offset_, seconds(10));
  EXPECT_THAT(carried(), ElementsAre("event 1"));
  EXPECT_EQ(session().health(now).backlog_from, now.utc + offset_);
  store.add(Stream::reading);
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("event 1", "reading 3"));
  pass(offset_ - Millis(1));
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("event 1", "reading 3"));
  pass(Millis(1));
  EXPECT_EQ(session().health(now).backlog_from, std::nullopt);
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("event 1", "reading 3", "interval 1", "reading 1", "reading 2"));
}

TEST_F(AfterALongOutage, AConnectionThatBreaksAgainDelaysNothingNewAndEndsNoOffset) {
  come_back(2);
  store.add(Stream::reading);
  step();  // on its way, and not answered
  pass(seconds(1));
  lose();
  store.add(Stream::reading);
  reconnect();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 3", "reading 4"));
  pass(offset_);
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 3", "reading 4", "interval 1", "reading 1", "reading 2"));
}

TEST_F(AfterALongOutage, WhatWasAskedForAgainWaitsWithTheBacklog) {
  come_back(1);
  store.acknowledge("province", 1, Stream::reading, {1, 1});
  store::Ranges asked;
  asked.add({1, 1});
  session().backfill({"again", Stream::reading, {{1, asked}}}, now);
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("event 1"));
  pass(offset_);
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("event 1", "interval 1", "reading 1"));
}

TEST_F(SessionOrder, AfterAShortOutageTheBacklogGoesAtOnce) {
  connect();
  lose();
  store.add(Stream::reading);
  pass(seconds(290));
  connect();
  EXPECT_THAT(carried(), ElementsAre("reading 1"));
}

TEST_F(SessionOrder, NothingIsPublishedWithoutABatch) {
  connect();
  answer_all();
  EXPECT_THAT(carried(), IsEmpty());
  EXPECT_EQ(session().health(now).oldest_pending, std::nullopt);
}

}  // namespace
}  // namespace jidian::uplink

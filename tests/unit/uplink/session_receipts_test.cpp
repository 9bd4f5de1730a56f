// What receipts do, and what is done without them.
#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"

namespace jidian::uplink {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SessionReceipts : public testing::Test, protected Bench {
 protected:
  void fill(int batches) {
    for (int count = 0; count < batches; ++count) last = store.add(Stream::reading);
  }
  BatchKey reading(std::uint64_t seq) const { return {1, Stream::reading, seq}; }
  std::string confirmed() { return store.acknowledged_text(1, Stream::reading); }

  BatchKey last;
};

TEST_F(SessionReceipts, ConfirmWhatTheyName) {
  fill(5);
  connect();
  answer_all();
  EXPECT_EQ(confirmed(), "");
  receipt(reading(3), 1);
  EXPECT_EQ(confirmed(), "1-3");
  receipt(reading(5));
  EXPECT_EQ(confirmed(), "1-3,5-5");
  receipt(reading(4), 2);
  EXPECT_EQ(confirmed(), "1-5");
  EXPECT_EQ(session().health(now).confirmed, 5U);
  EXPECT_EQ(session().health(now).pending, 0U);
}

TEST_F(SessionReceipts, MayComeTwiceAndBeforeTheBrokersAnswer) {
  fill(2);
  connect();
  receipt(reading(2), 1);
  receipt(reading(2), 1);
  EXPECT_EQ(confirmed(), "1-2");
  answer_all();
  pass(seconds(300));
  step();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2"));
  EXPECT_EQ(session().health(now).confirmed, 2U);
  EXPECT_THAT(notices, IsEmpty());
}

TEST_F(SessionReceipts, LateOnesOfAnEarlierConnectionCount) {
  fill(2);
  connect();
  answer_all();
  lose();
  reconnect();
  receipt(reading(2), 1);
  EXPECT_EQ(confirmed(), "1-2");
}

TEST_F(SessionReceipts, ForgedOnesAreRefusedReportedAndChangeNothing) {
  fill(3);
  connect();
  answer_all();
  const std::string zeros(64, '0');
  say("receipt", R"({"epoch":"0000000000000001","stream":"reading","stored":[[1,3]],"head":{"seq":3,"sha256":")" +
                     zeros + R"("}})");
  say("receipt", R"({"epoch":"0000000000000001","stream":"reading","stored":[[1,9]],"head":{"seq":9,"sha256":")" +
                     zeros + R"("}})");
  say("receipt", R"({"epoch":"0000000000000002","stream":"reading","stored":[[1,3]],"head":{"seq":3,"sha256":")" +
                     store.sha256(reading(3)) + R"("}})");
  say("receipt", "garbage");
  EXPECT_EQ(confirmed(), "");
  EXPECT_EQ(session().health(now).receipts_refused, 4U);
  ASSERT_EQ(notices.size(), 1U) << "a flood of them must not fill the record";
  EXPECT_EQ(notices[0].kind, Notice::Kind::receipt_refused);
  EXPECT_EQ(notices[0].destination, "province");
  pass(seconds(61));
  say("receipt", "garbage");
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_THAT(notices[1].text, HasSubstr("and 3 more"));
}

TEST_F(SessionReceipts, RetainedOnesAndForeignStreamsAreRefused) {
  options.streams = {Stream::reading};
  fill(1);
  const auto event = store.add(Stream::event);
  connect();
  answer_all();
  receipt(event);
  EXPECT_EQ(store.acknowledged_text(1, Stream::event), "");
  const nlohmann::json json{{"epoch", "0000000000000001"},
                            {"stream", "reading"},
                            {"stored", {{1, 1}}},
                            {"head", {{"seq", 1}, {"sha256", store.sha256(reading(1))}}}};
  say("receipt", json.dump(), true);
  EXPECT_EQ(confirmed(), "");
  EXPECT_EQ(session().health(now).receipts_refused, 2U);
  pass(seconds(61));
  say("receipt", "garbage", true);
  EXPECT_THAT(notices.back().text, HasSubstr("it is retained")) << "whatever it says";
}

TEST_F(SessionReceipts, ABatchWithoutOneIsSentAgainAfterTheTimeout) {
  fill(3);
  connect();
  answer_all();
  pass(seconds(30));
  receipt(reading(1));
  receipt(reading(3));
  pass(Millis(29'999));
  step();
  EXPECT_EQ(carried().size(), 3U);
  pass(Millis(1));
  step();
  EXPECT_EQ(carried().back(), "reading 2");
  EXPECT_EQ(carried().size(), 4U);
  EXPECT_EQ(session().health(now).resent, 1U);
}

TEST_F(SessionReceipts, WithoutAnyOnlyTheOldestIsRepeatedAndTheBacklogRests) {
  options.backlog_batches_per_s = 5;
  fill(30);
  connect();
  answer_all();
  for (int second = 0; second < 59; ++second) {
    pass(seconds(1));
    if (carried().size() < 10) {
      step();
      answer_all();
    }
  }
  const auto published = carried().size();
  ASSERT_LT(published, 30U);
  pass(seconds(2));
  step();
  answer_all();
  EXPECT_EQ(carried().size(), published + 1);
  EXPECT_EQ(carried().back(), "reading 1");
  EXPECT_THAT(session().health(now).trouble, HasSubstr("has sent no receipt for more than 60 s"));
  for (int minute = 0; minute < 10; ++minute) {
    pass(seconds(60));
    step();
    answer_all();
  }
  EXPECT_EQ(carried().size(), published + 11);
  EXPECT_EQ(carried().back(), "reading 1");
}

TEST_F(SessionReceipts, WhenTheyComeBackEverythingGoesOn) {
  options.backlog_batches_per_s = 30;
  fill(30);
  connect();
  answer_all();
  pass(seconds(600));
  step();
  answer_all();
  receipt(reading(1));
  for (int second = 0; second < 10; ++second) {
    pass(seconds(1));
    step();
    answer_all();
  }
  receipt(last, 1);
  EXPECT_EQ(confirmed(), "1-30");
  EXPECT_EQ(session().health(now).trouble, "");
  const auto again = carried();
  for (int seq = 2; seq <= 30; ++seq) EXPECT_GE(std::ranges::count(again, "reading " + std::to_string(seq)), 2) << seq;
}

TEST_F(SessionReceipts, NewBatchesStillGoWhileNoReceiptComes) {
  fill(3);
  connect();
  answer_all();
  pass(seconds(120));
  fill(1);
  step();
  EXPECT_TRUE(std::ranges::count(carried(), "reading 4"));
}

/// A destination that takes one stream and is away until nothing more may go.
class NoReceipts : public SessionReceipts {
 protected:
  void send_until_nothing_may_go() {
    options.streams = {Stream::reading};
    options.backlog_batches_per_s = 100'000;
    fill(Outbox::unconfirmed_backlog_max);
    connect();
    answer_all();
    fill(Outbox::unconfirmed_max - Outbox::unconfirmed_backlog_max);
    step();
    answer_all();
    ASSERT_EQ(carried().size(), Outbox::unconfirmed_max);
  }
};

TEST_F(NoReceipts, TheOldestThatTheStoreStillHasIsRepeatedAndWakesTheDestination) {
  send_until_nothing_may_go();
  const nlohmann::json late{{"epoch", "0000000000000001"},
                            {"stream", "reading"},
                            {"stored", {{1, 5}}},
                            {"head", {{"seq", 5}, {"sha256", store.sha256(reading(5))}}}};
  store.evict_before(reading(600));
  pass(seconds(61));
  step();
  answer_all();
  EXPECT_EQ(carried().size(), Outbox::unconfirmed_max + 1);
  EXPECT_EQ(carried().back(), "reading 600");
  say("receipt", late.dump());
  EXPECT_EQ(confirmed(), "") << "there are no bytes to compare its hash with";
  EXPECT_EQ(session().health(now).receipts_refused, 1U);
  receipt(last, 600);
  EXPECT_EQ(confirmed(), "600-1024");
  EXPECT_EQ(session().health(now).pending, 0U);
}

TEST_F(NoReceipts, ADamagedBatchIsNotTheOneThatIsRepeated) {
  fill(3);
  connect();
  answer_all();
  store.damage(reading(1));
  for (const int pause : {61, 1}) {
    pass(seconds(pause));
    step();
    answer_all();
  }
  EXPECT_THAT(carried(), ElementsAre("reading 1", "reading 2", "reading 3", "reading 2"));
}

TEST_F(NoReceipts, WhatWasSentOfAnEpochThatIsGoneHoldsUpNothing) {
  send_until_nothing_may_go();
  store.begin(7);
  store.add(Stream::reading);
  step();
  answer_all();
  ASSERT_EQ(carried().size(), Outbox::unconfirmed_max);
  store.end(1);
  step();
  EXPECT_EQ(carried().back(), "7:reading 1");
}

TEST_F(SessionReceipts, ARejectedBatchIsKeptShownAndBlocksNothing) {
  fill(3);
  connect();
  answer_all();
  reject(reading(2), "corrupt");
  receipt(reading(1));
  receipt(reading(3));
  auto health = session().health(now);
  EXPECT_EQ(health.rejected, 1U);
  EXPECT_EQ(health.pending, 1U);
  EXPECT_EQ(health.trouble, "1 batches are rejected and kept (last: reading 2: corrupt): see `jidian uplink retry`");
  pass(seconds(600));
  step();
  EXPECT_EQ(carried().size(), 3U);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_THAT(notices[0].text, HasSubstr("reading batch 2 does not get to 'province': corrupt"));
  lose();
  reconnect();
  EXPECT_THAT(carried(), IsEmpty()) << "a new connection does not change the destination's mind";
  session().retry_rejected();
  step();
  EXPECT_THAT(carried(), ElementsAre("reading 2"));
  answer_all();
  receipt(reading(2));
  EXPECT_EQ(session().health(now).trouble, "");
}

TEST_F(SessionReceipts, AConflictBeginsOneNewEpochAndKeepsTheBatch) {
  fill(3);
  connect();
  answer_all();
  reject(reading(2), "conflict");
  reject(reading(3), "conflict");
  ASSERT_EQ(new_epochs.size(), 1U);
  EXPECT_THAT(new_epochs[0],
              HasSubstr("conflict: 'province' holds other bytes as reading batch 2 of epoch 0000000000000001"));
  EXPECT_EQ(confirmed(), "");
  store.begin(2);
  step();
  reject(reading(1), "conflict");
  EXPECT_EQ(new_epochs.size(), 1U) << "an old epoch's conflict is over with the epoch";
  store.add(Stream::reading);
  step();
  EXPECT_EQ(carried().back(), "2:reading 1");
  reject({2, Stream::reading, 1}, "conflict");
  EXPECT_EQ(new_epochs.size(), 2U);
}

TEST_F(SessionReceipts, ConflictsAreHandedOverToBeCopiedAndSettledOnceTheyAre) {
  fill(4);
  connect();
  answer_all();
  reject(reading(2), "conflict");
  reject(reading(2), "conflict");
  reject(reading(3), "conflict");
  EXPECT_THAT(copies, ElementsAre(reading(2), reading(3)));
  EXPECT_EQ(session().health(now).rejected, 0U) << "they do not wait for anybody's retry";
  EXPECT_EQ(session().health(now).copied, 0U);
  EXPECT_THAT(session().health(now).trouble, HasSubstr("2 batches are being copied"));
  session().retry_rejected();
  pass(seconds(300));
  step();
  answer_all();
  for (const char* copied : {"reading 2", "reading 3"}) EXPECT_THAT(carried(), testing::Contains(copied).Times(1));

  store.acknowledge("province", 1, Stream::reading, {2, 3});  // as the copier does
  receipt(reading(1));
  receipt(reading(4));
  step();
  EXPECT_EQ(session().health(now).copied, 2U);
  EXPECT_EQ(session().health(now).pending, 0U);
  EXPECT_EQ(session().health(now).trouble, "");
}

TEST_F(SessionReceipts, ConflictsThatCannotBeHandedOverNowAreOfferedAgain) {
  fill(2);
  connect();
  answer_all();
  copies_refused = true;
  reject(reading(1), "conflict");
  reject(reading(2), "conflict");
  step();
  EXPECT_THAT(copies, IsEmpty());
  copies_refused = false;
  lose();
  step();
  EXPECT_THAT(copies, ElementsAre(reading(1), reading(2))) << "no connection is needed for it";
}

TEST_F(SessionReceipts, ConflictsOfAnOldEpochAreCopiedWithoutAnotherEpoch) {
  fill(2);
  connect();
  answer_all();
  store.begin(2);
  step();
  reject(reading(1), "conflict");
  EXPECT_THAT(new_epochs, IsEmpty());
  EXPECT_THAT(copies, ElementsAre(reading(1)));
}

TEST_F(SessionReceipts, ARejectionOfWhatIsConfirmedChangesNothing) {
  fill(1);
  connect();
  answer_all();
  receipt(reading(1));
  reject(reading(1), "conflict");
  EXPECT_THAT(new_epochs, IsEmpty());
  EXPECT_EQ(session().health(now).rejected, 0U);
}

}  // namespace
}  // namespace jidian::uplink

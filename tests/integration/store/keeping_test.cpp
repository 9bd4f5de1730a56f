#include "tests/integration/store/keeping.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;

TEST_F(Keeping, EveryDestinationThatTakesTheStreamMustHaveIt) {
  options_.retention = {{Stream::reading, 1h}, {Stream::interval, 1h}, {Stream::event, 1h}};
  options_.destinations = {{"province", {Stream::reading, Stream::interval}}, {"bureau", {Stream::interval}}};
  const auto store = open_or_fail(options_);
  for (const Stream stream : record::all_streams) record_batches(*store, stream, 3);
  acknowledge(*store, "province", Stream::reading, 3);
  acknowledge(*store, "province", Stream::interval, 3);
  maintain(*store, after(24h));
  EXPECT_EQ(seqs(*store, Stream::reading), seqs_between(3, 3)) << "the bureau does not take readings";
  EXPECT_EQ(seqs(*store, Stream::interval), seqs_between(1, 3)) << "the bureau lacks them";
  EXPECT_EQ(seqs(*store, Stream::event), seqs_between(3, 3)) << "nobody takes events";
}

TEST_F(Keeping, QuotaTakesConfirmedBatchesFirstAndKeepsTheRest) {
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::event, 5);
  acknowledge(*store, "province", Stream::event, 5);
  for (int round = 0; round < 20; ++round) {
    record_batches(*store, Stream::reading, 20, after(round * 200s), 4000);
    acknowledge(*store, "province", Stream::reading, store->head(Stream::reading).next_seq - 11);
    EXPECT_TRUE(maintain(*store, after(round * 200s)).empty());
    ASSERT_LE(folder_bytes(), options_.quota_bytes + (64 << 10));
  }
  EXPECT_EQ(seqs(*store, Stream::event), seqs_between(1, 5)) << "readings go before events";
  const std::vector<std::uint64_t> left = seqs(*store, Stream::reading);
  EXPECT_EQ(left, seqs_between(left.front(), 400));
  EXPECT_LT(left.front(), 390U);
  EXPECT_EQ(store->health().evicted, 0U);
}

TEST_F(Keeping, UnconfirmedBatchesGoWithAnEntryInTheLedger) {
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::reading, 400, noon, 4000);
  const std::vector<Eviction> evictions = maintain(*store, after(4000s));
  const std::vector<std::uint64_t> left = seqs(*store, Stream::reading);
  ASSERT_EQ(evictions.size(), 1U);
  const Eviction& eviction = evictions[0];
  EXPECT_EQ(eviction.stream, Stream::reading);
  EXPECT_EQ(eviction.epoch, store->opening().epoch);
  EXPECT_EQ(eviction.range, (SeqRange{1, left.front() - 1}));
  EXPECT_EQ(eviction.from, noon - 10s);
  EXPECT_EQ(eviction.until, noon + (left.front() - 2) * 10s);
  EXPECT_EQ(eviction.unconfirmed, std::vector<std::string>{"province"});
  EXPECT_EQ(eviction.anchor, record::sha256(content_of({eviction.epoch, Stream::reading, eviction.range.last}, 4000)));
  EXPECT_EQ(store->health().evicted, eviction.range.size());
}

TEST_F(Keeping, LedgerIsToldOnceAnHourAndSurvivesUntilItIsTold) {
  {
    const auto store = open_or_fail(options_);
    record_batches(*store, Stream::reading, 300, noon, 4000);
    EXPECT_EQ(maintain(*store, after(3000s)).size(), 1U);
    record_batches(*store, Stream::reading, 50, after(3000s), 4000);
    EXPECT_TRUE(maintain(*store, after(3500s)).empty());
  }
  {
    const auto store = open_or_fail(options_);
    const std::vector<Eviction> again = maintain(*store, after(3500s));
    ASSERT_EQ(again.size(), 2U) << "no event told of the first, the second was not due";
    EXPECT_EQ(again[0].range.last + 1, again[1].range.first);
    record_batches(*store, Stream::event, 1, after(3500s));
  }
  EXPECT_TRUE(maintain(*open_or_fail(options_), after(3500s)).empty());
}

TEST_F(Keeping, DeadDestinationDoesNotCostTheOthersTheirData) {
  options_.destinations = {{"alive", {Stream::reading}}, {"dead", {Stream::reading}}};
  const auto store = open_or_fail(options_);
  const std::uint64_t epoch = store->opening().epoch;
  ASSERT_TRUE(record_together(*store, Stream::reading, 25, noon, 4000));
  for (std::uint64_t seq = 26; seq <= 400; ++seq) {
    record_batches(*store, Stream::reading, 1, after(seq * 10s), 4000);
    store->acknowledge("alive", epoch, Stream::reading, {seq, seq});  // 1-25 are still to come
  }
  const std::vector<std::uint64_t> left = seqs(*store, Stream::reading);
  ASSERT_GE(left.size(), 25U);
  EXPECT_EQ(std::vector(left.begin(), left.begin() + 25), seqs_between(1, 25));
  const std::vector<Eviction> evictions = maintain(*store, after(4500s));
  ASSERT_EQ(evictions.size(), 1U);
  EXPECT_EQ(evictions[0].unconfirmed, std::vector<std::string>{"dead"});
  EXPECT_EQ(evictions[0].range.first, 26U);
}

TEST_F(Keeping, CommitThatCanNeverFitIsRefusedAndCostsNothing) {
  const auto store = open_or_fail(options_);
  ASSERT_TRUE(record_together(*store, Stream::reading, 3, noon));
  const auto done = record_together(*store, Stream::reading, 60, noon, record::batch_bytes_max);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::full);
  EXPECT_EQ(seqs(*store, Stream::reading), seqs_between(1, 3));
  EXPECT_EQ(store->head(Stream::reading).next_seq, 4U);
  EXPECT_NE(store->health().trouble.find("commit failed"), std::string::npos);
  ASSERT_TRUE(record_together(*store, Stream::reading, 1, noon));
  EXPECT_EQ(store->health().trouble, "");
}

TEST_F(Keeping, OldEpochGivesItsRoomUnderPressureWithItsLosses) {
  options_.quota_bytes = 2 << 20;
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  for (int half = 0; half < 2; ++half) {
    ASSERT_TRUE(record_together(*store, Stream::reading, 100, noon, 4000));
  }
  ASSERT_TRUE(store->begin_epoch("test", noon));
  store->acknowledge("province", first, Stream::reading, {1, 60});
  store->acknowledge("province", first, Stream::reading, {71, 75});
  record_batches(*store, Stream::reading, 400, noon, 4000);
  const std::vector<Eviction> evictions = maintain(*store, after(8000s));
  ASSERT_GE(evictions.size(), 2U);
  EXPECT_EQ(evictions[0].epoch, first);
  EXPECT_EQ(evictions[0].range, (SeqRange{61, 70})) << "no batch that everybody had";
  EXPECT_EQ(evictions[0].anchor, record::sha256(content_of({first, Stream::reading, 70}, 4000)));
  EXPECT_EQ(evictions[1].epoch, first);
  EXPECT_EQ(evictions[1].range.first, 76U);
  EXPECT_EQ(seqs_of(read_all(**store->reader(), first, Stream::reading)),
            seqs_between(evictions[1].range.last + 1, 200))
      << "what is left of it would make no room";
  EXPECT_LE(folder_bytes(), options_.quota_bytes + (160 << 10));
}

TEST_F(Keeping, UnreadableBatchesThatSomebodyLacksLeaveAsALoss) {
  options_.retention = {{Stream::reading, 1h}};
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  store->acknowledge("province", first, Stream::reading, {1, 2});
  store->acknowledge("province", first, Stream::reading, {4, 5});
  ASSERT_TRUE(store->begin_epoch("test", after(60s)));
  const auto file = epoch_files(options_.folder).front();
  flip_byte(file, offset_of(file, content_of({first, Stream::reading, 3}, 500)) + 100);
  const auto lost = maintain(*store, after(24h));
  ASSERT_EQ(epoch_files(options_.folder).size(), 1U);
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].range, (SeqRange{3, 3}));
  EXPECT_LE(lost[0].from, after(10s));
  EXPECT_GE(lost[0].until, after(20s));
  EXPECT_EQ(lost[0].unconfirmed, std::vector<std::string>{"province"});
  const auto left = departures(*store, first);
  ASSERT_EQ(left.size(), 3U);
  EXPECT_EQ(left[1].range, (SeqRange{3, 3}));
  EXPECT_EQ(left[1].why, Parting::unconfirmed);
}

TEST_F(Keeping, DamageAtTheEndsOfAnOldLogIsBoundedByItsEpoch) {
  const auto store = open_or_fail(options_);
  const std::uint64_t epoch = store->opening().epoch;
  record_batches(*store, Stream::reading, 5, after(30s));
  ASSERT_TRUE(store->begin_epoch("test", after(100s)));
  const auto file = epoch_files(options_.folder).front();
  for (const std::uint64_t seq : {1U, 5U})
    flip_byte(file, offset_of(file, content_of({epoch, Stream::reading, seq}, 500)) + 100);
  read_all(**store->reader(), epoch, Stream::reading);
  const auto told = store->maintain(after(101s), ClockTrust::sure);
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 2U);
  EXPECT_EQ(told->front().range, (SeqRange{1, 1}));
  EXPECT_EQ(told->front().from, noon) << "when the epoch began";
  EXPECT_EQ(told->front().until, after(30s));
  EXPECT_EQ(told->back().range, (SeqRange{5, 5}));
  EXPECT_EQ(told->back().from, after(60s));
  EXPECT_EQ(told->back().until, after(100s)) << "when the next one began";
}

TEST_F(Keeping, OldEpochThatCannotBeOpenedAnyMoreIsALossWhenItGoes) {
  options_.quota_bytes = 2 << 20;
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  ASSERT_TRUE(record_together(*store, Stream::reading, 100, noon, 4000));
  ASSERT_TRUE(store->begin_epoch("test", noon));
  store->acknowledge("province", first, Stream::reading, {1, 60});
  std::ofstream(epoch_files(options_.folder).front(), std::ios::binary) << std::string(10'000, 'x');
  record_batches(*store, Stream::reading, 400, noon, 4000);
  const std::vector<Eviction> evictions = maintain(*store, after(8000s));
  ASSERT_GE(evictions.size(), 1U);
  EXPECT_EQ(evictions[0].epoch, first);
  EXPECT_EQ(evictions[0].range, (SeqRange{61, 100}));
}

TEST_F(Keeping, WhatEverybodyHasCostsNoAutonomy) {
  options_.quota_bytes = 4 << 20;
  const auto store = open_or_fail(options_);
  EXPECT_LT(store->health().autonomy_days, 0) << "no rate is known yet";
  record_batches(*store, Stream::reading, 100, noon, 4000);
  maintain(*store, after(1000s));
  const double unconfirmed = store->health().autonomy_days;
  EXPECT_GT(unconfirmed, 0);
  acknowledge(*store, "province", Stream::reading, 100);
  maintain(*store, after(1000s));
  EXPECT_GT(store->health().autonomy_days, 1.05 * unconfirmed);
  EXPECT_LT(store->health().flash_years, 0) << "no endurance is declared";
}

TEST_F(Keeping, WhatLeftIsKnownWithItsReasonAndItsTime) {
  options_.retention = {{Stream::reading, 1h}};
  std::uint64_t first = 0;
  {
    const auto store = open_or_fail(options_);
    first = store->opening().epoch;
    record_batches(*store, Stream::reading, 10);  // ends at 0, 10, … 90 s
    acknowledge(*store, "province", Stream::reading, 4);
    EXPECT_TRUE(departures(*store, first).empty());
    maintain(*store, after(24h));
    EXPECT_EQ(departures(*store, first),
              (std::vector<Departure>{{{1, 4}, Parting::retention, after(24h), noon - 10s, after(30s)}}));
  }
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::reading, 400, after(24h), 4000);
  const auto left = departures(*store, first);
  ASSERT_EQ(left.size(), 2U) << "an earlier run's reason stays";
  EXPECT_EQ(left[0].range, (SeqRange{1, 4}));
  EXPECT_EQ(left[1].why, Parting::unconfirmed);
  EXPECT_EQ(left[1].range.first, 5U);
  EXPECT_EQ(left[1].range.last + 1, seqs(*store, Stream::reading).front());
  EXPECT_TRUE(departures(*store, first + 1).empty());
}

TEST_F(Keeping, OfAnEpochThatIsGoneItIsStillKnownWhatLeft) {
  options_.retention = {{Stream::reading, 1h}};
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 3);
  ASSERT_TRUE(store->begin_epoch("test", after(60s)));
  store->acknowledge("province", first, Stream::reading, {1, 3});
  maintain(*store, after(24h));
  ASSERT_EQ((*store->reader())->epochs(), std::vector{store->opening().epoch});
  const std::vector<Departure> expected{{{1, 3}, Parting::retention, after(24h), noon - 10s, after(20s)}};
  EXPECT_EQ(departures(*store, first), expected);
  ASSERT_TRUE(store->begin_epoch("another", after(25h)));
  EXPECT_EQ(departures(*store, first), expected) << "handed on from epoch to epoch";
}

TEST_F(Keeping, EpochsThatAreGoneLongAreForgotten) {
  options_.retention = {{Stream::reading, 1h}};
  const auto store = open_or_fail(options_);
  std::vector<std::uint64_t> epochs;
  for (std::size_t round = 0; round < departed_epochs_max + 3; ++round) {
    const auto now = after(std::chrono::hours(24 * round));
    epochs.push_back(store->opening().epoch);
    record_batches(*store, Stream::reading, 1, now);
    store->acknowledge("province", epochs.back(), Stream::reading, {1, 1});
    ASSERT_TRUE(store->begin_epoch("test", now + 60s));
    maintain(*store, now + 12h);
  }
  std::size_t known = 0;
  for (const auto epoch : epochs) known += departures(*store, epoch).empty() ? 0U : 1U;
  EXPECT_EQ(known, departed_epochs_max);
  EXPECT_TRUE(departures(*store, epochs.front()).empty());
  EXPECT_FALSE(departures(*store, epochs.back()).empty());
}

TEST_F(Keeping, NewEpochHasRoomBesideAFullOne) {
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::reading, 250, noon, 4000);
  const std::uint64_t evicted = store->health().evicted;
  ASSERT_TRUE(store->begin_epoch("test", after(2500s)));
  record_batches(*store, Stream::reading, 4, after(2500s), 4000);
  EXPECT_EQ(store->health().evicted, evicted);
  EXPECT_EQ(epoch_files(options_.folder).size(), 2U);
}

}  // namespace
}  // namespace jidian::store

#include "store/store.hpp"

#include <cstdlib>

#include "tests/unit/store/fixture.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    options_.folder = folder_.path() / "store";
    options_.quota_bytes = 64 << 20;
    options_.destinations = {{"province", {Stream::event, Stream::interval, Stream::reading}}};
  }

  TempFolder folder_;
  Options options_;
};

TEST_F(StoreTest, NewStoreBeginsAnEpochWithoutPredecessor) {
  const auto store = open_or_fail(options_);
  EXPECT_TRUE(store->opening().began_epoch);
  EXPECT_EQ(store->opening().predecessor, std::nullopt);
  EXPECT_EQ(store->opening().last_commit, std::nullopt);
  EXPECT_EQ(store->head(Stream::reading).next_seq, 1U);
  EXPECT_EQ(store->head(Stream::reading).hash, Hash{});
}

TEST_F(StoreTest, BatchesComeBackByteForByte) {
  const auto store = open_or_fail(options_);
  const std::uint64_t epoch = store->opening().epoch;
  const std::vector<NewBatch> batches{batch_of({epoch, Stream::reading, 1}, after(10s), 4500),
                                      batch_of({epoch, Stream::event, 1}, after(11s), 1),
                                      batch_of({epoch, Stream::reading, 2}, after(20s), record::batch_bytes_max)};
  ASSERT_TRUE(store->commit(batches, after(20s)));
  const auto reader = store->reader();
  ASSERT_TRUE(reader);
  const auto readings = read_all(**reader, epoch, Stream::reading);
  ASSERT_EQ(readings.size(), 2U);
  EXPECT_EQ(readings[1].key, batches[2].key);
  EXPECT_EQ(readings[1].bytes, batches[2].batch.bytes);
  EXPECT_EQ(readings[1].start, batches[2].batch.start);
  EXPECT_EQ(readings[1].end, batches[2].batch.end);
  EXPECT_EQ(readings[1].count, 4000U);
  EXPECT_EQ(read_all(**reader, epoch, Stream::event).at(0).bytes, batches[1].batch.bytes);
  EXPECT_EQ((*reader)->extent(epoch, Stream::interval).value(), std::nullopt);
  EXPECT_EQ((*reader)->extent(epoch, Stream::reading).value(), (SeqRange{1, 2}));
}

TEST_F(StoreTest, ReopenedAfterACloseItGoesOnWhereItWas) {
  std::uint64_t epoch = 0;
  {
    const auto store = open_or_fail(options_);
    epoch = store->opening().epoch;
    record_batches(*store, Stream::reading, 3);
    ASSERT_TRUE(store->close(after(60s)));
  }
  const auto store = open_or_fail(options_, after(100s));
  EXPECT_EQ(store->opening().epoch, epoch);
  EXPECT_FALSE(store->opening().began_epoch);
  EXPECT_TRUE(store->opening().stopped_cleanly);
  EXPECT_EQ(store->opening().last_commit, after(60s));
  EXPECT_EQ(store->head(Stream::reading).next_seq, 4U);
  EXPECT_EQ(store->head(Stream::reading).hash, record::sha256(content_of({epoch, Stream::reading, 3}, 500)));
}

TEST_F(StoreTest, AFileThatAWrongClockDatedAfter2038IsOpenedAllTheSame) {
  std::uint64_t epoch = 0;
  {
    const auto store = open_or_fail(options_);
    epoch = store->opening().epoch;
    record_batches(*store, Stream::reading, 3);
    ASSERT_TRUE(store->close(after(60s)));
  }
  const std::string touch = "touch -d 2040-03-01 " + options_.folder.string() + "/epoch-*";
  ASSERT_EQ(std::system(touch.c_str()), 0);
  const auto store = open_or_fail(options_, after(120s));
  ASSERT_TRUE(store);
  EXPECT_EQ(store->opening().epoch, epoch);
  EXPECT_GT(store->health().bytes, 0U);
}

TEST_F(StoreTest, ACleanStopIsSaidOfTheLastRunOnly) {
  { ASSERT_TRUE(open_or_fail(options_)->close(noon)); }
  { EXPECT_TRUE(open_or_fail(options_)->opening().stopped_cleanly); }
  const auto store = open_or_fail(options_);
  EXPECT_FALSE(store->opening().stopped_cleanly);
}

TEST_F(StoreTest, LastCommitAfterACrashIsTheEndOfTheNewestBatch) {
  { record_batches(*open_or_fail(options_), Stream::reading, 3); }
  EXPECT_EQ(open_or_fail(options_, after(1h))->opening().last_commit, after(20s));
}

TEST_F(StoreTest, OnlyTheNextBatchOfAStreamIsTaken) {
  const auto store = open_or_fail(options_);
  const std::uint64_t epoch = store->opening().epoch;
  for (const record::BatchKey key :
       {record::BatchKey{epoch, Stream::reading, 2}, {epoch, Stream::reading, 0}, {epoch + 1, Stream::reading, 1}}) {
    const NewBatch batch = batch_of(key, noon);
    const auto done = store->commit({&batch, 1}, noon);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::invalid);
  }
  const std::vector<NewBatch> gap{batch_of({epoch, Stream::reading, 1}, noon),
                                  batch_of({epoch, Stream::reading, 3}, noon)};
  EXPECT_FALSE(store->commit(gap, noon));
  EXPECT_EQ(store->head(Stream::reading).next_seq, 1U);
  EXPECT_EQ((*store->reader())->extent(epoch, Stream::reading).value(), std::nullopt);
}

TEST_F(StoreTest, ReadsAreBoundedInRowsAndBytes) {
  const auto store = open_or_fail(options_);
  const std::uint64_t epoch = store->opening().epoch;
  ASSERT_TRUE(record_together(*store, Stream::reading, 20, noon, 1000));
  const auto reader = *store->reader();
  EXPECT_EQ(seqs_of(*reader->read(epoch, Stream::reading, {3, 20}, 4, 1'000'000)), seqs_between(3, 6));
  EXPECT_EQ(seqs_of(*reader->read(epoch, Stream::reading, {3, 20}, 100, 2500)), seqs_between(3, 5));
  EXPECT_EQ(seqs_of(*reader->read(epoch, Stream::reading, {3, 5}, 100, 1'000'000)), seqs_between(3, 5));
  EXPECT_TRUE(reader->read(epoch, Stream::reading, {21, 30}, 100, 1'000'000)->empty());
}

TEST_F(StoreTest, UnknownEpochIsNotFound) {
  const auto store = open_or_fail(options_);
  const auto rows = (*store->reader())->read(store->opening().epoch + 1, Stream::reading, {1, 9}, 1, 1);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind(), ErrorKind::not_found);
}

TEST_F(StoreTest, ManifestIsFoundByItsHashAfterTheCommit) {
  const Bytes first = content_of({}, 3000);
  const Bytes second = content_of({.seq = 9}, 9000);
  {
    const auto store = open_or_fail(options_);
    store->add_manifest(record::sha256(first), first);
    store->add_manifest(record::sha256(second), second);
    EXPECT_FALSE((*store->reader())->manifest(record::sha256(first)));
    record_batches(*store, Stream::event, 1);
    store->add_manifest(record::sha256(second), second);
    record_batches(*store, Stream::event, 1);
  }
  const auto reader = open_reader(options_.folder);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->manifest(record::sha256(first)).value(), first);
  EXPECT_EQ((*reader)->manifest(record::sha256(second)).value(), second);
}

TEST_F(StoreTest, FindGivesTheBatchesThatTouchAPeriod) {
  const auto store = open_or_fail(options_);
  const std::uint64_t epoch = store->opening().epoch;
  record_batches(*store, Stream::reading, 200, after(10s), 50);  // batch n: [10(n-1), 10n] s
  const auto reader = *store->reader();
  const auto find = [&](std::chrono::seconds from, std::chrono::seconds until) {
    return reader->find(epoch, Stream::reading, after(from), after(until)).value();
  };
  EXPECT_EQ(find(101s, 109s), (SeqRange{11, 11}));
  EXPECT_EQ(find(100s, 110s), (SeqRange{10, 11}));
  EXPECT_EQ(find(-1h, 1s), (SeqRange{1, 1}));
  EXPECT_EQ(find(-1h, 24h), (SeqRange{1, 200}));
  EXPECT_EQ(find(2000s, 24h), (SeqRange{200, 200}));
  EXPECT_EQ(find(2001s, 24h), std::nullopt);
  EXPECT_EQ(find(-1h, 0s), std::nullopt);
}

TEST_F(StoreTest, FindMissesNothingWhereCopiesOfOldBatchesStandBetweenNewOnes) {
  const auto store = open_or_fail(options_);
  const std::uint64_t epoch = store->opening().epoch;
  for (int i = 1; i <= 100; ++i) {
    record_batches(*store, Stream::reading, 1, after(i * 10s), 50);
    const auto seq = store->head(Stream::reading).next_seq;
    const NewBatch copy = batch_of({epoch, Stream::reading, seq}, after(i * 10s) - 24h * 30 * (i % 3 + 1), 50);
    ASSERT_TRUE(store->commit({&copy, 1}, after(i * 10s)));
  }
  const auto reader = *store->reader();
  for (int i = 1; i <= 100; ++i) {
    const auto found = reader->find(epoch, Stream::reading, after(i * 10s - 5s), after(i * 10s - 4s)).value();
    EXPECT_EQ(found, std::optional(SeqRange{2U * static_cast<unsigned>(i) - 1, 2U * static_cast<unsigned>(i) - 1}));
  }
}

TEST_F(StoreTest, AcknowledgementsArePersistedWithACommitOnceAMinute) {
  const auto store = open_or_fail(options_);
  const std::uint64_t epoch = store->opening().epoch;
  const auto reader = *store->reader();
  const auto persisted = [&] { return reader->acknowledged("province", epoch, Stream::reading).value().to_text(); };
  store->acknowledge("province", epoch, Stream::reading, {1, 2});
  EXPECT_EQ(store->acknowledged("province", epoch, Stream::reading).to_text(), "1-2");
  record_batches(*store, Stream::reading, 1, after(59s));
  EXPECT_EQ(persisted(), "");
  record_batches(*store, Stream::reading, 1, after(60s));
  EXPECT_EQ(persisted(), "1-2");
  store->acknowledge("province", epoch, Stream::reading, {4, 4});
  record_batches(*store, Stream::reading, 1, after(61s));
  EXPECT_EQ(persisted(), "1-2");
  ASSERT_TRUE(store->close(after(62s)));
  EXPECT_EQ(persisted(), "1-2,4-4");
}

TEST_F(StoreTest, AcknowledgementsSurviveACloseAndNeverGrowInACrash) {
  std::uint64_t epoch = 0;
  {
    const auto store = open_or_fail(options_);
    epoch = store->opening().epoch;
    record_batches(*store, Stream::reading, 9);
    store->acknowledge("province", epoch, Stream::reading, {1, 5});
    ASSERT_TRUE(store->close(noon));
  }
  {
    const auto store = open_or_fail(options_);
    EXPECT_EQ(store->acknowledged("province", epoch, Stream::reading).to_text(), "1-5");
    store->acknowledge("province", epoch, Stream::reading, {6, 6});
  }
  EXPECT_EQ(open_or_fail(options_)->acknowledged("province", epoch, Stream::reading).to_text(), "1-5");
}

TEST_F(StoreTest, AfterCloseNothingIsWrittenButMuchIsRead) {
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::reading, 2);
  ASSERT_TRUE(store->close(noon));
  const NewBatch batch = batch_of({store->opening().epoch, Stream::reading, 3}, noon);
  EXPECT_EQ(store->commit({&batch, 1}, noon).error().kind(), ErrorKind::invalid);
  EXPECT_FALSE(store->maintain(noon, ClockTrust::sure));
  EXPECT_FALSE(store->begin_epoch("late", noon));
  EXPECT_TRUE(store->close(noon));
  EXPECT_EQ(seqs_of(read_all(**store->reader(), store->opening().epoch, Stream::reading)), seqs_between(1, 2));
}

TEST_F(StoreTest, TwoWritersConflict) {
  const auto store = open_or_fail(options_);
  const auto second = open_store(options_, noon);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::conflict);
}

TEST_F(StoreTest, FolderThatCannotBeMadeIsAnError) {
  std::ofstream(folder_.path() / "file") << "in the way";
  options_.folder = folder_.path() / "file" / "store";
  const auto store = open_store(options_, noon);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind(), ErrorKind::io);
  EXPECT_EQ(open_reader(options_.folder).error().kind(), ErrorKind::not_found);
}

TEST_F(StoreTest, HealthTellsSizeRateAndAutonomy) {
  const auto store = open_or_fail(options_);
  EXPECT_LT(store->health().days_left, 0);
  record_batches(*store, Stream::reading, 100, noon, 4400);
  ASSERT_TRUE(store->maintain(after(1000s), ClockTrust::sure));
  const health::StoreHealth health = store->health();
  EXPECT_EQ(health.batches, 100U);
  EXPECT_EQ(health.commits, 100U);
  EXPECT_EQ(health.readings_recorded, 400'000U);
  EXPECT_EQ(health.oldest, noon - 10s);
  EXPECT_EQ(health.last_commit, after(990s));
  EXPECT_EQ(health.trouble, "");
  EXPECT_NEAR(static_cast<double>(health.bytes), 100 * 4600, 100 * 500);
  // 64 MiB less an eighth, the log and the reserve, at 4.6 KB every 10 s.
  EXPECT_NEAR(health.days_left, 1.27, 0.1);
}

}  // namespace
}  // namespace jidian::store

// What goes because its time is over, and what stays.
#include "tests/integration/store/keeping.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;

TEST_F(Keeping, OnlyConfirmedBatchesPastTheirRetentionGo) {
  options_.retention = {{Stream::reading, 1h}};
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::reading, 10);  // ends at 0, 10, … 90 s
  acknowledge(*store, "province", Stream::reading, 4);
  EXPECT_TRUE(maintain(*store, after(1h)).empty());
  EXPECT_EQ(seqs(*store, Stream::reading), seqs_between(1, 10));
  maintain(*store, after(24h));
  EXPECT_EQ(seqs(*store, Stream::reading), seqs_between(5, 10));
}

TEST_F(Keeping, ReadingsStayForHalfAYearAndEventsForAYearUnlessToldOtherwise) {
  const auto store = open_or_fail(options_);
  for (const Stream stream : record::all_streams) record_batches(*store, stream, 3);
  for (const Stream stream : record::all_streams) acknowledge(*store, "province", stream, 3);
  const auto left_after = [&](int days) {
    maintain(*store, after(24h * days));
    return std::pair(seqs(*store, Stream::reading).size(), seqs(*store, Stream::event).size());
  };
  EXPECT_EQ(left_after(182), std::pair(std::size_t{3}, std::size_t{3}));
  EXPECT_EQ(left_after(365), std::pair(std::size_t{1}, std::size_t{3}));
  EXPECT_EQ(left_after(367), std::pair(std::size_t{1}, std::size_t{1}));
}

TEST_F(Keeping, BatchesPastTheirRetentionGoManyAtATimeForTheSakeOfTheFlash) {
  options_.quota_bytes = 4 << 20;
  options_.retention = {{Stream::reading, 1h}};
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::reading, 600);  // ends at 0, 10, … 5990 s
  acknowledge(*store, "province", Stream::reading, 600);
  maintain(*store, after(1h + 5055s));  // 506 are over
  EXPECT_EQ(seqs(*store, Stream::reading), seqs_between(1, 600));
  maintain(*store, after(1h + 5125s));  // 513 are over
  EXPECT_EQ(seqs(*store, Stream::reading), seqs_between(513, 600));
}

TEST_F(Keeping, AFewBatchesPastTheirRetentionGoWhenTheyAreLate) {
  options_.retention = {{Stream::event, 1h}};
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::event, 3);  // ends at 0, 10, 20 s
  acknowledge(*store, "province", Stream::event, 3);
  maintain(*store, after(6h));
  EXPECT_EQ(seqs(*store, Stream::event), seqs_between(1, 3));
  maintain(*store, after(7h + 5s));
  EXPECT_EQ(seqs(*store, Stream::event), seqs_between(3, 3));
}

TEST_F(Keeping, NewestBatchIsNeverDeleted) {
  options_.retention = {{Stream::reading, 1h}};
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::reading, 3);
  acknowledge(*store, "province", Stream::reading, 3);
  maintain(*store, after(24h));
  EXPECT_EQ(seqs(*store, Stream::reading), seqs_between(3, 3));
}

TEST_F(Keeping, DrainedEpochGoesWhenItsRetentionIsOver) {
  options_.retention = {{Stream::reading, 1h}};
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 3);
  ASSERT_TRUE(store->begin_epoch("test", after(60s)));
  maintain(*store, after(24h));
  EXPECT_EQ(epoch_files(options_.folder).size(), 2U) << "not confirmed";
  store->acknowledge("province", first, Stream::reading, {1, 3});
  maintain(*store, after(30min));
  EXPECT_EQ(epoch_files(options_.folder).size(), 2U) << "too young";
  EXPECT_TRUE(maintain(*store, after(24h)).empty());
  EXPECT_EQ(epoch_files(options_.folder).size(), 1U);
  EXPECT_EQ((*store->reader())->epochs(), std::vector{store->opening().epoch});
}

TEST_F(Keeping, DrainedEpochThatEndsWithACopyOfAnOldBatchStaysForItsYoungestOnes) {
  const auto store = open_or_fail(options_);
  const std::uint64_t old = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  const NewBatch copy = batch_of({old, Stream::reading, 6}, after(-24h * 365));
  ASSERT_TRUE(store->commit({&copy, 1}, after(60s)));
  store->acknowledge("province", old, Stream::reading, {1, 6});
  store->acknowledge("city", old, Stream::reading, {1, 6});
  ASSERT_TRUE(store->begin_epoch("conflict", after(70s)));
  ASSERT_TRUE(store->maintain(after(1h), ClockTrust::sure));
  const auto reader = *store->reader();
  EXPECT_EQ(seqs_of(read_all(*reader, old, Stream::reading)), seqs_between(1, 6));
}

TEST_F(Keeping, AClockThatIsNotSureTakesNothingHoweverFarAheadItIs) {
  options_.retention = {{Stream::event, 1h}, {Stream::interval, 1h}, {Stream::reading, 1h}};
  const auto store = open_or_fail(options_);
  const std::uint64_t old = store->opening().epoch;
  const auto record_all = [&](UtcTime now) {
    for (const Stream stream : record::all_streams) {
      record_batches(*store, stream, 10, now);
      acknowledge(*store, "province", stream, store->head(stream).next_seq - 1);
    }
  };
  record_all(noon);
  ASSERT_TRUE(store->begin_epoch("test", after(10min)));
  record_all(after(10min));
  for (int round = 0; round < 5; ++round)
    EXPECT_TRUE(maintain(*store, after(24h * 366 + round * 1min), ClockTrust::doubtful).empty());
  EXPECT_EQ((*store->reader())->epochs().size(), 2U) << "an old epoch that everybody has all of";
  for (const Stream stream : record::all_streams) EXPECT_EQ(seqs(*store, stream), seqs_between(1, 10));
  EXPECT_TRUE(departures(*store, old).empty());

  maintain(*store, after(1h + 5min));  // the old epoch ended more than an hour ago, the present one's batches did not
  EXPECT_EQ((*store->reader())->epochs(), std::vector{store->opening().epoch});
  for (const Stream stream : record::all_streams) EXPECT_EQ(seqs(*store, stream), seqs_between(1, 10));
  maintain(*store, after(24h));
  for (const Stream stream : record::all_streams) EXPECT_EQ(seqs(*store, stream), seqs_between(10, 10));
}

TEST_F(Keeping, QuotaTakesConfirmedBatchesWhateverTheClockIsWorth) {
  const auto store = open_or_fail(options_);
  for (int round = 0; round < 20; ++round) {
    record_batches(*store, Stream::reading, 20, after(round * 200s), 4000);
    acknowledge(*store, "province", Stream::reading, store->head(Stream::reading).next_seq - 1);
    EXPECT_TRUE(maintain(*store, after(round * 200s), ClockTrust::doubtful).empty());
  }
  EXPECT_GT(seqs(*store, Stream::reading).front(), 1U);
  EXPECT_EQ(store->health().evicted, 0U);
  const auto left = departures(*store, store->opening().epoch);
  ASSERT_FALSE(left.empty());
  EXPECT_EQ(left.front().why, Parting::quota);
}

}  // namespace
}  // namespace jidian::store

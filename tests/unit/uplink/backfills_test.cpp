#include "uplink/backfills.hpp"

#include <gtest/gtest.h>

namespace jidian::uplink {
namespace {

using record::BatchKey;
using record::Stream;
using store::SeqRange;

constexpr SteadyTime asked_at{Millis(1'000'000)};
constexpr UtcTime asked_utc{std::chrono::hours(24 * 20'000 + 12)};

class BackfillsTest : public testing::Test {
 protected:
  static store::Ranges ranges(std::initializer_list<SeqRange> list) {
    store::Ranges all;
    for (const SeqRange range : list) all.add(range);
    return all;
  }
  void begin(const std::string& id, Stream stream, std::initializer_list<SeqRange> of_epoch_1) {
    backfills_.begin({id, stream, {{1, ranges(of_epoch_1)}}}, asked_at, asked_utc);
  }
  std::optional<BatchKey> next() const {
    return backfills_.next([](Stream) { return true; });
  }

  Backfills backfills_;
};

TEST_F(BackfillsTest, GoInTheOrderAskedAndEndWhenAllHasArrived) {
  backfills_.begin({"a", Stream::reading, {{7, ranges({{5, 6}})}, {1, ranges({{2, 2}})}}}, asked_at, asked_utc);
  begin("b", Stream::event, {{1, 1}});
  const std::vector<BatchKey> order{
      {7, Stream::reading, 5}, {7, Stream::reading, 6}, {1, Stream::reading, 2}, {1, Stream::event, 1}};
  for (const auto& key : order) {
    EXPECT_EQ(next(), key);
    backfills_.took(key);
  }
  EXPECT_EQ(next(), std::nullopt);
  EXPECT_EQ(backfills_.running(), 2U);
  EXPECT_TRUE(backfills_.is_on_way(order[0]));
  backfills_.arrived(7, Stream::reading, {1, 100});
  EXPECT_FALSE(backfills_.is_on_way(order[0]));
  EXPECT_EQ(backfills_.running(), 2U);
  backfills_.drop({1, Stream::reading, 2});
  ASSERT_EQ(backfills_.running(), 1U);
  EXPECT_EQ(backfills_.health()[0].id, "b");
  EXPECT_EQ(backfills_.health()[0].stream, "event");
  EXPECT_EQ(backfills_.health()[0].since, asked_utc);
}

TEST_F(BackfillsTest, WhatDidNotGetThroughIsSentAgain) {
  begin("a", Stream::reading, {{1, 3}});
  const BatchKey first{1, Stream::reading, 1};
  backfills_.took(first);
  EXPECT_EQ(next()->seq, 2U);
  backfills_.put_back(first);
  EXPECT_EQ(next()->seq, 1U);
  EXPECT_EQ(backfills_.health()[0].left, 3U);
  EXPECT_EQ(backfills_.health()[0].batches, 3U);
  backfills_.put_back({1, Stream::reading, 9});
  EXPECT_EQ(backfills_.health()[0].left, 3U) << "nobody asked for it";
}

TEST_F(BackfillsTest, AStreamThatMayNotBeSentHoldsUpNoOther) {
  begin("a", Stream::reading, {{1, 3}});
  begin("b", Stream::interval, {{4, 4}});
  const auto only_intervals = backfills_.next([](Stream stream) { return stream == Stream::interval; });
  EXPECT_EQ(only_intervals, (BatchKey{1, Stream::interval, 4}));
}

TEST_F(BackfillsTest, WhatIsNothingEndsAtOnceAndWhatComesToNoEndIsGivenUp) {
  begin("nothing", Stream::reading, {});
  EXPECT_EQ(backfills_.running(), 0U);
  begin("a", Stream::reading, {{1, 3}});
  backfills_.expire(asked_at + Backfills::life - Millis(1));
  EXPECT_EQ(backfills_.running(), 1U);
  backfills_.expire(asked_at + Backfills::life);
  EXPECT_EQ(backfills_.running(), 0U);
}

}  // namespace
}  // namespace jidian::uplink

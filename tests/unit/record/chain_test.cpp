#include "record/chain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/record/samples.hpp"

namespace jidian::record {
namespace {

using testing::HasSubstr;
using testing::Optional;

const domain::Manifest chained_plant = samples::manifest();

/// Three event batches that hang together.
std::vector<Encoded> three() {
  std::vector<Encoded> batches;
  Hash previous{};
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    Header header = samples::header(Stream::event, seq);
    header.previous = previous;
    batches.push_back(encode(header, samples::events(), chained_plant).value());
    previous = batches.back().hash;
  }
  return batches;
}

BatchKey key(std::uint64_t seq) {
  return samples::header(Stream::event, seq).key;
}

TEST(ChainWalker, AcceptsAWholeChain) {
  const auto batches = three();
  ChainWalker walker;
  for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(walker.step(key(n + 1), batches[n].bytes), std::nullopt);
  EXPECT_EQ(walker.batches(), 3U);
  EXPECT_EQ(walker.head(), batches[2].hash);
}

TEST(ChainWalker, MayBeginInTheMiddle) {
  const auto batches = three();
  ChainWalker walker;
  EXPECT_EQ(walker.step(key(2), batches[1].bytes), std::nullopt);
  EXPECT_EQ(walker.step(key(3), batches[2].bytes), std::nullopt);
}

TEST(ChainWalker, FindsAHole) {
  const auto batches = three();
  ChainWalker walker;
  EXPECT_EQ(walker.step(key(1), batches[0].bytes), std::nullopt);
  EXPECT_THAT(walker.step(key(3), batches[2].bytes), Optional(HasSubstr("batch 2 was expected")));
}

TEST(ChainWalker, FindsAnExchangedBatchAndGoesOnFromIt) {
  auto batches = three();
  Header header = samples::header(Stream::event, 2);
  header.previous = batches[0].hash;
  header.anchor_utc += Millis{1};
  const auto other = encode(header, samples::events(), chained_plant).value();
  ChainWalker walker;
  EXPECT_EQ(walker.step(key(1), batches[0].bytes), std::nullopt);
  EXPECT_EQ(walker.step(key(2), other.bytes), std::nullopt);
  EXPECT_THAT(walker.step(key(3), batches[2].bytes), Optional(HasSubstr("not the one its hash names")));
}

TEST(ChainWalker, FindsABatchUnderAnotherKey) {
  const auto batches = three();
  ChainWalker walker;
  EXPECT_THAT(walker.step(key(7), batches[0].bytes), Optional(HasSubstr("its header says it is event 1")));
}

TEST(ChainWalker, FindsDamage) {
  auto batches = three();
  batches[1].bytes[100] ^= 1;
  ChainWalker walker;
  EXPECT_EQ(walker.step(key(1), batches[0].bytes), std::nullopt);
  EXPECT_THAT(walker.step(key(2), batches[1].bytes), Optional(HasSubstr("CRC")));
}

TEST(ChainWalker, FindsAFirstBatchThatNamesAPredecessor) {
  Header header = samples::header(Stream::event, 1);
  header.previous.fill(1);
  ChainWalker walker;
  EXPECT_THAT(walker.step(key(1), encode(header, samples::events(), chained_plant).value().bytes),
              Optional(HasSubstr("first batch names one before it")));
}

}  // namespace
}  // namespace jidian::record

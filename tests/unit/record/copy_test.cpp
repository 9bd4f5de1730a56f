// The content of a batch told again under another key.
#include <gtest/gtest.h>

#include "record/batch.hpp"
#include "record/chain.hpp"
#include "record/record.pb.h"
#include "tests/unit/record/samples.hpp"

namespace jidian::record {
namespace {

const domain::Manifest plant = samples::manifest();
constexpr std::uint64_t new_epoch = 0xBEEF;

Encoded original(Stream stream, const Body& body) {
  return encode(samples::header(stream, 3), body, plant).value();
}

TEST(Copy, TellsTheSameUnderAnotherKeyAndNamesItsOriginal) {
  for (const Body& body : {Body(samples::events()), Body(samples::rows()), Body(samples::polls(20))}) {
    const Stream stream = all_streams.at(body.index());
    const auto from = original(stream, body);
    const BatchKey key{new_epoch, stream, 7};
    const Hash previous = sha256(from.bytes);
    const auto copied = copy(from.bytes, key, previous);
    ASSERT_TRUE(copied) << copied.error().message();
    EXPECT_EQ(copied->hash, sha256(copied->bytes));
    EXPECT_EQ(copied->start, from.start);
    EXPECT_EQ(copied->end, from.end);
    EXPECT_EQ(copied->count, from.count);

    const auto before = decode(from.bytes, &plant).value();
    const auto after = decode(copied->bytes, &plant).value();
    Header expected = before.header;
    expected.key = key;
    expected.previous = previous;
    expected.copy_of = CopyOf{before.header.key.epoch, 3, from.hash};
    EXPECT_EQ(after.header, expected);
    EXPECT_EQ(after.body, before.body);
    EXPECT_TRUE(same_content(from.bytes, copied->bytes).value());
  }
}

TEST(Copy, IsTheBatchThatEncodingTheSameHeaderGives) {
  const auto from = original(Stream::reading, samples::polls(20));
  const auto copied = copy(from.bytes, {new_epoch, Stream::reading, 1}, {}).value();
  const auto header = decode_header(copied.bytes).value();
  EXPECT_EQ(encode(header, samples::polls(20), plant).value().bytes, copied.bytes);
}

TEST(Copy, OfACopyNamesTheFirstOriginal) {
  const auto from = original(Stream::event, samples::events());
  const auto first = copy(from.bytes, {new_epoch, Stream::event, 1}, {}).value();
  const auto second = copy(first.bytes, {new_epoch + 1, Stream::event, 1}, {}).value();
  EXPECT_EQ(decode_header(second.bytes).value().copy_of, decode_header(first.bytes).value().copy_of);
  EXPECT_EQ(decode_header(second.bytes).value().copy_of->sha256, from.hash);
}

/// A batch with so many characters that nothing compresses well.
Result<Encoded> batch_with_text(std::size_t characters) {
  domain::Event event;
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < characters; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    event.text += static_cast<char>('!' + (state >> 40) % 90);
  }
  return encode(samples::header(Stream::event, 1), Events{event}, plant);
}

TEST(Copy, OfTheLargestBatchIsABatch) {
  std::size_t fits = 1000;
  for (std::size_t step = 1 << 17; step > 0; step /= 2)
    if (batch_with_text(fits + step)) fits += step;
  const auto largest = batch_with_text(fits).value();
  ASSERT_GT(largest.bytes.size(), batch_bytes_max - copy_bytes_more - 64);
  ASSERT_LE(largest.bytes.size(), batch_bytes_max - copy_bytes_more);
  Hash previous;
  previous.fill(0xFF);
  EXPECT_TRUE(copy(largest.bytes, {new_epoch, Stream::event, std::uint64_t{1} << 62}, previous));
}

TEST(Copy, OfWhatCannotBeReadIsAnError) {
  auto bytes = original(Stream::event, samples::events()).bytes;
  bytes.back() ^= 1;
  EXPECT_EQ(copy(bytes, {new_epoch, Stream::event, 1}, {}).error().kind(), ErrorKind::corrupt);
}

TEST(Copy, WithOtherContentIsToldFromItsOriginal) {
  const auto from = original(Stream::reading, samples::polls(20));
  auto header = decode_header(copy(from.bytes, {new_epoch, Stream::reading, 1}, {}).value().bytes).value();
  EXPECT_FALSE(same_content(from.bytes, encode(header, samples::polls(19), plant).value().bytes).value());
  header.boot.fill(0x77);
  EXPECT_FALSE(same_content(from.bytes, encode(header, samples::polls(20), plant).value().bytes).value());
}

TEST(Copy, StandsInItsOwnChain) {
  const auto from = original(Stream::event, samples::events());
  ChainWalker walker;
  const BatchKey first{new_epoch, Stream::event, 1};
  const BatchKey second{new_epoch, Stream::event, 2};
  const auto one = copy(from.bytes, first, {}).value();
  const auto two = copy(from.bytes, second, one.hash).value();
  EXPECT_EQ(walker.step(first, one.bytes), std::nullopt);
  EXPECT_EQ(walker.step(second, two.bytes), std::nullopt);
}

}  // namespace
}  // namespace jidian::record

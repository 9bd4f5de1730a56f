#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>
#include <vector>

#include "record/batch.hpp"
#include "record/body.hpp"
#include "record/manifest.hpp"
#include "record/record.pb.h"
#include "tests/unit/record/samples.hpp"

namespace {

std::size_t bytes_allocated = 0;

}  // namespace

// Counts what this program asks for, so that a test can bound it. Where the compiler expands one of these in place and
// not its counterpart, it takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) {
  bytes_allocated += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  bytes_allocated += size;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace jidian::record {
namespace {

const domain::Manifest small_plant = samples::site_manifest();

constexpr std::size_t allocation_bound = 64 * 1024 * 1024;

/// A batch with the right CRC, whatever it claims.
Bytes seal(jidian::v1::Batch batch) {
  batch.clear_format();
  batch.clear_crc32c();
  const std::string rest = batch.SerializeAsString();
  Bytes bytes{0x08, 0x01, 0x15, 0, 0, 0, 0};
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  const std::uint32_t crc = crc32c(ByteView(bytes).subspan(7));
  for (std::size_t i = 0; i < 4; ++i) bytes[3 + i] = static_cast<std::uint8_t>(crc >> (8 * i));
  return bytes;
}

/// The message of a good batch, its body not compressed.
jidian::v1::Batch opened(Stream stream, const Body& body) {
  const auto encoded = encode(samples::header(stream), body, small_plant).value();
  jidian::v1::Batch batch;
  EXPECT_TRUE(batch.ParseFromArray(encoded.bytes.data(), static_cast<int>(encoded.bytes.size())));
  if (batch.compression() == jidian::v1::ZSTD) {
    std::string plain(batch.body_size(), '\0');
    EXPECT_EQ(ZSTD_decompress(plain.data(), plain.size(), batch.body().data(), batch.body().size()), plain.size());
    batch.set_body(plain);
    batch.set_compression(jidian::v1::NONE);
  }
  return batch;
}

/// The kind of error that a good reading batch gives after `change`.
ErrorKind error_after(const std::function<void(jidian::v1::Batch&, jidian::v1::Readings&)>& change) {
  jidian::v1::Batch batch = opened(Stream::reading, samples::polls(10));
  jidian::v1::Readings readings;
  EXPECT_TRUE(readings.ParseFromString(batch.body()));
  change(batch, readings);
  batch.set_body(readings.SerializeAsString());
  batch.set_body_size(static_cast<std::uint32_t>(batch.body().size()));
  const Bytes bytes = seal(batch);
  bytes_allocated = 0;
  const auto decoded = decode(bytes, &small_plant);
  EXPECT_LT(bytes_allocated, allocation_bound);
  EXPECT_FALSE(decoded);
  return decoded ? ErrorKind::cancelled : decoded.error().kind();
}

std::string squeezed(const std::string& plain) {
  std::string frame(ZSTD_compressBound(plain.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), plain.data(), plain.size(), 1));
  return frame;
}

TEST(HostileBatch, IsUnharmedUntilChanged) {
  EXPECT_TRUE(decode(seal(opened(Stream::reading, samples::polls(10))), &small_plant));
}

TEST(HostileBatch, ThatDecompressesToMuchMoreIsRefused) {
  jidian::v1::Batch batch = opened(Stream::reading, samples::polls(10));
  batch.set_compression(jidian::v1::ZSTD);
  constexpr std::uint32_t size = 16 * 1024 * 1024;
  batch.set_body(squeezed(std::string(size, '\0')));
  for (const std::uint32_t stated : {size, 1024U, 512U * 1024, 0U}) {
    batch.set_body_size(stated);
    const Bytes bytes = seal(batch);
    ASSERT_LT(bytes.size(), batch_bytes_max);
    bytes_allocated = 0;
    EXPECT_EQ(decode(bytes, &small_plant).error().kind(), ErrorKind::corrupt) << stated;
    EXPECT_LT(bytes_allocated, allocation_bound);
  }
}

/// What reading `body` as a batch of `stream` asks of the memory.
std::size_t cost_of(Stream stream, const std::string& body) {
  jidian::v1::Batch batch = opened(Stream::event, samples::events());
  batch.mutable_header()->set_stream(static_cast<jidian::v1::Stream>(stream));
  batch.set_body(squeezed(body));
  batch.set_body_size(static_cast<std::uint32_t>(body.size()));
  batch.set_compression(jidian::v1::ZSTD);
  const Bytes bytes = seal(batch);
  bytes_allocated = 0;
  EXPECT_EQ(decode(bytes, &small_plant).error().kind(), ErrorKind::corrupt);
  return bytes_allocated;
}

/// `text` again and again, until there are `size` bytes.
std::string repeated(std::string text, std::size_t size) {
  while (text.size() < size) text += text.substr(0, size - text.size());
  return text;
}

TEST(HostileBatch, OfCountlessEmptyMessagesIsBounded) {
  const std::string messages = repeated({"\x0A\x00", 2}, body_bytes_max - 2);
  for (const Stream stream : all_streams) EXPECT_LT(cost_of(stream, messages), 2 * 1024 * 1024);

  const std::string facts = repeated({"\x3A\x00", 2}, body_bytes_max - 16);
  std::string events("\x0A");  // one event of `facts`, its length as a varint
  for (std::size_t length = facts.size(); length > 0; length >>= 7)
    events += static_cast<char>((length & 0x7F) | (length > 0x7F ? 0x80 : 0));
  EXPECT_LT(cost_of(Stream::event, events + facts), allocation_bound);
}

TEST(HostileBatch, WithALyingCountIsRefused) {
  using jidian::v1::Batch;
  using jidian::v1::Readings;
  const auto corrupt = ErrorKind::corrupt;
  EXPECT_EQ(error_after([](Batch& batch, Readings&) { batch.mutable_header()->set_count(61); }), corrupt);
  EXPECT_EQ(error_after([](Batch& batch, Readings&) { batch.mutable_header()->set_end_utc_ms(0); }), corrupt);
  EXPECT_EQ(error_after([](Batch& batch, Readings&) { batch.mutable_header()->set_seq(0); }), corrupt);
  EXPECT_EQ(error_after([](Batch& batch, Readings&) { batch.mutable_header()->set_previous("short"); }), corrupt);
  EXPECT_EQ(error_after([](Batch& batch, Readings&) { batch.mutable_header()->mutable_copy_of(); }), corrupt);
  EXPECT_EQ(error_after([](Batch& batch, Readings&) {
              batch.mutable_header()->mutable_copy_of()->set_seq(1);
              batch.mutable_header()->mutable_copy_of()->set_sha256("short");
            }),
            corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_blocks(0)->set_polls(4'000'000'000); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_blocks(0)->set_polls(0); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_blocks(0)->set_polls(11); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_blocks(0)->set_points(5); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_blocks(0)->set_meter(2); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_blocks(0)->set_meter(1); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) {
              body.mutable_blocks(0)->add_quality_runs(0);
              body.mutable_blocks(0)->add_quality_runs(4'294'967'295);
            }),
            corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_blocks(0)->add_clock_runs(1); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) {
              body.mutable_blocks(0)->add_clock_runs(300);
              body.mutable_blocks(0)->add_clock_runs(10);
            }),
            corrupt);
  const auto early = [](std::vector<std::uint32_t> numbers) {
    return error_after([numbers](Batch&, Readings& body) {
      for (const auto number : numbers) body.mutable_blocks(0)->add_early(number);
    });
  };
  EXPECT_EQ(early({0, 2}), corrupt);
  EXPECT_EQ(early({4'294'967'295, 2, 0}), corrupt) << "no such poll";
  EXPECT_EQ(early({0, 4'294'967'295, 0}), corrupt) << "no such point";
  EXPECT_EQ(early({0, 2, 4'294'967'295}), corrupt) << "behind the end of its poll";
  EXPECT_EQ(early({0, 2, 1, 0, 2, 1}), corrupt) << "twice";
  EXPECT_EQ(early({1, 0, 1, 0, 2, 1}), corrupt) << "not in order";
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.add_heads(1); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_planes()->pop_back(); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.mutable_shapes()->pop_back(); }), corrupt);
  EXPECT_EQ(error_after([](Batch&, Readings& body) { body.set_heads(0, INT64_MAX); }), corrupt);
}

TEST(HostileBatch, OfAnUnknownStreamOrCompressionIsUnsupported) {
  jidian::v1::Batch batch = opened(Stream::event, samples::events());
  batch.mutable_header()->set_stream(static_cast<jidian::v1::Stream>(4));
  EXPECT_EQ(decode(seal(batch), &small_plant).error().kind(), ErrorKind::unsupported);
  batch = opened(Stream::event, samples::events());
  batch.set_compression(static_cast<jidian::v1::Compression>(2));
  EXPECT_EQ(decode(seal(batch), &small_plant).error().kind(), ErrorKind::unsupported);
}

TEST(HostileBatch, LargerThanABatchIsRefused) {
  jidian::v1::Batch batch = opened(Stream::event, samples::events());
  batch.mutable_body()->resize(batch_bytes_max, '\0');
  EXPECT_EQ(decode(seal(batch), &small_plant).error().kind(), ErrorKind::corrupt);
}

TEST(HostileBatch, WithUnknownFieldsIsReadWithoutThem) {
  jidian::v1::Batch batch = opened(Stream::event, samples::events());
  batch.mutable_body()->append("\xA2\x06\x03new", 6);  // field 100 of Events, of a later release
  batch.set_body_size(batch.body_size() + 6);
  EXPECT_EQ(std::get<Events>(decode(seal(batch), &small_plant).value().body), samples::events());
}

/// Body bytes changed at random places, under a right CRC: an error or a batch within bounds, never a crash.
void mutate(Stream stream, const Body& body, std::uint64_t seed) {
  constexpr int rounds = 250;
  const jidian::v1::Batch good = opened(stream, body);
  std::uint64_t state = seed;
  const auto next = [&state] { return (state = state * 6364136223846793005 + 1442695040888963407) >> 33; };
  int accepted = 0;
  for (int round = 0; round < rounds; ++round) {
    jidian::v1::Batch batch = good;
    std::string& bytes = *batch.mutable_body();
    for (std::uint64_t i = next() % 4 + 1; i > 0; --i) {
      const auto at = static_cast<std::size_t>(next() % bytes.size());
      const auto byte = static_cast<char>(next());
      switch (next() % 3) {
        case 0:
          bytes[at] = byte;
          break;
        case 1:
          bytes.insert(at, 1, byte);
          break;
        default:
          bytes.erase(at, 1);
      }
    }
    batch.set_body_size(static_cast<std::uint32_t>(bytes.size()));
    const Bytes sealed = seal(batch);
    bytes_allocated = 0;
    const auto decoded = decode(sealed, &small_plant);
    ASSERT_LT(bytes_allocated, allocation_bound);
    accepted += decoded ? 1 : 0;
  }
  EXPECT_LT(accepted, rounds);
}

TEST(HostileBatch, NeverHarmsTheReader) {
  mutate(Stream::reading, samples::polls(8), 1);
  mutate(Stream::interval, samples::rows(), 2);
  mutate(Stream::event, samples::events(), 3);
  Rows aggregates;
  for (const auto& row : samples::aggregates()) aggregates.emplace_back(row);
  mutate(Stream::interval, aggregates, 4);
}

TEST(HostileManifest, NeverHarmsTheReader) {
  const Bytes good = encode(samples::manifest()).bytes;
  std::uint64_t state = 7;
  for (int round = 0; round < 400; ++round) {
    Bytes bytes = good;
    for (int i = 0; i < 3; ++i) {
      state = state * 6364136223846793005 + 1442695040888963407;
      bytes[static_cast<std::size_t>((state >> 33) % bytes.size())] = static_cast<std::uint8_t>(state >> 24);
    }
    bytes_allocated = 0;
    const auto decoded = decode_manifest(bytes);
    ASSERT_LT(bytes_allocated, allocation_bound);
    EXPECT_FALSE(decoded && *decoded == samples::manifest() && bytes != good);
  }
}

}  // namespace
}  // namespace jidian::record

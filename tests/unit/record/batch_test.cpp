#include "record/batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "record/body.hpp"
#include "tests/unit/record/samples.hpp"

namespace jidian::record {
namespace {

using domain::GapCause;
using domain::Quality;

const domain::Manifest plant = samples::manifest();

Bytes encoded(const Header& header, const Body& body) {
  auto batch = encode(header, body, plant);
  EXPECT_TRUE(batch) << batch.error().message();
  return batch ? batch->bytes : Bytes{};
}

/// What comes back of `body`; meter by meter for polls.
Body through_bytes(Stream stream, const Body& body) {
  const auto back = decode(encoded(samples::header(stream), body), &plant);
  EXPECT_TRUE(back) << back.error().message();
  return back ? back->body : Body{};
}

TEST(Batch, GivesBackWhatWentIn) {
  EXPECT_EQ(std::get<Polls>(through_bytes(Stream::reading, samples::polls(20))), samples::by_meter(samples::polls(20)));
  EXPECT_EQ(std::get<Rows>(through_bytes(Stream::interval, samples::rows())), samples::rows());
  EXPECT_EQ(std::get<Events>(through_bytes(Stream::event, samples::events())), samples::events());
}

TEST(Batch, SaysInItsHeaderWhatItHolds) {
  const auto polls = samples::polls(10);
  const auto batch = encode(samples::header(Stream::reading), polls, plant);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->count, 60U);
  EXPECT_EQ(batch->start, polls.front().slot);
  EXPECT_EQ(batch->end, polls.back().end);
  EXPECT_EQ(batch->hash, sha256(batch->bytes));
  EXPECT_EQ(decode_header(batch->bytes).value(), samples::header(Stream::reading));
  const auto back = decode(batch->bytes, &plant);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->header, samples::header(Stream::reading));
  EXPECT_EQ(back->count, batch->count);
  EXPECT_EQ(back->start, batch->start);
  EXPECT_EQ(back->end, batch->end);
}

TEST(Batch, KeepsHashesOfZerosAsSuch) {
  Header header = samples::header(Stream::event);
  header.manifest = {};
  header.previous = {};
  EXPECT_EQ(decode_header(encoded(header, samples::events())).value(), header);
  header.previous.fill(0x5A);
  EXPECT_EQ(decode_header(encoded(header, samples::events())).value(), header);
}

TEST(Batch, KeepsEveryQualityClockAndCause) {
  Polls polls = samples::polls(30);
  for (std::size_t i = 0; i < polls.size(); ++i) {
    domain::Poll& poll = polls[i];
    poll.clock = static_cast<ClockQuality>(i / 7 % 4);
    for (std::size_t k = 0; k < poll.samples.size(); ++k) {
      poll.samples[k].quality = static_cast<Quality>((i * 5 + k) % 13);
      if (i % 9 == 4) poll.samples[k].quality = Quality::no_answer;
      if (!has_value(poll.samples[k].quality)) poll.samples[k].bits = 0;
    }
    const bool empty = std::ranges::none_of(poll.samples, [](const auto& sample) { return has_value(sample.quality); });
    if (empty) poll.cause = i % 2 == 0 ? GapCause::bus_fault : GapCause::foreign_master;
  }
  EXPECT_EQ(std::get<Polls>(through_bytes(Stream::reading, polls)), samples::by_meter(polls));
}

TEST(Batch, KeepsWhatWasThereBeforeTheRestOfItsPoll) {
  Polls polls = samples::polls(30);
  polls[4].early = {{2, polls[4].start + Millis{17}}};
  polls[8].early = {{0, polls[8].start}, {2, polls[8].end}};
  polls[9].early = {{1, polls[9].end}};
  EXPECT_EQ(std::get<Polls>(through_bytes(Stream::reading, polls)), samples::by_meter(polls));
}

TEST(Batch, SaysNothingOfValuesOutsideOfTheirPoll) {
  Polls polls = samples::polls(2);
  polls[0].early = {{2, polls[0].start - Millis{1}}, {3, polls[0].end + Millis{1}}};  // the clock was set in between
  EXPECT_EQ(std::get<Polls>(through_bytes(Stream::reading, polls)), samples::by_meter(samples::polls(2)));
}

TEST(Batch, KeepsTheExtremesOfEveryType) {
  Polls polls = samples::polls(4);
  const std::uint64_t integers[] = {0, std::numeric_limits<std::uint64_t>::max(), std::uint64_t{1} << 63, 1};
  const std::uint64_t singles[] = {0x7FC00001, 0x80000000, 0xFF800000, 0x7F7FFFFF};
  const std::uint64_t doubles[] = {0x7FF8DEADBEEF0001, 0x8000000000000000, 0xFFF0000000000000, 1};
  for (std::size_t i = 0; i < polls.size(); ++i) {
    auto& samples = polls[i].samples;
    const bool flow = polls[i].meter == 1;
    for (std::size_t k = 0; k < samples.size(); ++k)
      samples[k].bits = !flow ? integers[(i / 2 + k) % 4] : k == 0 ? singles[i / 2] : doubles[i / 2];
  }
  EXPECT_EQ(std::get<Polls>(through_bytes(Stream::reading, polls)), samples::by_meter(polls));
}

TEST(Batch, KeepsPollsOfUnevenSpacing) {
  Polls polls = samples::polls(25);
  for (std::size_t i = 0; i < polls.size(); ++i) {
    const auto shift = Millis{static_cast<Millis::rep>(i * i * 31)};
    polls[i].slot += shift;
    polls[i].start += shift + Millis{static_cast<Millis::rep>(i)};
    polls[i].end += shift * 2;
  }
  polls[3].start = polls[3].slot - Millis{4};
  EXPECT_EQ(std::get<Polls>(through_bytes(Stream::reading, polls)), samples::by_meter(polls));
}

TEST(Batch, IsRefusedWhenTheManifestIsMissingOrAnother) {
  const Bytes bytes = encoded(samples::header(Stream::reading), samples::polls(3));
  EXPECT_EQ(decode(bytes, nullptr).error().kind(), ErrorKind::not_found);
  domain::Manifest other = plant;
  other.meters[0].points.pop_back();
  EXPECT_EQ(decode(bytes, &other).error().kind(), ErrorKind::corrupt);
  EXPECT_TRUE(decode(encoded(samples::header(Stream::event), samples::events()), nullptr));
}

TEST(Batch, OfAnotherFormatIsUnsupported) {
  Bytes bytes = encoded(samples::header(Stream::event), samples::events());
  bytes[1] = 2;
  EXPECT_EQ(decode(bytes, &plant).error().kind(), ErrorKind::unsupported);
  EXPECT_EQ(decode_header(bytes).error().kind(), ErrorKind::unsupported);
}

TEST(Batch, CutAnywhereIsRefused) {
  const Bytes bytes = encoded(samples::header(Stream::reading), samples::polls(5));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode(ByteView(bytes).first(size), &plant)) << size;
}

TEST(Batch, WithAnyBitFlippedIsRefused) {
  for (const auto& [stream, body] : {std::pair<Stream, Body>{Stream::reading, samples::polls(2)},
                                     std::pair<Stream, Body>{Stream::event, samples::events()}}) {
    Bytes bytes = encoded(samples::header(stream), body);
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      bytes[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
      EXPECT_FALSE(decode(bytes, &plant)) << i;
      EXPECT_FALSE(decode_header(bytes)) << i;
      bytes[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
    }
  }
}

TEST(Batch, IsFullAboveItsBounds) {
  EXPECT_EQ(encode(samples::header(Stream::reading), samples::polls(5001), plant).error().kind(), ErrorKind::full);
  EXPECT_TRUE(encode(samples::header(Stream::reading), samples::polls(5000), plant));
  domain::Event noise = samples::events().front();
  std::uint64_t state = 1;
  for (int i = 0; i < 200'000; ++i) noise.text += static_cast<char>('!' + (state = state * 48271U % 0x7FFFFFFFU) % 90);
  EXPECT_EQ(encode(samples::header(Stream::event), Events{noise}, plant).error().kind(), ErrorKind::full);
}

TEST(Batch, ReplacesWhatIsNotUtf8) {
  Events events = samples::events();
  events[0].text = "ok \xFF\xC3\x28 \xE6\x97\xB6";
  const auto back = std::get<Events>(through_bytes(Stream::event, events));
  EXPECT_EQ(back[0].text, "ok \uFFFD\uFFFD( 时");
}

TEST(Utf8, RefusesOverlongSurrogateAndCutCharacters) {
  EXPECT_EQ(to_utf8("\xC0\xAF"), "\uFFFD\uFFFD");
  EXPECT_EQ(to_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(to_utf8("\xF0\x9F\x98"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(to_utf8("\xF0\x9F\x98\x80 \xE2\x82\xAC \xC2\xB5"), "\xF0\x9F\x98\x80 \xE2\x82\xAC \xC2\xB5");
}

TEST(Stream, HasAWordThatReadsBack) {
  for (const Stream stream : all_streams) EXPECT_EQ(stream_of(name_of(stream)), stream);
  EXPECT_EQ(stream_of("readings"), std::nullopt);
}

TEST(Sha256, MatchesThePublishedCheckValue) {
  const std::string_view abc = "abc";
  EXPECT_EQ(to_hex(sha256(Bytes(abc.begin(), abc.end()))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace jidian::record

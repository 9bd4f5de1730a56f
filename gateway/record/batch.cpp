#include "record/batch.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "record/body.hpp"
#include "record/compress.hpp"
#include "record/record.pb.h"

namespace jidian::record {
namespace {

/// What protobuf finds is returned as an error, not printed by the library.
[[maybe_unused]] const auto printed_before = google::protobuf::SetLogHandler(nullptr);

constexpr std::uint8_t batch_format = 1;
constexpr std::size_t prefix_size = 7;  // 08 01 15 and four bytes of CRC

static_assert(copy_bytes_more > 56 + 34 + 9 + 3, "copy_of, previous, a longer seq, longer lengths");

struct Content {
  UtcTime start = UtcTime::max();
  UtcTime end = UtcTime::min();
  std::uint32_t count = 0;

  void add(UtcTime from, UtcTime until, std::size_t readings) {
    start = std::min(start, from);
    end = std::max(end, until);
    count += static_cast<std::uint32_t>(readings);
  }
};

Content measure(const Body& body) {
  Content content;
  if (const auto* polls = std::get_if<Polls>(&body))
    for (const auto& poll : *polls)
      content.add(std::min(poll.slot, poll.start), std::max(poll.slot, poll.end), poll.samples.size());
  if (const auto* rows = std::get_if<Rows>(&body))
    for (const auto& row : *rows)
      std::visit([&](const auto& it) { content.add(it.start, it.start + it.length, 1); }, row);
  if (const auto* events = std::get_if<Events>(&body))
    for (const auto& event : *events) content.add(event.time, event.time, 1);
  return content;
}

bool is_empty(const Body& body) {
  return std::visit([](const auto& items) { return items.empty(); }, body);
}

std::string bytes_or_empty(const Hash& hash) {
  return hash == Hash{} ? std::string() : std::string(hash.begin(), hash.end());
}

void write_copy_of(const CopyOf& original, jidian::v1::Header& out) {
  out.mutable_copy_of()->set_epoch(original.epoch);
  out.mutable_copy_of()->set_seq(original.seq);
  out.mutable_copy_of()->set_sha256(original.sha256.data(), original.sha256.size());
}

void write_header(const Header& header, const Content& content, jidian::v1::Header& out) {
  out.set_gateway(header.gateway);
  out.set_epoch(header.key.epoch);
  out.set_stream(static_cast<jidian::v1::Stream>(header.key.stream));
  out.set_seq(header.key.seq);
  out.set_previous(bytes_or_empty(header.previous));
  out.set_manifest(bytes_or_empty(header.manifest));
  out.set_boot(header.boot.data(), header.boot.size());
  out.set_anchor_utc_ms(header.anchor_utc.time_since_epoch().count());
  out.set_anchor_steady_ms(header.anchor_steady.time_since_epoch().count());
  out.set_clock(static_cast<std::uint32_t>(header.clock));
  out.set_start_utc_ms(content.start.time_since_epoch().count());
  out.set_end_utc_ms(content.end.time_since_epoch().count());
  out.set_count(content.count);
  if (header.copy_of) write_copy_of(*header.copy_of, out);
}

/// Fills an array from bytes of its size, or with zeros from none.
template <typename Array>
bool read_fixed(const std::string& bytes, Array& into) {
  if (bytes.empty()) return true;
  if (bytes.size() != into.size()) return false;
  std::copy(bytes.begin(), bytes.end(), into.begin());
  return true;
}

Result<Header> read_header(const jidian::v1::Header& in) {
  Header header;
  header.gateway = in.gateway();
  if (in.stream() < 1 || in.stream() > 3) return Error{ErrorKind::unsupported, "a stream this release does not know"};
  header.key = {in.epoch(), static_cast<Stream>(in.stream()), in.seq()};
  const auto anchor = read_time(in.anchor_utc_ms());
  const auto steady = read_time(in.anchor_steady_ms());
  const auto clock = read_code<ClockQuality>(in.clock());
  if (!anchor || !steady || !clock || in.seq() == 0 || !read_fixed(in.previous(), header.previous) ||
      !read_fixed(in.manifest(), header.manifest) || !read_fixed(in.boot(), header.boot))
    return Error{ErrorKind::corrupt, "a field of the batch's header is impossible"};
  header.anchor_utc = *anchor;
  header.anchor_steady = SteadyTime{steady->time_since_epoch()};
  header.clock = *clock;
  if (!in.has_copy_of()) return header;
  CopyOf& original = header.copy_of.emplace(CopyOf{in.copy_of().epoch(), in.copy_of().seq(), {}});
  if (original.seq == 0 || in.copy_of().sha256().empty() || !read_fixed(in.copy_of().sha256(), original.sha256))
    return Error{ErrorKind::corrupt, "the batch does not name what it is a copy of"};
  return header;
}

/// The message behind a checked prefix. Errors: corrupt, unsupported.
Result<jidian::v1::Batch> open(ByteView bytes) {
  if (bytes.size() < prefix_size || bytes.size() > batch_bytes_max || bytes[0] != 0x08)
    return Error{ErrorKind::corrupt, "not a batch"};
  if (bytes[1] != batch_format) return Error{ErrorKind::unsupported, "a batch of a format this release does not know"};
  const std::uint32_t crc = static_cast<std::uint32_t>(bytes[3]) | static_cast<std::uint32_t>(bytes[4]) << 8 |
                            static_cast<std::uint32_t>(bytes[5]) << 16 | static_cast<std::uint32_t>(bytes[6]) << 24;
  if (bytes[2] != 0x15 || crc != crc32c(bytes.subspan(prefix_size)))
    return Error{ErrorKind::corrupt, "the batch's CRC does not match its bytes"};
  jidian::v1::Batch batch;
  if (!batch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || batch.format() != batch_format)
    return Error{ErrorKind::corrupt, "the batch is not a message of its schema"};
  return batch;
}

Result<Bytes> read_body(const jidian::v1::Batch& batch) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(batch.body().data());
  const ByteView body(data, batch.body().size());
  if (batch.body_size() > body_bytes_max) return Error{ErrorKind::corrupt, "the body is larger than a batch may have"};
  if (batch.compression() == jidian::v1::ZSTD) return decompress(body, batch.body_size());
  if (batch.compression() != jidian::v1::NONE)
    return Error{ErrorKind::unsupported, "a compression this release does not know"};
  if (body.size() != batch.body_size()) return Error{ErrorKind::corrupt, "the body has not the size it states"};
  return Bytes(body.begin(), body.end());
}

/// Widens a body's vector to the variant.
template <typename Items>
Result<Body> as_body(Result<Items> items) {
  if (!items) return items.error();
  return Body(std::move(*items));
}

Result<Body> take_apart(ByteView body, const Header& header, const domain::Manifest* manifest) {
  if (!is_bounded(body)) return Error{ErrorKind::corrupt, "the body has more parts than a batch may have"};
  if (header.key.stream == Stream::event) return as_body(read_events(body));
  if (manifest == nullptr) return Error{ErrorKind::not_found, "the batch's manifest is needed to read it"};
  if (header.key.stream == Stream::interval) return as_body(read_rows(body, *manifest));
  return as_body(read_polls(body, header.clock, *manifest));
}

PlainBody write_body(const Header& header, const Body& body, const domain::Manifest& manifest) {
  if (const auto* events = std::get_if<Events>(&body)) return write_events(*events);
  if (const auto* rows = std::get_if<Rows>(&body)) return write_rows(*rows, manifest);
  return write_polls(std::get<Polls>(body), header.clock, manifest);
}

/// The message as bytes behind its prefix. Errors: full.
Result<Encoded> seal(const jidian::v1::Batch& batch, std::size_t bytes_max) {
  const std::size_t size = prefix_size + batch.ByteSizeLong();
  if (size > bytes_max) return Error{ErrorKind::full, "more bytes than a batch may have"};
  const auto& header = batch.header();
  Encoded encoded{
      Bytes(size), {}, UtcTime{Millis{header.start_utc_ms()}}, UtcTime{Millis{header.end_utc_ms()}}, header.count()};
  batch.SerializeWithCachedSizesToArray(encoded.bytes.data() + prefix_size);
  const std::uint32_t crc = crc32c(ByteView(encoded.bytes).subspan(prefix_size));
  const std::array<std::uint8_t, prefix_size> prefix{0x08,
                                                     batch_format,
                                                     0x15,
                                                     static_cast<std::uint8_t>(crc),
                                                     static_cast<std::uint8_t>(crc >> 8),
                                                     static_cast<std::uint8_t>(crc >> 16),
                                                     static_cast<std::uint8_t>(crc >> 24)};
  std::ranges::copy(prefix, encoded.bytes.begin());
  encoded.hash = sha256(encoded.bytes);
  return encoded;
}

}  // namespace

std::string_view name_of(Stream stream) {
  switch (stream) {
    case Stream::event:
      return "event";
    case Stream::interval:
      return "interval";
    case Stream::reading:
      return "reading";
  }
  return "unknown";
}

std::optional<Stream> stream_of(std::string_view name) {
  for (const Stream stream : all_streams)
    if (name == name_of(stream)) return stream;
  return std::nullopt;
}

Result<Encoded> encode(const Header& header, const Body& body, const domain::Manifest& manifest) {
  assert(!is_empty(body) && body.index() + 1 == static_cast<std::size_t>(header.key.stream) && header.key.seq > 0);
  const Content content = measure(body);
  if (content.count > batch_readings_max) return Error{ErrorKind::full, "more readings than a batch may have"};
  const PlainBody plain = write_body(header, body, manifest);
  if (plain.bytes.size() > body_bytes_max) return Error{ErrorKind::full, "more bytes than a batch's body may have"};

  jidian::v1::Batch batch;
  write_header(header, content, *batch.mutable_header());
  batch.set_body_size(static_cast<std::uint32_t>(plain.bytes.size()));
  const auto smaller = compress(plain.bytes, plain.cuts);
  batch.set_compression(smaller ? jidian::v1::ZSTD : jidian::v1::NONE);
  const Bytes& stored = smaller ? *smaller : plain.bytes;
  batch.set_body(stored.data(), stored.size());

  return seal(batch, batch_bytes_max - (header.copy_of ? 0 : copy_bytes_more));
}

Result<Header> decode_header(ByteView bytes) {
  const auto batch = open(bytes);
  if (!batch) return batch.error();
  return read_header(batch->header());
}

Result<Decoded> decode(ByteView bytes, const domain::Manifest* manifest) {
  const auto batch = open(bytes);
  if (!batch) return batch.error();
  const auto header = read_header(batch->header());
  if (!header) return header.error();
  const auto plain = read_body(*batch);
  if (!plain) return plain.error();
  auto body = take_apart(*plain, *header, manifest);
  if (!body) return body.error();

  const Content content = measure(*body);
  const auto& stated = batch->header();
  if (is_empty(*body) || content.count != stated.count() ||
      content.start.time_since_epoch().count() != stated.start_utc_ms() ||
      content.end.time_since_epoch().count() != stated.end_utc_ms())
    return Error{ErrorKind::corrupt, "the batch's content is not what its header says"};
  return Decoded{*header, std::move(*body), content.start, content.end, content.count};
}

Result<Encoded> copy(ByteView original, const BatchKey& key, const Hash& previous) {
  auto batch = open(original);
  if (!batch) return batch.error();
  const auto header = read_header(batch->header());
  if (!header) return header.error();
  for (const std::int64_t ms : {batch->header().start_utc_ms(), batch->header().end_utc_ms()})
    if (const auto time = read_time(ms); !time) return time.error();
  assert(header->key.stream == key.stream && key.seq > 0);
  auto& out = *batch->mutable_header();
  out.set_epoch(key.epoch);
  out.set_seq(key.seq);
  out.set_previous(bytes_or_empty(previous));
  write_copy_of(header->copy_of.value_or(CopyOf{header->key.epoch, header->key.seq, sha256(original)}), out);
  // The prefix is written apart.
  batch->clear_format();
  batch->clear_crc32c();
  return seal(*batch, batch_bytes_max);
}

Result<bool> same_content(ByteView left, ByteView right) {
  std::array<Bytes, 2> bodies;
  std::array<std::string, 2> headers;
  for (std::size_t i = 0; i < 2; ++i) {
    auto batch = open(i == 0 ? left : right);
    if (!batch) return batch.error();
    auto body = read_body(*batch);
    if (!body) return body.error();
    bodies[i] = std::move(*body);
    auto& header = *batch->mutable_header();
    header.clear_epoch();
    header.clear_seq();
    header.clear_previous();
    header.clear_copy_of();
    headers[i] = header.SerializeAsString();
  }
  return headers[0] == headers[1] && bodies[0] == bodies[1];
}

Result<UtcTime> read_time(std::int64_t ms) {
  constexpr std::int64_t limit = std::int64_t{1} << 60;
  if (ms < -limit || ms > limit) return Error{ErrorKind::corrupt, "an impossible time"};
  return UtcTime{Millis{ms}};
}

}  // namespace jidian::record

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/aggregate.hpp"
#include "domain/event.hpp"
#include "domain/interval.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::record {

/// The three logs. Each has its own seq, chain, retention and priority. The numbers stand in the contract.
enum class Stream : std::uint8_t { event = 1, interval = 2, reading = 3 };
inline constexpr std::array all_streams{Stream::event, Stream::interval, Stream::reading};

/// "event", "interval", "reading": as in topics and tables.
std::string_view name_of(Stream stream);
std::optional<Stream> stream_of(std::string_view name);

/// A batch is refused above these. They keep a batch below every broker's usual packet limit.
inline constexpr std::size_t batch_bytes_max = 65'536;
inline constexpr std::size_t batch_readings_max = 30'000;
/// A batch that is no copy leaves so much room, so that a copy of it is a batch as well.
inline constexpr std::size_t copy_bytes_more = 128;

/// Names a batch for ever.
struct BatchKey {
  std::uint64_t epoch = 0;
  Stream stream = Stream::reading;
  std::uint64_t seq = 0;
  friend auto operator<=>(const BatchKey&, const BatchKey&) = default;
};

/// Where the content of a copy was told first: a batch of the same gateway and stream.
struct CopyOf {
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Hash sha256{};  ///< Of the original's bytes.
  friend auto operator<=>(const CopyOf&, const CopyOf&) = default;
};

/// What every batch says of itself.
struct Header {
  std::string gateway;
  BatchKey key;
  Hash previous{};  ///< SHA-256 of the batch before it in its stream; zeros for seq 1.
  Hash manifest{};  ///< SHA-256 of the manifest in force; zeros before the first.
  std::array<std::uint8_t, 16> boot{};
  UtcTime anchor_utc;  ///< The two clocks at one instant, when the batch was closed.
  SteadyTime anchor_steady;
  ClockQuality clock = ClockQuality::unknown;
  std::optional<CopyOf> copy_of;  ///< The first original, if the content is told again under another key.
  friend bool operator==(const Header&, const Header&) = default;
};

using Polls = std::vector<domain::Poll>;
/// A row of a meter, or of a facility, an account or the site.
using Row = std::variant<domain::IntervalRow, domain::AggregateRow>;
using Rows = std::vector<Row>;
using Events = std::vector<domain::Event>;
using Body = std::variant<Events, Rows, Polls>;  ///< In the order of Stream.

/// A batch as stored and published.
struct Encoded {
  Bytes bytes;
  Hash hash{};    ///< SHA-256 of `bytes`: the `previous` of the next batch, and what a receipt quotes.
  UtcTime start;  ///< First and last instant of the content.
  UtcTime end;
  std::uint32_t count = 0;  ///< Readings (values and non-values), rows or events.
};

/// Encodes a body. Preconditions: header.key.stream matches the body; the body is not empty; polls of one meter are in
/// time order and have as many samples as the manifest's points. `manifest` gives the value types of the points of
/// polls and rows. Errors: full, if the result would exceed batch_bytes_max (less copy_bytes_more, if it is no copy) or
/// batch_readings_max (split the body and try again).
Result<Encoded> encode(const Header& header, const Body& body, const domain::Manifest& manifest);

/// The content of `original` again, as the batch `key` behind `previous`: all that the header says of it and the body
/// stay as they are, byte by byte. `copy_of` names the original, or what `original` itself is a copy of. Precondition:
/// the streams are the same. Errors: corrupt, unsupported (the original cannot be read), full (it leaves no room).
Result<Encoded> copy(ByteView original, const BatchKey& key, const Hash& previous);

/// Whether two batches have the same content: all but key, chain and `copy_of`. Errors: corrupt, unsupported.
Result<bool> same_content(ByteView left, ByteView right);

/// A batch taken apart.
struct Decoded {
  Header header;
  Body body;
  UtcTime start;
  UtcTime end;
  std::uint32_t count = 0;
};

/// Reads the header alone: checks the CRC of all bytes, but does not decompress the body. Errors: corrupt, unsupported
/// (a format this release does not know).
Result<Header> decode_header(ByteView bytes);

/// Takes a batch apart and checks it against itself (CRC, sizes, counts). `manifest` is the one named by the header,
/// and may be null for event batches. Errors: corrupt, unsupported, not_found (a manifest is needed and not given).
/// Polls come meter by meter, those of a meter in their order; the rows of meters come before the others, each in their
/// order. Bounded: a body is at most 512 KiB and has at most
/// batch_readings_max parts, whatever the bytes say.
Result<Decoded> decode(ByteView bytes, const domain::Manifest* manifest);

/// SHA-256.
Hash sha256(ByteView bytes);

}  // namespace jidian::record

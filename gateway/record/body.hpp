#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/manifest.hpp"
#include "record/batch.hpp"

// The three bodies as bytes, before compression. Pure; used by batch.cpp alone.
namespace jidian::record {

/// Most bytes of a decompressed body: what a decoder must be able to hold.
inline constexpr std::size_t body_bytes_max = 524'288;

/// A body before compression.
struct PlainBody {
  Bytes bytes;
  std::vector<std::size_t> cuts;  ///< For the compressor: where the bytes begin to look different.
};

PlainBody write_polls(const Polls& polls, ClockQuality clock, const domain::Manifest& manifest);
PlainBody write_rows(const Rows& rows, const domain::Manifest& manifest);
PlainBody write_events(const Events& events);

/// Errors: corrupt.
Result<Polls> read_polls(ByteView bytes, ClockQuality clock, const domain::Manifest& manifest);
Result<Rows> read_rows(ByteView bytes, const domain::Manifest& manifest);
Result<Events> read_events(ByteView bytes);

/// Whether a body holds at most batch_readings_max messages (blocks, rows, events): asked before protobuf makes an
/// object of each.
bool is_bounded(ByteView bytes);

/// Milliseconds from the wire as an instant. Errors: corrupt, if so far off that sums of two would overflow.
Result<UtcTime> read_time(std::int64_t ms);

/// A code from the wire as an enumeration of ours; codes of later releases pass, codes above 255 do not.
template <typename Enum>
Result<Enum> read_code(std::uint32_t code) {
  if (code > 0xFF) return Error{ErrorKind::corrupt, "a code above 255"};
  return static_cast<Enum>(code);
}

/// `text` with whatever is not UTF-8 replaced, so that every protobuf library accepts it.
std::string to_utf8(std::string_view text);

}  // namespace jidian::record

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "record/batch.hpp"

namespace jidian::store {

/// What an epoch's file looks like inside. A file with a higher `format_version` belongs to a newer release; one with a
/// lower is read and drained, and not continued. Format 1 had pages of 4096 bytes.
inline constexpr std::int64_t format_version = 2;
inline constexpr std::int64_t application_id = 0x4A444E31;  ///< "JDN1", for file(1) and against foreign files.
/// Of the files that this release makes. A row of more than half a page has the page to itself: with pages of 4096
/// bytes batches of 2 KiB to 4 KiB left up to half of the file empty. And of what a commit touches but does not fill,
/// small pages cost the flash least.
inline constexpr std::uint64_t page_bytes = 1024;
inline constexpr std::uint64_t seq_max = (1ULL << 63) - 1;  ///< SQLite's integers are signed.

/// Times in a log may stand out of order by this much before its `late_key` has to say so.
inline constexpr Millis disorder_max = std::chrono::hours(1);

/// Keys of table `meta` that begin with it are notes.
inline constexpr std::string_view note_prefix = "note/";

/// Keys of table `meta` that tell what left a log: the whole key, and what all of them begin with.
inline constexpr std::string_view departed_prefix = "left/";
std::string departed_key(std::uint64_t epoch, record::Stream stream);

/// The same for what of a log was told to be damaged: "<seqs as ranges>".
inline constexpr std::string_view damaged_prefix = "damaged/";
std::string damaged_key(std::uint64_t epoch, record::Stream stream);

/// The statements that make an empty epoch.
std::string schema_sql();

/// The table of a stream's log.
std::string table_of(record::Stream stream);

/// Where `meta` keeps how long, in ms, after the beginning of its content a batch of the log was stored at most;
/// absent: less than `disorder_max`. Copies of old batches make a log late.
std::string late_key(record::Stream stream);

/// Position of a stream in arrays that hold one entry a stream.
constexpr std::size_t index_of(record::Stream stream) {
  return static_cast<std::size_t>(stream) - 1;
}

/// The CRC-32C of a row: its columns as little-endian 64-bit numbers, then its bytes.
std::uint32_t row_crc(std::uint64_t seq, UtcTime start, UtcTime end, std::uint32_t count, ByteView bytes);

/// Pages that storing so many bytes in one row can take at most.
constexpr std::uint64_t pages_for(std::uint64_t bytes) {
  constexpr std::uint64_t overflow_payload = page_bytes - 4;
  return bytes / overflow_payload + 2;
}

/// File bytes that a row with so many bytes costs in the long run: its cell, and its overflow pages if it has any.
std::uint64_t stored_bytes(std::uint64_t bytes);

constexpr std::int64_t to_ms(UtcTime time) {
  return time.time_since_epoch().count();
}
constexpr UtcTime from_ms(std::int64_t ms) {
  return UtcTime(Millis(ms));
}

}  // namespace jidian::store

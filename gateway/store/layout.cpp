#include "store/layout.hpp"

#include <array>

namespace jidian::store {

std::string table_of(record::Stream stream) {
  switch (stream) {
    case record::Stream::event:
      return "event";
    case record::Stream::interval:
      return "interval";
    case record::Stream::reading:
      return "reading";
  }
  assert(false && "a stream that does not exist");
  return {};
}

std::string late_key(record::Stream stream) {
  return "late_ms_" + table_of(stream);
}

std::string departed_key(std::uint64_t epoch, record::Stream stream) {
  return std::string(departed_prefix) + to_hex(epoch) + "/" + table_of(stream);
}

std::string damaged_key(std::uint64_t epoch, record::Stream stream) {
  return std::string(damaged_prefix) + to_hex(epoch) + "/" + table_of(stream);
}

std::string schema_sql() {
  std::string sql = "PRAGMA application_id=" + std::to_string(application_id) +
                    ";PRAGMA user_version=" + std::to_string(format_version) + ";";
  for (const record::Stream stream : record::all_streams)
    sql += "CREATE TABLE " + table_of(stream) +
           "(seq INTEGER PRIMARY KEY, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, readings INTEGER NOT NULL,"
           " crc32c INTEGER NOT NULL, bytes BLOB NOT NULL);";
  return sql +
         "CREATE TABLE meta(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"
         "CREATE TABLE manifest(hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
         "CREATE TABLE acknowledged(destination TEXT NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,"
         " ranges TEXT NOT NULL, PRIMARY KEY(destination, epoch, stream)) WITHOUT ROWID;"
         "CREATE TABLE ledger(epoch INTEGER NOT NULL, stream INTEGER NOT NULL, first INTEGER NOT NULL,"
         " last INTEGER NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, anchor BLOB NOT NULL,"
         " unconfirmed TEXT NOT NULL, PRIMARY KEY(epoch, stream, first)) WITHOUT ROWID;";
}

std::uint32_t row_crc(std::uint64_t seq, UtcTime start, UtcTime end, std::uint32_t count, ByteView bytes) {
  std::array<std::uint8_t, 32> columns{};
  std::size_t at = 0;
  for (const std::uint64_t column :
       {seq, static_cast<std::uint64_t>(to_ms(start)), static_cast<std::uint64_t>(to_ms(end)), std::uint64_t{count}})
    for (int byte = 0; byte < 8; ++byte) columns[at++] = static_cast<std::uint8_t>(column >> (8 * byte));
  return crc32c(bytes, crc32c(columns));
}

std::uint64_t stored_bytes(std::uint64_t bytes) {
  // The file format's rule for table leaves: https://www.sqlite.org/fileformat2.html section 1.6.
  constexpr std::uint64_t columns = 36;  // header, integers, cell pointer
  constexpr std::uint64_t local_max = page_bytes - 35;
  constexpr std::uint64_t local_min = (page_bytes - 12) * 32 / 255 - 23;
  constexpr std::uint64_t overflow_payload = page_bytes - 4;
  const std::uint64_t payload = bytes + columns;
  if (payload <= local_max) return payload;
  const std::uint64_t surplus = local_min + (payload - local_min) % overflow_payload;
  const std::uint64_t local = surplus <= local_max ? surplus : local_min;
  return local + (payload - local + overflow_payload - 1) / overflow_payload * page_bytes;
}

}  // namespace jidian::store

// The small tables beside the logs, as EpochReader reads them.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "store/epoch_reader.hpp"
#include "store/layout.hpp"

namespace jidian::store {
namespace {

/// A stream as stored in a table; nothing if the number is none.
std::optional<record::Stream> stream_of_number(std::int64_t number) {
  for (const record::Stream stream : record::all_streams)
    if (static_cast<std::int64_t>(stream) == number) return stream;
  return std::nullopt;
}

/// "<epoch>/<stream>", as keys of `meta` end; nothing if it is none.
std::optional<std::pair<std::uint64_t, record::Stream>> log_of_key(std::string_view text) {
  const std::string key(text);
  const std::size_t slash = key.find('/');
  const auto stream = slash == std::string::npos ? std::nullopt : record::stream_of(key.substr(slash + 1));
  if (!stream) return std::nullopt;
  return std::pair(std::strtoull(key.c_str(), nullptr, 16), *stream);
}

}  // namespace

Result<Bytes> EpochReader::manifest(const Hash& hash) {
  auto statement = db_.prepare("SELECT bytes FROM manifest WHERE hash=?1");
  if (!statement) return statement.error();
  const Cursor cursor(statement->bind(hash));
  const auto row = statement->next();
  if (!row) return row.error();
  if (!*row) return Error{ErrorKind::not_found, "no manifest " + to_hex(hash)};
  const ByteView bytes = statement->blob(0);
  return Bytes(bytes.begin(), bytes.end());
}

Result<std::optional<Ranges>> EpochReader::acknowledged(const std::string& destination, std::uint64_t epoch,
                                                        record::Stream stream) {
  auto statement = db_.prepare("SELECT ranges FROM acknowledged WHERE destination=?1 AND epoch=?2 AND stream=?3");
  if (!statement) return statement.error();
  const Cursor cursor(statement->bind(destination, epoch, static_cast<int>(stream)));
  const auto row = statement->next();
  if (!row) return row.error();
  if (!*row) return std::optional<Ranges>();
  auto ranges = Ranges::from_text(statement->text(0));
  if (!ranges) return ranges.error();
  return std::optional(std::move(*ranges));
}

Result<std::vector<AcknowledgedRow>> EpochReader::all_acknowledged() {
  auto statement = db_.prepare("SELECT destination, epoch, stream, ranges FROM acknowledged");
  if (!statement) return statement.error();
  const Cursor cursor(*statement);
  std::vector<AcknowledgedRow> rows;
  Result<bool> row = true;
  while ((row = statement->next()) && *row) {
    const auto stream = stream_of_number(statement->integer(2));
    auto ranges = Ranges::from_text(statement->text(3));
    if (!stream || !ranges) continue;  // losing an acknowledgement only sends again
    rows.push_back({std::string(statement->text(0)), static_cast<std::uint64_t>(statement->integer(1)), *stream,
                    std::move(*ranges)});
  }
  if (!row) return row.error();
  return rows;
}

Result<std::vector<Eviction>> EpochReader::ledger() {
  auto statement = db_.prepare("SELECT epoch, stream, first, last, from_ms, until_ms, anchor, unconfirmed FROM ledger");
  if (!statement) return statement.error();
  const Cursor cursor(*statement);
  std::vector<Eviction> entries;
  Result<bool> row = true;
  while ((row = statement->next()) && *row) {
    const auto stream = stream_of_number(statement->integer(1));
    const ByteView anchor = statement->blob(6);
    if (!stream || anchor.size() != sizeof(Hash)) continue;
    Eviction entry;
    entry.epoch = static_cast<std::uint64_t>(statement->integer(0));
    entry.stream = *stream;
    entry.range = {static_cast<std::uint64_t>(statement->integer(2)),
                   static_cast<std::uint64_t>(statement->integer(3))};
    entry.from = from_ms(statement->integer(4));
    entry.until = from_ms(statement->integer(5));
    std::ranges::copy(anchor, entry.anchor.begin());
    std::istringstream destinations{std::string(statement->text(7))};
    for (std::string destination; destinations >> destination;) entry.unconfirmed.push_back(destination);
    entries.push_back(std::move(entry));
  }
  if (!row) return row.error();
  return entries;
}

Millis EpochReader::lateness(record::Stream stream) {
  // Unreadable: nothing is known of the log's order, and everything is looked at.
  constexpr Millis for_ever = std::chrono::hours(24 * 365 * 100);
  const auto late = meta(late_key(stream));
  if (!late) return for_ever;
  return *late ? Millis{std::strtoll((*late)->c_str(), nullptr, 10)} : Millis{0};
}

Result<std::map<std::string, std::string>> EpochReader::notes() {
  auto statement = db_.prepare("SELECT key, value FROM meta WHERE key GLOB ?1");
  if (!statement) return statement.error();
  const std::string pattern = std::string(note_prefix) + "*";  // bound, not copied
  const Cursor cursor(statement->bind(pattern));
  std::map<std::string, std::string> notes;
  Result<bool> row = true;
  while ((row = statement->next()) && *row)
    notes.emplace(statement->text(0).substr(note_prefix.size()), std::string(statement->text(1)));
  if (!row) return row.error();
  return notes;
}

Result<DepartedLogs> EpochReader::departures() {
  auto statement = db_.prepare("SELECT key, value FROM meta WHERE key GLOB ?1");
  if (!statement) return statement.error();
  const std::string pattern = std::string(departed_prefix) + "*";  // bound, not copied
  const Cursor cursor(statement->bind(pattern));
  DepartedLogs logs;
  Result<bool> row = true;
  while ((row = statement->next()) && *row) {
    const auto log = log_of_key(statement->text(0).substr(departed_prefix.size()));
    auto departures = Departures::from_text(std::string(statement->text(1)));
    if (log && departures) logs[*log] = std::move(*departures);  // else it is only not explained any more
  }
  if (!row) return row.error();
  return logs;
}

Result<LogRanges> EpochReader::damage_told() {
  auto statement = db_.prepare("SELECT key, value FROM meta WHERE key GLOB ?1");
  if (!statement) return statement.error();
  const std::string pattern = std::string(damaged_prefix) + "*";  // bound, not copied
  const Cursor cursor(statement->bind(pattern));
  LogRanges logs;
  Result<bool> row = true;
  while ((row = statement->next()) && *row) {
    const auto log = log_of_key(statement->text(0).substr(damaged_prefix.size()));
    auto ranges = Ranges::from_text(statement->text(1));
    if (log && ranges) logs[*log] = std::move(*ranges);  // what cannot be read is only told once more
  }
  if (!row) return row.error();
  return logs;
}

Result<std::optional<std::string>> EpochReader::meta(const std::string& key) {
  auto statement = db_.prepare("SELECT value FROM meta WHERE key=?1");
  if (!statement) return statement.error();
  const Cursor cursor(statement->bind(key));
  const auto row = statement->next();
  if (!row) return row.error();
  if (!*row) return std::optional<std::string>();
  return std::optional(std::string(statement->text(0)));
}

}  // namespace jidian::store

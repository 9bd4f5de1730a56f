#include "store/epoch_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "store/damage_search.hpp"
#include "store/layout.hpp"

namespace jidian::store {
namespace fs = std::filesystem;
namespace {

/// The first of them lifts the refusal of a file that is shorter than its header says; it has to come first.
constexpr const char* open_sql =
    "PRAGMA writable_schema=ON; PRAGMA cache_size=-256; PRAGMA query_only=ON; PRAGMA cell_size_check=ON;"
    "PRAGMA schema_version;";

bool is_damage(const Error& error) {
  return error.kind() == ErrorKind::corrupt;
}

/// Whether companions of a file can be made beside it: not on a medium or in a folder that is for reading only.
bool takes_files(const fs::path& folder) {
  if (access(folder.c_str(), W_OK) == 0) return true;
  return errno != EROFS && errno != EACCES;
}

std::uint64_t unsigned_of(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

}  // namespace

Result<std::unique_ptr<EpochReader>> EpochReader::open(const fs::path& folder, const EpochName& name) {
  const fs::path path = folder / name.file();
  std::error_code failed;  // other troubles are not this one
  if (fs::status(path, failed).type() == fs::file_type::not_found)
    return Error{ErrorKind::not_found, "no file " + path.string()};
  // Batches leave old epochs as well, so a writer may be at work on any of them; but not on a medium that takes
  // nothing. A file that cannot be opened for another reason must not be read without locks.
  std::optional<Error> why;
  for (const Db::Access way : {Db::Access::read, Db::Access::immutable}) {
    auto db = Db::open(path, way);
    Status begun = db ? db->run(open_sql) : Status(db.error());
    if (begun) return std::unique_ptr<EpochReader>(new EpochReader(name, std::move(*db), way == Db::Access::read));
    why = begun.error().during("reading " + path.string());
    const ErrorKind kind = why->kind();
    const bool may_want_files = kind == ErrorKind::io || kind == ErrorKind::denied || kind == ErrorKind::unreachable;
    if (!may_want_files || takes_files(folder)) break;
  }
  return *why;
}

Status EpochReader::check_format() {
  const auto id = db_.number("PRAGMA application_id");
  if (!id) return id.error();
  const auto version = format();
  if (!version) return version.error();
  if (*id != application_id) return Error{ErrorKind::corrupt, name_.file() + " is not an epoch of a gateway"};
  if (*version > format_version)
    return Error{ErrorKind::unsupported, name_.file() + " has format " + std::to_string(*version) +
                                             ", this release knows " + std::to_string(format_version)};
  return {};
}

Result<std::optional<SeqRange>> EpochReader::extent(record::Stream stream, Damage& damage) {
  const std::string table = table_of(stream);
  auto lowest = db_.number("SELECT seq FROM " + table + " WHERE seq>=1 ORDER BY seq LIMIT 1");
  if (!lowest && lowest.error().kind() == ErrorKind::not_found) return std::optional<SeqRange>();
  if (!lowest) {
    const auto sound = pass_over(stream, 1, lowest.error(), damage);
    if (!sound) return sound.error();
    if (!*sound) return lowest.error();
    lowest =
        db_.number("SELECT seq FROM " + table + " WHERE seq>=" + std::to_string(**sound) + " ORDER BY seq LIMIT 1");
  }
  if (!lowest) return lowest.error();
  const auto highest = newest_readable(stream, unsigned_of(*lowest), damage);
  if (!highest) return highest.error();
  return std::optional(SeqRange{unsigned_of(*lowest), *highest});
}

Result<std::optional<std::uint64_t>> EpochReader::newest(record::Stream stream, std::uint64_t seq_last) {
  const auto seq = db_.number("SELECT seq FROM " + table_of(stream) + " WHERE seq<=" + std::to_string(seq_last) +
                              " ORDER BY seq DESC LIMIT 1");
  if (seq) return std::optional(unsigned_of(*seq));
  if (seq.error().kind() == ErrorKind::not_found) return std::optional<std::uint64_t>();
  return seq.error();
}

/// The highest seq that can be reached. `first` can. What hides behind a place that the disk refuses is reached when it
/// is read again; what is behind a damaged end is told.
Result<std::uint64_t> EpochReader::newest_readable(record::Stream stream, std::uint64_t first, Damage& damage) {
  auto probe = db_.prepare("SELECT seq FROM " + table_of(stream) + " WHERE seq<=?1 ORDER BY seq DESC LIMIT 1");
  if (!probe) return probe.error();
  const auto at_or_below = [&](std::uint64_t seq) -> Result<std::uint64_t> {
    const Cursor cursor(probe->bind(seq));
    const auto row = probe->next();
    if (!row) return row.error();
    return *row ? std::clamp(unsigned_of(probe->integer(0)), first, seq) : first;
  };
  const auto is_bad = [](const Error& error) { return is_damage(error) || error.kind() == ErrorKind::io; };
  auto found = at_or_below(seq_max);
  if (found || !is_bad(found.error())) return found;
  std::uint64_t& end = ends_[index_of(stream)];
  if (end >= first && !at_or_below(end + 1))  // as it was: each look may take the disk a second
    if (auto again = at_or_below(end)) return again;
  for (std::uint64_t sound = first;;) {
    for (std::uint64_t damaged = seq_max; damaged - sound > 1;) {
      const std::uint64_t middle = sound + (damaged - sound) / 2;
      found = at_or_below(middle);
      if (!found && !is_bad(found.error())) return found;
      (found ? sound : damaged) = middle;
    }
    const auto beyond = sound_behind(stream, sound + 1, damage);
    if (!beyond) return beyond.error();
    if (!*beyond) {
      end = sound;
      return at_or_below(end);
    }
    sound = **beyond;
  }
}

/// The log seems to end in front of `at`. Tells the damage that stands there, and gives the next row behind it; nothing
/// if there is none, or if the disk refuses.
Result<std::optional<std::uint64_t>> EpochReader::sound_behind(record::Stream stream, std::uint64_t at,
                                                               Damage& damage) {
  auto row = db_.prepare("SELECT seq FROM " + table_of(stream) + " WHERE seq>=?1 ORDER BY seq LIMIT 1");
  if (!row) return row.error();
  const auto next_from = [&](std::uint64_t seq) -> Result<std::optional<std::uint64_t>> {
    const Cursor cursor(row->bind(seq));
    const auto there = row->next();
    if (!there) return there.error();
    return *there ? std::optional(std::clamp(unsigned_of(row->integer(0)), seq, seq_max)) : std::nullopt;
  };
  const auto next = next_from(at);
  if (next) return next;
  if (!is_damage(next.error())) return std::optional<std::uint64_t>();
  const auto unreadable = search_damage(db_, stream, at, damage.end_around({name_.epoch, stream, at}), false);
  if (!unreadable) return unreadable.error().during("reading " + name_.file());
  damage.add(name_.epoch, stream, unreadable->rows);
  if (!unreadable->goes_on) return std::optional<std::uint64_t>();
  const auto behind = next_from(*unreadable->goes_on);
  return behind ? behind : std::optional<std::uint64_t>();
}

/// Reading from `at` on failed. Tells the damage and gives the seq from which reading goes on; nothing if there is
/// none. Errors: `why`, as long as it may pass.
Result<std::optional<std::uint64_t>> EpochReader::pass_over(record::Stream stream, std::uint64_t at, const Error& why,
                                                            Damage& damage) {
  const record::BatchKey key{name_.epoch, stream, at};
  const bool refused = why.kind() == ErrorKind::io;
  if (!is_damage(why) && !(refused && damage.is_refused_for_good(key))) return why.during("reading " + name_.file());
  const auto unreadable = search_damage(db_, stream, at, damage.end_around(key), refused);
  if (!unreadable) return unreadable.error().during("reading " + name_.file());
  damage.add(name_.epoch, stream, unreadable->rows);
  return unreadable->goes_on;
}

Result<std::vector<StoredBatch>> EpochReader::read(record::Stream stream, SeqRange wanted, std::size_t rows_max,
                                                   std::size_t bytes_max, Damage& damage) {
  auto statement = db_.prepare("SELECT seq, start_ms, end_ms, readings, crc32c, bytes FROM " + table_of(stream) +
                               " WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq LIMIT ?3");
  if (!statement) return statement.error();
  std::vector<StoredBatch> rows;
  std::size_t bytes = 0;
  wanted.last = std::min(wanted.last, seq_max);
  while (rows.size() < rows_max && bytes < bytes_max && wanted.first <= wanted.last) {
    const std::size_t round = rows_max - rows.size();
    std::size_t seen = 0;
    const Cursor cursor(statement->bind(wanted.first, wanted.last, round));
    Result<bool> row = true;
    while (bytes < bytes_max && (row = statement->next()) && *row) {
      ++seen;
      const std::uint64_t seq = unsigned_of(statement->integer(0));
      if (seq < wanted.first || seq > wanted.last) {  // overwritten together with its number; SQLite does not notice
        if (wanted.first > wanted.last) break;
        damage.add(name_.epoch, stream, {wanted.first, wanted.first});
        ++wanted.first;
        continue;
      }
      StoredBatch batch;
      batch.key = {name_.epoch, stream, seq};
      batch.start = from_ms(statement->integer(1));
      batch.end = from_ms(statement->integer(2));
      batch.count = static_cast<std::uint32_t>(statement->integer(3));
      const ByteView stored = statement->blob(5);
      wanted.first = batch.key.seq + 1;
      if (statement->integer(4) != row_crc(batch.key.seq, batch.start, batch.end, batch.count, stored)) {
        damage.add(name_.epoch, stream, {batch.key.seq, batch.key.seq});
        continue;
      }
      damage.was_read(batch.key);
      batch.bytes.assign(stored.begin(), stored.end());
      bytes += stored.size();
      rows.push_back(std::move(batch));
    }
    if (!row) {
      const auto sound = pass_over(stream, wanted.first, row.error(), damage);
      if (!sound) return sound.error();
      if (!*sound) break;
      wanted.first = **sound;
    } else if (seen < round) {
      break;
    }
  }
  return rows;
}

Result<std::optional<SeqRange>> EpochReader::find(record::Stream stream, UtcTime from, UtcTime until, Damage& damage) {
  const auto whole = extent(stream, damage);
  if (!whole || !*whole) return whole;
  SeqRange within = **whole;
  const std::string table = table_of(stream);
  auto probe = db_.prepare("SELECT seq, start_ms, end_ms FROM " + table + " WHERE seq>=?1 ORDER BY seq LIMIT 1");
  if (!probe) return probe.error();
  const Millis disorder = disorder_max + lateness(stream);
  // Bisects [first, last + 1] for the first seq whose row is not `before`; exact as far as times are in order.
  const auto first_not = [&](auto before) -> Result<std::uint64_t> {
    std::uint64_t low = within.first;
    std::uint64_t high = within.last + 1;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      const Cursor cursor(probe->bind(middle));
      const auto row = probe->next();
      if (!row) return row.error();
      if (*row && before(from_ms(probe->integer(1)), from_ms(probe->integer(2))))
        low = std::max(middle, std::min(unsigned_of(probe->integer(0)), within.last)) + 1;
      else
        high = middle;
    }
    return low;
  };
  // Callers may ask from the beginning to the end of time.
  constexpr UtcTime far{Millis{std::int64_t{1} << 60}};
  from = std::clamp(from, UtcTime{-far.time_since_epoch()}, far);
  until = std::clamp(until, UtcTime{-far.time_since_epoch()}, far);
  const auto first = first_not([&](UtcTime, UtcTime end) { return end < from - disorder; });
  const auto beyond = first_not([&](UtcTime start, UtcTime) { return start < until + disorder; });
  if (!first || !beyond) return whole;  // damaged in between: the reader sorts it out
  std::array<std::uint64_t, 2> ends{};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto seq =
        db_.number("SELECT seq FROM " + table + " WHERE seq>=" + std::to_string(*first) + " AND seq<" +
                   std::to_string(*beyond) + " AND end_ms>=" + std::to_string(to_ms(from)) + " AND start_ms<" +
                   std::to_string(to_ms(until)) + (i == 0 ? " ORDER BY seq LIMIT 1" : " ORDER BY seq DESC LIMIT 1"));
    if (!seq) return seq.error().kind() == ErrorKind::not_found ? Result(std::optional<SeqRange>()) : whole;
    ends[i] = unsigned_of(*seq);
    if (ends[i] < within.first || ends[i] > within.last) return whole;
  }
  return std::optional(SeqRange{ends[0], ends[1]});
}

}  // namespace jidian::store

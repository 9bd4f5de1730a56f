#include "store/epoch_file.hpp"

#include <algorithm>

#include "store/layout.hpp"

namespace jidian::store {
namespace fs = std::filesystem;
namespace {

/// Frames in the log, as a multiple of the due number, at which a checkpoint waits for readers to step aside.
constexpr int patience = 4;

Status put_meta(Db& db, std::string_view key, std::string_view value) {
  auto statement = db.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)");
  if (!statement) return statement.error();
  return statement->bind(key, value).run();
}

/// An empty text removes.
Status put_text(Db& db, const std::string& key, const std::string& text) {
  if (!text.empty()) return put_meta(db, key, text);
  auto statement = db.prepare("DELETE FROM meta WHERE key=?1");
  if (!statement) return statement.error();
  return statement->bind(key).run();
}

Status put_note_row(Db& db, const std::string& name, const std::string& text) {
  return put_text(db, std::string(note_prefix) + name, text);
}

Status put_acknowledged_row(Db& db, const AcknowledgedRow& row) {
  auto statement =
      db.prepare("INSERT OR REPLACE INTO acknowledged(destination, epoch, stream, ranges) VALUES(?1, ?2, ?3, ?4)");
  if (!statement) return statement.error();
  const std::string ranges = row.ranges.to_text();
  return statement->bind(row.destination, row.epoch, static_cast<int>(row.stream), ranges).run();
}

Status put_ledger_row(Db& db, const Eviction& entry) {
  auto statement = db.prepare(
      "INSERT OR REPLACE INTO ledger(epoch, stream, first, last, from_ms, until_ms, anchor, unconfirmed)"
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  if (!statement) return statement.error();
  std::string destinations;
  for (const std::string& destination : entry.unconfirmed)
    destinations += (destinations.empty() ? "" : " ") + destination;
  return statement
      ->bind(entry.epoch, static_cast<int>(entry.stream), entry.range.first, entry.range.last, to_ms(entry.from),
             to_ms(entry.until), entry.anchor, destinations)
      .run();
}

Status put_manifest_row(Db& db, const Hash& hash, ByteView bytes) {
  auto statement = db.prepare("INSERT OR IGNORE INTO manifest(hash, bytes) VALUES(?1, ?2)");
  if (!statement) return statement.error();
  return statement->bind(hash, bytes).run();
}

Status fill(Db& db, const Seed& seed) {
  if (auto done = db.run(schema_sql()); !done) return done;
  std::vector<std::pair<std::string, std::string>> values{{"epoch", to_hex(seed.name.epoch)},
                                                          {"number", std::to_string(seed.name.number)},
                                                          {"created_ms", std::to_string(to_ms(seed.created))},
                                                          {"reason", seed.reason}};
  if (seed.predecessor) values.emplace_back("predecessor", to_hex(*seed.predecessor));
  for (const auto& [key, value] : values)
    if (auto done = put_meta(db, key, value); !done) return done;
  for (const AcknowledgedRow& row : seed.acknowledged)
    if (auto done = put_acknowledged_row(db, row); !done) return done;
  for (const Eviction& entry : seed.ledger)
    if (auto done = put_ledger_row(db, entry); !done) return done;
  for (const auto& [name, text] : seed.notes)
    if (auto done = put_note_row(db, name, text); !done) return done;
  for (const auto& [log, departures] : seed.departed)
    if (auto done = put_text(db, departed_key(log.first, log.second), departures.to_text()); !done) return done;
  for (const auto& [log, told] : seed.damage_told)
    if (auto done = put_text(db, damaged_key(log.first, log.second), told.to_text()); !done) return done;
  if (seed.manifest) return put_manifest_row(db, seed.manifest->first, seed.manifest->second);
  return {};
}

Status create_file(const fs::path& path, const Seed& seed) {
  auto db = Db::open(path, Db::Access::create);
  if (!db) return db.error();
  if (auto done = db->run("PRAGMA page_size=" + std::to_string(page_bytes) +
                          ";PRAGMA auto_vacuum=NONE;PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;");
      !done)
    return done;
  auto transaction = Transaction::begin(*db);
  if (!transaction) return transaction.error();
  if (auto done = fill(*db, seed); !done) return done;
  if (auto done = transaction->commit(); !done) return done;
  return db->run("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// A log's newest row, checked; nothing if the log is empty.
Result<std::optional<StoredBatch>> newest_row(EpochReader& reader, record::Stream stream) {
  const auto seq = reader.newest(stream, seq_max);
  if (!seq) return seq.error();
  if (!*seq) return std::optional<StoredBatch>();
  Damage damage;
  auto rows = reader.read(stream, {**seq, seq_max}, 1, 1, damage);
  if (!rows) return rows.error();
  if (damage.count() != 0 || rows->empty())
    return Error{ErrorKind::corrupt, "the newest row of log " + table_of(stream) + " is damaged"};
  return std::optional(std::move(rows->front()));
}

/// A reader of a file that is what its name says, in a format that this release reads.
Result<std::unique_ptr<EpochReader>> identify(const fs::path& folder, const EpochName& name) {
  auto reader = EpochReader::open(folder, name);
  if (!reader) return reader.error();
  if (auto known = (*reader)->check_format(); !known) return known.error();
  const auto epoch = (*reader)->meta("epoch");
  if (!epoch) return epoch.error();
  if (*epoch != to_hex(name.epoch)) return Error{ErrorKind::corrupt, name.file() + " holds another epoch"};
  return reader;
}

/// The check before a file is trusted with more.
Result<Found> inspect(const fs::path& folder, const EpochName& name) {
  const auto reader = identify(folder, name);
  if (!reader) return reader.error();
  Found found;
  const auto format = (*reader)->format();
  if (!format) return format.error();
  found.format = *format;
  for (const record::Stream stream : record::all_streams) {
    const auto row = newest_row(**reader, stream);
    if (!row) return row.error();
    if (!*row) continue;
    found.heads[index_of(stream)] = {(*row)->key.seq + 1, record::sha256((*row)->bytes)};
    // Intervals end with the wall clock's quarter, not with the commit: the others tell better.
    if (stream != record::Stream::interval || !found.last_commit)
      found.last_commit = std::max(found.last_commit.value_or((*row)->end), (*row)->end);
  }
  const auto predecessor = (*reader)->meta("predecessor");
  if (predecessor && *predecessor) found.predecessor = std::strtoull((*predecessor)->c_str(), nullptr, 16);
  const auto stop = (*reader)->meta("clean_stop_ms");
  if (stop && *stop) {
    found.stopped_cleanly = true;
    found.last_commit = from_ms(std::strtoll((*stop)->c_str(), nullptr, 10));
  }
  return found;
}

}  // namespace

Result<Transaction> Transaction::begin(Db& db) {
  if (auto begun = db.run("BEGIN IMMEDIATE"); !begun) return begun.error();
  return Transaction(db.raw());
}

Status Transaction::commit() {
  if (sqlite3_exec(raw_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return last_error(raw_);
  raw_ = nullptr;
  return {};
}

Transaction::~Transaction() {
  // Some failures roll back by themselves.
  if (raw_ != nullptr && sqlite3_get_autocommit(raw_) == 0) sqlite3_exec(raw_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Status EpochFile::create(const fs::path& folder, const Seed& seed) {
  const fs::path unfinished = folder / ("new-" + seed.name.file());
  auto made = create_file(unfinished, seed);
  std::error_code failed;
  if (made) {
    fs::rename(unfinished, folder / seed.name.file(), failed);
    made = failed ? Status(Error{ErrorKind::io, failed.message()}) : sync_folder(folder);
  }
  if (made) return made;
  remove_leftovers(folder);
  return made.error().during("creating " + seed.name.file());
}

Result<std::unique_ptr<EpochFile>> EpochFile::open(const fs::path& folder, const EpochName& name,
                                                   std::uint64_t log_frames_max) {
  const auto found = inspect(folder, name);
  if (!found) return found.error();
  auto file = open_found(folder, name, *found, log_frames_max);
  if (file) (void)(*file)->give_back_growth();  // of a run that was killed meanwhile
  return file;
}

Result<std::unique_ptr<EpochFile>> EpochFile::open_old(const fs::path& folder, const EpochName& name,
                                                       std::uint64_t log_frames_max) {
  if (const auto identified = identify(folder, name); !identified) return identified.error();
  return open_found(folder, name, {}, log_frames_max);
}

Result<std::unique_ptr<EpochFile>> EpochFile::open_found(const fs::path& folder, const EpochName& name,
                                                         const Found& found, std::uint64_t log_frames_max) {
  auto db = Db::open(folder / name.file(), Db::Access::write);
  if (!db) return db.error();
  std::unique_ptr<EpochFile> file(new EpochFile(folder / name.file(), name, found, std::move(*db), log_frames_max));
  if (auto ready = file->prepare(); !ready) return ready.error().during("opening " + name.file());
  return file;
}

EpochFile::EpochFile(fs::path path, EpochName name, Found found, Db db, std::uint64_t log_frames_max)
    : path_(std::move(path)), name_(name), found_(found), log_frames_max_(log_frames_max), db_(std::move(db)) {}

bool EpochFile::is_in_place() const {
  const auto is_gone = [](const fs::path& path) {
    std::error_code failed;  // other troubles are not this one
    return fs::status(path, failed).type() == fs::file_type::not_found;
  };
  return !is_gone(path_) && (log_frames_ == 0 || !is_gone(path_.string() + "-wal"));
}

Status EpochFile::prepare() {
  // The log keeps its length when it starts over: overwriting costs the file system no metadata.
  const auto log_bytes_max = 2 * log_frames_max_ * page_bytes;
  if (auto done = db_.run("PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY;"
                          "PRAGMA cache_size=-512; PRAGMA cell_size_check=ON; PRAGMA journal_size_limit=" +
                          std::to_string(log_bytes_max));
      !done)
    return done;
  const auto count_frames = [](void* frames, sqlite3*, const char*, int count) {
    *static_cast<int*>(frames) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(db_.raw(), count_frames, &log_frames_);  // replaces SQLite's own checkpoints
  for (const record::Stream stream : record::all_streams) {
    auto insert = db_.prepare("INSERT INTO " + table_of(stream) +
                              "(seq, start_ms, end_ms, readings, crc32c, bytes) VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
    if (!insert) return insert.error();
    inserts_[index_of(stream)] = std::move(*insert);
  }
  auto page_count = db_.prepare("PRAGMA page_count");
  if (!page_count) return page_count.error();
  auto free_count = db_.prepare("PRAGMA freelist_count");
  if (!free_count) return free_count.error();
  page_count_ = std::move(*page_count);
  free_count_ = std::move(*free_count);
  if (found_.stopped_cleanly) return db_.run("DELETE FROM meta WHERE key='clean_stop_ms'");
  return {};
}

Status EpochFile::insert(const NewBatch& batch, UtcTime now) {
  const record::Encoded& encoded = batch.batch;
  if (now - encoded.start > disorder_max)
    if (auto noted = note_lateness(batch.key.stream, now - encoded.start); !noted) return noted;
  Statement& statement = inserts_[index_of(batch.key.stream)];
  return statement
      .bind(batch.key.seq, to_ms(encoded.start), to_ms(encoded.end), encoded.count,
            row_crc(batch.key.seq, encoded.start, encoded.end, encoded.count, encoded.bytes), encoded.bytes)
      .run();
}

/// Keeps the most of all, so that `find` knows how far a log is out of order.
Status EpochFile::note_lateness(record::Stream stream, Millis late) {
  auto statement = db_.prepare(
      "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET"
      " value=excluded.value WHERE CAST(excluded.value AS INTEGER)>CAST(value AS INTEGER)");
  if (!statement) return statement.error();
  const std::string key = late_key(stream);
  const std::string value = std::to_string(late.count());
  return statement->bind(key, value).run();
}

Status EpochFile::put_manifest(const Hash& hash, ByteView bytes) {
  return put_manifest_row(db_, hash, bytes);
}

bool EpochFile::has_manifest(const Hash& hash) {
  auto statement = db_.prepare("SELECT 1 FROM manifest WHERE hash=?1");
  if (!statement) return false;
  const Cursor cursor(statement->bind(hash));
  const auto row = statement->next();
  return row && *row;
}

Status EpochFile::put_note(const std::string& name, const std::string& text) {
  return put_note_row(db_, name, text);
}

Status EpochFile::put_acknowledged(const AcknowledgedRow& row) {
  return put_acknowledged_row(db_, row);
}

Status EpochFile::remove_acknowledged(std::uint64_t epoch) {
  auto statement = db_.prepare("DELETE FROM acknowledged WHERE epoch=?1");
  if (!statement) return statement.error();
  return statement->bind(epoch).run();
}

Status EpochFile::put_ledger(const std::vector<Eviction>& entries) {
  if (auto done = db_.run("DELETE FROM ledger"); !done) return done;
  for (const Eviction& entry : entries)
    if (auto done = put_ledger_row(db_, entry); !done) return done;
  return {};
}

Status EpochFile::put_departures(std::uint64_t epoch, record::Stream stream, const Departures& departures) {
  return put_text(db_, departed_key(epoch, stream), departures.to_text());
}

Status EpochFile::put_damaged(std::uint64_t epoch, record::Stream stream, const Ranges& told) {
  return put_text(db_, damaged_key(epoch, stream), told.to_text());
}

Status EpochFile::touch(UtcTime now) {
  return put_meta(db_, "touched_ms", std::to_string(to_ms(now)));
}

Status EpochFile::put_stop(UtcTime now) {
  return put_meta(db_, "clean_stop_ms", std::to_string(to_ms(now)));
}

Status EpochFile::remove_rows(record::Stream stream, SeqRange range) {
  auto statement = db_.prepare("DELETE FROM " + table_of(stream) + " WHERE seq BETWEEN ?1 AND ?2");
  if (!statement) return statement.error();
  return statement->bind(range.first, range.last).run();
}

Result<std::vector<RowTimes>> EpochFile::rows(record::Stream stream, SeqRange within, std::size_t limit) {
  auto statement = db_.prepare("SELECT seq, start_ms, end_ms FROM " + table_of(stream) +
                               " WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq LIMIT ?3");
  if (!statement) return statement.error();
  const Cursor cursor(statement->bind(within.first, std::min(within.last, seq_max), limit));
  std::vector<RowTimes> rows;
  Result<bool> row = true;
  std::uint64_t least = within.first;
  while ((row = statement->next()) && *row) {
    const auto seq = static_cast<std::uint64_t>(statement->integer(0));
    if (seq < least || seq > within.last) break;  // a row that was overwritten together with its number
    rows.push_back({seq, from_ms(statement->integer(1)), from_ms(statement->integer(2))});
    least = seq + 1;
  }
  if (row && *row && rows.empty()) return Error{ErrorKind::corrupt, name_.file() + ": a row without its number"};
  if (!row && rows.empty()) return row.error();
  return rows;
}

Result<Hash> EpochFile::hash_of(record::Stream stream, std::uint64_t seq) {
  auto statement = db_.prepare("SELECT bytes FROM " + table_of(stream) + " WHERE seq=?1");
  if (!statement) return statement.error();
  const Cursor cursor(statement->bind(seq));
  const auto row = statement->next();
  if (!row) return row.error();
  if (!*row) return Error{ErrorKind::not_found, "no row " + std::to_string(seq)};
  return record::sha256(statement->blob(0));
}

Status EpochFile::checkpoint(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(db_.raw(), nullptr, mode, nullptr, nullptr);
  if (code == SQLITE_OK || code == SQLITE_BUSY) return {};
  return last_error(db_.raw()).during("checkpoint");
}

Status EpochFile::checkpoint_if_due() {
  const int due = static_cast<int>(log_frames_max_);
  if (log_frames_ < due) return {};
  return checkpoint(log_frames_ < due * patience ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART);
}

Status EpochFile::restart_log() {
  return checkpoint(SQLITE_CHECKPOINT_RESTART);
}

Status EpochFile::checkpoint_fully() {
  return checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
}

}  // namespace jidian::store

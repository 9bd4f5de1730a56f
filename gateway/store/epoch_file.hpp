#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/epoch_reader.hpp"
#include "store/folder.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"

namespace jidian::store {

using Heads = std::array<Head, 3>;  ///< In the order of all_streams.

/// What the file of a new epoch begins with.
struct Seed {
  EpochName name;
  std::optional<std::uint64_t> predecessor;
  std::string reason;
  UtcTime created;
  std::vector<AcknowledgedRow> acknowledged;
  std::vector<Eviction> ledger;
  std::optional<std::pair<Hash, Bytes>> manifest;  ///< The one in force.
  std::map<std::string, std::string> notes;
  DepartedLogs departed;
  LogRanges damage_told;
};

/// What an epoch's file said when it was opened.
struct Found {
  Heads heads;
  std::optional<std::uint64_t> predecessor;
  std::optional<UtcTime> last_commit;
  bool stopped_cleanly = false;
  std::int64_t format = 0;
};

/// A transaction that is rolled back unless it is committed.
class Transaction {
 public:
  static Result<Transaction> begin(Db& db);
  Status commit();
  Transaction(Transaction&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

 private:
  explicit Transaction(sqlite3* raw) : raw_(raw) {}
  sqlite3* raw_;
};

/// When and how long a row's content was.
struct RowTimes {
  std::uint64_t seq = 0;
  UtcTime start;
  UtcTime end;
};

/// The newest epoch's file, open for writing. Durable is what a committed transaction holds. One thread.
class EpochFile {
 public:
  /// Makes the file. It appears under its name only when it is whole and durable.
  static Status create(const std::filesystem::path& folder, const Seed& seed);

  /// Opens a file after a check that takes the same time for any size: format, identity, and each log's newest row.
  /// Errors: corrupt, unsupported, io, full.
  static Result<std::unique_ptr<EpochFile>> open(const std::filesystem::path& folder, const EpochName& name,
                                                 std::uint64_t log_frames_max);

  /// Opens the file of an epoch that is over, to take batches out of it: only its format and identity are looked at.
  static Result<std::unique_ptr<EpochFile>> open_old(const std::filesystem::path& folder, const EpochName& name,
                                                     std::uint64_t log_frames_max);

  const EpochName& name() const { return name_; }
  const Found& found() const { return found_; }
  /// Whether it still stands under its name, with its log. What is written to a deleted file is gone with the process.
  bool is_in_place() const;

  Result<Transaction> begin() { return Transaction::begin(db_); }
  /// Stores a row. `now` tells how late it comes.
  Status insert(const NewBatch& batch, UtcTime now);
  Status put_manifest(const Hash& hash, ByteView bytes);
  bool has_manifest(const Hash& hash);
  Status put_note(const std::string& name, const std::string& text);
  Status put_acknowledged(const AcknowledgedRow& row);
  Status remove_acknowledged(std::uint64_t epoch);
  Status put_ledger(const std::vector<Eviction>& entries);  ///< In place of what it held.
  /// What left a log of any epoch, in place of what was known; nothing at all forgets.
  Status put_departures(std::uint64_t epoch, record::Stream stream, const Departures& departures);
  /// What of a log of any epoch was told to be damaged, likewise.
  Status put_damaged(std::uint64_t epoch, record::Stream stream, const Ranges& told);
  Status touch(UtcTime now);     ///< Writes something durable, to see whether the file takes it.
  Status put_stop(UtcTime now);  ///< Says that this run stopped cleanly; gone when opened.
  Status remove_rows(record::Stream stream, SeqRange range);

  /// The first rows of a range, at most `limit`; fewer where those behind them cannot be read. Errors: if not even the
  /// first can.
  Result<std::vector<RowTimes>> rows(record::Stream stream, SeqRange within, std::size_t limit);
  /// SHA-256 of a stored batch. Errors: not_found.
  Result<Hash> hash_of(record::Stream stream, std::uint64_t seq);

  struct Pages {
    std::uint64_t total = 0;
    std::uint64_t free = 0;
  };
  Result<Pages> pages();
  Status limit_pages(std::uint64_t pages_max);
  /// Takes the space for a file of so many pages from the partition, whatever is in it yet, until the log is next moved
  /// into it as a whole. Errors: full.
  Status set_aside(std::uint64_t pages);
  /// Makes the file about so many free pages longer. It has the space for them then, or stays as it was. Errors: full.
  Status lengthen(std::uint64_t pages);
  /// Makes free pages of what `lengthen` could not free itself.
  Status give_back_growth();

  /// Whether the disk refused to give back some of the file since it was opened.
  bool was_refused() { return store::was_refused(db_.raw()); }

  /// Moves the write-ahead log into the file if it has grown long enough. Does not wait for readers unless they have
  /// kept it from shrinking for long.
  Status checkpoint_if_due();
  /// Moves all of it and starts the log over in the space it has.
  Status restart_log();
  /// Moves all of it and gives the log's space back.
  Status checkpoint_fully();

 private:
  static Result<std::unique_ptr<EpochFile>> open_found(const std::filesystem::path& folder, const EpochName& name,
                                                       const Found& found, std::uint64_t log_frames_max);
  EpochFile(std::filesystem::path path, EpochName name, Found found, Db db, std::uint64_t log_frames_max);
  Status prepare();
  Status note_lateness(record::Stream stream, Millis late);
  Status checkpoint(int mode);

  std::filesystem::path path_;
  EpochName name_;
  Found found_;
  std::uint64_t log_frames_max_;
  int log_frames_ = 0;
  Db db_;
  std::array<Statement, 3> inserts_;
  Statement page_count_;
  Statement free_count_;
};

}  // namespace jidian::store

#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/damage.hpp"
#include "store/folder.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"

namespace jidian::store {

/// A row of the table `acknowledged`.
struct AcknowledgedRow {
  std::string destination;
  std::uint64_t epoch = 0;
  record::Stream stream = record::Stream::reading;
  Ranges ranges;
};

/// Reads one epoch's file, sound or damaged, without ever writing to it. One thread at a time.
///
/// A damaged page costs the rows on it and no others: reading goes on behind it. So does a place that the disk refuses
/// (io), once it did so for too long (`Damage`); until then it is an error.
class EpochReader {
 public:
  /// A writer may be at work on the file. Errors: not_found, corrupt (not a database, or damaged at its root),
  /// and those of `Db`.
  static Result<std::unique_ptr<EpochReader>> open(const std::filesystem::path& folder, const EpochName& name);

  const EpochName& name() const { return name_; }

  /// False: the folder takes no files, and what stands in the write-ahead log is not seen.
  bool reads_log() const { return reads_log_; }

  /// The lowest and the highest seq that can be reached; nothing if the log is empty.
  Result<std::optional<SeqRange>> extent(record::Stream stream, Damage& damage);
  /// The highest seq up to `seq_last`; nothing if there is none. Errors: corrupt, if damage may hide it.
  Result<std::optional<std::uint64_t>> newest(record::Stream stream, std::uint64_t seq_last);
  Result<std::vector<StoredBatch>> read(record::Stream stream, SeqRange wanted, std::size_t rows_max,
                                        std::size_t bytes_max, Damage& damage);
  Result<std::optional<SeqRange>> find(record::Stream stream, UtcTime from, UtcTime until, Damage& damage);

  /// How long after the beginning of its content a batch of the log was stored at most, if that was long; else 0.
  Millis lateness(record::Stream stream);

  /// Errors: not_found.
  Result<Bytes> manifest(const Hash& hash);
  /// Nothing, if the file has no row for it.
  Result<std::optional<Ranges>> acknowledged(const std::string& destination, std::uint64_t epoch,
                                             record::Stream stream);
  Result<std::vector<AcknowledgedRow>> all_acknowledged();
  Result<std::map<std::string, std::string>> notes();
  Result<std::vector<Eviction>> ledger();
  /// What left each log, of this epoch and those before it.
  Result<DepartedLogs> departures();
  /// What events told to be damaged, of this epoch and those before it.
  Result<LogRanges> damage_told();

  /// A value of the table `meta`; nothing if it has none under this key.
  Result<std::optional<std::string>> meta(const std::string& key);
  /// Errors: corrupt (another program's file), unsupported (a newer release's).
  Status check_format();
  Result<std::int64_t> format() { return db_.number("PRAGMA user_version"); }

 private:
  EpochReader(EpochName name, Db db, bool reads_log) : name_(name), db_(std::move(db)), reads_log_(reads_log) {}
  Result<std::uint64_t> newest_readable(record::Stream stream, std::uint64_t first, Damage& damage);
  Result<std::optional<std::uint64_t>> sound_behind(record::Stream stream, std::uint64_t at, Damage& damage);
  Result<std::optional<std::uint64_t>> pass_over(record::Stream stream, std::uint64_t at, const Error& why,
                                                 Damage& damage);

  EpochName name_;
  Db db_;
  bool reads_log_;
  std::array<std::uint64_t, 3> ends_{};  ///< Where reading last ended in front of damage, in the order of all_streams.
};

}  // namespace jidian::store

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "health/board.hpp"
#include "record/batch.hpp"
#include "store/departures.hpp"
#include "store/ranges.hpp"

namespace jidian::store {

/// How the store is kept. Bounds are per store unless said otherwise.
struct Options {
  std::filesystem::path folder;
  std::uint64_t quota_bytes = 2ULL << 30;   ///< All epochs together, below the partition's size.
  std::uint64_t flash_endurance_bytes = 0;  ///< What the flash takes in its life; 0: not declared.
  /// Confirmed batches younger than this stay. Default: 6 months for readings, 12 for intervals and events.
  std::map<record::Stream, std::chrono::hours> retention;
  /// Which destination takes which streams: decides what "confirmed by all" means.
  std::map<std::string, std::vector<record::Stream>> destinations;
};

/// A batch to be stored, and what the log keeps beside its bytes.
struct NewBatch {
  record::BatchKey key;
  record::Encoded batch;
  bool is_copy = false;    ///< Its content was recorded before, under another key.
  bool more_wait = false;  ///< The caller has more for this log than it commits now.
};

/// A row of a log.
struct StoredBatch {
  record::BatchKey key;
  UtcTime start;
  UtcTime end;
  std::uint32_t count = 0;
  Bytes bytes;
};

/// Where a stream's chain stands.
struct Head {
  std::uint64_t next_seq = 1;
  Hash hash{};  ///< Of the newest batch; zeros if there is none.
};

/// What opening found.
struct Opening {
  std::uint64_t epoch = 0;
  bool began_epoch = false;                  ///< Whether this start created the epoch.
  std::optional<std::uint64_t> predecessor;  ///< The epoch before it, if any.
  std::string reason;                        ///< Why a new epoch was begun, for people; empty if none was.
  std::optional<UtcTime> last_commit;        ///< The last commit before this start, as far as the files tell.
  std::optional<UtcTime> last_progress;      ///< As noted beside the files, of which one may be an older copy now.
  bool stopped_cleanly = false;              ///< Whether the last run said goodbye.
  bool notes_hold = false;                   ///< Notes are the last run's, also in an epoch that this start created.
};

/// Batches that left before every destination had them: one line of the ledger. Or that cannot be read any more.
struct Eviction {
  record::Stream stream = record::Stream::reading;
  std::uint64_t epoch = 0;
  SeqRange range;
  UtcTime from;
  UtcTime until;
  Hash anchor{};                         ///< Hash of the last evicted batch: the chain continues from it.
  std::vector<std::string> unconfirmed;  ///< Destinations that had not confirmed all of it.
  bool damaged = false;  ///< They are there, and cannot be read. `from` and `until` are those of their neighbours.
};

/// Epochs whose files are gone and of which it is still known what left, and why.
inline constexpr std::size_t departed_epochs_max = 16;

/// What left each log, by epoch and stream.
using DepartedLogs = std::map<std::pair<std::uint64_t, record::Stream>, Departures>;

/// Whether the wall clock tells how old a batch is.
enum class ClockTrust : std::uint8_t {
  doubtful,  ///< It may be years off: nothing goes for its age.
  sure,
};

/// Reads batches of all epochs of a store, with a connection of its own. One thread at a time.
/// Every read is bounded in rows and bytes and leaves no cursor open.
class Reader {
 public:
  virtual ~Reader() = default;

  /// Epochs, oldest first.
  virtual std::vector<std::uint64_t> epochs() = 0;

  /// When an epoch began; nothing if that cannot be read.
  virtual std::optional<UtcTime> began(std::uint64_t) { return std::nullopt; }

  /// The lowest and the highest seq a stream still holds; nothing if it is empty.
  virtual Result<std::optional<SeqRange>> extent(std::uint64_t epoch, record::Stream stream) = 0;

  /// Batches of `wanted` in seq order, at most `rows_max` and about `bytes_max`. Rows that are damaged, or that the
  /// disk has refused for several rounds of maintenance, are left out and counted in `damaged`. Errors: io (the disk
  /// refuses; come back later), conflict (locked; likewise), corrupt (the file), not_found (no such epoch).
  virtual Result<std::vector<StoredBatch>> read(std::uint64_t epoch, record::Stream stream, SeqRange wanted,
                                                std::size_t rows_max, std::size_t bytes_max) = 0;

  /// Seqs of the batches that touch [from, until), lowest to highest; nothing if none does.
  virtual Result<std::optional<SeqRange>> find(std::uint64_t epoch, record::Stream stream, UtcTime from,
                                               UtcTime until) = 0;

  /// The bytes of a manifest by its hash. Errors: not_found.
  virtual Result<Bytes> manifest(const Hash& hash) = 0;

  /// What a destination had confirmed when it was last persisted.
  virtual Result<Ranges> acknowledged(const std::string& destination, std::uint64_t epoch, record::Stream stream) = 0;

  /// What left, also of the last `departed_epochs_max` epochs whose files are gone; why and when.
  virtual Result<DepartedLogs> departures() = 0;

  /// What events on record tell to be damaged of a log, also of the last `departed_epochs_max` epochs whose files are
  /// gone.
  virtual Result<Ranges> damage_told(std::uint64_t epoch, record::Stream stream) = 0;

  /// Places that this reader passed over.
  virtual std::uint64_t damaged() const = 0;
};

/// Opens the store in `folder` for reading only, whether or not a gateway is running on it. Errors: not_found, io.
Result<std::unique_ptr<Reader>> open_reader(const std::filesystem::path& folder);

/// The durable record. Created and written by one thread; `acknowledge`, `acknowledged`, `reader` may be called from
/// any.
class Store {
 public:
  virtual ~Store() = default;

  virtual const Opening& opening() const = 0;

  /// Where the next batch of a stream of the present epoch goes.
  virtual Head head(record::Stream stream) const = 0;

  /// Stores batches (and a manifest first used by them) in one durable transaction, with whatever acknowledgements are
  /// due. When it returns, they survive a power cut. Precondition: each key is the next of its stream. Errors: full
  /// (quota and nothing to evict, or not yet), io, unreachable (a shortage of memory or descriptors); corrupt (also if
  /// room is wanted and what has to go cannot be reached), and not_found if the file was deleted: only another epoch
  /// helps. On error nothing of it is stored.
  virtual Status commit(std::span<const NewBatch> batches, UtcTime now) = 0;

  /// Keeps a manifest's bytes findable by hash; durable with the next commit.
  virtual void add_manifest(const Hash& hash, Bytes bytes) = 0;

  /// Keeps a text by its name for later starts, in place of an earlier one; an empty text forgets. Durable with the
  /// next commit or stop, and handed on from epoch to epoch. From the writing thread.
  virtual void note(const std::string& name, const std::string& text) = 0;

  /// What was noted, earlier runs included. From the writing thread, or before there is one.
  virtual std::map<std::string, std::string> notes() const = 0;

  /// Notes that a destination has a range. Persisted with a later commit, at most every 60 s and at stop.
  virtual void acknowledge(const std::string& destination, std::uint64_t epoch, record::Stream stream,
                           SeqRange range) = 0;

  /// What a destination has, including what is not persisted yet.
  virtual Ranges acknowledged(const std::string& destination, std::uint64_t epoch, record::Stream stream) const = 0;

  /// Retention, eviction under quota pressure, dropping of drained old epochs, a look for deleted ones. Call now and
  /// then from the writing thread; bounded work per call. Returns what was evicted unconfirmed, and what turned out to
  /// be damaged (write it down as events): both again by the next run, unless a commit with event batches followed that
  /// are no copies and behind which no more wait.
  /// What fails meanwhile is in `health` and tried again.
  /// @param clock  Retention is for a clock that is sure; with a doubtful one only the quota takes something.
  virtual Result<std::vector<Eviction>> maintain(UtcTime now, ClockTrust clock) = 0;

  /// Begins a new epoch beside the present one (a conflict, or damage). Heads start anew.
  virtual Status begin_epoch(const std::string& reason, UtcTime now) = 0;

  /// From now on `step` is called between the steps of work that may last, by the writing thread: that lives, and what
  /// time it is says how long a commit has been making room. It tries no longer than ten seconds. An empty one ends
  /// that. From the writing thread.
  virtual void call_between_steps(std::function<SteadyTime()> step) { (void)step; }

  /// Another connection, for another thread.
  virtual Result<std::unique_ptr<Reader>> reader() const = 0;

  /// Bytes, quota, batches, autonomy: for the board.
  virtual health::StoreHealth health() const = 0;

  /// Persists acknowledgements, marks the stop as clean, checkpoints. The store is read-only afterwards.
  virtual Status close(UtcTime now) = 0;
};

/// Opens or creates the store. It always succeeds if the folder can be written: a damaged or newer file stays where it
/// is and a new epoch begins beside it. Errors: io (folder), conflict (another process has it open).
Result<std::unique_ptr<Store>> open_store(const Options& options, UtcTime now);

}  // namespace jidian::store

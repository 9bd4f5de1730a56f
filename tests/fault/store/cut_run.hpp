#pragma once

#include <sqlite3.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fault/store/cut_disk.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::store {

/// What a store was doing when the power failed. `none` is not the store's own doing and is not cut.
enum class Phase : std::uint8_t {
  start,
  flush,
  acknowledgement,
  eviction,
  checkpoint,
  epoch_change,
  epoch_removal,
  other_format,
  stop,
  none,
};
inline constexpr std::array<std::string_view, 9> phase_names{"start",         "flush",        "acknowledgement",
                                                             "eviction",      "checkpoint",   "epoch change",
                                                             "epoch removal", "other format", "stop"};

using LogKey = std::pair<std::uint64_t, record::Stream>;
using Hashes = std::map<record::BatchKey, Hash>;
using Held = std::map<std::string, Ranges>;  ///< By destination.

/// What is known of a log at some instant.
struct KnownLog {
  std::uint64_t committed = 0;  ///< The last seq of a commit that returned.
  std::uint64_t in_flight = 0;  ///< The last seq of the commit that has not returned; 0: it has none for this log.
  Held confirmed;               ///< What destinations said to have.
  Held kept;                    ///< Of it, what has to be on disk.
  Ranges told;                  ///< Lost, and an event on record tells of it.
  Ranges telling;               ///< Lost and returned by maintain(), and no event on record yet.
};

/// The file of a newer release.
struct OtherFormat {
  std::string file;
  Hash hash{};
  bool is_answered = false;  ///< The epoch beside it was begun, and that returned.
};

/// What must hold if the power fails now.
struct Known {
  UtcTime now = noon;
  std::map<LogKey, KnownLog> logs;
  std::vector<std::uint64_t> epochs;  ///< Begun for good, oldest first.
  std::set<std::uint64_t> gone;       ///< Of them, those that were removed for good.
  bool may_begin = false;             ///< Another epoch is being begun.
  std::string note;
  std::optional<std::string> note_in_flight;  ///< Of the commit that has not returned.
  bool tells_in_flight = false;               ///< That commit has an event.
  std::optional<OtherFormat> other;
};

/// What was given to the store of a run's folder, attempts included.
struct Given {
  Hashes hashes;
  std::uint64_t notes = 0;
};

/// Whoever takes a stream.
std::vector<std::string> takers_of(const Options& options, record::Stream stream);

/// SHA-256 of what a file holds.
Hash hash_of_file(const std::filesystem::path& file);

/// A batch that begins with the hash of the one before it.
NewBatch chained_batch(const record::BatchKey& key, const Hash& previous, UtcTime end, std::size_t size);

/// One life of a store, from its start to its meeting with a file of a newer release, and everything it did to its
/// folder meanwhile.
class CutRun final : public fault::FileCallObserver {
 public:
  /// One call, and what it was for.
  struct Step {
    fault::FileCall call;
    Phase phase = Phase::none;
    std::size_t known = 0;  ///< Which of the instants it belongs to.
  };

  /// @param before  What is known of the folder, which may be what a power cut left.
  CutRun(Options options, Known before, Given& given, std::uint64_t seed);
  ~CutRun() override;

  /// Lives it, to an end without a goodbye. Fails the test if the store refuses anything.
  void live();

  void called(fault::FileCall call) override;

  const std::vector<Step>& steps() const { return steps_; }
  const Known& known_at(std::size_t step) const { return instants_[steps_[step].known]; }
  /// The disk as it was before the first step.
  fault::CutDisk disk() const { return *disk_; }

 private:
  Phase phase_of(const fault::FileCall& call);
  void began_statement(std::string_view sql);
  friend int tell_statement(unsigned, void* run, void*, void* sql);
  friend int watch_connection(sqlite3* db, char**, const sqlite3_api_routines*);

  void enter(Phase scope);
  void start();
  void settle();
  void work(int rounds);
  void record();
  void acknowledge();
  void maintain();
  void change_epoch();
  void end_old_epochs();
  void end();
  void stop();
  void become_other_format();
  void committed(UtcTime now);
  void keep_all();
  std::uint64_t draw(std::uint64_t least, std::uint64_t most);

  Options options_;
  Known known_;
  Given& given_;
  std::mt19937_64 chance_;
  std::vector<Step> steps_;
  std::vector<Known> instants_;
  std::optional<fault::CutDisk> disk_;
  std::optional<fault::FileCalls> calls_;
  std::unique_ptr<Store> store_;
  Phase scope_ = Phase::none;         ///< `flush`: the store's work, looked at call by call.
  Phase transaction_ = Phase::flush;  ///< What the last transaction was for.
  struct Confirmation {
    UtcTime at;
    std::string destination;
    LogKey log;
    SeqRange range;
  };
  std::vector<Confirmation> confirmations_;  ///< Not known to be on disk.
};

}  // namespace jidian::store

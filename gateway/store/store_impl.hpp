#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/acknowledgements.hpp"
#include "store/damage.hpp"
#include "store/epoch_file.hpp"
#include "store/folder.hpp"
#include "store/free_pages.hpp"
#include "store/retention.hpp"
#include "store/store.hpp"
#include "store/wear.hpp"

namespace jidian::store {

/// An epoch that is no longer written.
struct OldEpoch {
  EpochName name;
  std::uint64_t bytes = 0;
  bool readable = false;         ///< All of its logs could be looked at.
  std::optional<Error> trouble;  ///< Why the file, or one of its logs, could not be looked at.
  bool is_rigid = false;         ///< Nothing can be taken out of its file batch by batch.
  bool may_soften = false;       ///< It is rigid because the disk refused: it may give it the next time.
  bool rigid_told = false;       ///< In the log.
  bool rests = false;            ///< Not to be tried again while room is made for this once.
  bool owes_space = false;       ///< Batches left its file, their space was not given back yet.
  std::array<std::optional<SeqRange>, 3> extents;  ///< In the order of all_streams, as the reader reaches them.
  std::array<std::uint64_t, 3> last_known{};       ///< What the logs are known to have reached; 0: not known.
  std::array<bool, 3> is_known{};                  ///< The log was looked at: without an extent it is empty.
  std::array<Ranges, 3> stuck;                     ///< Batches that cannot be taken out: damaged, or beside such.
  std::array<Ranges, 3> emptied;                   ///< Nothing is left there.
  std::array<UtcTime, 3> newest{};                 ///< End of each log's newest batch.
  std::array<Millis, 3> late{};                    ///< How much younger another of its batches may be.
  std::optional<UtcTime> oldest;
  std::unique_ptr<FreePages> free_pages;  ///< Once space was given back.
};

/// Lowest priority first: what is given up first.
inline constexpr std::array evicted_first{record::Stream::reading, record::Stream::interval, record::Stream::event};

/// Rows evicted per stream and step.
inline constexpr std::size_t rows_step = 32;

/// Pages of the present file beyond its share that the account of what leaves may take: its going makes room elsewhere,
/// and only afterwards.
inline constexpr std::uint64_t ledger_pages = 32;

/// Batches that are about to leave, and the account of it.
struct Leaving {
  std::uint64_t epoch = 0;
  record::Stream stream = record::Stream::reading;
  SeqRange range;
  bool is_loss = false;          ///< Somebody lacks them, and they are not on record as having left.
  Departures departures;         ///< Of their log, them included.
  std::vector<Eviction> ledger;  ///< Them included, if they are a loss.
};

/// Stands for an old epoch's file as a whole where refusals are counted: batches have seqs from 1 on.
inline record::BatchKey whole_file(const OldEpoch& old) {
  return {old.name.epoch, record::Stream::event, 0};
}

/// What came of trying to take batches out of an old epoch.
enum class Taken : std::uint8_t {
  some,     ///< There is room now.
  looking,  ///< Not found yet: it is known now where not to look, so that asking again finds more.
  nothing,  ///< It has none of those that were asked for.
  stuck,    ///< It has, and they cannot be taken out.
  later,    ///< It cannot be told now: locked, a shortage, or what the disk may give back the next time.
};

/// What left by these departures.
inline Ranges left_with(const Departures& departures) {
  Ranges left;
  for (const Departure& entry : departures.entries()) left.add(entry.range);
  return left;
}

/// Why batches go that at most `lacking_max` destinations lack.
constexpr Parting parting_of(std::size_t lacking_max) {
  return lacking_max > 0 ? Parting::unconfirmed : Parting::quota;
}

/// The first of them that stand side by side: an entry of the ledger tells of no batch that left before.
inline void cut_to_neighbours(std::vector<RowTimes>& rows) {
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (rows[i].seq != rows[i - 1].seq + 1) rows.resize(i);
}

/// The store on disk. What belongs to the writing thread has no lock; the rest says so.
class StoreImpl final : public Store {
 public:
  StoreImpl(Options options, FolderLock lock);

  Status open(UtcTime now);

  const Opening& opening() const override { return *opening_.load(); }
  Head head(record::Stream stream) const override;
  Status commit(std::span<const NewBatch> batches, UtcTime now) override;
  void add_manifest(const Hash& hash, Bytes bytes) override;
  void note(const std::string& name, const std::string& text) override;
  std::map<std::string, std::string> notes() const override { return notes_; }
  void acknowledge(const std::string& destination, std::uint64_t epoch, record::Stream stream, SeqRange range) override;
  Ranges acknowledged(const std::string& destination, std::uint64_t epoch, record::Stream stream) const override;
  Result<std::vector<Eviction>> maintain(UtcTime now, ClockTrust clock) override;
  Status begin_epoch(const std::string& reason, UtcTime now) override;
  void call_between_steps(std::function<SteadyTime()> step) override { step_ = std::move(step); }
  Result<std::unique_ptr<Reader>> reader() const override;
  health::StoreHealth health() const override;
  Status close(UtcTime now) override;

 private:
  // store.cpp: the life of epochs
  Result<std::unique_ptr<EpochFile>> open_newest(const EpochName& name);
  Status start_epoch(Opening opening, std::uint64_t number, UtcTime now);
  void adopt(std::unique_ptr<EpochFile> file, Opening opening, UtcTime now);
  void load_beside(const std::vector<EpochName>& names);
  void note_progress(UtcTime now);
  void restore_folder();
  void retire(const EpochName& name, const std::array<std::uint64_t, 3>& last_known = {});
  std::array<std::uint64_t, 3> last_seqs() const;
  void divide_quota();

  // commit.cpp
  Status check_keys(std::span<const NewBatch> batches) const;
  Status write(std::span<const NewBatch> batches, UtcTime now);
  Status write_all(std::span<const NewBatch> batches, const std::vector<AcknowledgedRow>& acknowledged, UtcTime now);
  Status retreat();
  void take_growth(EpochFile::Pages pages);
  void count(std::span<const NewBatch> batches, UtcTime now);
  void checkpoint();
  void refresh_health(UtcTime now);
  std::uint64_t unconfirmed_bytes(std::uint64_t used) const;
  std::uint64_t unconfirmed_old_bytes() const;

  // maintain.cpp: what may go, and what must
  std::vector<std::string> takers_of(record::Stream stream) const;
  std::vector<Ranges> holders_of(std::uint64_t epoch, record::Stream stream) const;
  std::vector<std::string> lacking(std::uint64_t epoch, record::Stream stream, SeqRange range) const;
  std::uint64_t pages_limit() const;
  Result<std::uint64_t> room();
  void note_maintained(const Status& done);
  void retake_reserve();
  void begin_relief();
  Status keep_headroom(UtcTime now);
  std::optional<SteadyTime> step() const;
  void begin_round_without_commits(UtcTime now);
  Status make_room(std::uint64_t pages, UtcTime now);
  Result<bool> relieve(UtcTime now, bool own_helps);
  enum class Drained : std::uint8_t { leftovers, all };
  Result<bool> drop_drained(UtcTime now, Drained which);
  Result<bool> evict_of_old(std::size_t lacking_max, UtcTime now);
  Result<bool> evict_rows(std::size_t lacking_max, UtcTime now);
  Result<std::vector<RowTimes>> first_rows(record::Stream stream, const Ranges& within, std::size_t limit);
  Result<Leaving> leaving(EpochFile& from, record::Stream stream, const std::vector<RowTimes>& rows, Parting why,
                          UtcTime now) const;
  Status let_account_grow();
  Status put_leaving(const Leaving& leaving);
  void note_left(Leaving leaving);
  Status evict_once(record::Stream stream, const std::vector<RowTimes>& rows, Parting why, UtcTime now);
  Status evict(record::Stream stream, const std::vector<RowTimes>& rows, Parting why, UtcTime now);
  std::vector<Eviction> due_evictions(UtcTime now);

  // retire.cpp: what leaves because its time is over
  std::chrono::hours retention_of(record::Stream stream) const;
  bool is_past_retention(const OldEpoch& old, UtcTime now) const;
  Status retire(UtcTime now, ClockTrust clock);
  Status retire_rows(record::Stream stream, UtcTime now);

  // old_eviction.cpp
  Result<bool> evict_old(std::size_t index, std::size_t lacking_max, UtcTime now);
  Result<Taken> evict_old_rows(OldEpoch& old, std::size_t lacking_max, UtcTime now);
  Result<Taken> take_out(OldEpoch& old, EpochFile& file, record::Stream stream, SeqRange range, Parting why,
                         UtcTime now);
  Result<Status> take_rows(EpochFile& from, record::Stream stream, const std::vector<RowTimes>& rows, Parting why,
                           UtcTime now);
  Taken step_over(OldEpoch& old, record::Stream stream, SeqRange range, const Error& why);
  Taken refuse(OldEpoch& old, const Error& why);
  Result<std::uint64_t> give_back(OldEpoch& old);
  Taken shrink(OldEpoch& old, EpochFile& file);
  Status miss_deleted(UtcTime now);

  // old_epochs.cpp
  void examine(OldEpoch& old) const;
  bool is_drained(OldEpoch& old) const;
  std::vector<Eviction> losses_of(const OldEpoch& old) const;
  std::vector<Eviction> losses_behind(const OldEpoch& old, record::Stream stream) const;
  std::optional<Eviction> loss_in(const OldEpoch& old, EpochReader* reader, record::Stream stream,
                                  SeqRange missing) const;
  Eviction loss_unseen(const OldEpoch& old, record::Stream stream, SeqRange missing) const;
  Status drop(std::size_t index, const std::vector<Eviction>& losses, Parting why, UtcTime now);
  Status put_dropped(std::uint64_t epoch, const DepartedLogs& departed, const std::vector<Eviction>& ledger,
                     const std::vector<std::pair<std::uint64_t, record::Stream>>& forgotten);
  Status forget_dropped();
  DepartedLogs departed_with(const OldEpoch& old, const std::vector<Eviction>& losses, Parting why, UtcTime now) const;
  void forget_long_departed(DepartedLogs& logs, std::uint64_t leaving) const;
  std::vector<std::pair<std::uint64_t, record::Stream>> damage_to_forget(const DepartedLogs& departed,
                                                                         std::uint64_t leaving) const;
  void give_up_deleted(UtcTime now);
  void note_deleted(record::Stream stream, UtcTime now);
  std::uint64_t old_bytes() const;

  // damage_told.cpp
  std::vector<Eviction> new_damage();
  std::uint64_t last_known(const OldEpoch& old, record::Stream stream) const;
  SeqRange cut_to_known(std::uint64_t epoch, record::Stream stream, SeqRange range) const;
  std::vector<SeqRange> still_recorded(std::uint64_t epoch, record::Stream stream, SeqRange range) const;
  std::optional<UtcTime> ended_at(std::uint64_t epoch) const;
  std::optional<Eviction> damage_at(std::uint64_t epoch, record::Stream stream, SeqRange range) const;
  LogRanges damage_told_with_telling() const;

  const Options options_;
  FolderLock lock_;
  std::optional<FolderLock> lock_anew_;  ///< After the folder was removed.
  Reserve reserve_;
  std::deque<Opening> openings_;  ///< References to them stay good.
  std::atomic<const Opening*> opening_{nullptr};
  std::unique_ptr<EpochFile> file_;  ///< Empty once closed.
  Heads heads_;
  std::vector<OldEpoch> old_;           ///< Oldest first.
  std::vector<std::uint64_t> dropped_;  ///< Epochs whose files were removed, and may be back after a power cut.
  Acknowledgements acknowledgements_;
  UtcTime persisted_at_;                            ///< When acknowledgements were last written.
  std::optional<std::pair<Hash, Bytes>> manifest_;  ///< The last one added: a new epoch begins with it.
  std::vector<std::pair<Hash, Bytes>> manifests_pending_;
  std::map<std::string, std::string> notes_;          ///< All of them.
  std::map<std::string, std::string> notes_pending_;  ///< Those the file does not hold yet; empty: to be removed.

  DepartedLogs departed_;         ///< What left, of epochs that are gone as well.
  std::vector<Eviction> ledger_;  ///< What maintain() has not returned yet.
  std::vector<Eviction> told_;    ///< Returned, and kept on disk until the event that tells of it is.
  std::array<std::optional<UtcTime>, 3> told_at_;
  LogRanges damage_told_;     ///< What events on record tell to be damaged.
  LogRanges damage_telling_;  ///< Returned by maintain(), and not stored with the event that tells of it yet.

  std::optional<std::uint64_t> pages_cap_;  ///< Set while the partition is full: the file must not grow.
  std::uint64_t file_pages_max_ = 0;
  std::uint64_t pages_wanted_ = 0;  ///< By the largest commit of late.
  std::optional<UtcTime> retired_at_;
  std::optional<UtcTime> round_at_;  ///< When the present round of refusals began.
  bool commit_failed_ = false;       ///< The last one.
  std::function<SteadyTime()> step_;

  std::shared_ptr<Damage> damage_ = Damage::with_rounds();
  UtcTime rate_since_;
  std::uint64_t rate_bytes_ = 0;
  std::optional<double> stored_bytes_per_day_;
  DailyRate wear_;
  mutable std::mutex health_mutex_;
  health::StoreHealth health_;  ///< `trouble` is put together when asked.
  std::string write_trouble_;   ///< Why the last commit or checkpoint failed.
  std::string maintain_trouble_;
  bool partition_full_ = false;
  bool reserve_held_ = true;
};

}  // namespace jidian::store

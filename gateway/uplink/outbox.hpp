#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "record/batch.hpp"
#include "store/store.hpp"
#include "uplink/backfills.hpp"
#include "uplink/pace.hpp"
#include "uplink/uplink.hpp"

namespace jidian::uplink {

/// A batch to publish now.
struct Pick {
  store::StoredBatch batch;
  bool again = false;  ///< It was published before.
  bool asked = false;  ///< The destination asked to have it again.
};

/// Decides which batch goes next. The queue itself is the store: what a destination has not acknowledged is found
/// there, and only what was handed over and not confirmed is remembered here, within a bound.
///
/// Order: manifests asked for; events; then what was committed since the connection began; then the backlog, oldest
/// first, through a token bucket; then, through the same bucket, what the destination asked to have again. After a long
/// outage what was committed until its end waits for an offset. A stream the broker refuses is tried with one batch at
/// a time. When no receipt comes for a whole `receipt_timeout`, the backlog rests and only the oldest batch of each
/// stream that the store still has is repeated. A log that cannot be read now is tried again after `reread_pause`, and
/// the others go on; what the store calls damaged is passed over for `unreadable_pause` or until the next connection.
class Outbox {
 public:
  /// Batches handed over and not confirmed. Beyond the first, the backlog waits; beyond the second, everything does.
  static constexpr std::size_t unconfirmed_backlog_max = 512;
  static constexpr std::size_t unconfirmed_max = 1024;
  /// Rejected as conflicts and not copied yet.
  static constexpr std::size_t copying_max = 4096;
  /// How long a log rests that could not be read: long enough for a disk that was reset.
  static constexpr Millis reread_pause{5'000};

  /// How long what the store calls damaged is passed over: the disk may have come back.
  static constexpr Millis unreadable_pause = std::chrono::hours(1);

  /// `options`, `store` and `reader` must outlive it.
  Outbox(const Options& options, store::Store& store, store::Reader& reader);

  /// All that is in the store now is backlog from here on. `offset`, if not 0: its intervals and readings, and what the
  /// destination asked to have again, wait for so long; also over connections that follow. Events do not.
  void begin_connection(SteadyTime now, Millis offset);
  /// The connection is gone: what was not answered is to be sent again.
  void end_connection();
  /// Looks at the store for new batches and epochs.
  void refresh();

  /// The next batch to hand over, if any may go now.
  std::optional<Pick> next(SteadyTime now);
  /// `next`'s batch was handed to the broker.
  void published(const record::BatchKey& key, SteadyTime now);
  /// The broker answered; `reason` as in PublishDone.
  void answered(const record::BatchKey& key, std::uint8_t reason, SteadyTime now);

  /// The destination spoke: it is there.
  void heard(SteadyTime now) { quiet_since_ = now; }
  /// The destination has these.
  void confirm(std::uint64_t epoch, record::Stream stream, const std::vector<store::SeqRange>& ranges);
  /// The destination (or the packet limit) will not take the batch: kept, not sent until `retry_held`.
  void hold(const record::BatchKey& key, const std::string& reason);
  /// The destination holds other bytes under this key: kept, and to be copied. If too many are on their way already,
  /// the batch is only sent again in its turn.
  void hold_for_copy(const record::BatchKey& key);
  /// Asks for the copies that were not asked for yet, until `ask` says not now.
  void ask_for_copies(const std::function<bool(const record::BatchKey&)>& ask);
  /// The destination wants this batch again, whether it confirmed it or not, before all others.
  void send_first(const record::BatchKey& key);
  /// The batch is to be sent again, not before `when`.
  void send_again(const record::BatchKey& key, SteadyTime when);
  /// The destination asks to have batches again.
  void backfill(Backfill asked, SteadyTime now, UtcTime utc);
  const Backfills& backfills() const { return backfills_; }
  /// A batch that it asked for and confirmed before is not wanted after all.
  void drop_asked(const record::BatchKey& key);
  /// Held batches may go again.
  void retry_held();

  /// When `next` may have something without anything else happening; at most a second ahead.
  SteadyTime next_due(SteadyTime now);

  const std::vector<std::uint64_t>& epochs() const { return epochs_; }
  std::uint64_t newest_epoch() const { return epochs_.empty() ? 0 : epochs_.back(); }

  /// Batches the destination has not confirmed, held ones included.
  std::uint64_t pending() const;
  /// Those of them that wait for `retry_held`.
  std::uint64_t held() const;
  /// How long the backlog of a long outage still waits for its offset; 0 if it does not.
  Millis offset_left(SteadyTime now) const { return std::max(history_from_ - now, Millis(0)); }
  /// Batches whose content was copied into a later epoch, since the start.
  std::uint64_t copied() const { return copied_; }
  /// The start of the oldest of them.
  std::optional<UtcTime> oldest_pending(SteadyTime now);
  /// Why batches do not move, in one sentence; empty if they do.
  std::string trouble(SteadyTime now) const;

 private:
  /// One stream of one epoch.
  struct Lane {
    std::uint64_t epoch = 0;
    record::Stream stream = record::Stream::reading;
    std::optional<store::SeqRange> extent;
    std::uint64_t history_before = 1;  ///< Batches before this wait for the offset.
    std::uint64_t live_from = 1;       ///< From here on: committed since the connection began.
    std::uint64_t backlog_next = 1;    ///< All unsent batches of the backlog are at or after this.
    std::uint64_t live_next = 1;       ///< The same of the live ones.
    store::Ranges published;
    store::Ranges held;
    store::Ranges unreadable;       ///< Rows that cannot be read: damaged.
    SteadyTime unreadable_until{};  ///< Then they are tried again, if there are any.
    std::string trouble;            ///< Why the log cannot be read now; empty if it can.
    SteadyTime rest_until{};        ///< Then it is tried again.
  };
  struct Sent {
    bool in_flight = true;  ///< Without an answer from the broker.
    SteadyTime due{};       ///< When it is sent again, if no receipt came until then.
  };
  /// A stream whose topic the broker refuses.
  struct Refusal {
    std::uint8_t reason = 0;  ///< 0: not refused.
    Millis pause{};
    SteadyTime until{};
  };

  Lane* lane_of(std::uint64_t epoch, record::Stream stream);
  bool may_send(record::Stream stream, SteadyTime now) const;
  bool stalled(SteadyTime now) const;
  std::optional<Pick> pick_live(Lane& lane, SteadyTime now);
  std::optional<Pick> pick_backlog(Lane& lane, SteadyTime now);
  void pass_over(Lane& lane, store::SeqRange range, SteadyTime now);
  void retry_unreadable(SteadyTime now);
  std::optional<Pick> pick(Lane& lane, store::SeqRange within, std::uint64_t& cursor, SteadyTime now);
  std::optional<Pick> pick_first(SteadyTime now);
  std::optional<Pick> pick_asked(SteadyTime now);
  std::optional<std::uint64_t> first_unsent(const Lane& lane, std::uint64_t from, std::uint64_t last) const;
  Result<std::optional<store::StoredBatch>> read(Lane& lane, store::SeqRange wanted, SteadyTime now);
  void forget_gone();
  void settle_copies();
  void release(const record::BatchKey& key);
  void release_overdue(SteadyTime now);

  const Options& options_;
  store::Store& store_;
  store::Reader& reader_;
  std::vector<std::uint64_t> epochs_;
  std::vector<Lane> lanes_;  ///< Oldest epoch first, streams by priority within.
  std::map<record::BatchKey, Sent> sent_;
  std::deque<record::BatchKey> first_;
  std::set<record::BatchKey> copying_;    ///< Held until they are copied.
  std::deque<record::BatchKey> unasked_;  ///< Those of them that nobody was asked to copy yet.
  std::uint64_t copied_ = 0;
  Backfills backfills_;
  std::map<record::Stream, Refusal> refusals_;
  std::map<record::Stream, SteadyTime> probed_;  ///< When a stalled stream's oldest batch was last repeated.
  TokenBucket backlog_pace_;
  SteadyTime history_from_{};  ///< When the offset is over.
  SteadyTime quiet_since_{};   ///< Since when the destination owes us a receipt and says nothing.
  std::optional<record::BatchKey> oldest_;
  std::optional<UtcTime> oldest_start_;
  std::string last_held_;
};

}  // namespace jidian::uplink

// What may leave the store, and what must.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "store/layout.hpp"
#include "store/store_impl.hpp"

namespace jidian::store {
namespace {

/// Steps of making room in one call of maintain(), and of commit(): what needs more goes on with the next one, and the
/// watchdog hears of us in between. Meanwhile nobody empties the queue of what comes, so time is bounded as well.
constexpr int relief_steps_max = 8;
constexpr int room_steps_max = 256;
constexpr Millis room_time_max = std::chrono::seconds(10);

/// Rounds in which what the disk refuses counts are at least so far apart, also while commits fail.
constexpr Millis round_interval = std::chrono::seconds(10);

/// Free pages are kept for this many commits of the usual size.
constexpr std::uint64_t commits_ahead = 2;

/// Batches past their retention are looked for at most this often.
constexpr Millis retirement_interval = std::chrono::seconds(60);

/// One ledger event a stream in this time.
constexpr Millis tell_interval = std::chrono::hours(1);

}  // namespace

Result<std::vector<Eviction>> StoreImpl::maintain(UtcTime now, ClockTrust clock) {
  if (!file_) return Error{ErrorKind::invalid, "the store is closed"};
  round_at_ = now;
  damage_->begin_round();
  retake_reserve();
  const Status forgotten = forget_dropped();
  Status done = miss_deleted(now);
  if (done) done = keep_headroom(now);
  if (done && (!retired_at_ || now - *retired_at_ >= retirement_interval || now < *retired_at_)) {
    retired_at_ = now;
    done = retire(now, clock);
  }
  note_maintained(done ? forgotten : done);
  refresh_health(now);
  return due_evictions(now);
}

void StoreImpl::note_maintained(const Status& done) {
  const std::string trouble = done ? std::string() : "not maintained: " + done.error().message();
  const std::scoped_lock lock(health_mutex_);
  if (!done && maintain_trouble_.empty())
    spdlog::warn("store not maintained, trying again why=\"{}\"", done.error().message());
  maintain_trouble_ = trouble;
}

/// Once the partition has room again, the file may grow as far as the quota allows.
void StoreImpl::retake_reserve() {
  if (!reserve_.take() || !partition_full_) return;
  pages_cap_.reset();
  const std::scoped_lock lock(health_mutex_);
  partition_full_ = false;
}

/// What rested is tried once more.
void StoreImpl::begin_relief() {
  for (OldEpoch& old : old_) {
    old.rests = false;
    if (std::exchange(old.may_soften, false)) old.is_rigid = false;
  }
}

/// Makes room for the next commits ahead of them.
Status StoreImpl::keep_headroom(UtcTime now) {
  begin_relief();
  const std::uint64_t headroom = std::min(commits_ahead * pages_wanted_, pages_limit() / 4);
  for (int steps = 0; steps < relief_steps_max; ++steps) {
    const auto pages = room();
    if (!pages) return pages.error();
    if (*pages >= headroom) return {};
    (void)step();
    const auto freed = relieve(now, true);
    if (!freed) return freed.error();
    if (!*freed) return {};
    if (pages_cap_) retake_reserve();
  }
  return {};
}

/// The ledger's entries whose turn has come. They stay on disk until the events that tell of them are stored.
std::vector<Eviction> StoreImpl::due_evictions(UtcTime now) {
  std::vector<Eviction> due;
  for (const record::Stream stream : record::all_streams) {
    std::optional<UtcTime>& told_at = told_at_[index_of(stream)];
    if (told_at && now >= *told_at && now - *told_at < tell_interval) continue;
    const auto of_stream = [&](const Eviction& entry) { return entry.stream == stream; };
    if (std::ranges::none_of(ledger_, of_stream)) continue;
    told_at = now;
    std::ranges::copy_if(ledger_, std::back_inserter(due), of_stream);
    std::erase_if(ledger_, of_stream);
  }
  told_.insert(told_.end(), due.begin(), due.end());
  std::ranges::move(new_damage(), std::back_inserter(due));  // told again by the next run, unless the event is stored
  return due;
}

std::vector<std::string> StoreImpl::takers_of(record::Stream stream) const {
  std::vector<std::string> takers;
  for (const auto& [destination, streams] : options_.destinations)
    if (std::ranges::find(streams, stream) != streams.end()) takers.push_back(destination);
  return takers;
}

std::vector<Ranges> StoreImpl::holders_of(std::uint64_t epoch, record::Stream stream) const {
  std::vector<Ranges> holders;
  for (const std::string& taker : takers_of(stream)) holders.push_back(acknowledgements_.get(taker, epoch, stream));
  return holders;
}

std::vector<std::string> StoreImpl::lacking(std::uint64_t epoch, record::Stream stream, SeqRange range) const {
  std::vector<std::string> takers = takers_of(stream);
  std::erase_if(takers, [&](const std::string& taker) {
    return !acknowledgements_.get(taker, epoch, stream).first_missing(range);
  });
  return takers;
}

/// How long the present file may be.
std::uint64_t StoreImpl::pages_limit() const {
  return std::min(file_pages_max_, pages_cap_.value_or(file_pages_max_));
}

/// Pages that can still be written.
Result<std::uint64_t> StoreImpl::room() {
  const auto pages = file_->pages();
  if (!pages) return pages.error();
  const std::uint64_t limit = pages_limit();
  return pages->free + (limit > pages->total ? limit - pages->total : 0);
}

/// Says that the writing thread lives, and gives the time, if somebody asked for it.
std::optional<SteadyTime> StoreImpl::step() const {
  return step_ ? std::optional(step_()) : std::nullopt;
}

/// While commits fail for want of room nobody calls maintain(). What the disk refuses has to count all the same, or
/// what may never be taken out would never go either. Only once the present file takes a write: a disk that is away
/// makes no damage.
void StoreImpl::begin_round_without_commits(UtcTime now) {
  if (!commit_failed_ || (round_at_ && now >= *round_at_ && now - *round_at_ < round_interval)) return;
  if (const auto written = file_->touch(now); !written && written.error().kind() != ErrorKind::full) return;
  round_at_ = now;
  damage_->begin_round();
}

/// Makes room for a commit. Old epochs may leave the present file less than it takes, or a full partition may: then
/// only what leaves them helps.
Status StoreImpl::make_room(std::uint64_t pages, UtcTime now) {
  const std::uint64_t pages_most = Budget::of(options_.quota_bytes, 0).file_pages_max;
  if (pages > pages_most)
    return Error{ErrorKind::full, "a commit of " + std::to_string(pages) + " pages, the quota allows a file of " +
                                      std::to_string(pages_most)};
  if (commit_failed_ && pages_cap_) retake_reserve();  // nobody calls maintain() meanwhile
  begin_relief();
  std::optional<SteadyTime> began;
  for (int steps = 0; steps < room_steps_max; ++steps) {
    const auto there = room();
    if (!there) return there.error();
    if (*there >= pages) return {};
    if (steps == 0) begin_round_without_commits(now);
    const auto at = step();
    if (!began) began = at;
    if (at && *at - *began >= room_time_max) break;
    const auto freed = relieve(now, pages <= pages_limit());
    if (freed && *freed) {
      if (pages_cap_) retake_reserve();  // what left an old file is room on the partition: no more has to go than that
      continue;
    }
    if (freed)
      return Error{ErrorKind::full, pages_cap_ ? "the partition is full, and nothing that may go makes room for it"
                                               : "the quota is used up and nothing may be evicted"};
    if (freed.error().kind() != ErrorKind::io) return freed.error();
    // A place that the disk refuses must not end recording: another file takes what comes.
    return Error{ErrorKind::corrupt, "batches cannot be evicted: " + freed.error().message()};
  }
  return Error{ErrorKind::full, "room is being made, there is not enough yet"};
}

/// Gives something up, the most dispensable first: what everybody has, then what the fewest destinations lack, so that
/// a dead one does not cost the others their data; of that the oldest epoch's oldest. False if there is nothing left.
///
/// What leaves an old file lengthens the present one's limit. On a full partition it is room for everybody there: that
/// may let the present file grow, what leaves the present one surely helps, so there the old ones come second.
/// @param own_helps  Whether what leaves the present file makes the room that is wanted.
Result<bool> StoreImpl::relieve(UtcTime now, bool own_helps) {
  const bool is_limited = file_pages_max_ < Budget::of(options_.quota_bytes, 0).file_pages_max;
  const bool old_helps = pages_cap_ ? !own_helps : is_limited;
  if (auto freed = drop_drained(now, Drained::leftovers); !freed || *freed) return freed;
  for (std::size_t lacking = 0; lacking <= options_.destinations.size(); ++lacking) {
    if (old_helps)
      if (auto freed = evict_of_old(lacking, now); !freed || *freed) return freed;
    if (own_helps)
      if (auto freed = evict_rows(lacking, now); !freed || *freed) return freed;
    if (pages_cap_ && !old_helps)
      if (auto freed = evict_of_old(lacking, now); !freed || *freed) return freed;
    if (lacking == 0 && (is_limited || pages_cap_))  // before anything goes that somebody lacks
      if (auto freed = drop_drained(now, Drained::all); !freed || *freed) return freed;
  }
  for (std::size_t i = 0; i < old_.size(); ++i) {
    if (!old_[i].readable) examine(old_[i]);
    if (old_[i].rests || (old_[i].trouble && refuse(old_[i], *old_[i].trouble) == Taken::later)) continue;
    if (auto done = drop(i, losses_of(old_[i]), Parting::quota, now); !done) return done.error();
    return true;
  }
  return false;
}

/// Drops the file of an old epoch that every destination has all of. What can go batch by batch does, so that a month's
/// end does not cost the months before it: the file goes once nothing is left in it, once nothing can be taken out, or
/// where old files leave the present one so little that room would come too late (the quota was lowered).
Result<bool> StoreImpl::drop_drained(UtcTime now, Drained which) {
  constexpr std::uint64_t cramped = 16;  // an epoch's change leaves a seventh
  const std::uint64_t alone = Budget::of(options_.quota_bytes, 0).file_pages_max;
  const bool is_cramped = file_pages_max_ <= std::max(alone / cramped, Budget::file_pages_min);
  for (std::size_t i = 0; i < old_.size(); ++i) {
    const bool is_empty = std::ranges::none_of(old_[i].extents, [](const auto& part) { return part.has_value(); });
    const bool is_due = which == Drained::all || is_empty || old_[i].is_rigid || is_cramped;
    if (!is_due || !is_drained(old_[i])) continue;
    if (auto done = drop(i, losses_of(old_[i]), Parting::quota, now); !done) return done.error();
    return true;
  }
  return false;
}

/// Evicts a few batches of the oldest old epoch that has such. False also where the partition is so full that not even
/// what leaves finds room in a log: only a whole file can go then.
Result<bool> StoreImpl::evict_of_old(std::size_t lacking_max, UtcTime now) {
  for (std::size_t i = 0; i < old_.size(); ++i) {
    auto freed = evict_old(i, lacking_max, now);
    if (freed ? *freed : freed.error().kind() != ErrorKind::full) return freed;
  }
  return false;
}

/// Evicts the oldest few batches of one stream that at most `lacking_max` destinations have not confirmed.
Result<bool> StoreImpl::evict_rows(std::size_t lacking_max, UtcTime now) {
  for (const record::Stream stream : evicted_first) {
    const std::vector<Ranges> holders = holders_of(file_->name().epoch, stream);
    if (lacking_max > holders.size()) continue;
    auto rows = first_rows(stream, held_by(holders, holders.size() - lacking_max), rows_step);
    if (!rows) return rows.error();
    cut_to_neighbours(*rows);
    if (rows->empty()) continue;
    if (auto done = evict(stream, *rows, parting_of(lacking_max), now); !done) return done.error();
    return true;
  }
  return false;
}

/// The first rows inside one of the ranges, the newest row excepted: it is never deleted.
Result<std::vector<RowTimes>> StoreImpl::first_rows(record::Stream stream, const Ranges& within, std::size_t limit) {
  const std::uint64_t next = head(stream).next_seq;
  if (next <= 2) return std::vector<RowTimes>{};
  for (SeqRange range : within.ranges()) {
    range.last = std::min(range.last, next - 2);
    if (range.first > range.last) break;
    auto rows = file_->rows(stream, range, limit);
    if (!rows || !rows->empty()) return rows;
  }
  return std::vector<RowTimes>{};
}

Status StoreImpl::evict(record::Stream stream, const std::vector<RowTimes>& rows, Parting why, UtcTime now) {
  auto done = evict_once(stream, rows, why, now);
  if (!done && done.error().kind() == ErrorKind::full) {  // even deleting takes room in the log
    (void)retreat();
    done = evict_once(stream, rows, why, now);
  }
  if (done) checkpoint();
  return done;
}

/// Deletes rows of the present file that stand side by side, with the account of it, in one transaction.
Status StoreImpl::evict_once(record::Stream stream, const std::vector<RowTimes>& rows, Parting why, UtcTime now) {
  auto left = leaving(*file_, stream, rows, why, now);
  if (!left) return left.error();
  // Small batches may give no page back, and the account of them want one.
  if (auto done = let_account_grow(); !done) return done;
  auto transaction = file_->begin();
  if (!transaction) return transaction.error();
  if (auto done = file_->remove_rows(stream, left->range); !done) return done;
  if (auto done = put_leaving(*left); !done) return done;
  if (auto done = transaction->commit(); !done) return done;
  note_left(std::move(*left));
  return {};
}

/// The account of rows that stand side by side and are to leave the present file, or an old epoch's. Those of an old
/// one may have left on record already, for whatever reason, and still be there after a power cut: they are no loss
/// then. Errors: those of `from`.
Result<Leaving> StoreImpl::leaving(EpochFile& from, record::Stream stream, const std::vector<RowTimes>& rows,
                                   Parting why, UtcTime now) const {
  const std::uint64_t epoch = from.name().epoch;
  Departure left{{rows.front().seq, rows.back().seq}, why, now, rows.front().start, rows.back().end};
  for (const RowTimes& row : rows) {
    left.from = std::min(left.from, row.start);
    left.until = std::max(left.until, row.end);
  }
  Leaving all{epoch, stream, left.range, false, {}, ledger_};
  if (const auto log = departed_.find({epoch, stream}); log != departed_.end()) all.departures = log->second;
  all.is_loss = why == Parting::unconfirmed && !left_with(all.departures).contains(left.range.first);
  all.departures.add(left);
  if (!all.is_loss) return all;
  const auto anchor = from.hash_of(stream, left.range.last);
  if (!anchor) return anchor.error();
  enter(all.ledger, {stream, epoch, left.range, left.from, left.until, *anchor, lacking(epoch, stream, left.range)});
  return all;
}

/// Lets the present file take the account of what leaves, beyond its share and whatever length it has:
/// SQLite allows no file to grow that is longer than its limit.
Status StoreImpl::let_account_grow() {
  const auto pages = file_->pages();
  if (!pages) return pages.error();
  return file_->limit_pages(std::max(file_pages_max_, pages->total) + ledger_pages);
}

/// Writes the account into the present file, in the transaction that is open there.
Status StoreImpl::put_leaving(const Leaving& leaving) {
  if (auto done = file_->put_departures(leaving.epoch, leaving.stream, leaving.departures); !done) return done;
  if (!leaving.is_loss) return {};
  std::vector<Eviction> all = leaving.ledger;
  all.insert(all.end(), told_.begin(), told_.end());
  return file_->put_ledger(all);
}

/// What to know once the account is durable.
void StoreImpl::note_left(Leaving leaving) {
  ledger_ = std::move(leaving.ledger);
  departed_[{leaving.epoch, leaving.stream}] = std::move(leaving.departures);
  if (!leaving.is_loss) return;
  spdlog::error("batches evicted before every destination had them epoch={} stream={} first={} last={}",
                to_hex(leaving.epoch), table_of(leaving.stream), leaving.range.first, leaving.range.last);
  const std::scoped_lock lock(health_mutex_);
  health_.evicted += leaving.range.size();
}

}  // namespace jidian::store

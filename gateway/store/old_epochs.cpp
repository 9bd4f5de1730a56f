// Epochs that are no longer written: when they are drained, and how they go.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "store/epoch_rows.hpp"
#include "store/layout.hpp"
#include "store/store_impl.hpp"

namespace jidian::store {
namespace {

/// Holes in a destination's confirmations looked into, per log.
constexpr int holes_max = 64;

/// Rows of a deleted file that are looked at, a stretch: more than a week of commits.
constexpr std::size_t rows_given_up_max = 1'000'000;

}  // namespace

/// Fills in what the file tells.
void StoreImpl::examine(OldEpoch& old) const {
  old.bytes = file_bytes(options_.folder / old.name.file());
  const auto reader = EpochReader::open(options_.folder, old.name);
  old.trouble.reset();
  if (!reader) old.trouble.emplace(reader.error());
  if (!reader) return;
  Damage seen(damage_);
  for (const record::Stream stream : record::all_streams) {
    const auto extent = (*reader)->extent(stream, seen);
    if (!extent && !old.trouble) old.trouble.emplace(extent.error());
    old.is_known[index_of(stream)] |= static_cast<bool>(extent);
    if (!extent || !*extent) continue;
    // A log that seems to end where the disk refuses may go on behind that: it is not all there is, and not drained by
    // it.
    if (const auto newest = (*reader)->newest(stream, seq_max);
        !newest && newest.error().kind() == ErrorKind::io && !old.trouble)
      old.trouble.emplace(newest.error());
    old.extents[index_of(stream)] = *extent;
    old.late[index_of(stream)] = (*reader)->lateness(stream);
    if (const auto row = row_at(**reader, stream, {(*extent)->last, (*extent)->last}))
      old.newest[index_of(stream)] = row->end;
    if (const auto row = row_at(**reader, stream, **extent))
      old.oldest = std::min(old.oldest.value_or(row->start), row->start);
  }
  old.readable = !old.trouble;
  if (!old.readable) return;
  old.is_rigid = old.may_soften = false;  // what kept us out of it is over
  damage_->was_read(whole_file(old));
}

/// Whether every destination has every batch that can still be read. Not as long as reading fails and may work again.
/// Where nothing is left it is not looked again.
bool StoreImpl::is_drained(OldEpoch& old) const {
  if (!old.readable) return false;
  std::unique_ptr<EpochReader> reader;
  for (const record::Stream stream : record::all_streams) {
    const auto& extent = old.extents[index_of(stream)];
    if (!extent) continue;
    const std::vector<Ranges> holders = holders_of(old.name.epoch, stream);
    Ranges confirmed = held_by(holders, holders.size());
    for (const SeqRange& range : old.emptied[index_of(stream)].ranges()) confirmed.add(range);
    SeqRange rest = *extent;
    for (int hole = 0; rest.first <= rest.last; ++hole) {
      const auto missing = confirmed.first_missing(rest);
      if (!missing) break;
      if (!reader) {
        auto opened = EpochReader::open(options_.folder, old.name);
        if (!opened) return false;
        reader = std::move(*opened);
      }
      // A hole may be where batches left long ago.
      if (hole == holes_max) return false;
      Damage seen(damage_);
      if (const auto row = row_in(*reader, stream, *missing, seen); !row || *row) return false;
      if (seen.take_new().empty()) old.emptied[index_of(stream)].add(*missing);
      rest.first = missing->last + 1;
    }
  }
  return true;
}

/// What is lost with an old file, as ledger entries: also what cannot be read. A log that could not be looked at counts
/// as lost up to the first seq that nobody knows of.
std::vector<Eviction> StoreImpl::losses_of(const OldEpoch& old) const {
  std::vector<Eviction> losses;
  const auto reader = EpochReader::open(options_.folder, old.name);
  for (const record::Stream stream : record::all_streams) {
    const auto& extent = old.extents[index_of(stream)];
    if (!extent && old.is_known[index_of(stream)]) continue;
    const std::vector<Ranges> holders = holders_of(old.name.epoch, stream);
    Ranges settled = held_by(holders, holders.size());
    // What left on record may be there all the same, if the power was cut in between.
    if (const auto log = departed_.find({old.name.epoch, stream}); log != departed_.end())
      for (const Departure& entry : log->second.entries()) settled.add(entry.range);
    const bool is_exact = old.last_known[index_of(stream)] != 0;
    SeqRange rest = extent ? *extent : SeqRange{1, std::min(last_known(old, stream) + (is_exact ? 0 : 1), seq_max)};
    while (rest.first <= rest.last) {
      const auto missing = settled.first_missing(rest);
      if (!missing) break;
      rest.first = missing->last + 1;
      const auto loss = extent ? loss_in(old, reader ? reader->get() : nullptr, stream, *missing)
                               : std::optional(loss_unseen(old, stream, *missing));
      if (loss) enter(losses, *loss);
    }
    if (extent)
      for (const Eviction& loss : losses_behind(old, stream)) enter(losses, loss);
  }
  return losses;
}

/// What is lost with the end of a log that cannot be read: what is known to have stood there, and neither left, nor is
/// with everybody, nor was told to be damaged.
std::vector<Eviction> StoreImpl::losses_behind(const OldEpoch& old, record::Stream stream) const {
  const std::uint64_t epoch = old.name.epoch;
  const std::size_t i = index_of(stream);
  SeqRange rest{old.extents[i]->last + 1, last_known(old, stream)};
  if (rest.last < rest.first) return {};
  const std::vector<Ranges> holders = holders_of(epoch, stream);
  Ranges settled = held_by(holders, holders.size());
  if (const auto log = departed_.find({epoch, stream}); log != departed_.end())
    for (const Departure& entry : log->second.entries()) settled.add(entry.range);
  for (const LogRanges* logs : {&damage_told_, &damage_telling_})
    if (const auto log = logs->find({epoch, stream}); log != logs->end())
      for (const SeqRange& told : log->second.ranges()) settled.add(told);
  const UtcTime until = std::max(old.newest[i], ended_at(epoch).value_or(old.newest[i]));
  std::vector<Eviction> losses;
  while (const auto missing = settled.first_missing(rest)) {
    losses.push_back({stream, epoch, *missing, old.newest[i], until, {}, lacking(epoch, stream, *missing)});
    if (missing->last == rest.last) break;
    rest.first = missing->last + 1;
  }
  return losses;
}

/// What is lost of a log that could never be looked at. It lies between what left last and the epoch's end.
Eviction StoreImpl::loss_unseen(const OldEpoch& old, record::Stream stream, SeqRange missing) const {
  const std::uint64_t epoch = old.name.epoch;
  const UtcTime until = ended_at(epoch).value_or(std::ranges::max(old.newest));
  UtcTime from = until;
  if (const auto log = departed_.find({epoch, stream}); log != departed_.end() && !log->second.entries().empty())
    from = std::min(until, log->second.entries().back().until);
  return {stream, epoch, missing, from, until, {}, lacking(epoch, stream, missing)};
}

/// What is lost with these batches of an old file, which somebody lacks; nothing if they left long ago.
/// @param reader  Null if the file cannot be opened: then all of them count as lost.
std::optional<Eviction> StoreImpl::loss_in(const OldEpoch& old, EpochReader* reader, record::Stream stream,
                                           SeqRange missing) const {
  const UtcTime newest = std::ranges::max(old.newest);
  Eviction loss{stream, old.name.epoch, missing, old.oldest.value_or(newest), newest, {}, {}};
  Damage damage(damage_);
  const auto first = reader != nullptr ? row_in(*reader, stream, missing, damage)
                                       : Result<std::optional<StoredBatch>>(Error{ErrorKind::io, "not opened"});
  const LogRanges unreadable = damage.take_new();
  if (first && !*first && unreadable.empty()) return std::nullopt;
  if (first && *first) {
    const auto last_seq = reader->newest(stream, missing.last);
    const auto last = last_seq && *last_seq ? row_at(*reader, stream, {**last_seq, **last_seq}) : std::nullopt;
    if (unreadable.empty()) loss.from = (*first)->start;
    loss.range.first = (*first)->key.seq;
    if (last) {
      loss.range.last = last->key.seq;
      loss.until = last->end;
      loss.anchor = record::sha256(last->bytes);
    }
  }
  if (!unreadable.empty())
    loss.range.first = std::max(missing.first, unreadable.begin()->second.ranges().front().first);
  loss.until = std::max(loss.from, loss.until);
  loss.unconfirmed = lacking(old.name.epoch, stream, loss.range);
  return loss;
}

/// What is known of all that left, once this epoch has.
DepartedLogs StoreImpl::departed_with(const OldEpoch& old, const std::vector<Eviction>& losses, Parting why,
                                      UtcTime now) const {
  DepartedLogs logs = departed_;
  for (const Eviction& loss : losses)
    logs[{loss.epoch, loss.stream}].add({loss.range, Parting::unconfirmed, now, loss.from, loss.until});
  for (const record::Stream stream : record::all_streams) {
    const std::size_t i = index_of(stream);
    if (old.extents[i])
      logs[{old.name.epoch, stream}].add(
          {*old.extents[i], why, now, old.oldest.value_or(old.newest[i]), old.newest[i]});
  }
  return logs;
}

/// Of the epochs that are gone, only those whose last batches left last stay known.
void StoreImpl::forget_long_departed(DepartedLogs& logs, std::uint64_t leaving) const {
  std::map<std::uint64_t, UtcTime> left_at;
  for (const auto& [log, departures] : logs) {
    const std::uint64_t epoch = log.first;
    const bool is_there =
        epoch != leaving && (epoch == file_->name().epoch ||
                             std::ranges::any_of(old_, [&](const OldEpoch& old) { return old.name.epoch == epoch; }));
    for (const Departure& entry : departures.entries())
      if (!is_there) left_at[epoch] = std::max(left_at[epoch], entry.at);
  }
  while (left_at.size() > departed_epochs_max) {
    const auto longest = std::ranges::min_element(left_at, {}, [](const auto& entry) { return entry.second; });
    std::erase_if(logs, [&](const auto& entry) { return entry.first.first == longest->first; });
    left_at.erase(longest);
  }
}

/// Of logs that were told to be damaged, those that nobody answers for any more once this epoch has left.
std::vector<std::pair<std::uint64_t, record::Stream>> StoreImpl::damage_to_forget(const DepartedLogs& departed,
                                                                                  std::uint64_t leaving) const {
  std::vector<std::pair<std::uint64_t, record::Stream>> forgotten;
  for (const LogRanges* logs : {&damage_told_, &damage_telling_})
    for (const auto& [log, told] : *logs) {
      const std::uint64_t epoch = log.first;
      const auto is_it = [epoch](const auto& entry) { return entry.first.first == epoch; };
      const bool is_there =
          epoch == file_->name().epoch ||
          (epoch != leaving && std::ranges::any_of(old_, [&](const OldEpoch& old) { return old.name.epoch == epoch; }));
      if (!is_there && std::ranges::none_of(departed, is_it)) forgotten.push_back(log);
    }
  return forgotten;
}

/// Writes into the present file that an old epoch goes, in one transaction.
/// @param departed, ledger  As they are afterwards.
Status StoreImpl::put_dropped(std::uint64_t epoch, const DepartedLogs& departed, const std::vector<Eviction>& ledger,
                              const std::vector<std::pair<std::uint64_t, record::Stream>>& forgotten) {
  std::vector<Eviction> all = ledger;
  all.insert(all.end(), told_.begin(), told_.end());
  if (auto done = let_account_grow(); !done) return done;
  auto transaction = file_->begin();
  if (!transaction) return transaction.error();
  for (const auto& [log, departures] : departed_)
    if (!departed.contains(log))
      if (auto done = file_->put_departures(log.first, log.second, {}); !done) return done;
  for (const auto& [log, departures] : departed)
    if (log.first == epoch)
      if (auto done = file_->put_departures(log.first, log.second, departures); !done) return done;
  if (auto done = file_->put_ledger(all); !done) return done;
  for (const auto& [of, stream] : forgotten)
    if (auto done = file_->put_damaged(of, stream, {}); !done) return done;
  return transaction->commit();
}

/// Removes an old epoch; the ledger knows of its losses before the file goes.
/// @param why  What is no loss leaves for this reason.
Status StoreImpl::drop(std::size_t index, const std::vector<Eviction>& losses, Parting why, UtcTime now) {
  const EpochName name = old_[index].name;
  std::vector<Eviction> ledger = ledger_;
  for (const Eviction& loss : losses) enter(ledger, loss);
  DepartedLogs departed = departed_with(old_[index], losses, why, now);
  forget_long_departed(departed, name.epoch);
  const auto forgotten = damage_to_forget(departed, name.epoch);
  auto put = put_dropped(name.epoch, departed, ledger, forgotten);
  if (!put && put.error().kind() == ErrorKind::full) {  // even the account of it takes room in the log
    (void)retreat();
    put = put_dropped(name.epoch, departed, ledger, forgotten);
  }
  if (!put) return put;
  ledger_ = std::move(ledger);
  departed_ = std::move(departed);
  remove_epoch(options_.folder, name);
  dropped_.push_back(name.epoch);
  damage_->forget(name.epoch);
  for (LogRanges* logs : {&damage_told_, &damage_telling_})
    std::erase_if(*logs, [&](const auto& log) { return std::ranges::find(forgotten, log.first) != forgotten.end(); });
  const bool drained = losses.empty() && old_[index].readable;
  old_.erase(old_.begin() + static_cast<std::ptrdiff_t>(index));
  divide_quota();
  if (drained)
    spdlog::info("drained epoch removed epoch={}", to_hex(name.epoch));
  else
    spdlog::error("old epoch removed with batches that not everybody has epoch={} why={}", to_hex(name.epoch),
                  name_of(why));
  {
    const std::scoped_lock lock(health_mutex_);
    for (const Eviction& loss : losses) health_.evicted += loss.range.size();
  }
  return forget_dropped();
}

/// Forgets who has what of the epochs whose files were removed, once that is durable: a file that is back after a power
/// cut must not be sent as a whole once more. What fails is tried again with the next round of maintenance.
Status StoreImpl::forget_dropped() {
  if (dropped_.empty()) return {};
  if (auto done = sync_folder(options_.folder); !done) return done;
  while (!dropped_.empty()) {
    if (auto done = file_->remove_acknowledged(dropped_.back()); !done) return done;
    acknowledgements_.forget(dropped_.back());
    dropped_.pop_back();
  }
  return {};
}

/// Enters into the ledger what goes with the present file: it was deleted, so that nobody but us can look into it.
void StoreImpl::give_up_deleted(UtcTime now) {
  const std::uint64_t epoch = file_->name().epoch;
  for (const record::Stream stream : record::all_streams) {
    const std::vector<Ranges> holders = holders_of(epoch, stream);
    Ranges confirmed = held_by(holders, holders.size());
    // Also what was given up here before, if no epoch could be begun then.
    if (const auto log = departed_.find({epoch, stream}); log != departed_.end())
      for (const Departure& entry : log->second.entries()) confirmed.add(entry.range);
    SeqRange rest{1, head(stream).next_seq - 1};
    while (rest.first <= rest.last) {
      const auto missing = confirmed.first_missing(rest);
      if (!missing) break;
      rest.first = missing->last + 1;
      const auto rows = file_->rows(stream, *missing, rows_given_up_max);
      if (!rows || rows->empty()) continue;
      Eviction loss{stream, epoch, {rows->front().seq, missing->last}, rows->front().start, rows->back().end, {}, {}};
      for (const RowTimes& row : *rows) {
        loss.from = std::min(loss.from, row.start);
        loss.until = std::max(loss.until, row.end);
      }
      if (const auto anchor = file_->hash_of(stream, rows->back().seq)) loss.anchor = *anchor;
      loss.unconfirmed = lacking(epoch, stream, loss.range);
      enter(ledger_, loss);
      departed_[{epoch, stream}].add({loss.range, Parting::unconfirmed, now, loss.from, loss.until});
    }
    note_deleted(stream, now);
  }
  spdlog::error("the present epoch's file was deleted, what nobody confirmed is lost epoch={}", to_hex(epoch));
}

/// Notes that all of a log of the present epoch left with its file. What was lost, or left before, keeps its reason.
void StoreImpl::note_deleted(record::Stream stream, UtcTime now) {
  const std::uint64_t last = head(stream).next_seq - 1;
  if (last == 0) return;
  Departure left{{1, last}, Parting::quota, now, {}, now};
  if (const auto rows = file_->rows(stream, {1, seq_max}, 1); rows && !rows->empty()) left.from = rows->front().start;
  if (const auto rows = file_->rows(stream, {last, last}, 1); rows && !rows->empty()) left.until = rows->back().end;
  departed_[{file_->name().epoch, stream}].add(left);
}

std::uint64_t StoreImpl::old_bytes() const {
  std::uint64_t sum = 0;
  for (const OldEpoch& old : old_) sum += old.bytes;
  return sum;
}

}  // namespace jidian::store

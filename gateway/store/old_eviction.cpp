// What goes of old epochs while they are not drained: batch by batch, as of the present one, and files that somebody
// deleted.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "store/epoch_rows.hpp"
#include "store/free_pages.hpp"
#include "store/layout.hpp"
#include "store/store_impl.hpp"

namespace jidian::store {
namespace fs = std::filesystem;
namespace {

/// Length of the log at which a file that only shrinks is checkpointed: it is done after each step anyway.
constexpr std::uint64_t old_log_frames_max = 1024;

/// Stretches of an old epoch that are stepped over, or found empty, in one call.
constexpr int steps_max = 64;

/// The first of them that have all left on record already, or none of them.
void cut_to_one_story(std::vector<RowTimes>& rows, const Ranges& left) {
  const bool has_left = left.contains(rows.front().seq);
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (left.contains(rows[i].seq) != has_left) rows.resize(i);
}

/// Whether something stands in a file's log.
bool has_log(const fs::path& path) {
  std::error_code missing;
  const auto bytes = fs::file_size(path.string() + "-wal", missing);
  return !missing && bytes > 0;
}

/// What of `within` lies in `extent`, the first such range; nothing if nothing does.
std::optional<SeqRange> first_common(const Ranges& within, SeqRange extent) {
  for (const SeqRange& range : within.ranges()) {
    const SeqRange both{std::max(range.first, extent.first), std::min(range.last, extent.last)};
    if (both.first <= both.last) return both;
  }
  return std::nullopt;
}

}  // namespace

/// Evicts the oldest few batches of one stream of an old epoch that at most `lacking_max` destinations have not
/// confirmed, and gives their space back, or looks for them: then asking again goes on. False if it has none, or cannot
/// be reached for now. Damage is stepped over; once nothing but damage is left the file goes. One of which nothing can
/// be taken out at all (damaged as a whole, of a newer release, on a file system that takes no space back) goes when
/// unconfirmed batches do. Errors: those of the present file; full.
Result<bool> StoreImpl::evict_old(std::size_t index, std::size_t lacking_max, UtcTime now) {
  OldEpoch& old = old_[index];
  if (old.rests) return false;
  if (!old.readable) examine(old);  // it may have been for a moment only
  if (!old.is_rigid) {
    const auto taken = evict_old_rows(old, lacking_max, now);
    if (!taken) return taken.error();
    if (*taken == Taken::some || *taken == Taken::looking) return true;
    if (old.rests) return false;
  }
  if (!old.is_rigid) {
    const auto has_some = [](const auto& part) { return part.has_value(); };
    const bool is_last = lacking_max >= options_.destinations.size() || std::ranges::none_of(old.extents, has_some);
    const bool is_stuck = std::ranges::any_of(old.stuck, [](const Ranges& rows) { return !rows.ranges().empty(); });
    if (!is_last || lacking_max == 0 || (!is_stuck && !old.trouble)) return false;
    if (old.trouble && refuse(old, *old.trouble) == Taken::later) return false;
  }
  if (lacking_max == 0) return false;
  if (auto done = drop(index, losses_of(old), Parting::quota, now); !done) return done.error();
  return true;
}

Result<Taken> StoreImpl::evict_old_rows(OldEpoch& old, std::size_t lacking_max, UtcTime now) {
  std::unique_ptr<EpochFile> file;
  if (old.owes_space) {  // no more may go before the space of what went is there
    auto opened = EpochFile::open_old(options_.folder, old.name, old_log_frames_max);
    return opened ? shrink(old, **opened) : refuse(old, opened.error());
  }
  int steps = 0;
  for (const record::Stream stream : evicted_first) {
    auto& extent = old.extents[index_of(stream)];
    const std::vector<Ranges> holders = holders_of(old.name.epoch, stream);
    if (!extent || lacking_max > holders.size()) continue;
    Ranges within = held_by(holders, holders.size() - lacking_max);
    for (const SeqRange& gone : old.emptied[index_of(stream)].ranges()) within.remove(gone);
    for (;;) {
      for (const SeqRange& stuck : old.stuck[index_of(stream)].ranges()) within.remove(stuck);
      const auto range = first_common(within, *extent);
      if (!range) break;
      if (!file) {
        auto opened = EpochFile::open_old(options_.folder, old.name, old_log_frames_max);
        if (!opened) return refuse(old, opened.error());
        file = std::move(*opened);
      }
      const auto taken = take_out(old, *file, stream, *range, parting_of(lacking_max), now);
      if (!taken || *taken == Taken::later || old.is_rigid) return taken;
      if (*taken == Taken::some) {
        const auto left = file->rows(stream, *extent, 1);
        if (left && left->empty())
          extent.reset();
        else if (left)
          extent->first = left->front().seq;
        return shrink(old, *file);
      }
      if (*taken == Taken::nothing) {  // they left before
        within.remove(*range);
        old.emptied[index_of(stream)].add(*range);
      }
      if (++steps == steps_max) return Taken::looking;
      (void)step();
    }
  }
  return Taken::nothing;
}

/// Takes the first few batches of a range out of an old epoch's file, less of them where damage is beside them.
/// Errors: those of the present file; full.
Result<Taken> StoreImpl::take_out(OldEpoch& old, EpochFile& file, record::Stream stream, SeqRange range, Parting why,
                                  UtcTime now) {
  auto rows = file.rows(stream, range, rows_step);
  if (!rows) return step_over(old, stream, range, rows.error());
  if (rows->empty()) return Taken::nothing;
  cut_to_neighbours(*rows);
  if (const auto log = departed_.find({old.name.epoch, stream}); log != departed_.end())
    cut_to_one_story(*rows, left_with(log->second));
  for (;;) {
    auto taken = take_rows(file, stream, *rows, why, now);
    const bool is_full =
        taken ? !*taken && taken->error().kind() == ErrorKind::full : taken.error().kind() == ErrorKind::full;
    if (is_full) {  // even deleting takes room in the log
      (void)retreat();
      taken = take_rows(file, stream, *rows, why, now);
    }
    if (!taken) return taken.error();
    if (*taken) break;
    const Error& failed = taken->error();
    if (failed.kind() == ErrorKind::full) return failed;
    if (rows->size() == 1) return step_over(old, stream, {rows->front().seq, rows->front().seq}, failed);
    if (failed.kind() != ErrorKind::corrupt && failed.kind() != ErrorKind::io) return refuse(old, failed);
    rows->resize(rows->size() / 2);
  }
  damage_->was_read(whole_file(old));
  checkpoint();
  return Taken::some;
}

/// Deletes rows of an old epoch's file that stand side by side. The account of it is durable in the present file before
/// they go: should they not go after all, they do so later without another line in the ledger.
/// @return What became of it in the old file. Errors: those of the present file.
Result<Status> StoreImpl::take_rows(EpochFile& from, record::Stream stream, const std::vector<RowTimes>& rows,
                                    Parting why, UtcTime now) {
  auto left = leaving(from, stream, rows, why, now);
  if (!left) return Status(left.error());
  auto transaction = from.begin();
  if (!transaction) return Status(transaction.error());
  if (auto done = from.remove_rows(stream, left->range); !done) return done;
  if (auto done = let_account_grow(); !done) return done.error();
  auto account = file_->begin();
  if (!account) return account.error();
  if (auto done = put_leaving(*left); !done) return done.error();
  if (auto done = account->commit(); !done) return done.error();
  note_left(std::move(*left));
  return transaction->commit();
}

/// Batches from the first of `range` on cannot be reached, or not be taken out. What is damaged is passed over from now
/// on, and so is what the disk refused for good.
Taken StoreImpl::step_over(OldEpoch& old, record::Stream stream, SeqRange range, const Error& why) {
  if (why.kind() != ErrorKind::corrupt && why.kind() != ErrorKind::io) return refuse(old, why);
  const auto reader = EpochReader::open(options_.folder, old.name);
  if (!reader) return refuse(old, reader.error());
  Damage seen(damage_);
  const auto row = row_in(**reader, stream, range, seen);
  if (!row && row.error().kind() != ErrorKind::corrupt) {  // it may be read the next time
    old.rests = true;
    return Taken::later;
  }
  const auto next = row && *row ? std::optional((*row)->key.seq) : std::nullopt;
  // What can be read and not be taken out stands beside damage, or the disk takes no writing.
  if (next == range.first && why.kind() == ErrorKind::io) return refuse(old, why);
  const std::uint64_t last = !next ? range.last : std::max(*next - 1, range.first);
  old.stuck[index_of(stream)].add({range.first, last});
  return Taken::stuck;
}

/// An old file does not let us at its batches. It rests until room is wanted the next time; if it never will, as far as
/// can be told, it is rigid from now on; for this once, if it is the disk that refuses.
Taken StoreImpl::refuse(OldEpoch& old, const Error& why) {
  const bool is_refusal = why.kind() == ErrorKind::io || why.kind() == ErrorKind::denied;
  const bool is_for_good = why.kind() == ErrorKind::corrupt || why.kind() == ErrorKind::unsupported ||
                           (is_refusal && damage_->is_refused_for_good(whole_file(old)));
  if (!is_for_good) {
    old.rests = true;
    return Taken::later;
  }
  if (!std::exchange(old.rigid_told, true))
    spdlog::warn("batches cannot be taken out of an old epoch, it goes as a whole in its turn epoch={} why=\"{}\"",
                 to_hex(old.name.epoch), why.message());
  old.is_rigid = true;
  old.may_soften = is_refusal;
  return Taken::stuck;
}

/// The descriptor stays open with the epoch: closing it would drop the locks of its readers in this process.
Result<std::uint64_t> StoreImpl::give_back(OldEpoch& old) {
  if (!old.free_pages) {
    auto opened = FreePages::open(options_.folder / old.name.file());
    if (!opened) return opened.error();
    old.free_pages = std::move(*opened);
  }
  return old.free_pages->give_back();
}

/// Gives back the space of what left an old epoch's file. As long as a reader keeps its log alive there is none to
/// give: then the file rests, and owes it.
Taken StoreImpl::shrink(OldEpoch& old, EpochFile& file) {
  const fs::path path = options_.folder / old.name.file();
  old.owes_space = true;
  Taken taken = Taken::some;
  if (auto done = file.checkpoint_fully(); !done) {
    taken = refuse(old, done.error());
  } else if (has_log(path)) {
    old.rests = true;
    taken = Taken::later;
  } else if (const auto given = give_back(old); !given) {
    taken = refuse(old, given.error());
  } else {
    old.owes_space = false;
  }
  old.bytes = file_bytes(path);
  divide_quota();
  return taken;
}

/// Enters into the ledger what went with files of old epochs that somebody deleted: of them only confirmations, ends
/// and times are known.
Status StoreImpl::miss_deleted(UtcTime now) {
  for (std::size_t i = 0; i < old_.size();) {
    std::error_code other;  // other troubles are not this one
    if (fs::status(options_.folder / old_[i].name.file(), other).type() != fs::file_type::not_found) {
      ++i;
      continue;
    }
    spdlog::error("the file of an old epoch was deleted, what nobody confirmed is lost epoch={}",
                  to_hex(old_[i].name.epoch));
    if (auto done = drop(i, losses_of(old_[i]), Parting::quota, now); !done) return done;
  }
  return {};
}

}  // namespace jidian::store

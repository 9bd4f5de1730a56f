// What goes of old epochs while they are not drained: batch by batch, as of the present one, and files that somebody
// deleted.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>

#include "store/epoch_rows.hpp"
#include "store/free_pages.hpp"
#include "store/layout.hpp"
#include "store/store_impl.hpp"

namespace jidian::store {
namespace fs = std::filesystem;
namespace {

/// Length of the log at which a file that only shrinks is checkpointed: it is done after each step anyway.
constexpr std::uint64_t old_log_frames_max = 256;

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
/// confirmed, and gives their space back. False if it has none. A file of which nothing can be taken out (damaged, of a
/// newer release, on a file system that takes no space back) goes as a whole when unconfirmed batches do.
Result<bool> StoreImpl::evict_old(std::size_t index, std::size_t lacking_max, UtcTime now) {
  if (!old_[index].readable) examine(old_[index]);  // it may have been for a moment only
  OldEpoch& old = old_[index];
  const bool may_take_out = old.readable && !old.is_rigid;
  if (may_take_out) {
    const auto freed = evict_old_rows(old, lacking_max, now);
    if (freed) return freed;
    spdlog::warn("batches cannot be taken out of an old epoch, it goes as a whole in its turn epoch={} why=\"{}\"",
                 to_hex(old.name.epoch), freed.error().message());
    old.is_rigid = true;
  }
  if (lacking_max == 0) return false;
  if (auto done = drop(index, losses_of(old), Parting::quota, now); !done) return done.error();
  return true;
}

Result<bool> StoreImpl::evict_old_rows(OldEpoch& old, std::size_t lacking_max, UtcTime now) {
  std::unique_ptr<EpochFile> file;
  for (const record::Stream stream : evicted_first) {
    auto& extent = old.extents[index_of(stream)];
    const std::vector<Ranges> holders = holders_of(old.name.epoch, stream);
    if (!extent || lacking_max > holders.size()) continue;
    Ranges within = held_by(holders, holders.size() - lacking_max);
    while (const auto range = first_common(within, *extent)) {
      if (!file) {
        auto opened = EpochFile::open_old(options_.folder, old.name, old_log_frames_max);
        if (!opened) return opened.error();
        file = std::move(*opened);
      }
      auto rows = file->rows(stream, *range, rows_step);
      if (!rows) return rows.error();
      cut_to_neighbours(*rows);
      if (rows->empty()) {  // they left before
        within.remove(*range);
        continue;
      }
      if (auto done = evict(*file, stream, *rows, parting_of(lacking_max), now); !done) return done.error();
      const auto left = file->rows(stream, *extent, 1);
      if (!left) return left.error();
      if (left->empty())
        extent.reset();
      else
        extent->first = left->front().seq;
      if (auto done = file->checkpoint_fully(); !done) return done.error();
      file.reset();
      if (auto done = shrink(old); !done) return done.error();
      return true;
    }
  }
  return false;
}

/// Gives back the space of what left an old epoch's file, unless a reader keeps its log alive just now.
Status StoreImpl::shrink(OldEpoch& old) {
  const fs::path path = options_.folder / old.name.file();
  std::error_code missing;
  const auto log_bytes = fs::file_size(path.string() + "-wal", missing);
  if (missing || log_bytes == 0)
    if (const auto given = give_back_free_pages(path); !given) return given.error();
  old.bytes = file_bytes(path);
  divide_quota();
  return {};
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

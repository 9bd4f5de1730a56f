// What cannot be read any more, as entries for events: each once, over starts too.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "store/epoch_rows.hpp"
#include "store/layout.hpp"
#include "store/store_impl.hpp"

namespace jidian::store {

/// What readers found to be damaged since the last call: stretches of batches that cannot be read. They count as told
/// once the events that tell of them are stored. What cannot be told now, as the file cannot be opened, is told later.
std::vector<Eviction> StoreImpl::new_damage() {
  std::vector<Eviction> damages;
  for (const auto& [log, ranges] : damage_->take_new())
    for (const SeqRange& found : ranges.ranges())
      for (const SeqRange& piece : still_recorded(log.first, log.second, found)) {
        const auto damage = damage_at(log.first, log.second, piece);
        if (!damage) {
          damage_->put_back(log.first, log.second, piece);
          continue;
        }
        damages.push_back(*damage);
        damage_telling_[log].add(damage->range);
        spdlog::error("batches cannot be read any more epoch={} stream={} first={} last={}", to_hex(log.first),
                      table_of(log.second), damage->range.first, damage->range.last);
      }
  return damages;
}

/// What a log of an old epoch is known to have reached, by this run, by confirmations, by what left and by what was
/// told; 0: not known.
std::uint64_t StoreImpl::last_known(const OldEpoch& old, record::Stream stream) const {
  std::uint64_t last = old.last_known[index_of(stream)];
  const auto see = [&](const Ranges& ranges) {
    if (!ranges.ranges().empty()) last = std::max(last, ranges.ranges().back().last);
  };
  for (const Ranges& confirmed : holders_of(old.name.epoch, stream)) see(confirmed);
  for (const LogRanges* logs : {&damage_told_, &damage_telling_})
    if (const auto told = logs->find({old.name.epoch, stream}); told != logs->end()) see(told->second);
  if (const auto log = departed_.find({old.name.epoch, stream});
      log != departed_.end() && !log->second.entries().empty())
    last = std::max(last, log->second.entries().back().range.last);
  return last;
}

/// What of `range` the log had, as far as that is known; `last` below `first`: nothing. Damage behind the last batch
/// that can be read hides one at least.
SeqRange StoreImpl::cut_to_known(std::uint64_t epoch, record::Stream stream, SeqRange range) const {
  if (epoch == file_->name().epoch) {
    range.last = std::min(range.last, head(stream).next_seq - 1);
    return range;
  }
  const auto old = std::ranges::find(old_, epoch, [](const OldEpoch& each) { return each.name.epoch; });
  if (old == old_.end()) return {range.first, range.first - 1};
  const auto& extent = old->extents[index_of(stream)];
  const std::uint64_t readable = extent ? extent->last : 0;
  const std::uint64_t known = last_known(*old, stream);
  const std::uint64_t end =
      known > readable ? known : std::max(readable, range.first == readable + 1 ? range.first : 0);
  range.last = std::min(range.last, end);
  return range;
}

/// Of batches of a log, those that neither left nor lie behind its end; in order.
std::vector<SeqRange> StoreImpl::still_recorded(std::uint64_t epoch, record::Stream stream, SeqRange range) const {
  range = cut_to_known(epoch, stream, range);
  if (range.last < range.first) return {};
  Ranges left;
  if (const auto log = departed_.find({epoch, stream}); log != departed_.end())
    for (const Departure& entry : log->second.entries()) left.add(entry.range);
  std::vector<SeqRange> pieces;
  while (const auto missing = left.first_missing(range)) {
    pieces.push_back(*missing);
    if (missing->last == range.last) break;
    range.first = missing->last + 1;
  }
  return pieces;
}

/// When the epoch after an old one began.
std::optional<UtcTime> StoreImpl::ended_at(std::uint64_t epoch) const {
  const auto old = std::ranges::find(old_, epoch, [](const OldEpoch& each) { return each.name.epoch; });
  if (old == old_.end()) return std::nullopt;
  const bool is_last = old + 1 == old_.end();
  const auto reader = EpochReader::open(options_.folder, is_last ? file_->name() : (old + 1)->name);
  return reader ? began_at(**reader) : std::nullopt;
}

/// Batches that cannot be read, with the times of their neighbours; nothing if the epoch cannot be opened now.
std::optional<Eviction> StoreImpl::damage_at(std::uint64_t epoch, record::Stream stream, SeqRange range) const {
  const bool is_newest = epoch == file_->name().epoch;
  const auto old = std::ranges::find(old_, epoch, [](const OldEpoch& each) { return each.name.epoch; });
  if (!is_newest && old == old_.end()) return std::nullopt;
  const auto reader = EpochReader::open(options_.folder, is_newest ? file_->name() : old->name);
  if (!reader) return std::nullopt;
  const auto seq_before = (*reader)->newest(stream, range.first - 1);
  const auto before =
      seq_before && *seq_before ? row_at(**reader, stream, {**seq_before, **seq_before}) : std::optional<StoredBatch>();
  const auto behind = row_at(**reader, stream, {range.last + 1, seq_max});
  Eviction damage{stream, epoch, range, {}, {}, {}, {}};
  damage.damaged = true;
  // At an end of the log the epoch's own beginning and end stand in for the neighbour.
  const auto began = before ? std::nullopt : began_at(**reader);
  const auto ended = behind ? std::nullopt : is_newest ? health().last_commit : ended_at(epoch);
  const auto from = before ? std::optional(before->end) : began;
  const auto until = behind ? std::optional(behind->start) : ended;
  damage.from = from.value_or(until.value_or(UtcTime{}));
  if (!before && until) damage.from = std::min(damage.from, *until);
  damage.until = std::max(damage.from, until.value_or(damage.from));
  damage.unconfirmed = lacking(epoch, stream, damage.range);
  return damage;
}

/// What is told now, with what was: for the transaction that has the events.
LogRanges StoreImpl::damage_told_with_telling() const {
  LogRanges told = damage_told_;
  for (const auto& [log, ranges] : damage_telling_)
    for (const SeqRange& range : ranges.ranges()) told[log].add(range);
  return told;
}

}  // namespace jidian::store

#include "store/retention.hpp"

#include <algorithm>
#include <map>

#include "store/layout.hpp"

namespace jidian::store {
namespace {

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

}  // namespace

Ranges held_by(const std::vector<Ranges>& holders, std::size_t count) {
  Ranges held;
  if (count == 0) {
    held.add({1, seq_max});
    return held;
  }
  std::map<std::uint64_t, int> steps;  // where the number of holders changes, and by how much
  for (const Ranges& holder : holders)
    for (const SeqRange range : holder.ranges()) {
      ++steps[range.first];
      --steps[range.last + 1];
    }
  int holding = 0;
  std::uint64_t since = 0;
  for (const auto& [seq, step] : steps) {
    const bool before = holding >= static_cast<int>(count);
    holding += step;
    const bool after = holding >= static_cast<int>(count);
    if (!before && after) since = seq;
    if (before && !after) held.add({since, seq - 1});
  }
  return held;
}

Eviction& enter(std::vector<Eviction>& ledger, const Eviction& eviction) {
  Eviction* last = nullptr;
  std::size_t entries = 0;
  for (Eviction& entry : ledger) {
    if (entry.epoch != eviction.epoch || entry.stream != eviction.stream) continue;
    ++entries;
    if (last == nullptr || entry.range.last > last->range.last) last = &entry;
  }
  const bool continues = last != nullptr && last->range.last + 1 == eviction.range.first;
  if (last == nullptr || (!continues && entries < ledger_entries_max)) return ledger.emplace_back(eviction);
  last->range.first = std::min(last->range.first, eviction.range.first);
  last->from = std::min(last->from, eviction.from);
  last->until = std::max(last->until, eviction.until);
  if (eviction.range.last > last->range.last) {
    last->range.last = eviction.range.last;
    last->anchor = eviction.anchor;
  }
  for (const std::string& destination : eviction.unconfirmed)
    if (std::ranges::find(last->unconfirmed, destination) == last->unconfirmed.end())
      last->unconfirmed.push_back(destination);
  return *last;
}

Budget Budget::of(std::uint64_t quota_bytes, std::uint64_t old_bytes) {
  Budget budget;
  budget.log_frames_max = std::clamp<std::uint64_t>(quota_bytes / page_bytes / 32, 128, 4000);
  budget.reserve_bytes = budget.log_frames_max * page_bytes * 3 / 2;
  const std::uint64_t others = budget.reserve_bytes + 2 * budget.log_frames_max * page_bytes;
  const std::uint64_t bytes = std::min(quota_bytes - quota_bytes / 8, minus(quota_bytes, old_bytes));
  budget.file_pages_max = std::max(file_pages_min, minus(bytes, others) / page_bytes);
  return budget;
}

}  // namespace jidian::store

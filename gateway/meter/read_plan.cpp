#include "meter/read_plan.hpp"

#include <algorithm>
#include <cassert>

namespace jidian::meter {
namespace {

bool fits(const Registers& read, const Registers& run, ReadLimits limits) {
  if (run.table != read.table) return false;
  if (run.first > read.end() + limits.gap_max) return false;
  return run.end() - read.first <= limits.count_max;
}

}  // namespace

// Runs are taken by their first address. A run that does not fit closes the read: whatever comes later and would still
// have fitted lies inside that run, so nothing is lost by never looking back.
std::vector<Registers> plan_reads(std::span<const Registers> needed, ReadLimits limits) {
  std::vector<Registers> runs(needed.begin(), needed.end());
  std::ranges::sort(runs);

  std::vector<Registers> reads;
  for (const Registers& run : runs) {
    assert(run.count >= 1 && run.count <= limits.count_max && run.end() <= 65536);
    if (reads.empty() || !fits(reads.back(), run, limits)) {
      reads.push_back(run);
    } else {
      Registers& read = reads.back();
      read.count = static_cast<std::uint16_t>(std::max(read.end(), run.end()) - read.first);
    }
  }
  return reads;
}

}  // namespace jidian::meter

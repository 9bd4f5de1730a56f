// What leaves because its time is over.
#include <algorithm>

#include "store/layout.hpp"
#include "store/store_impl.hpp"

namespace jidian::store {
namespace {

/// Rows retired in one transaction, and rows looked at for them. Each such transaction costs a sync and rewrites pages
/// that many a row shares, so rows past their retention wait until they are many …
constexpr std::size_t rows_retired = 512;
constexpr std::size_t rows_looked_at = 640;

/// … or the oldest of them has waited so long.
constexpr Millis retirement_delay_max = std::chrono::hours(6);

}  // namespace

std::chrono::hours StoreImpl::retention_of(record::Stream stream) const {
  constexpr std::chrono::hours half_a_year(183 * 24);
  constexpr std::chrono::hours year(366 * 24);
  const auto found = options_.retention.find(stream);
  if (found != options_.retention.end()) return found->second;
  return stream == record::Stream::reading ? half_a_year : year;
}

bool StoreImpl::is_past_retention(const OldEpoch& old, UtcTime now) const {
  return std::ranges::all_of(record::all_streams, [&](record::Stream stream) {
    const std::size_t i = index_of(stream);
    return !old.extents[i] || old.newest[i] + old.late[i] < now - retention_of(stream);
  });
}

/// Lets go what everybody has and whose time is over. What a clock that may be years ahead takes for old stays.
Status StoreImpl::retire(UtcTime now, ClockTrust clock) {
  for (OldEpoch& old : old_)
    if (!old.readable) examine(old);  // it may have been for a moment only
  if (clock != ClockTrust::sure) return {};
  for (const record::Stream stream : evicted_first)
    if (auto done = retire_rows(stream, now); !done) return done;
  for (std::size_t i = 0; i < old_.size(); ++i)
    if (is_past_retention(old_[i], now) && is_drained(old_[i]))
      return drop(i, losses_of(old_[i]), Parting::retention, now);  // one a round
  return {};
}

/// Deletes some of a log's oldest batches that everybody has and whose time is over, once that is worth a transaction.
Status StoreImpl::retire_rows(record::Stream stream, UtcTime now) {
  const UtcTime cutoff = now - retention_of(stream);
  const std::vector<Ranges> holders = holders_of(file_->name().epoch, stream);
  const auto rows = first_rows(stream, held_by(holders, holders.size()), rows_looked_at);
  if (!rows) return rows.error();
  std::vector<RowTimes> over;
  for (const RowTimes& row : *rows) {
    if (over.size() == rows_retired) break;
    if (row.end < cutoff)
      over.push_back(row);
    else if (!over.empty())
      break;  // what stands side by side goes together
  }
  if (over.empty()) return {};
  const bool due = over.size() == rows_retired || over.front().end < cutoff - retirement_delay_max;
  return due ? evict(stream, over, Parting::retention, now) : Status{};
}

}  // namespace jidian::store

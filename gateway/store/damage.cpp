#include "store/damage.hpp"

#include <utility>

namespace jidian::store {
namespace {

/// Adds to `news` what of `range` is not in `told`.
void add_untold(Ranges& news, const Ranges& told, SeqRange range) {
  while (const auto missing = told.first_missing(range)) {
    news.add(*missing);
    if (missing->last == range.last) return;
    range.first = missing->last + 1;
  }
}

}  // namespace

void Damage::add(std::uint64_t epoch, record::Stream stream, SeqRange range) {
  if (whole_) whole_->add(epoch, stream, range);
  const std::scoped_lock lock(mutex_);
  const auto log = std::pair(epoch, stream);
  Ranges& found = found_[log];
  if (!found.first_missing(range)) return;
  if (count_ >= places_max) {
    ++beyond_;
    return;
  }
  ++count_;
  found.add(range);
  add_untold(new_[log], told_[log], range);
  told_[log].add(range);
}

bool Damage::is_refused_for_good(const record::BatchKey& key) {
  if (whole_) return whole_->is_refused_for_good(key);
  const std::scoped_lock lock(mutex_);
  if (const auto log = found_.find({key.epoch, key.stream}); log != found_.end() && log->second.contains(key.seq))
    return true;
  if (refused_.size() >= refused_max && !refused_.contains(key)) refused_.erase(refused_.begin());
  Refusal& refusal = refused_[key];
  if (!has_rounds_ || refusal.last_round != round_) ++refusal.rounds;
  refusal.last_round = round_;
  if (refusal.rounds < refusals_max) return false;
  refused_.erase(key);
  return true;
}

void Damage::was_read(const record::BatchKey& key) {
  if (whole_) return whole_->was_read(key);
  const std::scoped_lock lock(mutex_);
  if (!refused_.empty()) refused_.erase(key);
}

void Damage::begin_round() {
  const std::scoped_lock lock(mutex_);
  ++round_;
}

std::optional<std::uint64_t> Damage::end_around(const record::BatchKey& key) const {
  if (whole_) return whole_->end_around(key);
  const std::scoped_lock lock(mutex_);
  const auto log = found_.find({key.epoch, key.stream});
  if (log == found_.end()) return std::nullopt;
  for (const SeqRange& range : log->second.ranges())
    if (range.first <= key.seq && key.seq <= range.last) return range.last;
  return std::nullopt;
}

void Damage::know_told(const LogRanges& told) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [log, ranges] : told)
    for (const SeqRange& range : ranges.ranges()) {
      told_[log].add(range);
      new_[log].remove(range);
    }
}

LogRanges Damage::take_new() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(new_, {});
}

void Damage::put_back(std::uint64_t epoch, record::Stream stream, SeqRange range) {
  const std::scoped_lock lock(mutex_);
  new_[{epoch, stream}].add(range);
}

void Damage::forget(std::uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  const auto is_of = [epoch](const auto& entry) { return entry.first.first == epoch; };
  for (LogRanges* logs : {&found_, &told_, &new_}) std::erase_if(*logs, is_of);
  std::erase_if(refused_, [epoch](const auto& entry) { return entry.first.epoch == epoch; });
}

std::uint64_t Damage::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

std::uint64_t Damage::beyond() const {
  const std::scoped_lock lock(mutex_);
  return beyond_;
}

}  // namespace jidian::store

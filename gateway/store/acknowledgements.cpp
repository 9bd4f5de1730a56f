#include "store/acknowledgements.hpp"

namespace jidian::store {

void Acknowledgements::add(const std::string& destination, std::uint64_t epoch, record::Stream stream, SeqRange range) {
  const std::scoped_lock lock(mutex_);
  const Key key{destination, epoch, stream};
  Ranges& ranges = ranges_[key];
  if (!ranges.first_missing(range)) return;
  ranges.add(range);
  changed_.insert(key);
}

Ranges Acknowledgements::get(const std::string& destination, std::uint64_t epoch, record::Stream stream) const {
  const std::scoped_lock lock(mutex_);
  const auto found = ranges_.find({destination, epoch, stream});
  return found == ranges_.end() ? Ranges{} : found->second;
}

void Acknowledgements::load(const AcknowledgedRow& row) {
  const std::scoped_lock lock(mutex_);
  Ranges& ranges = ranges_[{row.destination, row.epoch, row.stream}];
  for (const SeqRange range : row.ranges.ranges()) ranges.add(range);
}

std::vector<AcknowledgedRow> Acknowledgements::all() const {
  const std::scoped_lock lock(mutex_);
  std::vector<AcknowledgedRow> rows;
  for (const auto& [key, ranges] : ranges_)
    rows.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), ranges});
  return rows;
}

bool Acknowledgements::changed() const {
  const std::scoped_lock lock(mutex_);
  return !changed_.empty();
}

std::vector<AcknowledgedRow> Acknowledgements::take_changed() {
  const std::scoped_lock lock(mutex_);
  std::vector<AcknowledgedRow> rows;
  for (const Key& key : changed_) rows.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), ranges_[key]});
  changed_.clear();
  return rows;
}

void Acknowledgements::give_back(const std::vector<AcknowledgedRow>& rows) {
  const std::scoped_lock lock(mutex_);
  for (const AcknowledgedRow& row : rows) changed_.insert({row.destination, row.epoch, row.stream});
}

void Acknowledgements::forget(std::uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  const auto of_epoch = [&](const Key& key) { return std::get<1>(key) == epoch; };
  std::erase_if(ranges_, [&](const auto& entry) { return of_epoch(entry.first); });
  std::erase_if(changed_, of_epoch);
}

}  // namespace jidian::store

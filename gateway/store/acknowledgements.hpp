#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "store/epoch_reader.hpp"
#include "store/ranges.hpp"

namespace jidian::store {

/// What each destination has, in memory, and what of it is not on disk yet. From any thread.
class Acknowledgements {
 public:
  void add(const std::string& destination, std::uint64_t epoch, record::Stream stream, SeqRange range);
  Ranges get(const std::string& destination, std::uint64_t epoch, record::Stream stream) const;

  /// Takes in what a file says. It counts as persisted.
  void load(const AcknowledgedRow& row);
  std::vector<AcknowledgedRow> all() const;

  bool changed() const;
  /// What is not persisted yet; from now on it counts as persisted.
  std::vector<AcknowledgedRow> take_changed();
  /// Takes that back, because persisting failed.
  void give_back(const std::vector<AcknowledgedRow>& rows);

  /// Drops what is known of an epoch that is gone.
  void forget(std::uint64_t epoch);

 private:
  using Key = std::tuple<std::string, std::uint64_t, record::Stream>;
  mutable std::mutex mutex_;
  std::map<Key, Ranges> ranges_;
  std::set<Key> changed_;
};

}  // namespace jidian::store

#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "record/batch.hpp"

namespace jidian::store {

/// Places where the record turned out to be damaged, each counted once. From any thread.
class Damage {
 public:
  Damage() = default;
  /// @param whole  Counts along, if given.
  explicit Damage(std::shared_ptr<Damage> whole) : whole_(std::move(whole)) {}

  void add(const record::BatchKey& key) {
    if (whole_) whole_->add(key);
    const std::scoped_lock lock(mutex_);
    if (places_.size() >= places_max || !places_.insert(key).second) return;
    ++count_;
    new_.insert(key);
  }
  /// Those that were not taken before, in order.
  std::set<record::BatchKey> take_new() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(new_, {});
  }
  std::uint64_t count() const {
    const std::scoped_lock lock(mutex_);
    return count_;
  }

 private:
  static constexpr std::size_t places_max = 4096;  ///< Beyond it the store is a wreck anyway.
  std::shared_ptr<Damage> whole_;
  mutable std::mutex mutex_;
  std::set<record::BatchKey> places_;
  std::set<record::BatchKey> new_;
  std::uint64_t count_ = 0;
};

}  // namespace jidian::store

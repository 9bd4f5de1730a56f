#pragma once

#include <mutex>
#include <utility>

namespace jidian::recorder {

/// A value that one thread keeps up to date and others look at.
template <typename Value>
class Shown {
 public:
  void set(Value value) {
    const std::scoped_lock lock(mutex_);
    value_ = std::move(value);
  }
  Value get() const {
    const std::scoped_lock lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  Value value_;
};

}  // namespace jidian::recorder

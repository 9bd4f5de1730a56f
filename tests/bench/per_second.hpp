#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "base/time.hpp"

namespace jidian::bench {

/// How many of what happened in each second, and in the busiest.
class PerSecond {
 public:
  explicit PerSecond(SteadyTime begin) : begin_(begin) {}

  /// Precondition: not before the beginning.
  void add(SteadyTime at, double amount) {
    const auto index = index_of(at);
    if (index >= amounts_.size()) amounts_.resize(index + 1);
    amounts_[index] += amount;
    most_ = std::max(most_, amounts_[index]);
  }
  double most() const { return most_; }
  double in(SteadyTime at) const {
    const auto index = index_of(at);
    return index < amounts_.size() ? amounts_[index] : 0;
  }

 private:
  std::size_t index_of(SteadyTime at) const {
    return static_cast<std::size_t>((at - begin_) / std::chrono::seconds(1));
  }

  SteadyTime begin_;
  std::vector<double> amounts_;
  double most_ = 0;
};

}  // namespace jidian::bench

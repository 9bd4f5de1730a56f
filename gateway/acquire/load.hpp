#pragma once

#include <array>
#include <cstddef>

#include "base/time.hpp"

namespace jidian::acquire {

/// The share of the last minute a bus was busy. Pure: times are given.
class BusLoad {
 public:
  /// The bus was busy from `from` until `until`. Precondition: calls come in order.
  void add(SteadyTime from, SteadyTime until);

  /// 0…1 over the minute before `now`, or over the time since the first `add` if that is less.
  double share(SteadyTime now) const;

 private:
  static constexpr std::size_t buckets = 12;
  static constexpr Millis bucket_length{5'000};

  struct Bucket {
    Millis::rep number = -1;  ///< Which five seconds of the clock these are.
    Millis busy{0};
  };
  std::array<Bucket, buckets> buckets_;
  SteadyTime began_ = SteadyTime::max();
};

}  // namespace jidian::acquire

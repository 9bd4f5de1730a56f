#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace jidian::recorder {

/// Where destinations ask for another epoch. The newest request counts. `ask` from any thread, the rest by the
/// recorder's.
class EpochRequests {
 public:
  struct Request {
    std::uint64_t after = 0;  ///< The epoch that is to end.
    std::string reason;
  };

  void ask(Request request) {
    const std::scoped_lock lock(mutex_);
    wanted_ = std::move(request);
  }

  /// Nothing if nobody asked, or while it rests.
  std::optional<Request> take(SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    if (not_before_ && now < *not_before_) return std::nullopt;
    return std::exchange(wanted_, std::nullopt);
  }

  /// It could not be carried out: it is taken again, unless somebody asks anew meanwhile.
  void put_back(Request request) {
    const std::scoped_lock lock(mutex_);
    if (!wanted_) wanted_ = std::move(request);
  }

  void rest_until(SteadyTime not_before) {
    const std::scoped_lock lock(mutex_);
    not_before_ = not_before;
  }

 private:
  std::mutex mutex_;  // guards the next two
  std::optional<Request> wanted_;
  std::optional<SteadyTime> not_before_;
};

/// How soon another epoch may follow one that was begun because the file is damaged. The first comes at once, the next
/// after 10 s, then twice as long each time, up to an hour: a disk that spoils every file must not be filled with them,
/// and a second accident must not cost an hour. After an hour without need it begins anew. One thread.
class DamageRest {
 public:
  static constexpr Millis rest_min{10'000};
  static constexpr Millis rest_max = std::chrono::hours(1);

  /// Whether one may be begun now; if so, that counts.
  bool may_begin(SteadyTime now) {
    if (begun_at_ && now - *begun_at_ < rest_) return false;
    const bool goes_on = begun_at_ && now - *begun_at_ < rest_ + rest_max;
    rest_ = goes_on ? std::min(rest_ * 2, rest_max) : rest_min;
    begun_at_ = now;
    return true;
  }

 private:
  std::optional<SteadyTime> begun_at_;
  Millis rest_{0};
};

}  // namespace jidian::recorder

#pragma once

#include <algorithm>
#include <optional>

#include "base/time.hpp"

namespace jidian::recorder {

/// When the view of the newest values goes out to the destinations. Pure.
class LivePace {
 public:
  /// The first view waits this long at most for the first poll of every meter: it takes the place of the one that an
  /// earlier run left at the broker, which shows more than one without meters.
  static constexpr Millis first_patience{30'000};

  /// `interval` 0: never.
  explicit LivePace(Millis interval) : interval_(interval) {}

  /// Whether it goes out now; then the next one is due an interval later. The first call is the beginning.
  /// @param is_whole  Every meter was polled, whether it answered or not.
  bool take_due(SteadyTime now, bool is_whole) {
    if (interval_ == Millis{0}) return false;
    if (!began_) began_ = now;
    const bool is_first = !sent_;
    const Millis pause = is_first ? std::min(interval_, first_patience) : interval_;
    if (now - sent_.value_or(*began_) < pause && !(is_first && is_whole)) return false;
    sent_ = now;
    return true;
  }

 private:
  Millis interval_;
  std::optional<SteadyTime> began_;
  std::optional<SteadyTime> sent_;
};

}  // namespace jidian::recorder

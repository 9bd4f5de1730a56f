#pragma once

#include <optional>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "recorder/pending.hpp"
#include "store/store.hpp"

namespace jidian::recorder {

/// The wall clock was set, or became trustworthy.
struct ClockChange {
  Millis offset{0};  ///< How far it was set; positive: forward.
  bool stepped = false;
  UtcTime before;  ///< What the clock showed when it was last seen right: at most a second or so earlier.
  UtcTime after;
  ClockQuality quality = ClockQuality::unknown;
};

/// Compares the wall clock with the steady one.
class ClockWatch {
 public:
  /// What changed since the last time, if it is worth telling: more than a second since the last change told, or now
  /// synchronised and not before. The first call only looks.
  std::optional<ClockChange> observe(const Instant& now);

 private:
  std::optional<Millis> difference_;  ///< UTC minus steady at the last change told.
  UtcTime seen_{};
  ClockQuality quality_ = ClockQuality::unknown;
};

/// Decides whether the wall clock may say how old batches are.
class AgeWatch {
 public:
  /// Sure once it is synchronised and was not set since the look before; then also in holdover, until it is set. A look
  /// that finds it set, and the first one, are doubtful: what is said of it may be older than that.
  store::ClockTrust look(const Instant& now);

 private:
  std::optional<Millis> difference_;  ///< UTC minus steady at the look before.
  store::ClockTrust trust_ = store::ClockTrust::doubtful;
};

/// The `clock` event of a change.
domain::Event event_of(const ClockChange& change);

/// How far the clock was set, as such an event tells; positive: forward. 0 if it was not, or another event is given.
Millis step_told(const domain::Event& event);

}  // namespace jidian::recorder

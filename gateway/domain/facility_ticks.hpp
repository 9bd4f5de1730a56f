#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "domain/facility_gauge.hpp"
#include "domain/state_tracker.hpp"

namespace jidian::domain {

/// A tick whose state is final, and what it is told from.
struct JudgedTick {
  UtcTime at;
  FacilityState state = FacilityState::unknown;
  UtcTime decided_at;                             ///< The tick that made it sure: this one, or one that follows.
  std::optional<std::int64_t> total;              ///< mW, mA or the status.
  std::vector<std::optional<MeterShare>> shares;  ///< By `FacilityGauge::meters`; nothing: no poll of this tick.
};

/// Brings the polls of a facility's meters together by ticks: the multiples of its longest period since 1970. The
/// sample of a meter is its poll in (tick − its period, tick]. A tick is judged once every meter has shown one of it or
/// a later one, or after `patience`; what ended later than that is not in it. So the outcome depends on the polls alone
/// and not on the order in which buses deliver them, as long as each meter's come in order.
class FacilityTicks {
 public:
  using Judged = std::vector<JudgedTick>;

  /// Polls of one meter that wait for others at most; then the others are taken as missing.
  static constexpr std::size_t polls_waiting_max = 4'096;

  /// Ticks that a clock which goes on leaves to be judged in one go, at most: an hour of the shortest there are, which
  /// is what is read back after a restart. Beyond it somebody set the clock.
  static constexpr std::int64_t ticks_at_once_max = 36'000;

  /// `manifest` outlives this.
  FacilityTicks(const Manifest& manifest, const FacilityEntry& facility);

  bool is_told() const { return !gauge_.meters().empty(); }
  const FacilityGauge& gauge() const { return gauge_; }
  Millis length() const { return gauge_.period(); }

  /// How long a tick waits for its meters: two ticks, at least 10 s.
  Millis patience() const { return patience_; }

  /// Whether `time` lies further ahead than is judged in one go. Who does not `skip_to` it first has all of it judged.
  bool is_jump_to(UtcTime time) const;

  /// A poll of meter number `which` of the gauge, in time order. What is final now is appended.
  void add(std::size_t which, const Poll& poll, Judged& judged);

  /// Judges the ticks whose patience is over.
  void close_overdue(UtcTime now, Judged& judged);

  /// The time from `seen` (the newest poll of anybody) until `now` was not lived through. Ticks up to `seen` are
  /// judged, as many as may be in one go. Whether ticks were left out or come again.
  bool skip_to(UtcTime seen, UtcTime now, Judged& judged);

 private:
  struct Sample {
    UtcTime slot;
    UtcTime end;
    MeterShare share;
  };
  struct Member {
    Millis period{0};
    std::optional<UtcTime> newest;  ///< Slot of its newest poll.
    std::deque<Sample> samples;     ///< Those that later ticks may need.
  };

  UtcTime first_tick(UtcTime from) const;
  bool is_shown() const;
  void judge_next(Judged& judged);
  void start_over(UtcTime first, Judged& judged);
  void hand_out(UtcTime decided_at, Judged& judged);

  FacilityGauge gauge_;
  Millis patience_{0};
  StateTracker tracker_;
  std::vector<Member> members_;
  std::optional<UtcTime> next_;     ///< The tick to be judged next.
  std::deque<JudgedTick> waiting_;  ///< Judged by itself, not final.
  StateTracker::States states_;     ///< Kept for its memory.
};

}  // namespace jidian::domain

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "domain/facility.hpp"

namespace jidian::domain {

/// What one tick showed by itself.
enum class Shown : std::uint8_t {
  nothing,  ///< Not observed, or it contradicts itself.
  no_voltage,
  below_stop,
  stop_to_start,  ///< Between the two levels: what it was before stands.
  at_idle,
  idle_to_run,  ///< Likewise.
  at_run,
};

/// Tells the states of a facility, tick by tick: levels with hysteresis, a new state only once it has shown on `hold`
/// ticks in a row, and then from the first of them. Pure.
///
/// A tick that was not observed is `unknown`, and takes with it what depends on it: a state is told for a tick only if
/// it would be the same whatever the ticks that are missing might have shown. So a lost tick costs itself while the
/// facility is steady; where `hold` of them in a row might have hidden a change, the state is told anew from levels
/// that need no past, and what lies between two levels is unknown until then.
class StateTracker {
 public:
  using States = std::vector<FacilityState>;

  /// Precondition: hold > 0.
  StateTracker(std::uint32_t hold, bool tells_idle) : hold_(hold), tells_idle_(tells_idle) {}

  /// The next tick. The states of the ticks that are sure now are appended to `states`, in order, one for each tick
  /// that was fed; at most `hold` − 1 wait.
  void feed(Shown shown, States& states);

  /// `count` ticks follow of which nothing is said, because nobody was there. Those that wait are unknown.
  void pass_over(std::uint64_t count, States& states);

  /// Nothing of the past holds any more. Those that wait are unknown.
  void reset(States& states);

  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Candidate {
    std::optional<FacilityState> state;  ///< Nothing: not observed.
    bool is_plain = false;               ///< It does not depend on the state before.
  };

  Candidate candidate_of(Shown shown) const;
  void settle(std::size_t count, std::optional<FacilityState> seen, States& states);
  bool may_hide_a_change() const { return waiting_.size() + passed_ >= hold_; }
  void lose_base(States& states);
  void be_sure_of(FacilityState state);
  void feed_nothing(States& states);

  std::uint32_t hold_;
  bool tells_idle_;
  std::optional<FacilityState> base_;  ///< The state that is sure; nothing while none is.
  std::vector<Candidate> waiting_;     ///< The ticks since the last one whose state was sure.
  std::uint32_t run_ = 0;              ///< How many of the last of them show the same new state.
  std::uint32_t passed_ = 0;           ///< Ticks among them of which nothing is said.
  bool has_hole_ = false;              ///< One of these was not observed.
};

}  // namespace jidian::domain

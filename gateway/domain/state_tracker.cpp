#include "domain/state_tracker.hpp"

#include <algorithm>

namespace jidian::domain {

StateTracker::Candidate StateTracker::candidate_of(Shown shown) const {
  switch (shown) {
    case Shown::nothing:
      return {};
    case Shown::no_voltage:
      return {FacilityState::de_energised, true};
    case Shown::below_stop:
      return {FacilityState::stopped, true};
    case Shown::at_idle:
      return {FacilityState::idle, true};
    case Shown::at_run:
      return {FacilityState::running, true};
    case Shown::stop_to_start:
      if (!base_) return {};
      // From without voltage it comes from below, and has not reached the level to start.
      if (*base_ == FacilityState::stopped || *base_ == FacilityState::de_energised)
        return {FacilityState::stopped, false};
      return {tells_idle_ ? FacilityState::idle : FacilityState::running, false};
    case Shown::idle_to_run:
      if (!base_) return {};
      return {*base_ == FacilityState::running ? FacilityState::running : FacilityState::idle, false};
  }
  return {};
}

/// The first `count` of those that wait: unknown where nothing was observed, else `seen`, else unknown.
void StateTracker::settle(std::size_t count, std::optional<FacilityState> seen, States& states) {
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto it = waiting_.begin(); it != end; ++it)
    states.push_back(it->state && seen ? *seen : FacilityState::unknown);
  waiting_.erase(waiting_.begin(), end);
}

/// A change may have been missed: only a run of like levels that need no past goes on.
void StateTracker::lose_base(States& states) {
  base_.reset();
  has_hole_ = false;
  passed_ = 0;
  const auto run_start = waiting_.end() - static_cast<std::ptrdiff_t>(run_);
  if (!std::all_of(run_start, waiting_.end(), [](const Candidate& it) { return it.is_plain; })) run_ = 0;
  settle(waiting_.size() - run_, std::nullopt, states);
}

void StateTracker::be_sure_of(FacilityState state) {
  base_ = state;
  run_ = 0;
  passed_ = 0;
  has_hole_ = false;
}

void StateTracker::feed_nothing(States& states) {
  waiting_.push_back({});
  run_ = 0;
  has_hole_ = true;
  if (!base_ || may_hide_a_change()) lose_base(states);
}

void StateTracker::feed(Shown shown, States& states) {
  const Candidate seen = candidate_of(shown);
  if (!seen.state) return feed_nothing(states);
  if (seen.state == base_) {
    // Fewer than `hold` ticks lie between, or none of them was missing: it has been this state throughout.
    settle(waiting_.size(), base_, states);
    states.push_back(*base_);
    return be_sure_of(*base_);
  }
  if (run_ > 0 && seen.state != waiting_.back().state) {
    if (!has_hole_) settle(waiting_.size(), base_, states);  // what did not last never was
    run_ = 0;
  }
  waiting_.push_back(seen);
  ++run_;
  if (run_ >= hold_) {
    settle(waiting_.size() - run_, std::nullopt, states);
    settle(waiting_.size(), seen.state, states);
    be_sure_of(*seen.state);
  } else if (base_ && has_hole_ && may_hide_a_change()) {
    lose_base(states);
  }
}

void StateTracker::pass_over(std::uint64_t count, States& states) {
  if (count == 0) return;
  // Counted like ticks that were not observed, but nothing is said of them.
  const std::uint64_t since_sure = waiting_.size() + passed_ + count;
  settle(waiting_.size(), std::nullopt, states);
  run_ = 0;
  if (!base_) return;
  if (since_sure >= hold_) return lose_base(states);
  passed_ = static_cast<std::uint32_t>(since_sure);
  has_hole_ = true;
}

void StateTracker::reset(States& states) {
  run_ = 0;
  lose_base(states);
}

}  // namespace jidian::domain

#include "domain/facility_ticks.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace jidian::domain {
namespace {

constexpr Millis tick_patience_min = std::chrono::seconds(10);

/// From the end of a poll until it is here: what ended in time must not be judged as missing.
constexpr Millis delivery_most = std::chrono::seconds(1);

}  // namespace

FacilityTicks::FacilityTicks(const Manifest& manifest, const FacilityEntry& facility)
    : gauge_(manifest, facility),
      patience_(std::max(2 * gauge_.period(), tick_patience_min)),
      tracker_(std::max(facility.run.hold, 1U), facility.run.tells_idle()) {
  for (const MeterIndex meter : gauge_.meters()) members_.push_back({manifest.meters[meter].period, {}, {}});
}

/// The first tick that is not before `from`.
UtcTime FacilityTicks::first_tick(UtcTime from) const {
  const auto length = gauge_.period().count();
  const auto past = from.time_since_epoch().count() % length;
  if (past == 0) return from;
  return from + Millis{past > 0 ? length - past : -past};
}

bool FacilityTicks::is_shown() const {
  return std::ranges::all_of(
      members_, [&](const Member& member) { return member.newest && *member.newest > *next_ - member.period; });
}

bool FacilityTicks::is_jump_to(UtcTime time) const {
  return next_ && time - *next_ > ticks_at_once_max * gauge_.period();
}

void FacilityTicks::add(std::size_t which, const Poll& poll, Judged& judged) {
  Member& member = members_[which];
  if (!next_) next_ = first_tick(poll.slot);
  // It goes back further than any delay explains: the clock was set.
  if (member.newest && poll.slot + patience_ < *member.newest) start_over(first_tick(poll.slot), judged);
  if (member.newest && poll.slot <= *member.newest) return;  // told twice
  member.newest = poll.slot;
  if (poll.slot > *next_ - member.period) {
    member.samples.push_back({poll.slot, poll.end, gauge_.measure(which, poll)});
    if (member.samples.size() > polls_waiting_max) judge_next(judged);
  }
  while (is_shown()) judge_next(judged);
}

void FacilityTicks::close_overdue(UtcTime now, Judged& judged) {
  while (next_ && now >= *next_ + patience_ + delivery_most) judge_next(judged);
}

void FacilityTicks::judge_next(Judged& judged) {
  const UtcTime tick = *next_;
  JudgedTick entry{tick, FacilityState::unknown, tick, std::nullopt, {}};
  for (Member& member : members_) {
    std::optional<MeterShare> share;
    while (!member.samples.empty() && member.samples.front().slot <= tick) {
      const Sample& sample = member.samples.front();
      if (sample.slot > tick - member.period && sample.end <= tick + patience_)
        share = sample.share;
      else
        share.reset();
      member.samples.pop_front();
    }
    entry.shares.push_back(share);
  }
  entry.total = gauge_.total(entry.shares);
  const Shown shown = gauge_.judge(entry.shares);
  waiting_.push_back(std::move(entry));
  *next_ += gauge_.period();
  tracker_.feed(shown, states_);
  hand_out(tick, judged);
}

void FacilityTicks::hand_out(UtcTime decided_at, Judged& judged) {
  for (const FacilityState state : std::exchange(states_, {})) {
    waiting_.front().state = state;
    waiting_.front().decided_at = decided_at;
    judged.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

bool FacilityTicks::skip_to(UtcTime seen, UtcTime now, Judged& judged) {
  const UtcTime first = first_tick(now);
  if (!next_) {
    next_ = first;
    return true;
  }
  const UtcTime last = std::min(seen, *next_ + ticks_at_once_max * gauge_.period());
  while (*next_ <= last && *next_ < first) judge_next(judged);
  const UtcTime decided_at = *next_ - gauge_.period();
  if (first == *next_) return false;
  if (first > *next_) {
    tracker_.pass_over(static_cast<std::uint64_t>((first - *next_) / gauge_.period()), states_);
    hand_out(decided_at, judged);
    next_ = first;
  } else {
    start_over(first, judged);
  }
  return true;
}

/// The time since `first` comes again: nothing holds that was seen of it.
void FacilityTicks::start_over(UtcTime first, Judged& judged) {
  tracker_.reset(states_);
  hand_out(*next_ - gauge_.period(), judged);
  for (Member& member : members_) {
    member.newest.reset();
    member.samples.clear();
  }
  next_ = first;
}

}  // namespace jidian::domain

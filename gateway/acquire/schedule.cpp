#include "acquire/schedule.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace jidian::acquire {
namespace {

/// Labels are not used twice if waiting for new ones costs at most this; after a larger step back the clock's hour is
/// lived a second time.
constexpr Millis repeat_wait_max{60'000};

/// The first slot of `entry` at or after `now`.
UtcTime slot_from(const Schedule::Entry& entry, UtcTime now) {
  const Millis since = now.time_since_epoch() - entry.offset;
  const Millis into = ((since % entry.period) + entry.period) % entry.period;  // 0 on a slot; also before 1970
  return into == Millis{0} ? now : now + (entry.period - into);
}

}  // namespace

bool is_edge(UtcTime slot) {
  constexpr Millis quarter = std::chrono::minutes(15);
  return slot.time_since_epoch() % quarter == Millis{0};
}

Schedule::Schedule(const std::vector<Entry>& entries, UtcTime now) {
  states_.reserve(entries.size());
  for (const Entry& entry : entries) {
    assert(entry.period > Millis{0});
    states_.push_back({entry, slot_from(entry, now), std::nullopt, 0});
  }
}

std::optional<Slot> Schedule::take_due(UtcTime now) {
  // Among equals the one served longest ago: an overloaded bus starves nobody.
  const auto rank = [](const State& s) {
    return std::tuple{s.next, is_edge(s.next) && !s.entry.has_counters, s.served};
  };
  const auto first = std::ranges::min_element(states_, {}, rank);
  if (first == states_.end() || first->next > now) return std::nullopt;

  const auto passed = static_cast<std::uint64_t>((now - first->next) / first->entry.period);
  const UtcTime due = first->next + first->entry.period * static_cast<Millis::rep>(passed);
  first->last = due;
  first->served = ++served_;
  first->next = due + first->entry.period;
  return Slot{static_cast<std::size_t>(first - states_.begin()), due, passed};
}

UtcTime Schedule::next_due() const {
  const auto first = std::ranges::min_element(states_, {}, &State::next);
  return first == states_.end() ? UtcTime::max() : first->next;
}

void Schedule::realign(UtcTime now) {
  for (State& state : states_) {
    state.next = slot_from(state.entry, now);
    if (state.last && state.next <= *state.last && *state.last - state.next < repeat_wait_max)
      state.next = *state.last + state.entry.period;
  }
}

}  // namespace jidian::acquire

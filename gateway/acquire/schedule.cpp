#include "acquire/schedule.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "domain/slots.hpp"

namespace jidian::acquire {
namespace {

using QuarterHours = std::chrono::duration<Millis::rep, std::ratio<900>>;

/// The first slot of `entry` at or after `now`.
UtcTime slot_from(const Schedule::Entry& entry, UtcTime now) {
  const Millis since = now.time_since_epoch() - entry.offset;
  const Millis into = ((since % entry.period) + entry.period) % entry.period;  // 0 on a slot; also before 1970
  return into == Millis{0} ? now : now + (entry.period - into);
}

/// The same without those up to `last`, if waiting for that costs little.
UtcTime new_slot_from(const Schedule::Entry& entry, UtcTime now, std::optional<UtcTime> last) {
  const UtcTime next = slot_from(entry, now);
  if (!last || next > *last || *last - next >= domain::repeat_wait_max) return next;
  return slot_from(entry, *last + Millis{1});
}

}  // namespace

UtcTime quarter_of(UtcTime slot) {
  return std::chrono::floor<QuarterHours>(slot);
}

Schedule::Schedule(const std::vector<Entry>& entries, UtcTime now) {
  states_.reserve(entries.size());
  for (const Entry& entry : entries) {
    assert(entry.period > Millis{0});
    states_.push_back({entry, new_slot_from(entry, now, entry.last), entry.last, 0});
  }
}

/// Before the first slot it serves nobody knows when a meter was read last: then an edge is what has no slot before it
/// in its quarter hour.
bool Schedule::is_edge(const State& state, UtcTime slot) {
  if (!state.entry.has_counters) return false;
  if (state.last) return quarter_of(*state.last) != quarter_of(slot);
  return slot - quarter_of(slot) < state.entry.period;
}

/// The slot that is served if the meter is at `now`: its latest one. Precondition: one is due.
UtcTime Schedule::due_at(const State& state, UtcTime now) {
  return state.next + (now - state.next) / state.entry.period * state.entry.period;
}

Slot Schedule::take(State& state, UtcTime now) {
  const UtcTime due = due_at(state, now);
  const auto passed = static_cast<std::uint64_t>((due - state.next) / state.entry.period);
  state.last = due;
  state.served = ++served_;
  state.next = due + state.entry.period;
  return Slot{static_cast<std::size_t>(&state - states_.data()), due, passed};
}

std::optional<Slot> Schedule::take_due(UtcTime now) {
  // Among equals the one served longest ago: an overloaded bus starves nobody.
  const auto rank = [](const State& s) { return std::tuple{s.next, s.served}; };
  const auto first = std::ranges::min_element(states_, {}, rank);
  if (first == states_.end() || first->next > now) return std::nullopt;
  return take(*first, now);
}

std::optional<Slot> Schedule::take_edge(UtcTime now, const std::function<bool(std::size_t)>& is_busy) {
  State* first = nullptr;
  for (State& state : states_) {
    if (state.next > now || !is_edge(state, due_at(state, now))) continue;
    if (is_busy && is_busy(static_cast<std::size_t>(&state - states_.data()))) continue;
    if (first == nullptr || state.served < first->served) first = &state;
  }
  if (first == nullptr) return std::nullopt;
  return take(*first, now);
}

UtcTime Schedule::next_due() const {
  const auto first = std::ranges::min_element(states_, {}, &State::next);
  return first == states_.end() ? UtcTime::max() : first->next;
}

UtcTime Schedule::next_edge() const {
  UtcTime next = UtcTime::max();
  for (const State& state : states_) {
    if (!state.entry.has_counters) continue;
    const UtcTime quarter_end = quarter_of(state.next) + QuarterHours{1};
    next = std::min(next, is_edge(state, state.next) ? state.next : slot_from(state.entry, quarter_end));
  }
  return next;
}

void Schedule::realign(UtcTime now) {
  for (State& state : states_) state.next = new_slot_from(state.entry, now, state.last);
}

}  // namespace jidian::acquire

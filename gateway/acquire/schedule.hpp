#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace jidian::acquire {

/// A slot that is due (or will be).
struct Slot {
  std::size_t meter = 0;  ///< Position in the schedule.
  UtcTime due;
  std::uint64_t skipped = 0;  ///< Slots of this meter that passed unserved before this one.
};

/// The beginning of the quarter hour that `slot` lies in. Edges of hours, shifts and local days are edges of quarter
/// hours, too.
UtcTime quarter_of(UtcTime slot);

/// Fixed-rate slots of the meters of one bus, aligned to the wall clock: slots are the multiples of the period since
/// 1970-01-01T00:00Z, shifted by the meter's own offset. Missed slots are skipped and counted, never bunched. Pure.
class Schedule {
 public:
  struct Entry {
    Millis period{1000};
    Millis offset{0};                            ///< Spreads the meters of a bus inside their period.
    bool has_counters = false;                   ///< Its counts are what a quarter hour is told from.
    std::optional<UtcTime> last = std::nullopt;  ///< The slot that another schedule served last.
  };

  /// Begins at `now`. Where another schedule served a meter before, its slots are not repeated, as after `realign`.
  explicit Schedule(const std::vector<Entry>& entries, UtcTime now);

  /// The slot of a meter that was served last, by this schedule or by the one before.
  std::optional<UtcTime> last(std::size_t meter) const { return states_[meter].last; }

  /// The slot to serve at `now`: the longest overdue, among equals the one served longest ago; nothing if none is
  /// due. Taking it moves the meter to its next slot.
  std::optional<Slot> take_due(UtcTime now);

  /// Of the slots due at `now` one that is an edge: a meter's first in a quarter hour (and so in an hour, a shift, a
  /// day), if the meter has counters; the one served longest ago first. These are to be taken before all others.
  /// @param is_busy  Meters that are left out: their edge stays due. Empty: none.
  std::optional<Slot> take_edge(UtcTime now, const std::function<bool(std::size_t)>& is_busy = {});

  /// When the next slot is due; `UtcTime::max()` if there is no meter.
  UtcTime next_due() const;

  /// When the next edge is due; `UtcTime::max()` if no meter has counters.
  UtcTime next_edge() const;

  /// The wall clock stepped: slots are laid anew from `now`. Slots the step jumped over never existed, so they are not
  /// counted as skipped. After a step back of up to a minute no slot is repeated: the next one is the first after the
  /// last one served. After a larger step the clock lives those slots a second time.
  void realign(UtcTime now);

 private:
  struct State {
    Entry entry;
    UtcTime next;
    std::optional<UtcTime> last;  ///< The slot served last.
    std::uint64_t served;         ///< When that was, in slots of this schedule.
  };

  static bool is_edge(const State& state, UtcTime slot);
  static UtcTime due_at(const State& state, UtcTime now);
  Slot take(State& state, UtcTime now);

  std::vector<State> states_;
  std::uint64_t served_ = 0;
};

}  // namespace jidian::acquire

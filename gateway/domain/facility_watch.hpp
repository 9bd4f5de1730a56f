#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/facility.hpp"
#include "domain/facility_telling.hpp"
#include "domain/facility_ticks.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// What the facilities do, from the polls of their meters: stretches of states, and an event for each change. Pure.
///
/// A facility has ticks, the multiples of the longest period of the meters its rule names. `FacilityTicks` says which
/// polls belong to a tick, `StateTracker` which state it has, `FacilityTelling` what becomes an event.
///
/// After a restart the polls on record are handed in again (`recall`), with the events of that time before them: then
/// the stretches are those of the run that saw them, and what was told is not told again. Facilities without a rule
/// have neither stretches nor events.
class FacilityWatch {
 public:
  /// `manifest` outlives this.
  explicit FacilityWatch(const Manifest& manifest);

  /// An event of an earlier run, in order of time: changes told, and instants from which on it lived: starts, steps of
  /// the clock. Before its polls.
  void restore(const Event& event);

  /// A poll of an earlier run, in time order for each meter.
  void recall(const Poll& poll, std::vector<Stretch>& stretches, std::vector<Event>& events);

  /// Goes on as `before` would: what it told of the facilities in `unchanged` (ids) is not told again, the states of
  /// all others are told anew. Behind the polls on record.
  void go_on(const FacilityWatch& before, const std::vector<std::string>& unchanged);

  /// A poll, in time order for each meter, with or without values. One that lies further ahead than the polls of a
  /// clock that goes on can (`FacilityTicks::ticks_at_once_max`) skips there.
  void add(const Poll& poll, std::vector<Stretch>& stretches, std::vector<Event>& events);

  /// What waited for its meters long enough.
  void close_overdue(UtcTime now, std::vector<Stretch>& stretches, std::vector<Event>& events);

  /// The time until `now` was not lived through: the box was off, or the clock was set. States are told anew.
  void skip_to(UtcTime now, std::vector<Stretch>& stretches, std::vector<Event>& events);

  /// By facility. Those without a rule are unknown since no time.
  std::vector<FacilityNow> now() const;

 private:
  struct Facility {
    FacilityTicks ticks;
    FacilityTelling telling;
    std::optional<FacilityState> known;  ///< The last state that was not unknown, of the time without a hole.
  };
  struct Out {
    std::vector<Stretch>& stretches;
    std::vector<Event>& events;
  };

  void take(std::size_t index, const FacilityTicks::Judged& judged, Out out);
  void take_poll(const Poll& poll, Out out);
  void skip(UtcTime now, Out out);
  void skip(std::size_t index, UtcTime now, Out out);

  std::vector<Facility> facilities_;
  std::vector<std::vector<std::pair<std::size_t, std::size_t>>> uses_;  ///< By meter: facility, number in its gauge.
  std::vector<FacilityIndex> indices_;                                  ///< By entry of `facilities_`.
  std::vector<std::string> ids_;                                        ///< Likewise.
  FacilityTicks::Judged judged_;                                        ///< Kept for its memory.
  std::size_t facility_count_ = 0;
  std::optional<UtcTime> seen_;  ///< The newest slot of any poll since the last skip.
  std::vector<UtcTime> skips_;   ///< Of the earlier run, ahead of what was recalled.
  bool is_recall_ = false;
};

}  // namespace jidian::domain

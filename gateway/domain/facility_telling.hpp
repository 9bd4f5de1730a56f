#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/event.hpp"
#include "domain/facility_now.hpp"
#include "domain/facility_ticks.hpp"

namespace jidian::domain {

/// Tells the changes of one facility's state as events, each with its evidence. `unknown` is told when three ticks in a
/// row are; a lost poll is no news. At most 20 an hour: what comes beyond is drawn together with the next one, and
/// counted.
class FacilityTelling {
 public:
  static constexpr std::size_t events_an_hour_max = 20;
  static constexpr std::uint32_t unknown_ticks = 3;

  /// `manifest` outlives this.
  FacilityTelling(const Manifest& manifest, const FacilityEntry& facility, const FacilityGauge& gauge)
      : manifest_(manifest), facility_(facility), meters_(gauge.meters()), tick_length_(gauge.period()) {}

  /// An event of this facility on record. While an earlier run is recalled, no change is told up to its time again.
  void restore(const Event& event);

  /// What `before` told of the same facility is not told again.
  void go_on(const FacilityTelling& before);

  /// The next tick. `is_recall`: it is of an earlier run.
  void note(const JudgedTick& tick, bool is_recall, std::vector<Event>& events);

  /// Nobody was there: nothing is known, and the next state is told even if it is the one before.
  void begin_anew();

  const FacilityNow& now() const { return now_; }

 private:
  void change_to(FacilityState state, const JudgedTick& tick, UtcTime since, bool is_recall,
                 std::vector<Event>& events);
  bool may_tell(UtcTime now);
  Event event_of(const JudgedTick& tick, FacilityState before) const;
  void add_values(const JudgedTick& tick, Event& event) const;
  void add_levels(Event& event) const;

  const Manifest& manifest_;
  const FacilityEntry& facility_;
  std::vector<MeterIndex> meters_;
  Millis tick_length_;
  FacilityNow now_;
  bool is_anew_ = true;  ///< Nothing was told since the start.
  std::uint32_t unknown_run_ = 0;
  std::optional<JudgedTick> unknown_first_;
  std::optional<UtcTime> recorded_until_;  ///< What began up to here is on record.
  std::deque<UtcTime> told_at_;            ///< Within the last hour.
  std::uint64_t passed_over_ = 0;
};

}  // namespace jidian::domain

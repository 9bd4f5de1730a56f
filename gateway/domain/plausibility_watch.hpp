#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/contradictions.hpp"
#include "domain/counter_watch.hpp"
#include "domain/event.hpp"
#include "domain/gauge.hpp"
#include "domain/interval.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// What came of polls besides marks.
struct Findings {
  std::vector<Event> events;
  /// Counters of the poll's meter that were taken at another level: no difference goes across.
  std::vector<std::uint16_t> restarted;

  void clear() {
    events.clear();
    restarted.clear();
  }
};

/// Looks at every poll for values that contradict their neighbours or their past. A doubted value gets quality
/// `implausible` in place of `ok`; no value is changed, none is dropped. Pure; costs no allocation while all is well.
///
/// Marks: a counter's value that fell or jumped, until it is back or taken as its new level; a current of 0 under load;
/// total and phases that no longer add up, where they once did. Only told: a reversed transformer, a value that stands
/// still, phases that never added up: these are wrong wirings or wrong assumptions, and the values are what the meter
/// means.
///
/// Each check of each meter is told when a contradiction has lasted as long as the rules say and when it is over, both
/// at most once an hour.
class PlausibilityWatch {
 public:
  /// `manifest` outlives this.
  explicit PlausibilityWatch(const Manifest& manifest);

  /// A recorded poll of an earlier run, in time order: counters go on from there. Gives those that were taken at
  /// another level with it: no difference goes across.
  std::vector<std::uint16_t> remember(const Poll& poll);

  /// A row of an earlier run, in order of time, before its polls: where a counter has no poll on record, it goes on
  /// from the end of its last quarter hour. Counts before `since` are another meter's.
  void remember(const IntervalRow& row, UtcTime since);

  /// Goes on as `before` would with its meter `theirs`, which is called `ours` here and says the same of itself.
  void take_over(const PlausibilityWatch& before, MeterIndex theirs, MeterIndex ours);

  /// Another meter stands in the place of this one: its counters are at another level.
  void begin_anew(MeterIndex meter);

  /// The next poll of a meter. Appends to `findings`.
  void judge(Poll& poll, Findings& findings);

 private:
  struct Finding {
    Tally tally;
    PhaseSet phases = 0;
    bool is_told = false;
    UtcTime since{};
    std::optional<UtcTime> told_at;
  };
  struct Standing {
    std::uint64_t bits = 0;
    UtcTime since{};  ///< The epoch of 1970: it was not seen yet.
    bool is_set() const { return since != UtcTime{}; }
  };
  /// When a counter's new level was told last.
  struct CounterTold {
    std::optional<UtcTime> fell;
    std::optional<UtcTime> jumped;
  };
  struct Meter {
    std::vector<CounterWatch> counters;
    std::vector<Standing> standing;  ///< Of the gauge's `moving`, then of its counters (`since`: under load).
    std::optional<UtcTime> looked_at;
    Rating rating;
    std::array<std::uint64_t, 2> ratio_bits{};
    bool is_rated = false;
    std::uint32_t sums_agreed = 0;
    std::array<Finding, all_checks.size()> findings;
    std::vector<CounterTold> counter_told;
  };
  using Facts = std::vector<std::pair<std::string, std::string>>;

  void rate(const Gauge& gauge, Meter& meter, const Poll& poll);
  CounterWatch::Bounds bounds_of(MeterIndex meter) const;
  void judge_counters(Poll& poll, Findings& findings);
  void judge_phases(Poll& poll, Findings& findings);
  void judge_standing(Poll& poll, Findings& findings);
  bool note(Poll& poll, Check check, PhaseVerdict verdict, std::uint32_t polls_needed, Findings& findings);
  void tell(const Poll& poll, Check check, bool begins, Findings& findings);
  void tell_counter(const Poll& poll, std::size_t counter, CounterWatch::Outcome outcome, Findings& findings);
  Facts facts_of(const Poll& poll, Check check) const;
  Verdict stands_still(const Poll& poll);
  std::vector<std::size_t> standing_points(const Poll& poll) const;

  Finding& finding(const Poll& poll, Check check) {
    return meters_[poll.meter].findings[static_cast<std::size_t>(check)];
  }

  const Manifest& manifest_;
  std::vector<Gauge> gauges_;
  std::vector<Meter> meters_;
};

}  // namespace jidian::domain

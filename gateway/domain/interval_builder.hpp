#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "domain/interval.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// Turns polls into minute and quarter-hour rows, aligned to UTC and labelled by their start. Pure.
///
/// A poll belongs to the interval its slot lies in. A row is complete with the meter's first poll of a later interval,
/// or once two periods (at least 10 s) have passed without one; a poll that comes later still is in no row, which
/// `polls_made` shows. Rows without any poll are made while the gateway runs, so that a silent meter is visible.
/// A meter that goes and comes back within an interval has two rows of it, each of which expects the polls of its part.
///
/// - Instantaneous points: extremes and sum of the interval's good samples.
/// - Counters: `first` is the sample that ended the row before, `last` the one nearest the end, be it before or after
///   it, but for one behind it that another ratio multiplies. Differences telescope exactly. After a hole `first_at`
///   lies far before the row: the difference covers the hole.
/// - States and attributes: the first and the last sample inside.
///
/// Where the clock is set back, counters go on from their last sample before it: that `first_at` is by the clock of
/// then, and lies behind `last_at`.
///
/// Where the meter is exchanged, a counter begins anew as well.
///
/// Where a point's scale point changes, numbers before and after are not comparable, and a row has one exponent: a row
/// that saw both has no samples of the point, a counter's no edges either. The counter goes on with the next row, from
/// the newest count behind the change.
///
/// Values outside their range and implausible ones are in no sum and no edge. Fields without a value are 0 and their
/// instants unset.
class IntervalBuilder {
 public:
  using Rows = std::vector<IntervalRow>;

  /// Rows of which lengths are made, each for itself.
  static constexpr std::array lengths{std::chrono::seconds{60}, std::chrono::seconds{900}};

  /// `manifest` outlives this.
  explicit IntervalBuilder(const Manifest& manifest);

  /// A row of an earlier run, in the order in which they were made: what follows begins at its end.
  void restore(const IntervalRow& row);

  /// One of a time that the clock was set back from, `to`: counters go on from its last counts, and nothing else does.
  void restore_counts(const IntervalRow& row, UtcTime to);

  /// Goes on as `before` would with its meter `theirs`, which is called `ours` here and has the same points and period.
  void take_over(const IntervalBuilder& before, MeterIndex theirs, MeterIndex ours) {
    meters_[ours] = before.meters_[theirs];
  }

  /// The meter was exchanged for another one at `since`: no counter's row goes from a sample before that to one behind
  /// it; the first sample behind it begins anew. At any time before the polls behind `since`, or late.
  void begin_anew(MeterIndex meter, UtcTime since) { meters_[meter].since = since; }

  /// A poll of a meter, in time order, with or without values. Completed rows are appended to `rows`.
  void add(const Poll& poll, Rows& rows);

  /// A counter is taken at another level from here on: no difference goes across. Its rows begin anew with the next
  /// poll.
  void restart_counter(MeterIndex meter, std::size_t point);

  /// The same with a poll of an earlier run, of which rows behind it may have been restored already: these keep their
  /// counts. `at`: when its value was there; `placed_at`: its place among the others, `at` or what the clock was set
  /// back to since.
  void restart_counter(MeterIndex meter, std::size_t point, UtcTime at, UtcTime placed_at);

  /// Completes rows whose time is over.
  void close_overdue(UtcTime now, Rows& rows);

  /// The time until `now` was not lived through by this gateway (it was off, or the clock was set): completes the rows
  /// in progress that do not contain `now`, and goes on with those that do. Samples dated behind `now` are older than
  /// all that follow.
  void skip_to(UtcTime now, Rows& rows);

  /// The meter has no slots any more from `now` on: completes what it has polls for, and expects none behind `now`.
  void end(MeterIndex meter, UtcTime now, Rows& rows);

  /// The meter had no slots before `now`, since it was known last or ever: completes what it has polls for, makes no
  /// row without any, goes on with its next poll and expects none before `now`. Where the interval has the row that
  /// `end` made, what follows is another row of it. What goes on behind `now` already is left as it is.
  void resume(MeterIndex meter, UtcTime now, Rows& rows);

 private:
  struct Edge {
    std::uint64_t bits = 0;
    UtcTime at{};            ///< The epoch of 1970: there is none.
    UtcTime placed_at = at;  ///< Its place among the others: `at`, or what the clock was set back to since.
    bool is_set() const { return at != UtcTime{}; }
  };
  struct PointState {
    std::uint32_t samples = 0;
    Quality quality = Quality::no_answer;
    std::uint64_t least = 0;
    std::uint64_t most = 0;
    std::uint64_t sum = 0;
    bool rescaled = false;  ///< Its exponent changed in this row, which had seen another one.
    Edge first;             ///< Counters: what ended the row before. Others: the first sample inside.
  };
  /// Polls with values of one interval.
  struct Count {
    UtcTime start{};
    std::uint32_t polls = 0;
    void add(UtcTime of, std::uint32_t more) {
      if (start != of) *this = {of, 0};
      polls += more;
    }
  };
  struct Interval {
    std::optional<UtcTime> start;  ///< Unset before the meter's first poll.
    std::uint32_t polls_made = 0;
    std::vector<PointState> points;
    std::optional<UtcTime> slots_from;   ///< The meter had none before.
    std::optional<UtcTime> slots_until;  ///< It has none from then on.
    Count told;                          ///< In the rows of the interval told last.
    Count seen;                          ///< Of the newest interval with polls, whether they are in a row or not.
  };
  struct Meter {
    std::array<Interval, lengths.size()> intervals;
    std::vector<Edge> latest;  ///< The newest good sample of each point.
    UtcTime phase{};           ///< A slot of it.
    UtcTime since{};           ///< Counts before that are another meter's.
  };

  static bool is_told_in_part(const Interval& interval, UtcTime start, std::chrono::seconds length);
  void drop_counts_before(MeterIndex index, UtcTime since);
  static void place_edges(Meter& meter, UtcTime now);
  void drop_rescaled(const Poll& poll, Interval& interval) const;
  void collect(const Poll& poll, Interval& interval);
  static bool is_another(const Meter& meter, std::uint16_t point, const Poll& poll);
  static bool is_rescaled(const Meter& meter, const PointEntry& point, const Poll& poll);
  static bool has_same_worth(const Meter& meter, const PointEntry& point, const Poll& poll);
  void close(MeterIndex index, std::size_t length, const Poll* next, Rows& rows);
  void begin(Interval& interval, MeterIndex index, UtcTime start);
  PointInterval finish_point(const Meter& meter, std::size_t point, PointState& state, const PointEntry& entry,
                             UtcTime end, const Poll* next, bool quiet) const;

  const Manifest& manifest_;
  std::vector<Meter> meters_;
};

}  // namespace jidian::domain

#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "domain/aggregate.hpp"
#include "domain/amount_steps.hpp"
#include "domain/demand.hpp"
#include "domain/interval.hpp"
#include "domain/long_rows.hpp"

namespace jidian::domain {

/// Until when the rows of a meter are there, by length.
struct RowFrontier {
  std::array<std::optional<UtcTime>, 2> until;
};

/// The greatest quarter hours of two calendar months: a clock that shows another month for a while costs the right one
/// nothing.
struct MonthPeaks {
  std::optional<Peak> present;  ///< Of the month in force: the one told last, or the clock's.
  std::optional<Peak> other;    ///< Of the month in force before that.
};

/// The rows of one subject: gathers what its meters' rows and its stretches add to minutes and quarter hours, tells
/// those that are complete in order of time, and hands the quarter hours on to the longer rows.
class SubjectRows {
 public:
  using Rows = std::vector<AggregateRow>;

  static constexpr std::array lengths{std::chrono::seconds{60}, std::chrono::seconds{900}};

  /// `manifest` outlives this. Precondition: it has the subject.
  SubjectRows(const Manifest& manifest, Subject subject);

  const std::vector<MeterIndex>& meters() const { return meters_; }
  Subject subject() const { return subject_; }

  /// What a row of one of its meters adds.
  void add(const IntervalRow& row, const AmountSteps& steps);

  /// A time in a state of the facility.
  void add(const Stretch& stretch);

  /// A row of an earlier run, in the order of the record. What it was made of is not told again.
  void restore(const AggregateRow& row);
  void restore_sums(const AggregateRow& row);

  /// The record is read. Rows that were complete in it and are not there are appended.
  void end_recall(Rows& rows);

  /// Tells what is complete: all its meters have rows up to its end, or it is overdue at `now`. `UtcTime::min()`:
  /// nothing is overdue.
  void tell(const std::vector<RowFrontier>& meters, UtcTime now, Rows& rows);

  /// The time until `now` was not lived through: tells what does not contain it, and goes on with what does.
  void skip_to(UtcTime now, Rows& rows);

  /// The greatest quarter hours of the months, if one changed since this was asked last. Of accounts and the site.
  std::optional<MonthPeaks> take_month_peaks();
  /// One of an earlier run; a smaller one than is known of its month counts for nothing. The later month is in force.
  void restore_month_peak(const Peak& peak);

  /// What it took in the newest quarter hour, and in the greatest of the month. Of accounts and the site.
  DemandNow demand() const;

 private:
  struct Open {
    AggregateRow row;
    std::vector<std::size_t> steps;  ///< By amount: how many of its counters have one.
  };
  struct Series {
    std::map<UtcTime, Open> open;
    std::optional<UtcTime> next;  ///< Where the next row begins, or later.
  };

  Open& open_at(std::size_t length, UtcTime start);
  void book(Open& open, std::size_t amount, const AmountStep& step, bool is_late);
  bool is_complete(std::size_t length, UtcTime start, const std::vector<RowFrontier>& meters, UtcTime now) const;
  bool knows_states(UtcTime end) const;
  bool is_overdue(UtcTime end, UtcTime now) const;
  void tell_first(std::size_t length, Rows& rows);
  void finish_quarter(AggregateRow& row);
  void note_newest(const AggregateRow& quarter);
  std::optional<Peak> sliding_peak(const AggregateRow& quarter) const;
  std::optional<Peak> month_peak_at(UtcTime time) const;
  void use_month_of(UtcTime time);
  bool keep_peak(const Peak& peak);

  const Manifest& manifest_;
  Subject subject_;
  std::span<const Amount> amounts_;
  std::vector<MeterIndex> meters_;
  Millis patience_{0};
  Millis state_patience_{0};
  bool has_states_ = false;
  std::array<Series, lengths.size()> series_;
  std::deque<AggregateRow> minutes_;  ///< The newest, for sliding demand.
  LongRows long_rows_;
  std::optional<UtcTime> states_until_;
  std::optional<QuarterTaken> newest_quarter_;
  MonthPeaks month_peaks_;
  bool is_month_peak_new_ = false;
  bool is_recalling_ = true;
};

}  // namespace jidian::domain

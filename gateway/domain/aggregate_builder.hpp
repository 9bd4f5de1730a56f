#pragma once

#include <string>
#include <vector>

#include "domain/aggregate.hpp"
#include "domain/amount_steps.hpp"
#include "domain/demand.hpp"
#include "domain/interval.hpp"
#include "domain/note.hpp"
#include "domain/subject_rows.hpp"

namespace jidian::domain {

/// Builds the rows of facilities, accounts and the site from the rows of meters and the stretches of facilities. Pure.
///
/// A row is told when every meter it is made of has a row up to its end (those without a slot in it are not waited for)
/// and its facility's state is known up to there, or when it is overdue: twice the longest period (at least 10 s) and 2
/// s behind its end. So the order in which meters' rows come makes no difference. What comes later still is booked in
/// the next row, and that is marked spanning. Over any run of rows of a subject the sum is the sum of its meters' rows.
///
/// After a restart, `restore` is given what the record has, in its order: first the rows, of whatever kind; what
/// follows goes on as if nothing had been. Quarter hours must reach back to `spans_since`, or the longer rows in
/// progress are not covered whole, and say so.
class AggregateBuilder {
 public:
  using Rows = std::vector<AggregateRow>;

  /// `manifest` outlives this.
  explicit AggregateBuilder(const Manifest& manifest);

  void restore(const IntervalRow& row);
  void restore(const AggregateRow& row);
  /// One of a time that the clock was set back from: it is in the sums of shifts and days, and nothing begins behind
  /// it.
  void restore_sums(const AggregateRow& row);
  /// The greatest quarter hour of a month of an account or the site, of an earlier run. One that is no such note is
  /// passed over.
  void restore(const Note& note);

  /// A row of a meter. Those it completes are appended; what is overdue waits for `close_overdue`, because more rows of
  /// the same instant may follow.
  void add(const IntervalRow& row, Rows& rows);

  /// The meter comes back at `now`, within an interval that it has a row of: another one may follow.
  void resume(MeterIndex meter, UtcTime now);

  /// A time in a state of a facility. What it completes is told with the next call of another kind.
  void add(const Stretch& stretch);

  /// Completes what is overdue. After the meters' rows that are overdue themselves.
  void close_overdue(UtcTime now, Rows& rows);

  /// The time until `now` was not lived through: the box was off, or the clock was set.
  void skip_to(UtcTime now, Rows& rows);

  /// What the accounts and the site took, in the order of the manifest; those that have no amounts are not in it.
  std::vector<DemandNow> demands() const;

  /// Notes about months' greatest quarter hours that changed since this was asked last.
  std::vector<Note> take_notes();

 private:
  /// By the month whose greatest quarter hour is noted, as `MonthPeaks` has them.
  struct NoteNames {
    std::string present;
    std::string other;
  };

  void end_recall(Rows& rows);
  void note_frontier(const IntervalRow& row);
  SubjectRows* find(Subject subject);
  NoteNames note_names(Subject subject) const;

  const Manifest& manifest_;
  AmountSteps steps_;
  std::vector<RowFrontier> frontiers_;  ///< By meter.
  std::vector<SubjectRows> subjects_;
  bool is_recalling_ = true;
};

}  // namespace jidian::domain

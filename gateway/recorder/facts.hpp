#pragma once

#include <cstddef>
#include <vector>

#include "domain/aggregate_builder.hpp"
#include "domain/event.hpp"
#include "domain/facility.hpp"
#include "domain/facility_watch.hpp"
#include "domain/family_watch.hpp"
#include "domain/interval_builder.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::recorder {

/// What follows from polls: the rows of intervals, and the events that these are. Without a thread or a clock, and the
/// same after a restart as without one, as far as the polls are on record.
class Facts {
 public:
  /// What a step brought, in order of time for each subject.
  struct News {
    std::vector<domain::IntervalRow> rows;
    std::vector<domain::AggregateRow> aggregates;  ///< Of facilities, accounts and the site.
    std::vector<domain::Event> events;
    std::vector<domain::Note> notes;  ///< To be known again after a restart.
    bool empty() const { return rows.empty() && aggregates.empty() && events.empty() && notes.empty(); }
  };

  /// `manifest` outlives this.
  explicit Facts(const domain::Manifest& manifest);

  /// A row of an earlier run, in the order in which they were made. Before the polls of that run.
  void restore(const domain::IntervalRow& row) {
    intervals_.restore(row);
    aggregates_.restore(row);
  }
  void restore(const domain::AggregateRow& row) { aggregates_.restore(row); }

  /// The same for rows of a time that the clock was set back from, `to`: only counters, and the sums of shifts and
  /// days, go on from them.
  void restore_counts(const domain::IntervalRow& row, UtcTime to) { intervals_.restore_counts(row, to); }
  void restore_sums(const domain::AggregateRow& row) { aggregates_.restore_sums(row); }

  /// A note of an earlier run; one that is another's is passed over.
  void restore(const domain::Note& note) { aggregates_.restore(note); }

  /// An event of an earlier run, in order of time. Before the polls of that run.
  void restore(const domain::Event& event) { facilities_.restore(event); }

  /// A poll of an earlier run, in time order for each meter. The rows it completes and the events were not on record
  /// yet.
  void remember(const domain::Poll& poll, News& news);

  /// Goes on as `before` would with its meter `theirs`, which is called `ours` here and has the same points and period.
  void take_over(const Facts& before, domain::MeterIndex theirs, domain::MeterIndex ours) {
    intervals_.take_over(before.intervals_, theirs, ours);
  }

  /// Goes on as `before` would with the facilities in `unchanged`; the states of the others are told anew. Behind the
  /// polls on record.
  void go_on(const Facts& before, const std::vector<std::string>& unchanged) {
    facilities_.go_on(before.facilities_, unchanged);
  }

  /// A poll, judged already.
  void add(const domain::Poll& poll, News& news);

  /// What is over without anything new.
  void close_overdue(UtcTime now, News& news);

  /// The time until `now` was not lived through: the box was off, or the clock was set.
  void skip_to(UtcTime now, News& news);

  /// The meter had no slots until `now`, since it was known last or ever. Behind the polls on record.
  void resume(domain::MeterIndex meter, UtcTime now, News& news);

  /// The meter has no slots any more from `now` on: its own rows in progress. Nothing else is made of parts of
  /// intervals.
  void end(domain::MeterIndex meter, UtcTime now, std::vector<domain::IntervalRow>& rows) {
    intervals_.end(meter, now, rows);
  }

  /// The meter was exchanged at `since`.
  void begin_anew(domain::MeterIndex meter, UtcTime since) { intervals_.begin_anew(meter, since); }

  /// A counter is taken at another level from here on.
  void restart_counter(domain::MeterIndex meter, std::size_t point) { intervals_.restart_counter(meter, point); }

  /// It was taken so with a poll of an earlier run, before that is remembered: `domain::IntervalBuilder` has the times.
  void restart_counter(domain::MeterIndex meter, std::size_t point, UtcTime at, UtcTime placed_at) {
    intervals_.restart_counter(meter, point, at, placed_at);
  }

  /// What the facilities do, as last told; in the order of the manifest.
  std::vector<domain::FacilityNow> facilities() const { return facilities_.now(); }

  /// What the accounts and the site took, in the order of the manifest.
  std::vector<domain::DemandNow> demands() const { return aggregates_.demands(); }

 private:
  void compare_families(News& news, std::size_t first_row);
  void add_states();
  void add_up(News& news, std::size_t first_row);
  void take_notes(News& news);

  domain::FacilityWatch facilities_;
  domain::IntervalBuilder intervals_;
  domain::FamilyWatch families_;
  domain::AggregateBuilder aggregates_;
  std::vector<domain::Stretch> stretches_;  ///< On their way from the one to the other.
};

}  // namespace jidian::recorder

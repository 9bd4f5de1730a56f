#pragma once

#include <bitset>
#include <optional>
#include <vector>

#include "domain/aggregate.hpp"

namespace jidian::domain {

/// The beginning of a local day, shift, hour or month. `start` and `end` are UTC.
struct LocalSpan {
  UtcTime start;
  UtcTime end;
  bool contains(UtcTime time) const { return start <= time && time < end; }
};

/// The local hour, day or calendar month that `time` lies in.
LocalSpan local_hour(UtcTime time, std::chrono::minutes utc_offset);
LocalSpan local_day(UtcTime time, std::chrono::minutes utc_offset);
LocalSpan local_month(UtcTime time, std::chrono::minutes utc_offset);

/// The time of `shift` that `time` lies in, if it does.
std::optional<LocalSpan> local_shift(UtcTime time, const Shift& shift, std::chrono::minutes utc_offset);

/// When the longest span that `time` lies in began: how far back its quarter hours reach.
UtcTime spans_since(UtcTime time, const SiteCard& site);

/// The 15 minutes of a quarter hour's row that count as its peak: the sliding ones, or itself. Nothing if it is marked.
std::optional<Peak> peak_of(const AggregateRow& quarter);

/// Hours, shifts and days of one subject, as sums of its quarter hours.
///
/// A hole in between that a later quarter hour has booked is no loss: the sum is partial only if its end is missing, or
/// if a counter began anew.
class LongRows {
 public:
  using Rows = std::vector<AggregateRow>;

  /// `site` outlives this.
  explicit LongRows(const SiteCard& site);

  /// A quarter hour of an earlier run, and a longer row that it was in. In the order of the record.
  void restore(const AggregateRow& row);

  /// What was complete in the record without its row being there.
  void end_recall(Rows& rows);

  /// A quarter hour. Rows that it completes are appended.
  void add(const AggregateRow& quarter, Rows& rows);

  /// The clock is at `now` without the time between having been lived through: what does not contain it is complete.
  void skip_to(UtcTime now, Rows& rows);

 private:
  static constexpr std::size_t quarters_most = 96;

  struct Loss {
    bool is_open = false;  ///< A counter's count has not reached the end of the newest quarter hour.
    bool is_lost = false;
  };
  struct Sum {
    LocalSpan span;
    AggregateRow row;
    std::vector<Loss> losses;
    std::bitset<quarters_most> quarters;
    UtcTime until;  ///< End of the newest quarter hour.
  };
  struct Kind {
    std::uint16_t shift = 0;
    bool is_day = false;
    std::optional<Sum> sum;
  };

  std::optional<LocalSpan> span_of(const Kind& kind, UtcTime time) const;
  void add(Kind& kind, const AggregateRow& quarter, Rows& rows);
  static void add(Sum& sum, const AggregateRow& quarter);
  static void finish(Kind& kind, Rows& rows);

  const SiteCard& site_;
  std::vector<Kind> kinds_;
  Rows recalled_;  ///< Complete in the record; their own rows have not been seen.
};

}  // namespace jidian::domain

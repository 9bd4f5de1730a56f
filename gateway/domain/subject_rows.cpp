#include "domain/subject_rows.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "domain/slots.hpp"

namespace jidian::domain {
namespace {

constexpr std::size_t minute_rows = 0;
constexpr std::size_t quarter_rows = 1;

/// After the last of its meters' rows is due: those that were never polled have none.
constexpr Millis patience_more = std::chrono::seconds(2);
constexpr Millis meter_patience_least = std::chrono::seconds(10);

/// A state is known so many ticks after its own, and those it is held for: two until a poll is given up, the others to
/// be sure.
constexpr std::uint32_t state_ticks = 8;

/// Minutes kept for sliding demand: those of a quarter hour and of the 14 minutes before.
constexpr std::size_t minutes_kept = 30;
constexpr std::size_t window_minutes = 15;

/// A stretch longer than this is somebody's clock; its end is what counts.
constexpr Millis stretch_most = std::chrono::hours(48);

/// How far back rows are made of what a record has no rows of: those that were not complete yet when it ended.
constexpr std::array<Millis, SubjectRows::lengths.size()> recall_most{std::chrono::minutes(15),
                                                                      std::chrono::minutes(15)};

std::optional<std::size_t> index_of(std::chrono::seconds length) {
  const auto found = std::ranges::find(SubjectRows::lengths, length);
  if (found == SubjectRows::lengths.end()) return std::nullopt;
  return static_cast<std::size_t>(found - SubjectRows::lengths.begin());
}

void collect_meters(const std::vector<std::string>& ids, const Manifest& manifest, std::vector<MeterIndex>& meters) {
  for (std::size_t i = 0; i < manifest.meters.size(); ++i)
    if (std::ranges::find(ids, manifest.meters[i].id) != ids.end()) meters.push_back(static_cast<MeterIndex>(i));
}

std::vector<MeterIndex> meters_of(const Manifest& manifest, Subject subject) {
  std::vector<MeterIndex> meters;
  if (subject.kind == SubjectKind::facility)
    collect_meters(manifest.facilities[subject.index].meters, manifest, meters);
  if (subject.kind == SubjectKind::account)
    collect_meters(manifest.site.accounts[subject.index].meters, manifest, meters);
  const std::span<const Amount> amounts = *amounts_of(manifest, subject);
  for (const Amount& amount : amounts)
    for (const AmountSource& source : amount.sources) meters.push_back(source.meter);
  std::ranges::sort(meters);
  meters.erase(std::unique(meters.begin(), meters.end()), meters.end());
  return meters;
}

bool is_marked(const AggregateRow& row) {
  return row.amounts[0].is_partial || row.amounts[0].is_spanning;
}

/// A moment within the quarter hour of a peak.
UtcTime within(const Peak& peak) {
  return peak.until - Millis{1};
}

}  // namespace

SubjectRows::SubjectRows(const Manifest& manifest, Subject subject)
    : manifest_(manifest),
      subject_(subject),
      amounts_(*amounts_of(manifest, subject)),
      meters_(meters_of(manifest, subject)),
      long_rows_(manifest.site) {
  Millis longest{0};
  for (const MeterIndex meter : meters_) longest = std::max(longest, manifest.meters[meter].period);
  patience_ = std::max(2 * longest, meter_patience_least) + patience_more;
  std::uint32_t hold = 0;
  if (subject.kind == SubjectKind::facility) {
    const RunRule& rule = manifest.facilities[subject.index].run;
    has_states_ = rule.source != RunSource::none;
    hold = rule.hold;
  }
  state_patience_ = 2 * patience_ + longest * (state_ticks + hold);
}

SubjectRows::Open& SubjectRows::open_at(std::size_t length, UtcTime start) {
  const auto [place, is_new] = series_[length].open.try_emplace(start);
  Open& open = place->second;
  if (!is_new) return open;
  open.row.subject = subject_;
  open.row.start = start;
  open.row.length = lengths[length];
  open.row.amounts.resize(amounts_.size());
  open.steps.resize(amounts_.size());
  return open;
}

void SubjectRows::book(Open& open, std::size_t amount, const AmountStep& step, bool is_late) {
  AmountInterval& into = open.row.amounts[amount];
  if (!step.value) return;
  if (!is_late) {
    ++open.steps[amount];
    into.is_partial = into.is_partial || step.is_partial;
  }
  // A sum that does not fit has no meaning; that would need more energy than there is.
  if (__builtin_add_overflow(into.value, *step.value, &into.value)) into.is_partial = true;
  into.is_spanning = into.is_spanning || step.is_spanning || is_late;
  open.row.from = open.row.from == UtcTime{} ? step.from : std::min(open.row.from, step.from);
  open.row.until = std::max(open.row.until, step.until);
}

void SubjectRows::add(const IntervalRow& row, const AmountSteps& steps) {
  const auto length = index_of(row.length);
  if (!length || !std::ranges::binary_search(meters_, row.meter)) return;
  const Series& series = series_[*length];
  // While the record is read, a row of the same interval may still come, and say that this is in it.
  const bool is_late = !is_recalling_ && series.next && row.start < *series.next;
  if (!is_late) {
    Open& open = open_at(*length, row.start);
    open.row.polls_made += row.polls_made;
    open.row.polls_expected += row.polls_expected;
  }
  for (std::size_t i = 0; i < amounts_.size(); ++i)
    for (const AmountSource& source : amounts_[i].sources) {
      if (source.meter != row.meter) continue;
      const AmountStep step = steps.step_of(row, source, amounts_[i]);
      if (!is_late)
        book(open_at(*length, row.start), i, step, false);
      else if (step.value && *step.value != 0)
        book(open_at(*length, *series.next), i, step, true);
    }
}

void SubjectRows::add(const Stretch& stretch) {
  if (stretch.until <= stretch.from) return;
  const UtcTime from = std::max(stretch.from, stretch.until - stretch_most);
  states_until_ = states_until_ ? std::max(*states_until_, stretch.until) : stretch.until;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto next = series_[i].next;
    for (UtcTime start = align(next ? std::max(from, *next) : from, lengths[i]); start < stretch.until;
         start += lengths[i]) {
      if (next && start < *next) continue;
      const UtcTime end = start + lengths[i];
      const Millis in_it = std::min(end, stretch.until) - std::max(start, from);
      if (in_it <= Millis{0}) continue;
      AggregateRow& row = open_at(i, start).row;
      row.state_ms[static_cast<std::size_t>(stretch.state)] += static_cast<std::uint32_t>(in_it.count());
      row.state = stretch.state;
      if (stretch.is_start && start <= stretch.from && stretch.from < end) ++row.starts;
    }
  }
}

bool SubjectRows::knows_states(UtcTime end) const {
  return states_until_ ? *states_until_ >= end : !has_states_;
}

bool SubjectRows::is_overdue(UtcTime end, UtcTime now) const {
  if (now < end + patience_) return false;
  return knows_states(end) || now >= end + state_patience_;
}

bool SubjectRows::is_complete(std::size_t length, UtcTime start, const std::vector<RowFrontier>& meters,
                              UtcTime now) const {
  const UtcTime end = start + lengths[length];
  if (length == quarter_rows && !series_[minute_rows].open.empty() && series_[minute_rows].open.begin()->first < end)
    return false;
  if (is_overdue(end, now)) return true;
  if (!knows_states(end)) return false;
  return std::ranges::all_of(meters_, [&](MeterIndex meter) {
    const auto& until = meters[meter].until[length];
    return (until && *until >= end) || count_slots(start, end, UtcTime{}, manifest_.meters[meter].period) == 0;
  });
}

void SubjectRows::tell(const std::vector<RowFrontier>& meters, UtcTime now, Rows& rows) {
  for (std::size_t i = 0; i < lengths.size(); ++i)
    while (!series_[i].open.empty() && is_complete(i, series_[i].open.begin()->first, meters, now)) tell_first(i, rows);
}

void SubjectRows::tell_first(std::size_t length, Rows& rows) {
  Series& series = series_[length];
  Open open = std::move(series.open.begin()->second);
  series.open.erase(series.open.begin());
  series.next = open.row.start + lengths[length];
  for (std::size_t i = 0; i < amounts_.size(); ++i)
    if (open.steps[i] < amounts_[i].sources.size()) open.row.amounts[i].is_partial = true;
  if (length == minute_rows) {
    minutes_.push_back(open.row);
    if (minutes_.size() > minutes_kept) minutes_.pop_front();
  } else {
    finish_quarter(open.row);
  }
  if (amounts_.empty() && !states_until_) return;  // nothing is known of it
  rows.push_back(open.row);
  if (length == quarter_rows) long_rows_.add(open.row, rows);
}

void SubjectRows::finish_quarter(AggregateRow& row) {
  if (manifest_.site.sliding_demand.count() > 0) row.peak = sliding_peak(row);
  note_newest(row);
  if (subject_.kind == SubjectKind::facility) return;
  if (const auto peak = peak_of(row); peak && keep_peak(*peak)) is_month_peak_new_ = true;
  if (subject_.kind == SubjectKind::account) row.month_peak = month_peak_at(row.start);
}

void SubjectRows::note_newest(const AggregateRow& quarter) {
  if (amounts_.empty() || (newest_quarter_ && newest_quarter_->start > quarter.start)) return;
  newest_quarter_ = QuarterTaken{quarter.amounts[0], quarter.start};
}

/// The greatest 15 minutes that end within a quarter hour. Those with a marked row are no peak.
std::optional<Peak> SubjectRows::sliding_peak(const AggregateRow& quarter_row) const {
  if (amounts_.empty()) return std::nullopt;
  const UtcTime end = quarter_row.start + quarter_row.length;
  std::optional<Peak> peak;
  for (std::size_t last = window_minutes - 1; last < minutes_.size(); ++last) {
    const UtcTime until = minutes_[last].start + lengths[minute_rows];
    if (until <= quarter_row.start || until > end || align(until, manifest_.site.sliding_demand) != until) continue;
    const std::size_t first = last + 1 - window_minutes;
    if (minutes_[first].start != until - lengths[quarter_rows]) continue;
    std::int64_t sum = 0;
    bool is_good = true;
    for (std::size_t i = first; i <= last; ++i)
      is_good = is_good && !is_marked(minutes_[i]) && !__builtin_add_overflow(sum, minutes_[i].amounts[0].value, &sum);
    if (is_good && (!peak || sum > peak->value)) peak = Peak{sum, until};
  }
  if (!is_marked(quarter_row) && (!peak || quarter_row.amounts[0].value > peak->value))
    peak = Peak{quarter_row.amounts[0].value, end};
  return peak;
}

/// The greatest of the month that `time` lies in, if one is known.
std::optional<Peak> SubjectRows::month_peak_at(UtcTime time) const {
  const LocalSpan month = local_month(time, manifest_.site.utc_offset);
  for (const auto& peak : {month_peaks_.present, month_peaks_.other})
    if (peak && month.contains(within(*peak))) return peak;
  return std::nullopt;
}

/// Puts the month that `time` lies in into force, if a peak of it is known.
void SubjectRows::use_month_of(UtcTime time) {
  const LocalSpan month = local_month(time, manifest_.site.utc_offset);
  if (month_peaks_.other && month.contains(within(*month_peaks_.other)))
    std::swap(month_peaks_.present, month_peaks_.other);
}

/// Puts the peak's month into force, and says whether it is the greatest known of it.
bool SubjectRows::keep_peak(const Peak& peak) {
  use_month_of(within(peak));
  if (const auto known = month_peak_at(within(peak))) {
    if (peak.value <= known->value) return false;
  } else if (month_peaks_.present) {
    month_peaks_.other = month_peaks_.present;
  }
  month_peaks_.present = peak;
  return true;
}

DemandNow SubjectRows::demand() const {
  // A month whose quarter hours all lack something has no peak yet: the one before is none of it.
  const auto peak = newest_quarter_ ? month_peak_at(newest_quarter_->start) : month_peaks_.present;
  return {subject_, newest_quarter_, peak};
}

std::optional<MonthPeaks> SubjectRows::take_month_peaks() {
  if (!std::exchange(is_month_peak_new_, false)) return std::nullopt;
  return month_peaks_;
}

void SubjectRows::restore_month_peak(const Peak& peak) {
  keep_peak(peak);
  if (month_peaks_.other && month_peaks_.present->until < month_peaks_.other->until)
    std::swap(month_peaks_.present, month_peaks_.other);
}

void SubjectRows::restore(const AggregateRow& row) {
  if (row.shift != 0 || !index_of(row.length)) return long_rows_.restore(row);
  Series& series = series_[*index_of(row.length)];
  series.next = row.start + row.length;
  // What is older is in this row or in one before it, if it came late.
  series.open.erase(series.open.begin(), series.open.upper_bound(row.start));
  if (row.length == lengths[minute_rows]) {
    minutes_.push_back(row);
    if (minutes_.size() > minutes_kept) minutes_.pop_front();
    return;
  }
  note_newest(row);
  if (row.month_peak) restore_month_peak(*row.month_peak);
  use_month_of(row.start);
  long_rows_.restore(row);
}

void SubjectRows::restore_sums(const AggregateRow& row) {
  if (row.shift != 0 || row.length != lengths[minute_rows]) long_rows_.restore(row);
}

void SubjectRows::end_recall(Rows& rows) {
  if (!std::exchange(is_recalling_, false)) return;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    Series& series = series_[i];
    if (series.open.empty()) continue;
    const bool was_told = series.next.has_value();
    if (!was_told) series.next = series.open.rbegin()->first - recall_most[i];
    auto behind = series.open.lower_bound(*series.next);
    std::vector<Open> late;
    for (auto it = series.open.begin(); it != behind; ++it) late.push_back(std::move(it->second));
    series.open.erase(series.open.begin(), behind);
    for (const Open& open : late)
      for (std::size_t k = 0; k < amounts_.size(); ++k)
        if (was_told && open.row.amounts[k].value != 0)
          book(open_at(i, *series.next), k, {open.row.amounts[k].value, true, true, open.row.from, open.row.until},
               true);
  }
  long_rows_.end_recall(rows);
}

void SubjectRows::skip_to(UtcTime now, Rows& rows) {
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    Series& series = series_[i];
    const UtcTime present = align(now, lengths[i]);
    while (!series.open.empty() && series.open.begin()->first != present) tell_first(i, rows);
    series.next = present;
  }
  long_rows_.skip_to(now, rows);
  if (states_until_ && *states_until_ > now) states_until_ = now;
  if (newest_quarter_ && newest_quarter_->start > now) newest_quarter_.reset();
  use_month_of(now);
}

}  // namespace jidian::domain

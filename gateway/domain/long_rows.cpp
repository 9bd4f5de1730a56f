#include "domain/long_rows.hpp"

#include <algorithm>
#include <cassert>

#include "domain/slots.hpp"

namespace jidian::domain {
namespace {

constexpr std::chrono::seconds quarter_length{900};
constexpr std::chrono::hours day_length{24};

/// An edge that is nearer to the beginning of a span than this lies at it.
constexpr Millis near_edge = std::chrono::seconds(30);

LocalSpan aligned(UtcTime time, std::chrono::seconds length, std::chrono::minutes utc_offset) {
  const UtcTime start = align(time + utc_offset, length) - utc_offset;
  return {start, start + length};
}

/// Two's complement rather than undefined where a sum does not fit: that would need more energy than there is.
bool add_to(std::int64_t& sum, std::int64_t value) {
  return !__builtin_add_overflow(sum, value, &sum);
}

}  // namespace

LocalSpan local_hour(UtcTime time, std::chrono::minutes utc_offset) {
  return aligned(time, std::chrono::hours{1}, utc_offset);
}

LocalSpan local_day(UtcTime time, std::chrono::minutes utc_offset) {
  return aligned(time, day_length, utc_offset);
}

LocalSpan local_month(UtcTime time, std::chrono::minutes utc_offset) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time + utc_offset)};
  const auto first = day.year() / day.month() / 1;
  const auto next = first + std::chrono::months{1};
  return {UtcTime{std::chrono::sys_days{first}} - utc_offset, UtcTime{std::chrono::sys_days{next}} - utc_offset};
}

std::optional<LocalSpan> local_shift(UtcTime time, const Shift& shift, std::chrono::minutes utc_offset) {
  const LocalSpan day = local_day(time, utc_offset);
  for (const UtcTime midnight : {day.start, day.start - day_length}) {
    const LocalSpan span{midnight + shift.start, midnight + shift.start + shift.length};
    if (span.contains(time)) return span;
  }
  return std::nullopt;
}

UtcTime spans_since(UtcTime time, const SiteCard& site) {
  UtcTime since = local_day(time, site.utc_offset).start;
  for (const Shift& shift : site.shifts)
    if (const auto span = local_shift(time, shift, site.utc_offset)) since = std::min(since, span->start);
  return since;
}

std::optional<Peak> peak_of(const AggregateRow& quarter) {
  if (quarter.peak) return quarter.peak;
  if (quarter.amounts.empty() || quarter.amounts[0].is_partial || quarter.amounts[0].is_spanning) return std::nullopt;
  return Peak{quarter.amounts[0].value, quarter.start + quarter.length};
}

LongRows::LongRows(const SiteCard& site) : site_(site) {
  kinds_.emplace_back();  // hours
  for (std::size_t i = 0; i < site.shifts.size(); ++i)
    kinds_.push_back({static_cast<std::uint16_t>(i + 1), false, std::nullopt});
  kinds_.push_back({0, true, std::nullopt});
}

std::optional<LocalSpan> LongRows::span_of(const Kind& kind, UtcTime time) const {
  if (kind.shift != 0) return local_shift(time, site_.shifts[kind.shift - 1U], site_.utc_offset);
  return kind.is_day ? local_day(time, site_.utc_offset) : local_hour(time, site_.utc_offset);
}

void LongRows::add(const AggregateRow& quarter, Rows& rows) {
  for (Kind& kind : kinds_) add(kind, quarter, rows);
}

void LongRows::add(Kind& kind, const AggregateRow& quarter, Rows& rows) {
  assert(quarter.length == quarter_length);
  const auto span = span_of(kind, quarter.start);
  if (kind.sum && (!span || span->start != kind.sum->span.start)) finish(kind, rows);
  if (!span) return;
  if (!kind.sum) {
    kind.sum.emplace();
    kind.sum->span = *span;
    kind.sum->row.subject = quarter.subject;
    kind.sum->row.start = span->start;
    kind.sum->row.length = std::chrono::duration_cast<std::chrono::seconds>(span->end - span->start);
    kind.sum->row.shift = kind.shift;
    kind.sum->row.amounts.resize(quarter.amounts.size());
    kind.sum->losses.resize(quarter.amounts.size());
    kind.sum->until = span->start;
  }
  add(*kind.sum, quarter);
  if (quarter.start + quarter.length >= span->end) finish(kind, rows);
}

void LongRows::add(Sum& sum, const AggregateRow& quarter) {
  AggregateRow& row = sum.row;
  for (std::size_t i = 0; i < row.amounts.size(); ++i) {
    const AmountInterval& amount = quarter.amounts[i];
    Loss& loss = sum.losses[i];
    if (!add_to(row.amounts[i].value, amount.value)) loss.is_lost = true;
    if (amount.is_spanning && quarter.from < sum.span.start - near_edge) row.amounts[i].is_spanning = true;
    const bool is_missing_before = sum.until < quarter.start;
    if (!amount.is_partial && (loss.is_open || is_missing_before) && !amount.is_spanning) loss.is_lost = true;
    loss.is_open = amount.is_partial;
  }
  row.polls_made += quarter.polls_made;
  row.polls_expected += quarter.polls_expected;
  for (std::size_t i = 0; i < row.state_ms.size(); ++i) row.state_ms[i] += quarter.state_ms[i];
  row.state = quarter.state;
  row.starts += quarter.starts;
  if (quarter.from != UtcTime{}) row.from = row.from == UtcTime{} ? quarter.from : std::min(row.from, quarter.from);
  row.until = std::max(row.until, quarter.until);
  if (const auto peak = peak_of(quarter); peak && (!row.peak || peak->value > row.peak->value)) row.peak = peak;
  const auto place = static_cast<std::size_t>((quarter.start - sum.span.start) / quarter_length);
  if (place < quarters_most) sum.quarters.set(place);
  sum.until = quarter.start + quarter.length;
}

void LongRows::finish(Kind& kind, Rows& rows) {
  Sum& sum = *kind.sum;
  const bool has_end = sum.until >= sum.span.end;
  for (std::size_t i = 0; i < sum.row.amounts.size(); ++i)
    sum.row.amounts[i].is_partial = !has_end || sum.losses[i].is_open || sum.losses[i].is_lost;
  sum.row.covered_s = static_cast<std::uint32_t>(sum.quarters.count() * quarter_length.count());
  rows.push_back(std::move(sum.row));
  kind.sum.reset();
}

void LongRows::skip_to(UtcTime now, Rows& rows) {
  for (Kind& kind : kinds_)
    if (kind.sum && !kind.sum->span.contains(now)) finish(kind, rows);
}

void LongRows::restore(const AggregateRow& row) {
  if (row.length == quarter_length && row.shift == 0) {
    add(row, recalled_);
    return;
  }
  const auto is_it = [&](const AggregateRow& other) {
    return other.start == row.start && other.length == row.length && other.shift == row.shift;
  };
  std::erase_if(recalled_, is_it);
  for (Kind& kind : kinds_)
    if (kind.sum && is_it(kind.sum->row)) kind.sum.reset();
}

void LongRows::end_recall(Rows& rows) {
  std::ranges::move(recalled_, std::back_inserter(rows));
  recalled_.clear();
}

}  // namespace jidian::domain

#include "domain/interval_builder.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <tuple>

#include "domain/slots.hpp"

namespace jidian::domain {
namespace {

constexpr Millis patience_min = std::chrono::seconds(10);

/// Rows without polls that are made in one go for a poll that comes late; beyond it somebody set the clock.
constexpr int empty_rows_max = 120;

/// Whether a value may enter a sum or stand at an edge.
bool is_good(const Sample& sample) {
  return has_value(sample.quality) && sample.quality != Quality::out_of_range && sample.quality != Quality::implausible;
}

bool is_float(ValueType type) {
  return type == ValueType::float32 || type == ValueType::float64;
}

double as_double(ValueType type, std::uint64_t bits) {
  if (type == ValueType::float32) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  return std::bit_cast<double>(bits);
}

bool is_less(ValueType type, std::uint64_t a, std::uint64_t b) {
  if (is_float(type)) return as_double(type, a) < as_double(type, b);
  if (type == ValueType::signed_integer) return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
  return a < b;
}

std::uint64_t add_up(ValueType type, std::uint64_t sum, std::uint64_t bits) {
  if (!is_float(type)) return sum + bits;
  return std::bit_cast<std::uint64_t>(std::bit_cast<double>(sum) + as_double(type, bits));
}

}  // namespace

IntervalBuilder::IntervalBuilder(const Manifest& manifest) : manifest_(manifest), meters_(manifest.meters.size()) {
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    meters_[i].latest.resize(manifest.meters[i].points.size());
    for (Interval& interval : meters_[i].intervals) interval.points.resize(manifest.meters[i].points.size());
  }
}

void IntervalBuilder::restore(const IntervalRow& row) {
  const auto length = std::ranges::find(lengths, row.length);
  if (length == lengths.end()) return;
  Interval& interval = meters_[row.meter].intervals[static_cast<std::size_t>(length - lengths.begin())];
  interval.start = row.start + row.length;
  interval.told.add(row.start, row.polls_made);
  const auto recall = [&](std::uint16_t multiplier) {
    const PointInterval& in_row = row.points[multiplier];
    if (in_row.last_at != UtcTime{}) meters_[row.meter].latest[multiplier] = {in_row.last, in_row.last_at};
  };
  for (const PointEntry& point : manifest_.meters[row.meter].points) {
    if (point.scale_point) recall(*point.scale_point);
    std::ranges::for_each(point.ratio_points, recall);
  }
  restore_counts(row, UtcTime::max());
}

void IntervalBuilder::restore_counts(const IntervalRow& row, UtcTime to) {
  const auto length = std::ranges::find(lengths, row.length);
  if (length == lengths.end()) return;
  auto& points = meters_[row.meter].intervals[static_cast<std::size_t>(length - lengths.begin())].points;
  for (std::size_t i = 0; i < row.points.size(); ++i) {
    const PointInterval& in_row = row.points[i];
    const PointEntry& point = manifest_.meters[row.meter].points[i];
    if (point.kind != PointKind::counter) continue;
    if (in_row.last_at != UtcTime{})
      points[i].first = {in_row.last, in_row.last_at, std::min(in_row.last_at, to)};
    else if (point.scale_point && row.points[*point.scale_point].first != row.points[*point.scale_point].last)
      points[i].first = {};  // what ended the rows before has another exponent
  }
}

void IntervalBuilder::add(const Poll& poll, Rows& rows) {
  Meter& meter = meters_[poll.meter];
  assert(poll.samples.size() == meter.latest.size());
  meter.phase = poll.slot;
  if (poll.end >= meter.since) drop_counts_before(poll.meter, meter.since);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    Interval& interval = meter.intervals[i];
    const UtcTime start = align(poll.slot, lengths[i]);
    if (has_any_value(poll)) interval.seen.add(start, 1);
    if (!interval.start) begin(interval, poll.meter, start);
    for (int made = 0; *interval.start < start; ++made) {
      const bool is_jump = made == empty_rows_max;
      close(poll.meter, i, *interval.start + lengths[i] == start ? &poll : nullptr, rows);
      if (is_jump) begin(interval, poll.meter, start);
    }
    if (*interval.start == start) collect(poll, interval);
  }
  const auto& points = manifest_.meters[poll.meter].points;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (is_rescaled(meter, points[i], poll)) meter.latest[i] = {};
  for (std::size_t i = 0; i < poll.samples.size(); ++i)
    if (is_good(poll.samples[i])) meter.latest[i] = {poll.samples[i].bits, end_of(poll, i)};
}

/// The edges that are another meter's.
void IntervalBuilder::drop_counts_before(MeterIndex index, UtcTime since) {
  Meter& meter = meters_[index];
  for (std::size_t i = 0; i < meter.latest.size(); ++i) {
    if (manifest_.meters[index].points[i].kind != PointKind::counter) continue;
    if (meter.latest[i].placed_at < since) meter.latest[i] = {};
    for (Interval& interval : meter.intervals)
      if (interval.points[i].first.placed_at < since) interval.points[i].first = {};
  }
}

/// Whether `poll` shows another number than the newest poll that had one.
bool IntervalBuilder::is_another(const Meter& meter, std::uint16_t point, const Poll& poll) {
  const Edge& before = meter.latest[point];
  const Sample& now = poll.samples[point];
  return before.is_set() && is_good(now) && now.bits != before.bits;
}

/// Whether `poll` has another exponent for `point` than the newest poll that had one.
bool IntervalBuilder::is_rescaled(const Meter& meter, const PointEntry& point, const Poll& poll) {
  return point.scale_point && is_another(meter, *point.scale_point, poll);
}

/// Whether a count of `poll` is worth what those before it are.
bool IntervalBuilder::has_same_worth(const Meter& meter, const PointEntry& point, const Poll& poll) {
  const auto is_other = [&](std::uint16_t ratio) { return is_another(meter, ratio, poll); };
  return !is_rescaled(meter, point, poll) && std::ranges::none_of(point.ratio_points, is_other);
}

/// Takes away what `poll` has another exponent for. A row that has seen the old one says nothing of the point.
void IntervalBuilder::drop_rescaled(const Poll& poll, Interval& interval) const {
  const auto& points = manifest_.meters[poll.meter].points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!is_rescaled(meters_[poll.meter], points[i], poll)) continue;
    interval.points[i] = {};
    interval.points[i].rescaled = interval.points[*points[i].scale_point].samples > 0;
  }
}

void IntervalBuilder::collect(const Poll& poll, Interval& interval) {
  if (has_any_value(poll)) ++interval.polls_made;
  drop_rescaled(poll, interval);
  const auto& points = manifest_.meters[poll.meter].points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Sample& sample = poll.samples[i];
    PointState& state = interval.points[i];
    if (state.quality != Quality::ok) state.quality = sample.quality;
    if (state.rescaled) state.quality = Quality::not_available;
    if (!is_good(sample) || state.rescaled) continue;
    const ValueType type = points[i].type;
    if (points[i].kind == PointKind::instantaneous) {
      if (state.samples == 0 || is_less(type, sample.bits, state.least)) state.least = sample.bits;
      if (state.samples == 0 || is_less(type, state.most, sample.bits)) state.most = sample.bits;
      state.sum = add_up(type, state.sum, sample.bits);
    } else if (!state.first.is_set()) {
      state.first = {sample.bits, end_of(poll, i)};
    }
    ++state.samples;
  }
}

/// Makes the row of the interval in progress and begins the next. `next` is a poll of the very next interval, if that
/// is why the row is complete.
void IntervalBuilder::close(MeterIndex index, std::size_t length, const Poll* next, Rows& rows) {
  const MeterEntry& entry = manifest_.meters[index];
  Meter& meter = meters_[index];
  Interval& interval = meter.intervals[length];
  const UtcTime end = *interval.start + lengths[length];
  const UtcTime slots_from = std::max(*interval.start, interval.slots_from.value_or(*interval.start));
  const UtcTime slots_until = std::min(end, interval.slots_until.value_or(end));
  const std::uint64_t expected = count_slots(slots_from, slots_until, meter.phase, entry.period);
  if (expected > 0 || interval.polls_made > 0) {
    IntervalRow row{index, *interval.start, lengths[length], interval.polls_made, static_cast<std::uint32_t>(expected),
                    {}};
    row.points.reserve(entry.points.size());
    for (std::size_t i = 0; i < entry.points.size(); ++i)
      row.points.push_back(
          finish_point(meter, i, interval.points[i], entry.points[i], end, next, interval.polls_made == 0));
    interval.told.add(row.start, row.polls_made);
    rows.push_back(std::move(row));
  }
  begin(interval, index, end);
}

/// `quiet`: no poll of the interval had a value.
PointInterval IntervalBuilder::finish_point(const Meter& meter, std::size_t point, PointState& state,
                                            const PointEntry& entry, UtcTime end, const Poll* next, bool quiet) const {
  PointInterval made{state.samples, state.least, state.most, state.sum, 0, 0, {}, {}, state.quality};
  if (entry.kind == PointKind::instantaneous) return made;
  Edge last = meter.latest[point];
  if (entry.kind == PointKind::counter && next != nullptr && is_good(next->samples[point]) &&
      has_same_worth(meter, entry, *next)) {
    const Edge after{next->samples[point].bits, end_of(*next, point)};
    if (!last.is_set() || after.at - end <= end - last.placed_at) last = after;
  }
  if (state.rescaled) {
    state.first = last;
    return made;
  }
  const bool is_news = state.first.is_set() && last.is_set() && last.placed_at >= state.first.placed_at;
  if (!is_news || (quiet && last.placed_at == state.first.placed_at)) return made;
  made.first = state.first.bits;
  made.first_at = state.first.at;
  made.last = last.bits;
  made.last_at = last.at;
  state.first = last;
  return made;
}

void IntervalBuilder::begin(Interval& interval, MeterIndex index, UtcTime start) {
  interval.start = start;
  interval.polls_made = 0;
  for (std::size_t i = 0; i < interval.points.size(); ++i) {
    const bool keeps_edge = manifest_.meters[index].points[i].kind == PointKind::counter;
    const Edge edge = keeps_edge ? interval.points[i].first : Edge{};
    interval.points[i] = {};
    interval.points[i].first = edge;
  }
}

void IntervalBuilder::restart_counter(MeterIndex index, std::size_t point) {
  Meter& meter = meters_[index];
  meter.latest[point] = {};
  for (Interval& interval : meter.intervals) interval.points[point].first = {};
}

void IntervalBuilder::restart_counter(MeterIndex index, std::size_t point, UtcTime at, UtcTime placed_at) {
  Meter& meter = meters_[index];
  meter.latest[point] = {};
  for (Interval& interval : meter.intervals) {
    Edge& first = interval.points[point].first;
    if (std::tie(first.placed_at, first.at) < std::tie(placed_at, at)) first = {};
  }
}

void IntervalBuilder::close_overdue(UtcTime now, Rows& rows) {
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Millis patience = std::max(2 * manifest_.meters[i].period, patience_min);
    for (std::size_t k = 0; k < lengths.size(); ++k)
      while (meters_[i].intervals[k].start && now >= *meters_[i].intervals[k].start + lengths[k] + patience)
        close(static_cast<MeterIndex>(i), k, nullptr, rows);
  }
}

/// What is dated behind `now` was read before it, by a clock that was set back.
void IntervalBuilder::place_edges(Meter& meter, UtcTime now) {
  for (Edge& edge : meter.latest) edge.placed_at = std::min(edge.placed_at, now);
  for (Interval& interval : meter.intervals)
    for (PointState& point : interval.points) point.first.placed_at = std::min(point.first.placed_at, now);
}

void IntervalBuilder::skip_to(UtcTime now, Rows& rows) {
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    for (std::size_t k = 0; k < lengths.size(); ++k) {
      Interval& interval = meters_[i].intervals[k];
      const UtcTime start = align(now, lengths[k]);
      if (interval.slots_from && *interval.slots_from > now) interval.slots_from.reset();
      if (!interval.start || *interval.start == start) continue;
      const bool is_complete = *interval.start < start;
      if (is_complete || interval.polls_made > 0) close(static_cast<MeterIndex>(i), k, nullptr, rows);
      begin(interval, static_cast<MeterIndex>(i), start);
    }
    place_edges(meters_[i], now);
  }
}

void IntervalBuilder::end(MeterIndex index, UtcTime now, Rows& rows) {
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    Interval& interval = meters_[index].intervals[i];
    interval.slots_until = now;
    if (interval.start && interval.polls_made > 0) close(index, i, nullptr, rows);
    interval.start.reset();
    interval.slots_until.reset();
  }
}

/// Whether the rows of an interval have no poll of it behind those seen until now: the meter went within it.
bool IntervalBuilder::is_told_in_part(const Interval& interval, UtcTime start, std::chrono::seconds length) {
  const std::uint32_t seen = interval.seen.start == start ? interval.seen.polls : 0;
  return interval.start == start + length && interval.told.start == start && interval.told.polls <= seen;
}

void IntervalBuilder::resume(MeterIndex index, UtcTime now, Rows& rows) {
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    Interval& interval = meters_[index].intervals[i];
    const UtcTime start = align(now, lengths[i]);
    if (interval.start && *interval.start > now && !is_told_in_part(interval, start, lengths[i])) continue;
    const bool has_polls = interval.start && interval.polls_made > 0;
    if (has_polls && *interval.start == start) continue;
    if (has_polls) close(index, i, nullptr, rows);
    interval.start.reset();
    interval.slots_from = now;
  }
}

}  // namespace jidian::domain

#include <algorithm>
#include <cassert>

#include "record/aggregates.hpp"
#include "record/body.hpp"
#include "record/columns.hpp"
#include "record/record.pb.h"

namespace jidian::record {
namespace {

using domain::IntervalRow;
using domain::PointInterval;

template <typename Number>
using List = google::protobuf::RepeatedField<Number>;

bool is_float(ValueType type) {
  return type == ValueType::float32 || type == ValueType::float64;
}

/// Leaves a list of zeros out.
template <typename Number>
void drop_zeros(List<Number>& list) {
  if (std::ranges::all_of(list, [](Number number) { return number == 0; })) list.Clear();
}

/// Entry `i` of a list that may have been left out.
template <typename Number>
Number entry(const List<Number>& list, int i) {
  return list.empty() ? Number{0} : list[i];
}

void write_point(const PointInterval& point, ValueType type, UtcTime row_start, jidian::v1::IntervalRow& out) {
  const std::uint64_t least = to_ordered(type, point.least);
  const std::uint64_t first = to_ordered(type, point.first);
  const auto put = [](List<std::int64_t>& list, std::uint64_t number) { list.Add(static_cast<std::int64_t>(number)); };
  out.add_samples(point.samples);
  put(*out.mutable_least(), least);
  put(*out.mutable_spread(), to_ordered(type, point.most) - least);
  put(*out.mutable_sum(), is_float(type) ? point.sum : point.sum - point.samples * point.least);
  put(*out.mutable_first(), first);
  put(*out.mutable_step(), to_ordered(type, point.last) - first);
  // An instant nobody set stays unset: it is the epoch of 1970, far before any row.
  out.add_first_after_ms((point.first_at - row_start).count());
  out.add_last_after_ms((point.last_at - row_start).count());
  out.add_qualities(static_cast<std::uint32_t>(point.quality));
}

Result<PointInterval> read_point(const jidian::v1::IntervalRow& row, int i, ValueType type) {
  const auto get = [i](const List<std::int64_t>& list) { return static_cast<std::uint64_t>(entry(list, i)); };
  PointInterval point;
  point.samples = entry(row.samples(), i);
  const std::uint64_t least = get(row.least());
  const std::uint64_t first = get(row.first());
  point.least = from_ordered(type, least);
  point.most = from_ordered(type, least + get(row.spread()));
  point.sum = is_float(type) ? get(row.sum()) : get(row.sum()) + point.samples * point.least;
  point.first = from_ordered(type, first);
  point.last = from_ordered(type, first + get(row.step()));
  const auto start = static_cast<std::uint64_t>(row.start_ms());
  const auto first_at = read_time(static_cast<std::int64_t>(start + get(row.first_after_ms())));
  const auto last_at = read_time(static_cast<std::int64_t>(start + get(row.last_after_ms())));
  const auto quality = read_code<domain::Quality>(entry(row.qualities(), i));
  if (!first_at || !last_at || !quality) return Error{ErrorKind::corrupt, "an impossible time or quality in a row"};
  point.first_at = *first_at;
  point.last_at = *last_at;
  point.quality = *quality;
  return point;
}

bool lists_fit(const jidian::v1::IntervalRow& row, std::size_t points) {
  const auto fits = [points](int size) { return size == 0 || static_cast<std::size_t>(size) == points; };
  return row.points() == points && fits(row.samples_size()) && fits(row.least_size()) && fits(row.spread_size()) &&
         fits(row.sum_size()) && fits(row.first_size()) && fits(row.step_size()) && fits(row.first_after_ms_size()) &&
         fits(row.last_after_ms_size()) && fits(row.qualities_size());
}

Result<IntervalRow> read_row(const jidian::v1::IntervalRow& in, const domain::Manifest& manifest) {
  if (in.meter() >= manifest.meters.size() || !lists_fit(in, manifest.meters[in.meter()].points.size()))
    return Error{ErrorKind::corrupt, "an interval row does not fit the manifest"};
  const auto start = read_time(in.start_ms());
  if (!start) return start.error();
  const auto& points = manifest.meters[in.meter()].points;
  IntervalRow row{static_cast<domain::MeterIndex>(in.meter()),
                  *start,
                  std::chrono::seconds{in.length_s()},
                  in.polls_made(),
                  in.polls_expected(),
                  {}};
  row.points.reserve(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto point = read_point(in, static_cast<int>(i), points[i].type);
    if (!point) return point.error();
    row.points.push_back(*point);
  }
  return row;
}

void write_row(const IntervalRow& row, const domain::Manifest& manifest, jidian::v1::IntervalRow& out) {
  assert(row.meter < manifest.meters.size());
  const auto& points = manifest.meters[row.meter].points;
  assert(row.points.size() == points.size());
  out.set_meter(row.meter);
  out.set_start_ms(row.start.time_since_epoch().count());
  out.set_length_s(static_cast<std::uint32_t>(row.length.count()));
  out.set_polls_made(row.polls_made);
  out.set_polls_expected(row.polls_expected);
  out.set_points(static_cast<std::uint32_t>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) write_point(row.points[i], points[i].type, row.start, out);
  drop_zeros(*out.mutable_samples());
  drop_zeros(*out.mutable_least());
  drop_zeros(*out.mutable_spread());
  drop_zeros(*out.mutable_sum());
  drop_zeros(*out.mutable_first());
  drop_zeros(*out.mutable_step());
  drop_zeros(*out.mutable_first_after_ms());
  drop_zeros(*out.mutable_last_after_ms());
  drop_zeros(*out.mutable_qualities());
}

}  // namespace

PlainBody write_rows(const Rows& rows, const domain::Manifest& manifest) {
  jidian::v1::Intervals intervals;
  for (const Row& row : rows) {
    if (const auto* of_meter = std::get_if<IntervalRow>(&row))
      write_row(*of_meter, manifest, *intervals.add_rows());
    else
      write_aggregate(std::get<domain::AggregateRow>(row), manifest, *intervals.add_aggregates());
  }
  Bytes body(intervals.ByteSizeLong());
  intervals.SerializeWithCachedSizesToArray(body.data());
  return {std::move(body), {}};
}

Result<Rows> read_rows(ByteView bytes, const domain::Manifest& manifest) {
  jidian::v1::Intervals intervals;
  if (!intervals.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Error{ErrorKind::corrupt, "the body is not an Intervals message"};
  std::size_t points = 0;
  Rows rows;
  for (const auto& in : intervals.rows()) {
    points += in.points();
    if (points > batch_readings_max) return Error{ErrorKind::corrupt, "more intervals than a batch may have"};
    auto row = read_row(in, manifest);
    if (!row) return row.error();
    rows.emplace_back(std::move(*row));
  }
  for (const auto& in : intervals.aggregates()) {
    auto row = read_aggregate(in, manifest);
    if (!row) return row.error();
    points += std::max<std::size_t>(1, row->amounts.size());
    if (points > batch_readings_max) return Error{ErrorKind::corrupt, "more intervals than a batch may have"};
    rows.emplace_back(std::move(*row));
  }
  return rows;
}

}  // namespace jidian::record

#include "record/aggregates.hpp"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>

#include "base/decimal.hpp"
#include "record/body.hpp"
#include "record/record.pb.h"

namespace jidian::record {
namespace {

using domain::AggregateRow;

constexpr std::uint32_t partial_mark = 1;
constexpr std::uint32_t spanning_mark = 2;

void write_peak(const domain::Peak& peak, UtcTime end, jidian::v1::Peak& out) {
  out.set_value(peak.value);
  out.set_until_ms((peak.until - end).count());
}

/// `since` plus milliseconds from the wire. Errors: corrupt.
Result<UtcTime> read_time_after(UtcTime since, std::int64_t ms) {
  const auto offset = read_time(ms);
  if (!offset) return offset.error();
  return read_time((since + offset->time_since_epoch()).time_since_epoch().count());
}

Result<std::optional<domain::Peak>> read_peak(bool is_there, const jidian::v1::Peak& in, UtcTime end) {
  if (!is_there) return std::optional<domain::Peak>{};
  const auto until = read_time_after(end, in.until_ms());
  if (!until) return until.error();
  return std::optional(domain::Peak{in.value(), *until});
}

/// What has instants in it. Errors: corrupt.
Status read_instants(const jidian::v1::AggregateRow& in, AggregateRow& row) {
  const UtcTime end = row.start + row.length;
  const auto from = read_time_after(row.start, in.from_ms());
  const auto until = read_time_after(end, in.until_ms());
  const auto peak = read_peak(in.has_peak(), in.peak(), end);
  const auto month_peak = read_peak(in.has_month_peak(), in.month_peak(), end);
  if (!from || !until || !peak || !month_peak) return Error{ErrorKind::corrupt, "an impossible time in a row"};
  row.from = in.no_counts() ? UtcTime{} : *from;
  row.until = in.no_counts() ? UtcTime{} : *until;
  row.peak = *peak;
  row.month_peak = *month_peak;
  return {};
}

bool lists_fit(const jidian::v1::AggregateRow& in, std::size_t amounts) {
  const auto fits = [](int size, std::size_t wanted) { return size == 0 || static_cast<std::size_t>(size) == wanted; };
  return fits(in.amounts_size(), amounts) && fits(in.marks_size(), amounts) &&
         fits(in.state_ms_size(), AggregateRow::states);
}

}  // namespace

void write_aggregate(const AggregateRow& row, const domain::Manifest& manifest, jidian::v1::AggregateRow& out) {
  const auto amounts = domain::amounts_of(manifest, row.subject);
  assert(amounts && amounts->size() == row.amounts.size());
  out.set_kind(static_cast<std::uint32_t>(row.subject.kind));
  out.set_index(row.subject.index);
  out.set_start_ms(row.start.time_since_epoch().count());
  out.set_length_s(static_cast<std::uint32_t>(row.length.count()));
  out.set_shift(row.shift);
  out.set_polls_made(row.polls_made);
  out.set_polls_expected(row.polls_expected);
  out.set_covered_s(row.covered_s);
  const bool has_values = std::ranges::any_of(row.amounts, [](const auto& amount) { return amount.value != 0; });
  const bool has_marks =
      std::ranges::any_of(row.amounts, [](const auto& amount) { return amount.is_partial || amount.is_spanning; });
  for (const auto& amount : row.amounts) {
    if (has_values) out.add_amounts(amount.value);
    if (has_marks) out.add_marks((amount.is_partial ? partial_mark : 0) | (amount.is_spanning ? spanning_mark : 0));
  }
  const UtcTime end = row.start + row.length;
  if (row.from == UtcTime{} && row.until == UtcTime{}) {
    out.set_no_counts(true);
  } else {
    out.set_from_ms((row.from - row.start).count());
    out.set_until_ms((row.until - end).count());
  }
  if (std::ranges::any_of(row.state_ms, [](std::uint32_t ms) { return ms != 0; }))
    for (const std::uint32_t ms : row.state_ms) out.add_state_ms(ms);
  out.set_state(static_cast<std::uint32_t>(row.state));
  out.set_starts(row.starts);
  if (row.peak) write_peak(*row.peak, end, *out.mutable_peak());
  if (row.month_peak) write_peak(*row.month_peak, end, *out.mutable_month_peak());
}

Result<AggregateRow> read_aggregate(const jidian::v1::AggregateRow& in, const domain::Manifest& manifest) {
  const domain::Subject subject{static_cast<domain::SubjectKind>(in.kind()), static_cast<std::uint16_t>(in.index())};
  const bool is_known = in.kind() >= 1 && in.kind() <= 3 && in.index() <= UINT16_MAX;
  const auto amounts = is_known ? domain::amounts_of(manifest, subject) : std::nullopt;
  if (!amounts || !lists_fit(in, amounts->size()) || in.shift() > manifest.site.shifts.size())
    return Error{ErrorKind::corrupt, "an aggregate row does not fit the manifest"};
  const auto start = read_time(in.start_ms());
  if (!start) return start.error();
  AggregateRow row;
  row.subject = subject;
  row.start = *start;
  row.length = std::chrono::seconds{in.length_s()};
  row.shift = static_cast<std::uint16_t>(in.shift());
  row.polls_made = in.polls_made();
  row.polls_expected = in.polls_expected();
  row.covered_s = in.covered_s();
  row.amounts.resize(amounts->size());
  for (int i = 0; i < in.amounts_size(); ++i) row.amounts[static_cast<std::size_t>(i)].value = in.amounts(i);
  for (int i = 0; i < in.marks_size(); ++i) {
    row.amounts[static_cast<std::size_t>(i)].is_partial = (in.marks(i) & partial_mark) != 0;
    row.amounts[static_cast<std::size_t>(i)].is_spanning = (in.marks(i) & spanning_mark) != 0;
  }
  for (int i = 0; i < in.state_ms_size(); ++i) row.state_ms[static_cast<std::size_t>(i)] = in.state_ms(i);
  const auto state = read_code<domain::FacilityState>(in.state());
  if (!state) return state.error();
  row.state = *state;
  row.starts = in.starts();
  if (const auto done = read_instants(in, row); !done) return done.error();
  return row;
}

std::string to_json(const AggregateRow& row, const domain::Manifest& manifest) {
  using Json = nlohmann::ordered_json;
  const auto amounts = *domain::amounts_of(manifest, row.subject);
  Json json{{"subject", domain::name_of(row.subject.kind)},
            {"id", domain::id_of(manifest, row.subject)},
            {"start", format_utc(row.start)},
            {"length_s", row.length.count()}};
  if (row.shift != 0) json["shift"] = manifest.site.shifts[row.shift - 1U].id;
  json["polls_made"] = row.polls_made;
  json["polls_expected"] = row.polls_expected;
  if (row.covered_s != 0) json["covered_s"] = row.covered_s;
  json["amounts"] = Json::object();
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    Json& entry = json["amounts"][amounts[i].name] = {
        {"value", format_decimal(row.amounts[i].value, amounts[i].exponent)}, {"unit", amounts[i].unit}};
    if (row.amounts[i].is_partial) entry["partial"] = true;
    if (row.amounts[i].is_spanning) entry["spanning"] = true;
  }
  if (row.from != UtcTime{} || row.until != UtcTime{}) {
    json["from"] = format_utc(row.from);
    json["until"] = format_utc(row.until);
  }
  if (std::ranges::any_of(row.state_ms, [](std::uint32_t ms) { return ms != 0; })) {
    for (std::size_t i = 0; i < row.state_ms.size(); ++i)
      json["state_ms"][std::string(domain::name_of(static_cast<domain::FacilityState>(i)))] = row.state_ms[i];
    json["state"] = domain::name_of(row.state);
    json["starts"] = row.starts;
  }
  const auto put_peak = [&](const char* name, const std::optional<domain::Peak>& peak) {
    if (peak && !amounts.empty())
      json[name] = {{"value", format_decimal(peak->value, amounts[0].exponent)}, {"until", format_utc(peak->until)}};
  };
  put_peak("peak", row.peak);
  put_peak("month_peak", row.month_peak);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace jidian::record

#include "row_audit.hpp"

namespace jidian::judge {
namespace {

constexpr std::uint32_t quarter_s = 900;

std::string name_of_subject(std::pair<int, std::size_t> subject, const Manifest& manifest) {
  constexpr const char* kinds[] = {"", "facility ", "account ", ""};
  return kinds[subject.first] + manifest.subjects.at(subject);
}

/// The power of ten that takes a counter's own steps to the amount's number; negative ones cannot be told in integers.
int shift_of(const ManifestSource& source, const ManifestPoint& point, const ManifestAmount& amount) {
  return point.exponent + source.factor_exponent - amount.exponent;
}

bool can_be_counted(const ManifestAmount& amount, const Manifest& manifest) {
  for (const auto& source : amount.sources) {
    const auto& point = manifest.meters.at(source.meter).points.at(source.point);
    if (point.is_multiplied || point.type > 1 || shift_of(source, point, amount) < 0) return false;
  }
  return true;
}

std::int64_t step_of(const CounterEdges& edges, const ManifestSource& source, const ManifestPoint& point,
                     const ManifestAmount& amount) {
  if (edges.first_ms == 0) return 0;
  const bool is_signed = point.type == 1;
  // Of these the gateway gives no step where they fell.
  if (is_signed && static_cast<std::int64_t>(edges.last) < static_cast<std::int64_t>(edges.first)) return 0;
  const bool wrapped = !is_signed && edges.last < edges.first && point.modulus != 0;
  auto step = static_cast<std::int64_t>(edges.last - edges.first + (wrapped ? point.modulus : 0)) * source.factor;
  for (int i = shift_of(source, point, amount); i > 0; --i) step *= 10;
  return step;
}

}  // namespace

void RowAudit::add(const Batch& batch, const Manifest& manifest) {
  for (const auto& row : batch.meter_rows) add_meter_row(row, manifest);
  for (const auto& row : batch.aggregates) add_aggregate(row, manifest);
}

void RowAudit::add_meter_row(const MeterRow& row, const Manifest& manifest) {
  for (const auto& [subject, amounts] : manifest.amounts)
    for (const auto& amount : amounts) {
      if (!can_be_counted(amount, manifest)) continue;
      const Column column{name_of_subject(subject, manifest), row.length_s, 0, amount.name};
      for (const auto& source : amount.sources)
        if (source.meter == static_cast<std::size_t>(row.meter))
          counted_[column][row.start_ms] +=
              step_of(row.points.at(source.point), source, manifest.meters[source.meter].points[source.point], amount);
    }
}

void RowAudit::add_aggregate(const AggregateRow& row, const Manifest& manifest) {
  ++aggregates_;
  const std::pair<int, std::size_t> subject{row.kind, row.index};
  const auto& amounts = manifest.amounts.at(subject);
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const Column column{name_of_subject(subject, manifest), row.length_s, row.shift, amounts[i].name};
    told_[column][row.start_ms] += row.amounts[i];
    if (!can_be_counted(amounts[i], manifest)) is_open_[column] = true;
  }
}

/// A step that came late stands in a later row: what counts is that no sum from the beginning on is another one.
void RowAudit::compare(const Column& column, const Series& told, const Series& counted, Outcome& outcome) {
  std::int64_t sum_told = 0;
  std::int64_t sum_counted = 0;
  const std::int64_t first_ms = counted.begin()->first;
  auto next = counted.upper_bound(first_ms);
  bool was_equal = true;
  for (const auto& [start_ms, value] : told) {
    if (start_ms <= first_ms) continue;
    for (; next != counted.end() && next->first <= start_ms; ++next) sum_counted += next->second;
    sum_told += value;
    ++outcome.compared;
    const bool is_equal = sum_told == sum_counted;
    if (!is_equal && !was_equal) {
      ++outcome.wrong;
      outcome.findings.push_back(std::get<0>(column) + " " + std::get<3>(column) + " of " +
                                 std::to_string(std::get<1>(column)) + " s at " + std::to_string(start_ms) +
                                 ": together " + std::to_string(sum_told) + ", the meters' rows say " +
                                 std::to_string(sum_counted));
      return;
    }
    was_equal = is_equal;
  }
}

RowAudit::Outcome RowAudit::finish() const {
  Outcome outcome;
  outcome.aggregates = aggregates_;
  for (const auto& [column, told] : told_) {
    if (is_open_.contains(column)) continue;
    const auto& [subject, length_s, shift, amount] = column;
    if (length_s <= quarter_s && shift == 0) {
      if (const auto counted = counted_.find(column); counted != counted_.end())
        compare(column, told, counted->second, outcome);
      continue;
    }
    // Longer ones: the sum of their own quarter hours, row by row.
    const auto quarters = told_.find({subject, quarter_s, 0, amount});
    if (quarters == told_.end()) continue;
    for (const auto& [start_ms, value] : told) {
      if (start_ms < quarters->second.begin()->first) continue;
      std::int64_t sum = 0;
      for (auto it = quarters->second.lower_bound(start_ms);
           it != quarters->second.end() && it->first < start_ms + 1000 * std::int64_t{length_s}; ++it)
        sum += it->second;
      ++outcome.compared;
      if (sum == value) continue;
      ++outcome.wrong;
      outcome.findings.push_back(subject + " " + amount + " of " + std::to_string(length_s) + " s at " +
                                 std::to_string(start_ms) + ": " + std::to_string(value) + ", its quarter hours say " +
                                 std::to_string(sum));
    }
  }
  return outcome;
}

}  // namespace jidian::judge

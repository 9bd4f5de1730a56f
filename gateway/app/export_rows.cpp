#include <algorithm>
#include <iostream>

#include "app/export_rows.hpp"
#include "base/decimal.hpp"
#include "base/time.hpp"
#include "record/aggregates.hpp"

namespace jidian::app {
namespace {

std::string seconds_of(std::uint32_t ms) {
  return format_decimal(std::uint64_t{ms}, -3);
}

}  // namespace

void RowPrinter::print_head() const {
  if (format_ == "csv") std::cout << "subject,id,start,length_s,shift,amount,value,unit,marks,from,until,covered_s\n";
}

void RowPrinter::print(const record::Rows& rows, const domain::Manifest& manifest) {
  for (const auto& any : rows) {
    const auto* row = std::get_if<domain::AggregateRow>(&any);
    if (row == nullptr || row->start < from_ || row->start >= until_) continue;
    ++rows_;
    if (format_ == "csv")
      print_csv(*row, manifest);
    else
      std::cout << record::to_json(*row, manifest) << '\n';
  }
}

/// One line for each amount, state and peak.
void RowPrinter::print_csv(const domain::AggregateRow& row, const domain::Manifest& manifest) {
  const auto amounts = *domain::amounts_of(manifest, row.subject);
  const std::string head = std::string(domain::name_of(row.subject.kind)) + ',' +
                           std::string(domain::id_of(manifest, row.subject)) + ',' + format_utc(row.start) + ',' +
                           std::to_string(row.length.count()) + ',' +
                           (row.shift == 0 ? std::string() : manifest.site.shifts[row.shift - 1U].id) + ',';
  const bool has_counts = row.from != UtcTime{} || row.until != UtcTime{};
  const std::string covered = row.covered_s == 0 ? std::string() : std::to_string(row.covered_s);
  const std::string tail = (has_counts ? format_utc(row.from) + ',' + format_utc(row.until) : ",") + ',' + covered;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const auto& amount = row.amounts[i];
    const char* marks = amount.is_partial ? (amount.is_spanning ? "partial spanning" : "partial")
                                          : (amount.is_spanning ? "spanning" : "");
    std::cout << head << amounts[i].name << ',' << format_decimal(amount.value, amounts[i].exponent) << ','
              << amounts[i].unit << ',' << marks << ',' << tail << '\n';
  }
  const auto print_peak = [&](const char* name, const std::optional<domain::Peak>& peak) {
    if (peak && !amounts.empty())
      std::cout << head << name << ',' << format_decimal(peak->value, amounts[0].exponent) << ',' << amounts[0].unit
                << ",," << format_utc(peak->until - std::chrono::minutes{15}) << ',' << format_utc(peak->until) << ','
                << covered << '\n';
  };
  print_peak("peak", row.peak);
  print_peak("month_peak", row.month_peak);
  if (std::ranges::all_of(row.state_ms, [](std::uint32_t ms) { return ms == 0; })) return;
  for (std::size_t i = 0; i < row.state_ms.size(); ++i)
    std::cout << head << "state." << domain::name_of(static_cast<domain::FacilityState>(i)) << ','
              << seconds_of(row.state_ms[i]) << ",s,,,," << covered << '\n';
  std::cout << head << "starts," << row.starts << ",,,,," << covered << '\n';
}

}  // namespace jidian::app

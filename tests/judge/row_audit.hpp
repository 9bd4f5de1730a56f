// Whether the rows of facilities, accounts and the site are the sums of what they are made of.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "batch.hpp"
#include "manifest.hpp"

namespace jidian::judge {

/// Adds up the meters' rows of one manifest by itself, from the two counts of each, and compares. Amounts of floats and
/// of counters that are multiplied by registers are taken as they are, and so is the first row of each: some of what it
/// is made of may stand under the manifest before.
class RowAudit {
 public:
  /// The rows of a batch, under its manifest.
  void add(const Batch& batch, const Manifest& manifest);

  struct Outcome {
    std::uint64_t aggregates = 0;
    std::uint64_t compared = 0;  ///< Amounts in rows.
    std::uint64_t wrong = 0;
    std::vector<std::string> findings;
  };
  Outcome finish() const;

 private:
  /// Subject, length, shift, amount: by start in ms.
  using Column = std::tuple<std::string, std::uint32_t, std::uint32_t, std::string>;
  using Series = std::map<std::int64_t, std::int64_t>;

  void add_meter_row(const MeterRow& row, const Manifest& manifest);
  void add_aggregate(const AggregateRow& row, const Manifest& manifest);
  static void compare(const Column& column, const Series& told, const Series& counted, Outcome& outcome);

  std::map<Column, Series> told_;
  std::map<Column, Series> counted_;  ///< From meters' rows.
  std::map<Column, bool> is_open_;    ///< Cannot be counted here.
  std::uint64_t aggregates_ = 0;
};

}  // namespace jidian::judge

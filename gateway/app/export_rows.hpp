#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "domain/manifest.hpp"
#include "record/batch.hpp"

namespace jidian::app {

/// Prints the rows of facilities, accounts and the site on standard output: as CSV one line for each amount and state,
/// else one JSON object a line.
class RowPrinter {
 public:
  /// Rows that begin in [from, until).
  RowPrinter(std::string format, UtcTime from, UtcTime until)
      : format_(std::move(format)), from_(from), until_(until) {}

  void print_head() const;
  void print(const record::Rows& rows, const domain::Manifest& manifest);
  std::uint64_t rows() const { return rows_; }

 private:
  static void print_csv(const domain::AggregateRow& row, const domain::Manifest& manifest);

  std::string format_;
  UtcTime from_;
  UtcTime until_;
  std::uint64_t rows_ = 0;
};

}  // namespace jidian::app

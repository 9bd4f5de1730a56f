#pragma once

#include <string>

#include "base/result.hpp"
#include "domain/aggregate.hpp"

namespace jidian::v1 {
class AggregateRow;
}

namespace jidian::record {

/// Precondition: the manifest has the row's subject, and as many amounts for it as the row.
void write_aggregate(const domain::AggregateRow& row, const domain::Manifest& manifest, jidian::v1::AggregateRow& out);

/// Errors: corrupt.
Result<domain::AggregateRow> read_aggregate(const jidian::v1::AggregateRow& in, const domain::Manifest& manifest);

/// A row as one JSON object for people and tools: `jidian export`, `jidian tail`. Amounts are exact decimals in their
/// units, written as strings so that no reader rounds them. Precondition as above.
std::string to_json(const domain::AggregateRow& row, const domain::Manifest& manifest);

}  // namespace jidian::record

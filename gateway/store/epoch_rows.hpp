#pragma once

#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "store/epoch_reader.hpp"
#include "store/layout.hpp"

namespace jidian::store {

/// The row with this seq, or the next one; nothing if there is none up to `range.last`. An error tells nothing of what
/// is there.
inline Result<std::optional<StoredBatch>> row_in(EpochReader& reader, record::Stream stream, SeqRange range,
                                                 Damage& damage) {
  auto rows = reader.read(stream, range, 1, 1, damage);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<StoredBatch>();
  return std::optional(std::move(rows->front()));
}

/// The same, for its times: those of a row that cannot be read are not known.
inline std::optional<StoredBatch> row_at(EpochReader& reader, record::Stream stream, SeqRange range) {
  Damage ignored;
  auto row = row_in(reader, stream, range, ignored);
  return row ? std::move(*row) : std::nullopt;
}

/// When an epoch began, as its file says.
inline std::optional<UtcTime> began_at(EpochReader& reader) {
  const auto created = reader.meta("created_ms");
  std::int64_t ms = 0;
  if (!created || !*created) return std::nullopt;
  const auto read = std::from_chars((*created)->data(), (*created)->data() + (*created)->size(), ms);
  return read.ec == std::errc() ? std::optional(from_ms(ms)) : std::nullopt;
}

}  // namespace jidian::store

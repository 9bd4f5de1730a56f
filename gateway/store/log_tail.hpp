#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace jidian::store {

/// How a write-ahead log of SQLite ends.
struct LogTail {
  std::uint64_t bytes = 0;  ///< Of the whole log; 0: there is none.
  std::string torn;         ///< What at its end counts for nothing, as a power cut leaves it; empty if all is whole.
  std::string lost;  ///< Why transactions that were durable cannot be read; empty if none is missing from within.
};

/// Looks at the log beside `database` ("…-wal"): every frame up to the first that does not count. A log that was cut
/// off between two transactions is whole: nothing in it tells of what stood behind. Beside a writer, the transaction
/// that is being written may look torn. Blocks for as long as reading the log takes.
LogTail look_at_log(const std::filesystem::path& database);

}  // namespace jidian::store

#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "record/batch.hpp"
#include "store/ranges.hpp"
#include "store/sqlite.hpp"

namespace jidian::store {

/// Rows of a log that cannot be read, side by side.
struct Unreadable {
  SeqRange rows;                         ///< Up to `seq_max`, if nothing behind them can be read.
  std::optional<std::uint64_t> goes_on;  ///< The first seq from which reading goes on; nothing if there is none.
};

/// Finds the ends of damage: reading from `at` on failed, with ErrorKind::io (`refused`) or because of the file.
///
/// No sound row is passed over among the first 4096 behind `at`. Where the disk refuses, each look may take it a
/// second: there it is the first 16, and without a sound row behind only one row counts as lost.
///
/// @param known_end  Damage around `at` was known to end here.
/// Errors: conflict (locked), full: of a look, not of the damage.
Result<Unreadable> search_damage(Db& db, record::Stream stream, std::uint64_t at,
                                 std::optional<std::uint64_t> known_end, bool refused);

}  // namespace jidian::store

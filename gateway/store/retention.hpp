#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/ranges.hpp"
#include "store/store.hpp"

namespace jidian::store {

/// Seqs that at least `count` of `holders` have; every seq if `count` is 0.
Ranges held_by(const std::vector<Ranges>& holders, std::size_t count);

/// Adds an eviction to the ledger: joined to the entry it continues, or, when a stream of an epoch has
/// `ledger_entries_max` already, to its last one.
/// @return The entry of `ledger` that now tells of it.
inline constexpr std::size_t ledger_entries_max = 32;
Eviction& enter(std::vector<Eviction>& ledger, const Eviction& eviction);

/// How a quota is divided.
struct Budget {
  /// However small the quota is, and whatever older epochs take, so many pages an epoch's file may have.
  static constexpr std::uint64_t file_pages_min = 192;

  std::uint64_t reserve_bytes = 0;   ///< Kept free for bad times: lets the file take in a whole log, and a half more.
  std::uint64_t log_frames_max = 0;  ///< Length of the write-ahead log at which it is moved into the file.
  std::uint64_t file_pages_max = 0;  ///< For the newest epoch's file.

  /// @param old_bytes  What older epochs take. The newest file leaves an eighth of the quota untouched while it is
  /// alone: room for a further epoch to begin while this one is still being drained.
  static Budget of(std::uint64_t quota_bytes, std::uint64_t old_bytes);
};

}  // namespace jidian::store

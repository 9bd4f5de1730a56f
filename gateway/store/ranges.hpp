#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace jidian::store {

/// Consecutive seqs, both ends included. Invariant: 1 ≤ first ≤ last.
struct SeqRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  std::uint64_t size() const { return last - first + 1; }
  friend bool operator==(const SeqRange&, const SeqRange&) = default;
};

/// A set of seqs kept as few sorted, disjoint, non-touching ranges.
class Ranges {
 public:
  void add(SeqRange range);
  void remove(SeqRange range);
  bool contains(std::uint64_t seq) const;
  std::uint64_t size() const;  ///< Number of seqs.
  const std::vector<SeqRange>& ranges() const { return ranges_; }

  /// The first maximal range inside `within` that is not in the set; nothing if all of it is.
  std::optional<SeqRange> first_missing(SeqRange within) const;

  /// "1-40,42-43"; empty for the empty set.
  std::string to_text() const;
  /// Errors: corrupt.
  static Result<Ranges> from_text(std::string_view text);

  friend bool operator==(const Ranges&, const Ranges&) = default;

 private:
  std::vector<SeqRange> ranges_;
};

}  // namespace jidian::store

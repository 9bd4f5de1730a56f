#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/ranges.hpp"

namespace jidian::store {

/// Why batches left the store. The later ones are the graver ones.
enum class Parting : std::uint8_t {
  retention = 1,    ///< Every destination had them, and their time was over.
  quota = 2,        ///< Every destination had them; room was wanted.
  unconfirmed = 3,  ///< Room was wanted before every destination had them: the ledger has them too.
};

/// "retention", "quota", "unconfirmed".
std::string_view name_of(Parting why);

/// Batches of one log that left.
struct Departure {
  SeqRange range;
  Parting why = Parting::retention;
  UtcTime at;    ///< When the last of them left.
  UtcTime from;  ///< What they told of.
  UtcTime until;
  friend bool operator==(const Departure&, const Departure&) = default;
};

/// Remembers what left one log, in few entries: seqs that follow one another and left for one reason on one day (UTC)
/// share one, and beyond `entries_max` neighbours are joined under the graver reason. Where none are left to be joined,
/// those that left first are forgotten: an entry never spans batches that are still there.
class Departures {
 public:
  static constexpr std::size_t entries_max = 24;

  /// Seqs that left before keep what is said of them.
  void add(const Departure& departure);

  /// By seq.
  const std::vector<Departure>& entries() const { return entries_; }

  /// A line an entry; empty if nothing left.
  std::string to_text() const;
  /// Errors: corrupt.
  static Result<Departures> from_text(const std::string& text);

  friend bool operator==(const Departures&, const Departures&) = default;

 private:
  void join();

  std::vector<Departure> entries_;
};

}  // namespace jidian::store

// What the stored batches prove, read back in order after everything has arrived.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "batch.hpp"
#include "ledger.hpp"

namespace jidian::judge {

/// One verdict over a ledger. Everything that should be zero is zero in a clean run.
struct Verdict {
  std::uint64_t batches = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t reading_bytes = 0;  ///< of the reading batches alone
  std::uint64_t readings = 0;       ///< points of polls, with and without a value
  std::uint64_t polls = 0;
  std::uint64_t events = 0;
  std::uint64_t rows = 0;              ///< of meters, facilities, accounts and the site
  std::uint64_t aggregates = 0;        ///< of them, those that are not of meters
  std::uint64_t amounts_compared = 0;  ///< in these rows, with the sums of what they are made of
  std::uint64_t amounts_wrong = 0;
  std::uint64_t edges_compared = 0;  ///< of meters' rows, with the polls
  std::uint64_t edges_false = 0;     ///< which no poll read
  std::uint64_t epochs = 0;

  std::uint64_t damaged = 0;  ///< stored batches that cannot be decoded
  std::uint64_t holes = 0;    ///< seqs missing inside a stream
  std::uint64_t chain_breaks = 0;
  std::uint64_t repeated_polls = 0;  ///< one slot of one meter recorded twice
  std::uint64_t slots_expected = 0;
  std::uint64_t slots_in_gaps = 0;  ///< missing, and declared with a cause
  std::uint64_t slots_missing = 0;  ///< missing, and nobody said so
  std::uint64_t values_checked = 0;
  std::uint64_t values_unknown = 0;  ///< points the plant's truth does not cover
  std::uint64_t values_false = 0;
  std::uint64_t values_implausible = 0;  ///< marked so by the gateway; beside, not against: they are recorded
  std::map<std::string, std::uint64_t> implausible;  ///< events of that kind by meter, check and state

  std::uint64_t copies = 0;        ///< batches that tell the content of a rejected one again
  std::uint64_t copies_spare = 0;  ///< batches whose content another one told already: stored, not taken
  std::uint64_t restarts = 0;      ///< of an old epoch's chain, behind batches that were rejected as conflicts
  std::int64_t duplicates = 0;     ///< removed by the key
  std::int64_t conflicts = 0;
  std::int64_t false_copies = 0;  ///< copies with other content than their original's
  std::int64_t refused = 0;       ///< damaged or misplaced messages
  std::map<int, std::uint64_t> gaps_by_cause;
  std::vector<std::string> findings;  ///< the first few, in words

  bool clean() const;
};

/// Decides whether a value was true. The plant's own model implements it; a run without one has none.
class TruthSource {
 public:
  virtual ~TruthSource() = default;
  enum class Answer { was_so, was_not_so, unknown };
  /// Whether `bits` was what the point showed at some instant of [start_ms, end_ms].
  virtual Answer check(const std::string& meter, const std::string& quantity, const std::string& phase, int value_type,
                       std::uint64_t bits, std::int64_t start_ms, std::int64_t end_ms) = 0;
};

/// Walks every batch of the ledger. `truth` may be null.
/// @param from_ms,until_ms  slots outside are not asked for (0: from the first to the last that arrived).
Verdict audit(const Ledger& ledger, TruthSource* truth, std::int64_t from_ms, std::int64_t until_ms);

/// The verdict as JSON, and as a screen for people.
std::string to_json(const Verdict& verdict);
std::string to_text(const Verdict& verdict);

}  // namespace jidian::judge

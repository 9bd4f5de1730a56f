#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "domain/note.hpp"
#include "domain/reading.hpp"
#include "domain/replacement.hpp"

namespace jidian::recorder {

/// The exchanges of meters that are on record, and what is needed to take another one: the last count of every counter
/// and its last fall, which may have been an exchange that nobody has told yet.
class Swaps {
 public:
  /// `manifest` outlives this.
  explicit Swaps(const domain::Manifest& manifest);

  /// A note of an earlier run; one that is no note of an exchange, or of a meter or point that is gone, is passed over.
  /// Gives the meter whose exchanges it brought.
  std::optional<domain::MeterIndex> restore(const domain::Note& note);

  /// A poll, in time order.
  void see(const domain::Poll& poll);

  /// Checks a stated exchange against what was recorded. Adds to `event` what is known: when (`at`), `before`,
  /// `before_at`, `after`, `after_at`, `gained`, and old_final and new_start as counts. Takes it if it can be so: from
  /// now on `since` and `between` know it. Errors: conflict, with the numbers.
  Status take(const domain::Replacement& stated, domain::Event& event);

  /// What to remember of a meter's exchanges.
  domain::Note note_of(domain::MeterIndex meter) const;

  /// When the meter was exchanged last; the beginning of time if it never was.
  UtcTime since(domain::MeterIndex meter) const;

  /// The exchanges of a meter behind `from` and not behind `until`, in order of time.
  std::vector<domain::Swap> between(domain::MeterIndex meter, UtcTime from, UtcTime until) const;

 private:
  struct Seen {
    std::optional<domain::Count> latest;
    std::optional<domain::Count> fell_from;  ///< The count before the last fall,
    std::optional<domain::Count> fell_to;    ///< and behind it.
  };
  struct Meter {
    std::vector<Seen> points;
    std::vector<std::optional<std::uint64_t>> factors;  ///< The newest value of every point that is no counter.
    std::vector<domain::Swap> swaps;
  };
  /// One way to understand a stated exchange.
  struct Reading {
    std::optional<domain::Count> before;
    domain::Count after;
    UtcTime at;
  };

  std::vector<Reading> readings_of(const domain::Replacement& stated, UtcTime now) const;
  Status check(const domain::Replacement& stated, const Reading& reading, domain::Swap& swap) const;
  Status check_factors(const domain::Replacement& stated) const;

  const domain::Manifest& manifest_;
  std::vector<Meter> meters_;
};

/// The name of the note about a meter's exchanges, and the serial numbers of the last one: old, new.
std::string swap_note_name_of(const std::string& meter_id);
std::optional<std::pair<std::string, std::string>> last_serials_of(std::string_view note_text);

}  // namespace jidian::recorder

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/directive.hpp"
#include "domain/event.hpp"
#include "domain/note.hpp"

namespace jidian::domain {

/// A short name for what somebody sent: other bytes have another one. Not against forgers.
std::string print_of(std::string_view bytes);

/// Tells of the orders that were not taken, each once, by itself or as part of a number, for as long as one list of its
/// destination after the other has it: a list that comes again, with a new connection or after a restart, tells
/// nothing; one that comes back after another list tells again. Pure.
class Refusals {
 public:
  /// Told in an hour of one destination: who makes orders up must not fill the store with them. What is beyond it is
  /// counted, and told as a number when the hour is over.
  static constexpr std::size_t an_hour = 30;
  /// Refused ones of a destination's newest list that a restart knows: a note is small. Of a list with more of them,
  /// the others are told again after each restart.
  static constexpr std::size_t noted_max = 64;

  /// A note of an earlier run; false if it is about something else.
  bool restore(const Note& note);

  /// A list of `destination` begins, before which `passed_over` others were not looked at. Gives what is to be told.
  std::optional<Event> begin(const std::string& destination, std::uint64_t passed_over, UtcTime now);
  /// Between `begin` and `end` of the same destination. Gives what is to be told, if anything.
  std::optional<Event> refuse(const RefusedDirective& refused, const std::string& destination, UtcTime now);
  /// The list is read. Gives what is to be remembered, if that changed.
  std::optional<Note> end(const std::string& destination);

  struct Due {
    std::vector<Event> events;
    std::vector<Note> notes;
  };
  /// Numbers of what was not told, once their hour is over, or at once (`is_last`: the gateway stops). A run that ended
  /// without that leaves them to the next one.
  Due take_due(UtcTime now, bool is_last = false);

  /// Told of or not.
  const RefusalCounts& counts() const { return counts_; }

 private:
  /// What is refused, in words: told, or in the number of those that were not.
  using Refused = std::set<std::string>;

  struct Destination {
    Refused before;                ///< Of the list before.
    Refused listed;                ///< Of the one that is being read.
    std::string noted;             ///< The text of the note.
    std::optional<UtcTime> since;  ///< Begin of the hour in which `told` were told.
    std::size_t told = 0;
    std::uint64_t orders_passed_over = 0;  ///< Not told.
    std::uint64_t lists_passed_over = 0;   ///< Not told either.
  };

  static bool may_tell(Destination& at, UtcTime now);
  static bool is_over(const Destination& at, UtcTime now);
  static std::optional<Note> note_of(const std::string& destination, Destination& at);
  static Event passed_over(const std::string& destination, Destination& at, UtcTime now);

  std::map<std::string, Destination> destinations_;
  RefusalCounts counts_{};
};

}  // namespace jidian::domain

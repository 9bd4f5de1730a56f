#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/directive.hpp"
#include "domain/directive_note.hpp"
#include "domain/event.hpp"
#include "domain/note.hpp"
#include "domain/refusals.hpp"

namespace jidian::domain {

/// The orders of all authorities: which are in force or ahead, and an event for whatever becomes of one. Pure.
class DirectiveBook {
 public:
  static constexpr std::size_t orders_max = 64;  ///< In force or ahead, of all issuers.
  /// Orders that are over and are remembered to tell a replay; beyond it the one that ended first is forgotten. By then
  /// its time is past as a rule, and it is refused as expired.
  static constexpr std::size_t remembered_max = 256;

  struct News {
    std::vector<Event> events;
    std::vector<Note> notes;
    bool empty() const { return events.empty() && notes.empty(); }
  };

  /// A note of an earlier run; one about something else is passed over.
  void restore(const Note& note);

  /// What a destination holds in force now. The same list again is no news. Lists are taken in the order in which they
  /// came, none left out: what one of them lifts stays lifted, and what one of them has wrong is told.
  News take(const DirectiveListing& listing, UtcTime now);

  /// Orders whose time is over, and numbers of refusals that were not told.
  News expire(UtcTime now);

  /// The gateway stops: what would be told later.
  News close(UtcTime now) {
    auto due = refusals_.take_due(now, true);
    return {std::move(due.events), std::move(due.notes)};
  }

  /// In force or ahead, by issuer and id.
  std::vector<KnownDirective> orders() const;

  /// Orders that were not taken, told of or passed over.
  const RefusalCounts& refusals() const { return refusals_.counts(); }

 private:
  using Key = std::pair<std::string, std::string>;  ///< Issuer and id.

  void take_order(const Directive& order, const std::string& destination, UtcTime now, News& news);
  void begin(const Directive& order, const std::string& destination, UtcTime now, News& news);
  /// `text`: what follows "Order … of …".
  void end(RememberedDirective& one, const char* how, const std::string& text, UtcTime now, News& news);
  void refuse(const RefusedDirective& refused, const std::string& destination, UtcTime now, News& news);
  void forget_oldest(News& news);
  std::size_t count_open() const;

  std::map<Key, RememberedDirective> known_;
  Refusals refusals_;
};

}  // namespace jidian::domain

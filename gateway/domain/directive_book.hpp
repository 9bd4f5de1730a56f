#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/directive.hpp"
#include "domain/directive_note.hpp"
#include "domain/event.hpp"
#include "domain/note.hpp"

namespace jidian::domain {

/// The orders of all authorities: which are in force or ahead, and an event for whatever becomes of one. Pure.
class DirectiveBook {
 public:
  static constexpr std::size_t orders_max = 64;  ///< In force or ahead, of all issuers.
  /// Orders that are over and are remembered to tell a replay; beyond it the one that ended first is forgotten. By then
  /// its time is past as a rule, and it is refused as expired.
  static constexpr std::size_t remembered_max = 256;
  /// Refusals told in an hour: a destination that makes orders up must not fill the store with them.
  static constexpr std::size_t refusals_an_hour = 30;

  struct News {
    std::vector<Event> events;
    std::vector<Note> notes;
    bool empty() const { return events.empty() && notes.empty(); }
  };

  /// A note of an earlier run; one about something else is passed over.
  void restore(const Note& note);

  /// What a destination holds in force now. The same list again is no news.
  News take(const DirectiveListing& listing, UtcTime now);

  /// Orders whose time is over.
  News expire(UtcTime now);

  /// In force or ahead, by issuer and id.
  std::vector<KnownDirective> orders() const;

  /// Orders that were not taken, told of or passed over.
  const RefusalCounts& refusals() const { return refusal_counts_; }

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
  std::set<std::vector<std::string>> refusals_told_;
  std::optional<UtcTime> refusals_since_;  ///< The hour in which the next two were counted.
  std::size_t refusals_ = 0;
  std::size_t refusals_passed_over_ = 0;
  RefusalCounts refusal_counts_{};
};

}  // namespace jidian::domain

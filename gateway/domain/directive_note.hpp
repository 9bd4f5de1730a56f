#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/directive.hpp"
#include "domain/note.hpp"

namespace jidian::domain {

/// What is remembered of an order across restarts: all of it, and of one that is over what tells a replay.
struct RememberedDirective {
  KnownDirective known;
  std::string ended;  ///< How it came to its end: "lifted", "expired", "superseded"; empty: it is in force or ahead.
  friend bool operator==(const RememberedDirective&, const RememberedDirective&) = default;
};

/// The name of the note about an order.
std::string directive_note_name(std::string_view issuer, std::string_view id);

Note note_of(const RememberedDirective& remembered);

/// Nothing if it is no note about an order.
std::optional<RememberedDirective> directive_in(const Note& note);

}  // namespace jidian::domain

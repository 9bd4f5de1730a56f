#pragma once

#include <charconv>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "domain/note.hpp"

namespace jidian::recorder {

/// The note by which a run says that it lives. Written once a minute where nothing else is committed meanwhile.
inline domain::Note alive_note(UtcTime now) {
  return {"alive", std::to_string(now.time_since_epoch().count())};
}

/// When the run that wrote it lived; nothing if it is no such note.
inline std::optional<UtcTime> alive_in(const domain::Note& note) {
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(note.text.data(), note.text.data() + note.text.size(), ms);
  if (note.name != "alive" || error != std::errc{} || end != note.text.data() + note.text.size()) return std::nullopt;
  return UtcTime{Millis{ms}};
}

}  // namespace jidian::recorder

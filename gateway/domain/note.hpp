#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace jidian::domain {

/// Something a part wants to know again after a restart. It is no evidence and never leaves the box; a later note of
/// the same name takes its place.
struct Note {
  std::string name;  ///< "meter/press-1": who, `[a-z0-9/-]+`.
  std::string text;  ///< At most a few KiB; only its author understands it. Empty: forget it.
  friend bool operator==(const Note&, const Note&) = default;
};

/// The first lines of a note's text, without their ends; nothing if it has fewer. They live as long as the note.
template <std::size_t count>
std::optional<std::array<std::string_view, count>> lines_of(const Note& note) {
  std::array<std::string_view, count> lines;
  std::string_view rest = note.text;
  for (std::string_view& line : lines) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace jidian::domain

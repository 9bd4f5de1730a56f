#pragma once

#include <string>

namespace jidian::domain {

/// Something a part wants to know again after a restart. It is no evidence and never leaves the box; a later note of
/// the same name takes its place.
struct Note {
  std::string name;  ///< "meter/press-1": who, `[a-z0-9/-]+`.
  std::string text;  ///< At most a few KiB; only its author understands it. Empty: forget it.
  friend bool operator==(const Note&, const Note&) = default;
};

}  // namespace jidian::domain

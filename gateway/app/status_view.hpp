#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace jidian::app {

enum class Colours : std::uint8_t { none, ansi };

/// What `jidian status` prints, and whether it has anything to complain of.
struct StatusView {
  std::string text;      ///< One screen, lines ending in '\n'; the last says what to do next.
  bool healthy = false;  ///< Recording, and no findings.
};

/// Makes a screen for people from the gateway's status JSON. Fields that are missing, as from a gateway of another
/// version, are shown as "-". Of many meters those in trouble come first and the rest is counted.
/// Errors: corrupt (not a JSON object).
Result<StatusView> render_status(const std::string& status_json, Colours colours);

}  // namespace jidian::app

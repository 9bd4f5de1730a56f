#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "health/board.hpp"

namespace jidian::recorder {

/// What the store says of itself, with what the recorder knows: why it takes nothing now (empty: it does), and what was
/// dropped because it took nothing.
inline health::StoreHealth with_trouble(health::StoreHealth health, const std::string& trouble,
                                        std::uint64_t polls_dropped, std::uint64_t others_dropped) {
  health.takes_writes = trouble.empty();
  const auto say = [&](const std::string& what) { health.trouble += (health.trouble.empty() ? "" : "; ") + what; };
  if (!trouble.empty() && health.trouble.empty()) say(trouble);
  if (!trouble.empty() && polls_dropped > 0)  // afterwards the gaps tell of them
    say(std::to_string(polls_dropped) + " polls were dropped because the store took nothing");
  if (others_dropped > 0)
    say(std::to_string(others_dropped) + " events or rows were dropped because the store took nothing");
  return health;
}

}  // namespace jidian::recorder

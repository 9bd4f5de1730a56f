#pragma once

#include <algorithm>
#include <string_view>

namespace jidian {

/// Longest id of a gateway, bus, meter, facility or destination. Ids travel in topics and file names.
inline constexpr std::size_t id_length_max = 32;

/// Whether `text` may name a thing of ours: `[a-z0-9-]{1,32}`.
inline bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= id_length_max &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace jidian

#include "base/outside_json.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace jidian {
namespace {

/// Exact for whatever is JSON: there brackets stand for levels everywhere but in texts.
bool is_too_deep(std::string_view text) {
  std::size_t level = 0;
  bool is_text = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (letter == '"') {
      is_text = !is_text;
    } else if (is_text) {
      if (letter == '\\') ++at;
    } else if (letter == '[' || letter == '{') {
      if (++level > outside_json_levels_max) return true;
    } else if ((letter == ']' || letter == '}') && level > 0) {
      --level;
    }
  }
  return false;
}

}  // namespace

Result<nlohmann::json> parse_outside_json(std::string_view text) {
  if (is_too_deep(text))
    return Error{ErrorKind::corrupt, "it is no JSON of at most " + std::to_string(outside_json_levels_max) + " levels"};
  auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return Error{ErrorKind::corrupt, "it is not JSON"};
  return parsed;
}

Result<nlohmann::json> parse_outside_json(ByteView text) {
  return parse_outside_json(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
}

}  // namespace jidian

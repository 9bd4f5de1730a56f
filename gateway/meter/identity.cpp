#include "meter/identity.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "meter/decode.hpp"

namespace jidian::meter {
namespace {

/// "341" and "0x155"; nothing if `text` is anything else.
std::optional<std::int64_t> parse_number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  if (hexadecimal && text.starts_with('-')) return std::nullopt;
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, hexadecimal ? 16 : 10);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Range {
  std::int64_t first;
  std::int64_t last;
};

/// "330..345", or a single number.
std::optional<Range> parse_range(std::string_view text) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto number = parse_number(text);
    return number ? std::optional(Range{*number, *number}) : std::nullopt;
  }
  const auto first = parse_number(text.substr(0, dots));
  const auto last = parse_number(text.substr(dots + 2));
  if (!first || !last || *first > *last) return std::nullopt;
  return Range{*first, *last};
}

bool is_number(RawType type) {
  return type != RawType::text && type != RawType::f32 && type != RawType::f64;
}

/// `*` stands for any characters, also none. Goes back to the last `*` only, so the time is bounded by the product of
/// the lengths.
bool matches_text(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::optional<std::pair<std::size_t, std::size_t>> last;  // behind the last star, and where its match ends
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      last = {++p, t};
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (last) {
      p = last->first;
      t = ++last->second;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

}  // namespace

std::string identity_of(const IdentityPlace& place, std::span<const std::uint16_t> words) {
  Point point;
  point.place = place.place;
  point.type = place.type;
  point.words = place.words;
  point.bytes = place.bytes;
  if (place.type == RawType::text) return decode_text(point, words);
  const Decoded decoded = decode(point, words);
  if (decoded.presence != Presence::value) return {};
  return format_value(decoded.bits, value_type_of(place.type), 0);
}

std::string identity_of(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes)
    if (byte >= ' ' && byte <= '~') text += static_cast<char>(byte);
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

bool says_model(const Identification& identification, std::string_view said) {
  if (said.empty()) return false;
  const auto number = is_number(identification.at.type) ? parse_number(said) : std::nullopt;
  return std::ranges::any_of(identification.matches, [&](const std::string& pattern) {
    const auto range = number ? parse_range(pattern) : std::nullopt;
    return range ? *number >= range->first && *number <= range->last : matches_text(pattern, said);
  });
}

bool is_identity_pattern(std::string_view pattern, RawType type) {
  if (!is_number(type)) return !pattern.empty();
  if (pattern.find('*') != std::string_view::npos) return true;
  return parse_range(pattern).has_value();
}

}  // namespace jidian::meter

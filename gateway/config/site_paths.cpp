#include "config/site_paths.hpp"

namespace jidian::config {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trim_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The text between the quotes behind `key =`; nothing if the line says something else.
std::optional<std::string> quoted_value(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  line = trim_blanks(line.substr(key.size()));
  if (!line.starts_with('=')) return std::nullopt;
  line = trim_blanks(line.substr(1));
  if (line.empty() || (line.front() != '"' && line.front() != '\'')) return std::nullopt;
  const auto end = line.find(line.front(), 1);
  if (end == std::string_view::npos) return std::nullopt;
  const auto value = line.substr(1, end - 1);
  // An escape would have to be understood; nobody writes one into a path.
  if (!value.starts_with('/') || value.find('\\') != std::string_view::npos) return std::nullopt;
  return std::string(value);
}

}  // namespace

std::optional<std::string> find_path(std::string_view text, std::string_view section, std::string_view key) {
  bool is_inside = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = trim_blanks(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.starts_with('[')) {
      const auto close = line.find(']');
      is_inside = close != std::string_view::npos && trim_blanks(line.substr(1, close - 1)) == section;
    } else if (is_inside) {
      if (auto value = quoted_value(line, key)) return value;
    }
  }
  return std::nullopt;
}

}  // namespace jidian::config

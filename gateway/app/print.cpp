#include "app/print.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

namespace jidian::app {
namespace {

/// Characters of UTF-8 text, for alignment: bytes that do not continue a character.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void print_failure(const Common& common, const Error& error) {
  if (common.json)
    std::cout << nlohmann::json{{"error", {{"kind", name_of(error.kind())}, {"message", error.message()}}}}.dump()
              << '\n';
  else
    std::cerr << "jidian: " << error.message() << '\n';
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    text += line + '\n';
  }
  return text;
}

std::optional<config::Site> load_or_explain(const Common& common) {
  auto loaded = load_site(common.site, common.profiles);
  if (!loaded.problem.empty()) {
    print_failure(common, Error{ErrorKind::unreachable, loaded.problem});
    return std::nullopt;
  }
  if (!loaded.site)
    for (const auto& mistake : loaded.mistakes) std::cerr << mistake.to_string() << '\n';
  return std::move(loaded.site);
}

std::filesystem::path socket_of(const Common& common) {
  if (!common.socket.empty()) return common.socket;
  const auto site = load_or_explain(common);
  return site ? site->api.socket : std::filesystem::path();
}

}  // namespace jidian::app

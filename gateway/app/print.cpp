#include "app/print.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "app/last_good.hpp"
#include "app/local_client.hpp"
#include "app/texts.hpp"
#include "app/translate.hpp"
#include "config/site_paths.hpp"

namespace jidian::app {
namespace {

struct CodePoints {
  char32_t first;
  char32_t last;
};

// What Unicode calls wide or fullwidth (East Asian Width W and F), in the blocks that texts of a plant use.
constexpr std::array<CodePoints, 8> wide{{{0x1100, 0x115F},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0xA4CF},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0xFFE0, 0xFFE6}}};

std::size_t columns_of_character(char32_t character) {
  const bool is_wide = character >= 0x20000 || std::ranges::any_of(wide, [=](CodePoints range) {
                         return character >= range.first && character <= range.last;
                       });
  return is_wide ? 2 : 1;
}

}  // namespace

void print_failure(const Common& common, const Error& error) {
  if (common.json)
    std::cout << nlohmann::json{{"error", {{"kind", name_of(error.kind())}, {"message", error.message()}}}}.dump(
                     -1, ' ', false, nlohmann::json::error_handler_t::replace)
              << '\n';
  else
    std::cerr << "jidian: " << translated(error.message()) << '\n';
}

Exit exit_of_asking(const Error& error) {
  return error.kind() == ErrorKind::denied ? Exit::usage : Exit::device;
}

std::vector<std::string> headings(std::string_view key) {
  std::vector<std::string> heads(1);
  for (const char letter : text(key)) {
    if (letter == '|')
      heads.emplace_back();
    else
      heads.back() += letter;
  }
  return heads;
}

std::string word_for_quality(const std::string& quality) {
  const std::string key = "quality." + quality;
  return has_text(key) ? text(key) : quality;
}

std::string span_text(double seconds) {
  const auto write = [](const char* pattern, double number) {
    std::array<char, 64> written{};
    (void)std::snprintf(written.data(), written.size(), pattern, number);
    return std::string(written.data());
  };
  if (seconds < 120) return write("%.0f s", seconds);
  if (seconds < 7'200) return write("%.0f min", seconds / 60);
  if (seconds < 172'800) return write("%.0f h", seconds / 3600);
  return text("status.span-days", {{"days", write("%.0f", seconds / 86'400)}});
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t character = bytes == 1 ? lead : lead & (0xFFU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes && at + i < text.size(); ++i)
      character = character << 6U | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    columns += columns_of_character(character);
    at += bytes;
  }
  return columns;
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - columns_of(row[i]) + 2, ' ');
    }
    text += line + '\n';
  }
  return text;
}

std::string line_of(config::Mistake mistake) {
  mistake.text = translated(mistake.text);
  mistake.warning = false;
  return mistake.to_string();
}

std::optional<config::Site> load_or_explain(const Common& common) {
  auto loaded = load_site(common.site, common.profiles);
  if (!loaded.problem.empty()) {
    print_failure(common, Error{ErrorKind::unreachable, loaded.problem});
    return std::nullopt;
  }
  if (!loaded.site)
    for (const auto& mistake : loaded.mistakes) std::cerr << line_of(mistake) << '\n';
  return std::move(loaded.site);
}

std::filesystem::path socket_of(const Common& common) {
  if (!common.socket.empty()) return common.socket;
  auto loaded = load_site(common.site, common.profiles);
  if (loaded.site) return loaded.site->api.socket;
  // A gateway may run by an older file, or by its last good one.
  const bool is_readable = loaded.problem.empty();
  const auto found = config::find_path(loaded.text, "api", "socket");
  std::vector<std::filesystem::path> sockets{found ? std::filesystem::path(*found) : config::Api().socket};
  if (const auto last = startable_from(std::move(loaded), {common.site}, common.profiles))
    sockets.push_back(last->site.api.socket);
  for (const auto& socket : sockets) {
    if (!is_readable || !LocalClient(socket).is_running()) continue;
    std::cerr << text("print.file-damaged", {{"site", common.site.string()}, {"socket", socket.string()}}) << '\n';
    return socket;
  }
  (void)load_or_explain(common);
  return {};
}

}  // namespace jidian::app

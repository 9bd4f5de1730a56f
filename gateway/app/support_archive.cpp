#include "app/support_archive.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace jidian::app {
namespace {

constexpr std::size_t tar_block = 512;
constexpr int zstd_level = 9;

void replace_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + removed_mark.size()))
    text.replace(at, what.size(), removed_mark);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// A block of a private key ends at its own line, or with the text if that is cut.
void remove_private_keys(std::string& text) {
  constexpr std::string_view begin = "-----BEGIN ";
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto line_end = text.find('\n', at);
    if (text.substr(at, line_end - at).find("PRIVATE KEY") == std::string::npos) continue;
    const auto end = text.find("-----END ", at);
    const auto end_line = end == std::string::npos ? end : text.find('\n', end);
    text.replace(at, end_line == std::string::npos ? std::string::npos : end_line - at, removed_mark);
  }
}

/// "mqtt://user:word@host" keeps only the host.
void remove_url_users(std::string& text) {
  for (auto at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const auto end = text.find_first_of("/ \t\r\n\"'<>", at + 3);
    const auto sign = text.substr(at + 3, end == std::string::npos ? end : end - at - 3).rfind('@');
    if (sign != std::string::npos) text.replace(at + 3, sign, removed_mark);
  }
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool sounds_secret(std::string_view name) {
  static constexpr std::array<std::string_view, 8> words{"password", "passwd",      "passphrase", "secret",
                                                         "token",    "private_key", "psk",        "credential"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower.ends_with("_file")) return false;  // names the file that holds it
  return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

/// The value behind "name =" or "name:" in a line: to the closing quote, or to the next blank.
std::string without_named_value(std::string line) {
  for (auto sign = line.find_first_of("=:"); sign != std::string::npos; sign = line.find_first_of("=:", sign + 1)) {
    auto end = sign;
    while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '"' || line[end - 1] == '\'')) --end;
    auto begin = end;
    while (begin > 0 && is_name_character(line[begin - 1])) --begin;
    if (!sounds_secret(std::string_view(line).substr(begin, end - begin))) continue;
    const auto value = line.find_first_not_of(" \t", sign + 1);
    if (value == std::string::npos) return line;
    const char quote = line[value];
    const bool in_quotes = quote == '"' || quote == '\'';
    auto stop = in_quotes ? line.find(quote, value + 1) : line.find_first_of(" \t,;", value);
    if (in_quotes && stop != std::string::npos) ++stop;
    line.replace(value, stop == std::string::npos ? stop : stop - value, removed_mark);
  }
  return line;
}

/// Leading zeros, and a zero byte at the end. Precondition: the number fits.
void put_octal(char* field, std::size_t size, std::uint64_t number) {
  field[size - 1] = '\0';
  for (std::size_t at = size - 1; at > 0; number >>= 3U) field[--at] = static_cast<char>('0' + (number & 7U));
  assert(number == 0);
}

/// The header of a plain file: see POSIX pax, "ustar interchange format".
std::array<char, tar_block> tar_header(const ArchivedFile& file, UtcTime time) {
  std::array<char, tar_block> header{};
  char* const at = header.data();
  assert(file.name.size() < 100);
  std::ranges::copy(file.name, at);
  put_octal(at + 100, 8, 0600);
  put_octal(at + 108, 8, 0);
  put_octal(at + 116, 8, 0);
  put_octal(at + 124, 12, file.content.size());
  put_octal(at + 136, 12,
            static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()));
  std::memset(at + 148, ' ', 8);
  at[156] = '0';
  std::ranges::copy(std::string_view("ustar\00000", 8), at + 257);  // the magic, its end, the version
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put_octal(at + 148, 7, sum);
  return header;
}

}  // namespace

void Redactor::learn(std::string_view content) {
  const auto whole = trimmed(content);
  if (whole.empty()) return;
  secrets_.emplace_back(whole);
  for (std::size_t begin = 0; begin < whole.size();) {
    const auto end = std::min(whole.find('\n', begin), whole.size());
    const auto line = trimmed(whole.substr(begin, end - begin));
    if (line.size() >= line_least && !line.starts_with("-----")) secrets_.emplace_back(line);
    begin = end + 1;
  }
}

std::string Redactor::redact(std::string_view text) const {
  std::string clean(text);
  for (const auto& secret : secrets_) replace_all(clean, secret);
  remove_private_keys(clean);
  remove_url_users(clean);
  std::string lines;
  for (std::size_t begin = 0; begin < clean.size();) {
    const auto end = std::min(clean.find('\n', begin), clean.size());
    lines += without_named_value(clean.substr(begin, end - begin));
    if (end < clean.size()) lines += '\n';
    begin = end + 1;
  }
  return lines;
}

std::string make_tar(const std::vector<ArchivedFile>& files, UtcTime time) {
  std::string tar;
  for (const auto& file : files) {
    const auto header = tar_header(file, time);
    tar.append(header.data(), header.size());
    tar += file.content;
    tar.append((tar_block - file.content.size() % tar_block) % tar_block, '\0');
  }
  return tar.append(2 * tar_block, '\0');
}

Result<std::string> compress_zstd(std::string_view bytes) {
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const auto size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), zstd_level);
  if (ZSTD_isError(size) != 0) return Error{ErrorKind::io, std::string("zstd: ") + ZSTD_getErrorName(size)};
  packed.resize(size);
  return packed;
}

}  // namespace jidian::app

#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace jidian::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The whole of `digits` as a number; no sign, no blanks.
std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// A unit and how many of the smallest it is.
struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

template <std::size_t count>
std::optional<std::uint64_t> parse_quantity(std::string_view text, const std::array<Unit, count>& units) {
  const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
  const auto number = parse_number(text.substr(0, digits));
  const auto unit = std::ranges::find(units, text.substr(digits), &Unit::name);
  if (!number || unit == units.end()) return std::nullopt;
  if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit->factor)
    return std::nullopt;
  return *number * unit->factor;
}

constexpr std::array<Unit, 5> durations{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

constexpr std::array<Unit, 10> sizes{{{"", 1},
                                      {"B", 1},
                                      {"kB", 1000},
                                      {"MB", 1'000'000},
                                      {"GB", 1'000'000'000},
                                      {"TB", 1'000'000'000'000},
                                      {"KiB", 1ULL << 10},
                                      {"MiB", 1ULL << 20},
                                      {"GiB", 1ULL << 30},
                                      {"TiB", 1ULL << 40}}};

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
  const auto millis = parse_quantity(text, durations);
  if (!millis) return std::nullopt;
  return Millis{static_cast<std::int64_t>(*millis)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, sizes);
}

std::optional<std::chrono::minutes> parse_utc_offset(std::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = parse_number(text.substr(1, 2));
  const auto minutes = parse_number(text.substr(4, 2));
  if (!hours || !minutes || *minutes > 59 || *hours * 60 + *minutes > 840) return std::nullopt;
  const std::chrono::minutes offset{static_cast<int>(*hours * 60 + *minutes)};
  return text[0] == '-' ? -offset : offset;
}

std::string format_duration(Millis duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : durations)
    if (count >= unit.factor && count % unit.factor == 0)
      return std::to_string(count / unit.factor) + std::string(unit.name);
  return "0s";
}

bool is_credit_code(std::string_view code) {
  static constexpr std::string_view alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";  // no I, O, S, V, Z
  static constexpr std::array<unsigned, 17> weights{1,  3,  9,  27, 19, 26, 16, 17, 20,
                                                    29, 25, 13, 8,  24, 10, 30, 28};  // 3^i modulo 31
  if (code.size() != weights.size() + 1) return false;
  unsigned sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto value = alphabet.find(code[i]);
    if (value == std::string_view::npos) return false;
    sum += static_cast<unsigned>(value) * weights[i];
  }
  return code.back() == alphabet[(31 - sum % 31) % 31];
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto year = parse_number(text.substr(0, 4));
  const auto month = parse_number(text.substr(5, 2));
  const auto day = parse_number(text.substr(8, 2));
  if (!year || !month || !day) return false;
  return std::chrono::year_month_day{std::chrono::year{static_cast<int>(*year)},
                                     std::chrono::month{static_cast<unsigned>(*month)},
                                     std::chrono::day{static_cast<unsigned>(*day)}}
      .ok();
}

bool is_ratio(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto primary = parse_number(text.substr(0, slash));
  const auto secondary = parse_number(text.substr(slash + 1));
  return primary && secondary && *primary > 0 && *secondary > 0;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  // 127.x.y.z only: "127.0.0.1.example.org" is somebody else's machine.
  return host.starts_with("127.") && std::ranges::count(host, '.') == 3 &&
         std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
}

std::optional<Url> parse_url(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Url url{.scheme = std::string(text.substr(0, colon)), .host = {}, .port = {}};
  std::string_view rest = text.substr(colon + 3);

  const bool bracketed = rest.starts_with('[');
  const auto host_end = bracketed ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (host_end == std::string_view::npos) return std::nullopt;
  url.host = rest.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
  rest.remove_prefix(host_end + (bracketed ? 1 : 0));
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == ':';
  };
  if (url.host.empty() || !std::ranges::all_of(url.host, allowed)) return std::nullopt;
  if (rest.empty()) return url;

  if (rest[0] != ':') return std::nullopt;
  const auto port = parse_number(rest.substr(1));
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  url.port = static_cast<std::uint16_t>(*port);
  return url;
}

}  // namespace jidian::config

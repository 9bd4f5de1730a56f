#include "domain/directive_note.hpp"

#include <array>
#include <charconv>

namespace jidian::domain {
namespace {

constexpr std::string_view directive_prefix = "directive/";
constexpr std::size_t line_count = 13;

std::string joined(const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : " ") + id;
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> ids;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    ids.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ids;
}

std::string in_ms(UtcTime time) {
  return std::to_string(time.time_since_epoch().count());
}

template <typename Number>
bool read_number(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool read_time(std::string_view text, UtcTime& into) {
  std::int64_t ms = 0;
  if (!read_number(text, ms)) return false;
  into = UtcTime{Millis{ms}};
  return true;
}

}  // namespace

std::string directive_note_name(std::string_view issuer, std::string_view id) {
  return std::string(directive_prefix) + std::string(issuer) + "/" + std::string(id);
}

/// One line each; no text of an order has a line break.
Note note_of(const RememberedDirective& remembered) {
  const Directive& order = remembered.known.order;
  const std::array<std::string, line_count> lines{
      std::to_string(order.version),    remembered.ended,  remembered.known.destination,
      in_ms(remembered.known.received), in_ms(order.from), in_ms(order.to),
      order.lifted ? "lifted" : "",     order.kind,        order.level,
      joined(order.facilities),         order.limit_kw,    order.limit_kwh,
      joined(order.supersedes)};
  Note note{directive_note_name(order.issuer, order.id), {}};
  for (const auto& line : lines) note.text += line + "\n";
  return note;
}

std::optional<RememberedDirective> directive_in(const Note& note) {
  std::string_view name = note.name;
  if (!name.starts_with(directive_prefix)) return std::nullopt;
  name.remove_prefix(directive_prefix.size());
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto told = lines_of<line_count>(note);
  if (!told) return std::nullopt;
  const auto& lines = *told;
  RememberedDirective remembered;
  Directive& order = remembered.known.order;
  order.issuer = name.substr(0, slash);
  order.id = name.substr(slash + 1);
  if (!read_number(lines[0], order.version) || !read_time(lines[3], remembered.known.received) ||
      !read_time(lines[4], order.from) || !read_time(lines[5], order.to))
    return std::nullopt;
  remembered.ended = lines[1];
  remembered.known.destination = lines[2];
  order.lifted = lines[6] == "lifted";
  order.kind = lines[7];
  order.level = lines[8];
  order.facilities = split(lines[9]);
  order.limit_kw = lines[10];
  order.limit_kwh = lines[11];
  order.supersedes = split(lines[12]);
  return remembered;
}

}  // namespace jidian::domain

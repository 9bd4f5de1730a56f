#include "domain/refusals.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/bytes.hpp"

namespace jidian::domain {
namespace {

constexpr std::string_view refusals_prefix = "refusals/";
/// Begins the line of what was not told: no issuer is called that.
constexpr std::string_view not_told_prefix = "passed_over ";
constexpr std::chrono::hours told_hour{1};

std::string words_of(const RefusedDirective& refused) {
  return refused.issuer + " " + refused.id + " " + refused.version + " " + std::string(name_of(refused.why)) + " " +
         refused.print;
}

Event about_orders(const std::string& destination, const char* state, UtcTime now) {
  Event event;
  event.time = now;
  event.kind = EventKind::directive;
  event.subject = destination;
  event.facts = {{"state", state}};
  return event;
}

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// "12 3": orders and lists. What is no such line changes nothing.
void read_not_told(std::string_view text, std::uint64_t& orders, std::uint64_t& lists) {
  const char* const end = text.data() + text.size();
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  const auto read = std::from_chars(text.data(), end, first);
  if (read.ec != std::errc{} || read.ptr == end || *read.ptr != ' ') return;
  if (const auto last = std::from_chars(read.ptr + 1, end, second); last.ec != std::errc{} || last.ptr != end) return;
  orders = first;
  lists = second;
}

}  // namespace

std::string print_of(std::string_view bytes) {
  std::uint64_t print = 0xCBF29CE484222325U;  // FNV-1a
  for (const char byte : bytes) print = (print ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  return to_hex(print);
}

/// How many were not told, then one line for each order; notes of earlier releases begin with the orders.
bool Refusals::restore(const Note& note) {
  if (!note.name.starts_with(refusals_prefix)) return false;
  Destination& at = destinations_[note.name.substr(refusals_prefix.size())];
  at = {};
  at.noted = note.text;
  std::string_view rest = note.text;
  while (at.before.size() < noted_max) {
    const auto line_end = rest.find('\n');
    if (line_end == std::string_view::npos) break;
    if (const std::string line(rest.substr(0, line_end)); line.starts_with(not_told_prefix))
      read_not_told(line.substr(not_told_prefix.size()), at.orders_passed_over, at.lists_passed_over);
    else
      at.before.insert(line);
    rest.remove_prefix(line_end + 1);
  }
  return true;
}

std::optional<Event> Refusals::begin(const std::string& destination, std::uint64_t passed_over_before, UtcTime now) {
  Destination& at = destinations_[destination];
  at.listed.clear();
  at.lists_passed_over += passed_over_before;
  if (passed_over_before == 0 || !may_tell(at, now)) return std::nullopt;
  return passed_over(destination, at, now);
}

std::optional<Event> Refusals::refuse(const RefusedDirective& refused, const std::string& destination, UtcTime now) {
  Destination& at = destinations_[destination];
  const std::string words = words_of(refused);
  if (!at.listed.insert(words).second || at.before.contains(words)) return std::nullopt;
  ++counts_[static_cast<std::size_t>(std::ranges::find(all_refusals, refused.why) - all_refusals.begin())];
  if (!may_tell(at, now)) {
    ++at.orders_passed_over;
    return std::nullopt;
  }
  Event event = about_orders(destination, "refused", now);
  event.facts.insert(event.facts.end(), {{"issuer", refused.issuer},
                                         {"id", refused.id},
                                         {"version", refused.version},
                                         {"why", std::string(name_of(refused.why))}});
  std::erase_if(event.facts, [](const auto& fact) { return fact.second.empty(); });
  event.text = (refused.id.empty() ? "An order" : "Order " + refused.id) +
               (refused.issuer.empty() ? "" : " of " + refused.issuer) + " is refused: " + refused.text + ".";
  return event;
}

std::optional<Note> Refusals::end(const std::string& destination) {
  Destination& at = destinations_[destination];
  at.before = std::exchange(at.listed, {});
  return note_of(destination, at);
}

std::optional<Note> Refusals::note_of(const std::string& destination, Destination& at) {
  std::string text;
  if (at.orders_passed_over > 0 || at.lists_passed_over > 0)
    text = std::string(not_told_prefix) + std::to_string(at.orders_passed_over) + " " +
           std::to_string(at.lists_passed_over) + "\n";
  std::size_t lines = 0;
  for (const auto& words : at.before)
    if (lines++ < noted_max) text += words + "\n";
  if (text == at.noted) return std::nullopt;
  at.noted = std::move(text);
  return Note{std::string(refusals_prefix) + destination, at.noted};
}

Refusals::Due Refusals::take_due(UtcTime now, bool is_last) {
  Due due;
  for (auto& [destination, at] : destinations_) {
    if ((at.orders_passed_over == 0 && at.lists_passed_over == 0) || (!is_last && !is_over(at, now))) continue;
    due.events.push_back(passed_over(destination, at, now));
    if (auto note = note_of(destination, at)) due.notes.push_back(*std::move(note));
  }
  return due;
}

bool Refusals::is_over(const Destination& at, UtcTime now) {
  return !at.since || now < *at.since || now - *at.since >= told_hour;
}

/// Counts what is told.
bool Refusals::may_tell(Destination& at, UtcTime now) {
  if (is_over(at, now)) {
    at.since = now;
    at.told = 0;
  }
  if (at.told >= an_hour) return false;
  ++at.told;
  return true;
}

Event Refusals::passed_over(const std::string& destination, Destination& at, UtcTime now) {
  Event event = about_orders(destination, "passed_over", now);
  const std::uint64_t lists = std::exchange(at.lists_passed_over, 0);
  const std::uint64_t orders = std::exchange(at.orders_passed_over, 0);
  if (lists > 0) {
    event.facts.emplace_back("lists", std::to_string(lists));
    event.text = counted(lists, "list of orders was", "lists of orders were") +
                 " not looked at: another came before there was time; the newest was read.";
  }
  if (orders > 0) {
    event.facts.emplace_back("orders", std::to_string(orders));
    event.text += (event.text.empty() ? "" : " ") + counted(orders, "order more was", "orders more were") +
                  " refused and not told one by one: more than " + std::to_string(an_hour) + " in an hour.";
  }
  return event;
}

}  // namespace jidian::domain

#include "domain/refusals.hpp"

#include <algorithm>
#include <utility>

#include "base/bytes.hpp"

namespace jidian::domain {
namespace {

constexpr std::string_view refusals_prefix = "refusals/";
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

}  // namespace

std::string print_of(std::string_view bytes) {
  std::uint64_t print = 0xCBF29CE484222325U;  // FNV-1a
  for (const char byte : bytes) print = (print ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  return to_hex(print);
}

/// One line each.
bool Refusals::restore(const Note& note) {
  if (!note.name.starts_with(refusals_prefix)) return false;
  Destination& at = destinations_[note.name.substr(refusals_prefix.size())];
  at.noted = note.text;
  at.before.clear();
  std::string_view rest = note.text;
  for (std::size_t i = 0; i < noted_max; ++i) {
    const auto line_end = rest.find('\n');
    if (line_end == std::string_view::npos) break;
    at.before.emplace(rest.substr(0, line_end), true);
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
  const auto before = at.before.find(words);
  const auto [listed, is_first] = at.listed.emplace(words, before != at.before.end() && before->second);
  if (!is_first || listed->second) return std::nullopt;
  const bool is_new = before == at.before.end();
  if (is_new) ++counts_[static_cast<std::size_t>(std::ranges::find(all_refusals, refused.why) - all_refusals.begin())];
  if (!may_tell(at, now)) {
    if (is_new) ++at.orders_passed_over;
    return std::nullopt;
  }
  if (!is_new && at.orders_passed_over > 0) --at.orders_passed_over;  // now it is told after all
  listed->second = true;
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
  std::string text;
  std::size_t lines = 0;
  for (const auto& [words, is_told] : at.before)
    if (is_told && lines++ < noted_max) text += words + "\n";
  if (text == at.noted) return std::nullopt;
  at.noted = std::move(text);
  return Note{std::string(refusals_prefix) + destination, at.noted};
}

std::vector<Event> Refusals::take_due(UtcTime now, bool is_last) {
  std::vector<Event> due;
  for (auto& [destination, at] : destinations_)
    if ((at.orders_passed_over > 0 || at.lists_passed_over > 0) && (is_last || is_over(at, now)))
      due.push_back(passed_over(destination, at, now));
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

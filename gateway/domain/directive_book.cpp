#include "domain/directive_book.hpp"

#include <algorithm>
#include <set>

namespace jidian::domain {
namespace {

std::string spaced(const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : " ") + id;
  return text;
}

/// Facts that are empty are left out.
Event event_about(const Directive& order, const std::string& destination, const char* state, UtcTime now) {
  Event event;
  event.time = now;
  event.kind = EventKind::directive;
  event.subject = destination;
  event.facts = {
      {"state", state}, {"issuer", order.issuer}, {"id", order.id}, {"version", std::to_string(order.version)}};
  const auto add = [&event](const char* name, std::string value) {
    if (!value.empty()) event.facts.emplace_back(name, std::move(value));
  };
  if (order.to != UtcTime{}) {
    add("from", format_utc(order.from));
    add("to", format_utc(order.to));
  }
  add("kind", order.kind);
  add("level", order.level);
  add("facilities", spaced(order.facilities));
  add("limit_kw", order.limit_kw);
  add("limit_kwh", order.limit_kwh);
  add("supersedes", spaced(order.supersedes));
  return event;
}

std::string named(const Directive& order) {
  return "Order " + order.id + " of " + order.issuer;
}

}  // namespace

std::string_view name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::invalid:
      return "invalid";
    case Refusal::unknown_issuer:
      return "unknown_issuer";
    case Refusal::unknown_facility:
      return "unknown_facility";
    case Refusal::expired:
      return "expired";
    case Refusal::replayed:
      return "replayed";
    case Refusal::full:
      return "full";
  }
  return "invalid";
}

void DirectiveBook::restore(const Note& note) {
  if (refusals_.restore(note)) return;
  auto remembered = directive_in(note);
  if (!remembered || known_.size() >= orders_max + remembered_max) return;
  const Directive& order = remembered->known.order;
  known_.insert_or_assign(Key(order.issuer, order.id), std::move(*remembered));
}

DirectiveBook::News DirectiveBook::take(const DirectiveListing& listing, UtcTime now) {
  News news = expire(now);
  if (auto event = refusals_.begin(listing.destination, listing.passed_over, now))
    news.events.push_back(*std::move(event));
  for (const Directive& order : listing.orders) take_order(order, listing.destination, now, news);
  for (const RefusedDirective& refused : listing.refused) refuse(refused, listing.destination, now, news);
  if (auto note = refusals_.end(listing.destination)) news.notes.push_back(*std::move(note));
  if (!listing.is_whole) return news;
  // One that is listed and cannot be understood is not lifted by that.
  std::set<Key> listed;
  for (const Directive& order : listing.orders) listed.emplace(order.issuer, order.id);
  for (const RefusedDirective& refused : listing.refused) listed.emplace(refused.issuer, refused.id);
  for (auto& [key, one] : known_)
    if (one.ended.empty() && one.known.destination == listing.destination && !listed.contains(key))
      end(one, "lifted", " is lifted: '" + listing.destination + "' does not list it any more.", now, news);
  forget_oldest(news);
  return news;
}

void DirectiveBook::take_order(const Directive& order, const std::string& destination, UtcTime now, News& news) {
  const auto refuse_as = [&](Refusal why, const std::string& text) {
    refuse({order.issuer, order.id, std::to_string(order.version), why, text,
            print_of(note_of({{order, destination, {}}, ""}).text)},
           destination, now, news);
  };
  const auto found = known_.find(Key(order.issuer, order.id));
  if (found != known_.end()) {
    RememberedDirective& one = found->second;
    const Directive& before = one.known.order;
    if (order.lifted && before.lifted && order.version == before.version) return;
    if (order.version == before.version && order == before) {
      if (one.ended == "lifted" && !order.lifted)
        refuse_as(Refusal::replayed, "version " + std::to_string(order.version) +
                                         " was lifted already; to give it anew it needs a higher version");
      return;  // nothing new, and whoever lists what is over has not cleared up yet
    }
    if (order.version <= before.version)
      return refuse_as(Refusal::replayed, "version " + std::to_string(before.version) +
                                              " is known; another content needs a higher version");
    if (order.lifted) {
      if (one.ended.empty()) end(one, "lifted", " is lifted.", now, news);
      one.known.order.version = order.version;
      one.known.order.lifted = true;
      news.notes.push_back(note_of(one));
      return;
    }
  }
  if (order.lifted) return;  // and nobody knows it
  if (order.to <= now) return refuse_as(Refusal::expired, "it was over at " + format_utc(order.to));
  const bool is_open = found != known_.end() && found->second.ended.empty();
  if (!is_open && count_open() >= orders_max)
    return refuse_as(Refusal::full, std::to_string(orders_max) + " orders are in force or ahead, more are not kept");
  begin(order, destination, now, news);
}

void DirectiveBook::begin(const Directive& order, const std::string& destination, UtcTime now, News& news) {
  RememberedDirective& one = known_[Key(order.issuer, order.id)];
  const bool is_change = one.ended.empty() && !one.known.order.id.empty();
  Event event = event_about(order, destination, "received", now);
  if (is_change) event.facts.emplace_back("before", std::to_string(one.known.order.version));
  event.text = named(order) + ", version " + std::to_string(order.version) + ", holds from " + format_utc(order.from) +
               " to " + format_utc(order.to) + (is_change ? ", in place of the version before." : ".");
  one = {{order, destination, now}, ""};
  news.events.push_back(std::move(event));
  news.notes.push_back(note_of(one));
  for (const std::string& id : order.supersedes) {
    const auto other = known_.find(Key(order.issuer, id));
    if (other == known_.end() || !other->second.ended.empty() || id == order.id) continue;
    end(other->second, "superseded", " is superseded by order " + order.id + ".", now, news);
    news.events.back().facts.emplace_back("by", order.id);
  }
}

void DirectiveBook::end(RememberedDirective& one, const char* how, const std::string& text, UtcTime now, News& news) {
  one.ended = how;
  Event event = event_about(one.known.order, one.known.destination, how, now);
  event.text = named(one.known.order) + text;
  news.events.push_back(std::move(event));
  news.notes.push_back(note_of(one));
}

void DirectiveBook::refuse(const RefusedDirective& refused, const std::string& destination, UtcTime now, News& news) {
  if (auto event = refusals_.refuse(refused, destination, now)) news.events.push_back(*std::move(event));
}

DirectiveBook::News DirectiveBook::expire(UtcTime now) {
  auto due = refusals_.take_due(now);
  News news{std::move(due.events), std::move(due.notes)};
  for (auto& [key, one] : known_)
    if (one.ended.empty() && one.known.order.to <= now) end(one, "expired", " has expired.", now, news);
  return news;
}

void DirectiveBook::forget_oldest(News& news) {
  while (known_.size() - count_open() > remembered_max) {
    auto oldest = known_.end();
    for (auto it = known_.begin(); it != known_.end(); ++it)
      if (!it->second.ended.empty() &&
          (oldest == known_.end() || it->second.known.order.to < oldest->second.known.order.to))
        oldest = it;
    news.notes.push_back({directive_note_name(oldest->first.first, oldest->first.second), {}});
    known_.erase(oldest);
  }
}

std::size_t DirectiveBook::count_open() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(known_, [](const auto& entry) { return entry.second.ended.empty(); }));
}

std::vector<KnownDirective> DirectiveBook::orders() const {
  std::vector<KnownDirective> open;
  for (const auto& [key, one] : known_)
    if (one.ended.empty()) open.push_back(one.known);
  return open;
}

}  // namespace jidian::domain

#include "store/departures.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "store/layout.hpp"

namespace jidian::store {
namespace {

bool is_one_story(const Departure& a, const Departure& b) {
  const auto day = [](UtcTime time) { return std::chrono::floor<std::chrono::days>(time); };
  return a.range.last + 1 == b.range.first && a.why == b.why && day(a.at) == day(b.at);
}

void take_in(Departure& into, const Departure& next) {
  into.range.last = next.range.last;
  into.why = std::max(into.why, next.why);
  into.at = std::max(into.at, next.at);
  into.from = std::min(into.from, next.from);
  into.until = std::max(into.until, next.until);
}

}  // namespace

std::string_view name_of(Parting why) {
  switch (why) {
    case Parting::retention:
      return "retention";
    case Parting::quota:
      return "quota";
    case Parting::unconfirmed:
      return "unconfirmed";
  }
  assert(false && "a reason that does not exist");
  return {};
}

void Departures::add(const Departure& departure) {
  Ranges known;
  for (const Departure& entry : entries_) known.add(entry.range);
  SeqRange rest = departure.range;
  while (const auto missing = known.first_missing(rest)) {
    Departure piece = departure;
    piece.range = *missing;
    entries_.push_back(piece);
    if (missing->last == rest.last) break;
    rest.first = missing->last + 1;
  }
  join();
}

void Departures::join() {
  std::ranges::sort(entries_, {}, [](const Departure& entry) { return entry.range.first; });
  std::vector<Departure> joined;
  for (const Departure& entry : entries_) {
    if (!joined.empty() && is_one_story(joined.back(), entry))
      take_in(joined.back(), entry);
    else
      joined.push_back(entry);
  }
  while (joined.size() > entries_max) {
    // The oldest lose their days first, then their reasons; what is still there between two is never told to have left.
    const auto touch = [](const Departure& a, const Departure& b) { return a.range.last + 1 == b.range.first; };
    auto first = std::ranges::adjacent_find(
        joined, [&](const Departure& a, const Departure& b) { return touch(a, b) && a.why == b.why; });
    if (first == joined.end()) first = std::ranges::adjacent_find(joined, touch);
    if (first == joined.end()) {
      joined.erase(std::ranges::min_element(joined, {}, &Departure::at));
    } else {
      take_in(*first, *(first + 1));
      joined.erase(first + 1);
    }
  }
  entries_ = std::move(joined);
}

std::string Departures::to_text() const {
  std::ostringstream text;
  for (const Departure& entry : entries_)
    text << entry.range.first << ' ' << entry.range.last << ' ' << static_cast<int>(entry.why) << ' ' << to_ms(entry.at)
         << ' ' << to_ms(entry.from) << ' ' << to_ms(entry.until) << '\n';
  return text.str();
}

Result<Departures> Departures::from_text(const std::string& text) {
  Departures departures;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Departure entry;
    int why = 0;
    std::int64_t at = 0;
    std::int64_t from = 0;
    std::int64_t until = 0;
    words >> entry.range.first >> entry.range.last >> why >> at >> from >> until;
    if (!words || entry.range.first == 0 || entry.range.first > entry.range.last || why < 1 || why > 3 ||
        (!departures.entries_.empty() && departures.entries_.back().range.last >= entry.range.first))
      return Error{ErrorKind::corrupt, "what left: '" + line.substr(0, 80) + "'"};
    entry.why = static_cast<Parting>(why);
    entry.at = from_ms(at);
    entry.from = from_ms(from);
    entry.until = from_ms(until);
    departures.entries_.push_back(entry);
  }
  return departures;
}

}  // namespace jidian::store

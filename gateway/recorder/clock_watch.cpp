#include "recorder/clock_watch.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace jidian::recorder {
namespace {

constexpr Millis step_min{1'000};

/// Less is drift, or no matter for a retention of hours.
constexpr Millis set_min{60'000};

}  // namespace

std::optional<ClockChange> ClockWatch::observe(const Instant& now) {
  const Millis difference = now.utc.time_since_epoch() - now.steady.time_since_epoch();
  const UtcTime seen_before = std::exchange(seen_, now.utc);
  const ClockQuality quality_before = std::exchange(quality_, now.clock);
  if (!difference_) {
    difference_ = difference;
    return std::nullopt;
  }
  const Millis offset = difference - *difference_;
  const bool stepped = std::chrono::abs(offset) > step_min;
  const bool synchronised = now.clock == ClockQuality::synchronised && quality_before != now.clock;
  if (!stepped && !synchronised) return std::nullopt;
  difference_ = difference;
  return ClockChange{offset, stepped, seen_before, now.utc, now.clock};
}

store::ClockTrust AgeWatch::look(const Instant& now) {
  const Millis difference = now.utc.time_since_epoch() - now.steady.time_since_epoch();
  const auto before = std::exchange(difference_, difference);
  const bool was_set = !before || std::chrono::abs(difference - *before) > set_min;
  if (was_set || (now.clock != ClockQuality::synchronised && now.clock != ClockQuality::holdover))
    trust_ = store::ClockTrust::doubtful;
  else if (now.clock == ClockQuality::synchronised)
    trust_ = store::ClockTrust::sure;
  return trust_;
}

domain::Event event_of(const ClockChange& change) {
  return {change.after,
          domain::EventKind::clock,
          {},
          change.stepped ? "The wall clock was set." : "The wall clock is synchronised.",
          std::nullopt,
          {},
          {{"offset_ms", std::to_string(change.offset.count())}, {"quality", std::string(name_of(change.quality))}}};
}

Millis step_told(const domain::Event& event) {
  if (event.kind != domain::EventKind::clock) return Millis{0};
  const auto fact = std::ranges::find_if(event.facts, [](const auto& it) { return it.first == "offset_ms"; });
  if (fact == event.facts.end()) return Millis{0};
  std::int64_t offset = 0;
  std::from_chars(fact->second.data(), fact->second.data() + fact->second.size(), offset);
  return std::chrono::abs(Millis{offset}) > step_min ? Millis{offset} : Millis{0};
}

}  // namespace jidian::recorder

#include "recorder/restart.hpp"

#include <algorithm>
#include <string>

#include "domain/slots.hpp"

namespace jidian::recorder {
namespace {

using domain::Gap;
using domain::GapCause;
using domain::MeterIndex;

/// Until then after the start, slots are missed because of the stop: buses are being opened.
constexpr Millis startup_max = std::chrono::seconds(10);

domain::Event gap_event(const std::string& subject, const std::string& text, const Gap& gap, UtcTime now) {
  return {now, domain::EventKind::gap, subject, text, gap, {}, {}};
}

std::string why(GapCause cause) {
  switch (cause) {
    case GapCause::clean_stop:
      return "The gateway was stopped.";
    case GapCause::box_off:
      return "The box was off.";
    case GapCause::update:
      return "The box started another system, because of an update.";
    case GapCause::watchdog:
      return "A loop of the gateway made no progress: the watchdog ended it.";
    default:
      return "The gateway ended without a goodbye.";
  }
}

/// From when on the whole box has nothing: its last sign of life, or the first missing slot behind the newest recorded
/// one if that comes earlier.
UtcTime end_of_record(const domain::Manifest& manifest, const Holes& holes, UtcTime alive) {
  std::optional<UtcTime> newest;
  for (std::size_t i = 0; i < manifest.meters.size(); ++i)
    if (const auto until = holes.accounted_until(static_cast<MeterIndex>(i)))
      newest = std::max(newest.value_or(UtcTime::min()), *until - manifest.meters[i].period);
  if (!newest) return alive;
  UtcTime end = std::max(alive, *newest + Millis{1});
  for (std::size_t i = 0; i < manifest.meters.size(); ++i)
    if (const auto until = holes.accounted_until(static_cast<MeterIndex>(i)); until && *until > *newest)
      end = std::min(end, *until);
  return end;
}

}  // namespace

std::vector<domain::Event> declare_restart(const domain::Manifest& manifest, Holes& holes, const Ending& ending,
                                           Millis commit_interval, UtcTime now) {
  const UtcTime alive_surely = ending.alive - commit_interval;
  const UtcTime end = std::max(end_of_record(manifest, holes, ending.alive), alive_surely);
  Gap box{ending.cause, end, std::max(end, now), 0};
  std::vector<domain::Event> events;
  for (std::size_t i = 0; i < manifest.meters.size(); ++i) {
    const auto index = static_cast<MeterIndex>(i);
    const auto until = holes.accounted_until(index);
    if (!until) continue;
    const Millis period = manifest.meters[i].period;
    box.missed += domain::count_slots(std::max(*until, end), box.until, *until, period);
    if (const auto missed = domain::count_slots(*until, end, *until, period); missed > 0) {
      const GapCause unknown = *until < alive_surely ? GapCause::meter_silent : ending.cause;
      const GapCause cause = holes.explained(index, *until, end).value_or(unknown);
      events.push_back(
          gap_event(manifest.meters[i].id, "What came last of this meter.", {cause, *until, end, missed}, now));
    }
    if (now >= end) holes.account(index, now);
  }
  events.insert(events.begin(), gap_event({}, why(ending.cause), box, now));
  holes.explain({}, {ending.cause, end, now + startup_max, 0});
  return events;
}

}  // namespace jidian::recorder

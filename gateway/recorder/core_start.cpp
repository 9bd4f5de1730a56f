#include <algorithm>
#include <utility>

#include "recorder/core.hpp"

/// How a core learns why the run before it ended, and what the box says of updates.
namespace jidian::recorder {

using domain::GapCause;

/// The last sign of life of the runs before, to a minute; nothing if there was none. What is on record may end earlier.
/// Where the record ends before `now`, what lies ahead of that was noted before the clock was set back.
std::optional<UtcTime> Core::last_life(const store::Opening& opening, UtcTime now) const {
  std::optional<UtcTime> last = last_sign(now);
  const bool is_past = last && *last <= now;
  for (const auto& noted : {alive_noted_, opening.last_commit, opening.last_progress})
    if (noted && (!is_past || *noted <= now)) last = std::max(last, noted);
  return last;
}

domain::GapCause Core::cause_of_ending(const store::Opening& opening) const {
  const std::array<std::uint8_t, 16> unknown{};
  const auto before = last_ ? last_->boot : unknown;
  const bool is_other_boot = before != unknown && options_.boot != unknown && before != options_.boot;
  if (is_other_boot && updates_.started_another_system()) return GapCause::update;
  if (said_goodbye_ || opening.stopped_cleanly) return GapCause::clean_stop;
  if (is_other_boot) return GapCause::box_off;
  return options_.ended_by_watchdog ? GapCause::watchdog : GapCause::crash;
}

/// Gives the gap of the whole box.
domain::Gap Core::declare_ending(const store::Opening& opening, const Instant& now) {
  const std::optional<UtcTime> told = last_sign(now.utc);
  const Ending ending{cause_of_ending(opening), told ? *told : *opening.last_commit};
  domain::Gap box;
  for (auto& event : declare_restart(options_.manifest, holes_, ending, options_.commit_interval, now.utc)) {
    if (event.subject.empty()) box = event.gap.value_or(box);
    tell_later(std::move(event), now);
  }
  return box;
}

/// What is told is noted with the same batches: a kill in between tells both again, or neither.
void Core::tell_updates(const Instant& now) {
  auto news = updates_.take(now.utc);
  for (auto& event : news.events) tell(std::move(event), now);
  if (news.note) notes_.push_back(*std::move(news.note));
}

}  // namespace jidian::recorder

#include "recorder/holes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "domain/slots.hpp"

namespace jidian::recorder {
namespace {

using domain::Event;
using domain::Gap;
using domain::GapCause;
using domain::MeterIndex;

/// Slots that are passed over without a known reason: the bus could not serve them in time.
constexpr GapCause passed_over = GapCause::bus_fault;

/// A meter's gaps are told at most this often.
constexpr Millis tell_interval = std::chrono::minutes(1);
/// A gap that lasts is told again at least this often.
constexpr Millis lasting_interval = std::chrono::hours(1);

/// From here on gaps of one cause are drawn together.
constexpr std::size_t closed_max = 4;
constexpr std::size_t scopes_max = 256;

std::int64_t signed_of(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

bool touches(const Gap& gap, UtcTime from, UtcTime until) {
  return gap.from <= until && from <= gap.until;
}

/// Whether at least `interval` passed; also if the clock was set back meanwhile.
bool passed(std::optional<UtcTime> since, UtcTime now, Millis interval) {
  return !since || now - *since >= interval || now < *since;
}

/// Takes what `gap` covers out of sorted pieces.
void subtract(std::vector<std::pair<UtcTime, UtcTime>>& pieces, const Gap& gap) {
  std::vector<std::pair<UtcTime, UtcTime>> left;
  for (const auto& [from, until] : pieces) {
    if (gap.until <= from || until <= gap.from) {
      left.emplace_back(from, until);
      continue;
    }
    if (from < gap.from) left.emplace_back(from, gap.from);
    if (gap.until < until) left.emplace_back(gap.until, until);
  }
  pieces = std::move(left);
}

/// Takes out of `scopes` what lies behind `time`.
template <typename Scopes>
void cut_at(Scopes& scopes, UtcTime time) {
  std::erase_if(scopes, [&](const auto& scope) { return scope.gap.from > time; });
  for (auto& scope : scopes) scope.gap.until = std::min(scope.gap.until, time);
}

Event event_of(const std::string& meter, const Gap& gap, UtcTime now) {
  return {now,   domain::EventKind::gap,
          meter, std::to_string(gap.missed) + (gap.missed == 1 ? " poll is" : " polls are") + " missing.",
          gap,   {},
          {}};
}

}  // namespace

Holes::Holes(const domain::Manifest& manifest) : manifest_(manifest), meters_(manifest.meters.size()) {
  for (std::size_t i = 0; i < manifest.meters.size(); ++i)
    indices_.emplace(manifest.meters[i].id, static_cast<MeterIndex>(i));
}

void Holes::end_recall() {
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    Meter& meter = meters_[i];
    const auto extend = [&](const Gap& gap) {
      if (meter.accounted || !meter.declared.empty())
        meter.accounted = std::max(meter.accounted.value_or(gap.until), gap.until);
    };
    for (const Gap& gap : meter.declared) extend(gap);
    for (const Scope& scope : declared_)
      if (concerns(scope, static_cast<MeterIndex>(i))) extend(scope.gap);
    meter.declared = {};
  }
  unexplained_ = passed_over;
}

void Holes::note(const domain::Poll& poll) {
  pass_over(poll.meter, poll.slot);
  Meter& meter = meters_[poll.meter];
  const Millis period = manifest_.meters[poll.meter].period;
  if (has_any_value(poll))
    close(meter);
  else
    add_hole(meter, {poll.cause, poll.slot, poll.slot + period, 1});
  meter.accounted = poll.slot + period;
}

/// Parts of that time that nobody declared, in order.
Holes::Pieces Holes::undeclared(MeterIndex index, UtcTime from, UtcTime until) const {
  Pieces pieces{std::pair(from, until)};
  for (const Gap& gap : meters_[index].declared) subtract(pieces, gap);
  for (const Scope& scope : declared_)
    if (concerns(scope, index)) subtract(pieces, scope.gap);
  return pieces;
}

/// Slots between the last one accounted for and `slot` are holes, as far as nobody declared them.
void Holes::pass_over(MeterIndex index, UtcTime slot) {
  Meter& meter = meters_[index];
  const Millis period = manifest_.meters[index].period;
  if (!meter.accounted || slot - *meter.accounted < period) {
    if (meter.accounted && slot < *meter.accounted) close(meter);
    return;
  }
  for (const auto& [from, until] : undeclared(index, *meter.accounted, slot)) {
    const std::uint64_t missed = domain::count_slots(from, until, slot, period);
    if (missed == 0) continue;
    const UtcTime first = slot - period * signed_of(domain::count_slots(from, slot, slot, period));
    const UtcTime end = first + period * signed_of(missed);
    add_hole(meter, {cause_of(index, first, end), first, end, missed});
  }
}

void Holes::end(MeterIndex index, UtcTime end, Millis commit_interval) {
  Meter& meter = meters_[index];
  if (!meter.accounted || end < *meter.accounted) return close(meter);
  const Millis period = manifest_.meters[index].period;
  for (const auto& [from, until] : undeclared(index, *meter.accounted, end)) {
    const std::uint64_t missed = domain::count_slots(from, until, *meter.accounted, period);
    if (missed == 0) continue;
    GapCause cause = GapCause::meter_silent;
    if (until - from <= commit_interval) {
      const auto box = std::ranges::find_if(declared_, [&, at = until](const Scope& scope) {
        return scope.subject.empty() && scope.gap.from <= at && at < scope.gap.until;
      });
      cause = box == declared_.end() ? unexplained_ : box->gap.cause;
    }
    add_hole(meter, {cause, from, until, missed});
  }
  close(meter);
  meter.accounted = end;
}

void Holes::note_lost(const domain::Poll& poll, GapCause cause) {
  const Millis period = manifest_.meters[poll.meter].period;
  keep_closed(meters_[poll.meter], {cause, poll.slot, poll.slot + period, 1});
}

void Holes::account(MeterIndex index, UtcTime until) {
  meters_[index].accounted = until;
}

void Holes::declare(std::string_view subject, const Gap& gap) {
  if (const auto meter = indices_.find(subject); meter != indices_.end()) {
    meters_[meter->second].declared.push_back(gap);
    return;
  }
  declared_.push_back({std::string(subject), gap});
  if (declared_.size() > scopes_max) declared_.pop_front();
}

void Holes::set_back(UtcTime now, Millis by) {
  std::deque<Scope> lasting;
  for (const Scope& scope : explained_)
    if (scope.gap.until - by > now)
      lasting.push_back({scope.subject, {scope.gap.cause, std::min(scope.gap.from, now), scope.gap.until - by, 0}});
  forget_after(now);
  std::ranges::move(lasting, std::back_inserter(explained_));
  while (explained_.size() > scopes_max) explained_.pop_front();
}

void Holes::forget_after(UtcTime time) {
  cut_at(declared_, time);
  cut_at(explained_, time);
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Millis period = manifest_.meters[i].period;
    auto& declared = meters_[i].declared;
    std::erase_if(declared, [&](const Gap& gap) { return gap.from > time; });
    // A slot that has begun belongs to its gap as a whole.
    for (Gap& gap : declared) gap.until = std::min(gap.until, gap.from + period * ((time - gap.from) / period + 1));
  }
}

void Holes::explain(std::string_view subject, const Gap& gap) {
  explained_.push_back({std::string(subject), gap});
  if (explained_.size() > scopes_max) explained_.pop_front();
  // The reason may be told after the first holes it made.
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (!concerns(explained_.back(), static_cast<MeterIndex>(i))) continue;
    for (Gap& hole : meters_[i].closed)
      if (hole.cause == passed_over && touches(gap, hole.from, hole.until)) hole.cause = gap.cause;
    auto& open = meters_[i].open;
    if (open && open->cause == passed_over && touches(gap, open->from, open->until)) open->cause = gap.cause;
  }
}

std::optional<GapCause> Holes::explained(MeterIndex index, UtcTime from, UtcTime until) const {
  for (const Scope& scope : explained_)
    if (concerns(scope, index) && touches(scope.gap, from, until)) return scope.gap.cause;
  return std::nullopt;
}

GapCause Holes::cause_of(MeterIndex index, UtcTime from, UtcTime until) const {
  return explained(index, from, until).value_or(unexplained_);
}

bool Holes::concerns(const Scope& scope, MeterIndex index) const {
  const auto& meter = manifest_.meters[index];
  return scope.subject.empty() || scope.subject == meter.bus || scope.subject == meter.id;
}

void Holes::add_hole(Meter& meter, const Gap& hole) {
  if (meter.open && meter.open->cause == hole.cause && meter.open->until == hole.from) {
    meter.open->until = hole.until;
    meter.open->missed += hole.missed;
    return;
  }
  close(meter);
  meter.open = hole;
  meter.open_told.reset();
}

void Holes::close(Meter& meter) {
  if (!meter.open) return;
  if (meter.open->missed > 0) keep_closed(meter, *meter.open);
  meter.open.reset();
}

void Holes::keep_closed(Meter& meter, const Gap& gap) {
  const auto like = std::find_if(meter.closed.rbegin(), meter.closed.rend(),
                                 [&](const Gap& other) { return other.cause == gap.cause; });
  const bool follows = like != meter.closed.rend() && like->until == gap.from;
  if (!follows && (meter.closed.size() < closed_max || like == meter.closed.rend())) {
    meter.closed.push_back(gap);
    return;
  }
  like->from = std::min(like->from, gap.from);
  like->until = std::max(like->until, gap.until);
  like->missed += gap.missed;
}

std::vector<Event> Holes::take_due(UtcTime now, bool all) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < meters_.size(); ++i) take_meter(static_cast<MeterIndex>(i), now, all, events);
  return events;
}

std::vector<Event> Holes::take_all(MeterIndex index, UtcTime now) {
  std::vector<Event> events;
  take_meter(index, now, true, events);
  return events;
}

void Holes::take_meter(MeterIndex index, UtcTime now, bool all, std::vector<Event>& events) {
  Meter& meter = meters_[index];
  const std::string& id = manifest_.meters[index].id;
  if (!meter.closed.empty() && (all || passed(meter.told, now, tell_interval))) {
    for (const Gap& gap : meter.closed) events.push_back(event_of(id, gap, now));
    meter.closed.clear();
    meter.told = now;
  }
  if (!meter.open || meter.open->missed == 0) return;
  const bool lasts =
      meter.open_told ? passed(meter.open_told, now, lasting_interval) : passed(meter.open->from, now, tell_interval);
  if (!all && !lasts) return;
  events.push_back(event_of(id, *meter.open, now));
  // What follows is another part of it.
  meter.open->from = meter.open->until;
  meter.open->missed = 0;
  meter.open_told = now;
}

}  // namespace jidian::recorder

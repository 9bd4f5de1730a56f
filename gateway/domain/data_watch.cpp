#include "domain/data_watch.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/decimal.hpp"
#include "domain/slots.hpp"

namespace jidian::domain {
namespace {

using std::chrono::seconds;

constexpr seconds minute{60};
constexpr seconds whole_hour{3600};
/// Each thing said of a meter's values begins at most so often.
constexpr Millis tell_again_after = whole_hour;
/// Hours without any row that are judged one by one; beyond it the first and the last say the same.
constexpr int hours_most = 48;

constexpr std::array<std::string_view, 8> never_negative{"voltage_ln", "voltage_ll", "current",       "apparent_power",
                                                         "frequency",  "flow",       "flow_standard", "heat_power"};
constexpr std::string_view own_clock_quantity = "clock_unix";
constexpr std::array<std::pair<std::string_view, const char*>, 2> opening_quantities{
    {{"cover_open_count", "cover"}, {"program_count", "program"}}};

Event about(std::string subject, UtcTime now, const char* check, const char* state, std::string text) {
  Event event;
  event.time = now;
  event.kind = EventKind::data_quality;
  event.subject = std::move(subject);
  event.text = std::move(text);
  event.facts = {{"check", check}, {"state", state}};
  return event;
}

std::string in_seconds(Millis time) {
  return std::to_string(std::chrono::floor<seconds>(time).count());
}

/// How many minutes of an hour a meter is asked in.
std::uint32_t minutes_expected(Millis period) {
  if (period <= minute) return 60;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, whole_hour / period));
}

std::string shown(const MeterEntry& meter, const Poll& poll, std::size_t position) {
  const PointEntry& point = meter.points[position];
  const auto exponent = exponent_of(meter, point, poll.samples);
  if (!exponent || !has_value(poll.samples[position].quality)) return "null";
  return format_value(point.type, poll.samples[position].bits, *exponent);
}

const char* value_word(std::size_t check) {
  constexpr std::array words{"negative", "over_range", "meter_clock"};
  return words[check];
}

const char* value_text(std::size_t check, bool begins) {
  constexpr std::array begun{"A value is below 0 that cannot be.", "A value is beyond the range of the meter.",
                             "The meter's own clock is off."};
  constexpr std::array ended{"The value is not below 0 any more.", "The value is within the range again.",
                             "The meter's own clock is right again."};
  return begins ? begun[check] : ended[check];
}

/// Whether what a roof or a battery of the site gives may flow back through this meter: of the grid's side, or one with
/// others below it.
bool carries_back(const Manifest& manifest, const MeterEntry& meter) {
  const bool has_source = std::ranges::any_of(manifest.facilities, [](const FacilityEntry& facility) {
    return facility.kind == FacilityKind::generation || facility.kind == FacilityKind::storage;
  });
  const bool is_of_account = std::ranges::any_of(manifest.site.accounts, [&](const SupplyAccount& account) {
    return std::ranges::find(account.meters, meter.id) != account.meters.end();
  });
  return has_source &&
         (is_of_account || std::ranges::find(manifest.meters, meter.id, &MeterEntry::parent) != manifest.meters.end());
}

}  // namespace

DataWatch::DataWatch(const Manifest& manifest) : manifest_(manifest), rules_(manifest.data_rules) {
  for (const MeterEntry& entry : manifest.meters) {
    Meter& meter = meters_.emplace_back();
    meter.gauge = make_gauge(manifest, entry);
    meter.either_sign = meter.gauge.is_source || carries_back(manifest, entry);
    const auto is_checked = [&entry](std::string_view check) {
      return std::ranges::count(entry.unchecked, check) == 0;
    };
    meter.checks_rows = is_checked("rows");
    meter.checks_negative = is_checked("negative");
    meter.checks_range = is_checked("over_range");
    for (std::size_t i = 0; i < entry.points.size(); ++i) {
      const PointEntry& point = entry.points[i];
      const auto position = static_cast<std::uint16_t>(i);
      if (point.kind == PointKind::instantaneous && std::ranges::count(never_negative, point.quantity) > 0)
        meter.not_negative.emplace_back(entry, position);
      if (point.quantity == own_clock_quantity && is_checked("meter_clock")) meter.own_clock.emplace(entry, position);
      for (const auto& [quantity, check] : opening_quantities)
        if (point.quantity == quantity && is_checked(check)) meter.openings.push_back({position, check, {}, {}});
    }
  }
}

void DataWatch::take_over(const DataWatch& before, MeterIndex theirs, MeterIndex ours) {
  const Meter& state = before.meters_[theirs];
  Meter& meter = meters_[ours];
  meter.openings = state.openings;
  meter.values = state.values;
  meter.begun = state.begun;
  meter.hour = state.hour;
  meter.minutes = state.minutes;
  meter.minute = state.minute;
  meter.lacking = state.lacking;
}

void DataWatch::take_over(const DataWatch& before) {
  links_ = before.links_;
  clock_ = before.clock_;
}

void DataWatch::remember(const Poll& poll) {
  for (Opening& opening : meters_[poll.meter].openings)
    if (is_trusted(poll.samples[opening.position].quality)) opening.told = poll.samples[opening.position].bits;
}

void DataWatch::add(const Poll& poll, std::vector<Event>& events) {
  Meter& meter = meters_[poll.meter];
  note_openings(poll, events);
  const bool is_known = has_any_value(poll);
  if (meter.checks_negative) note(poll, ValueCheck::negative, negative_point(meter, poll), is_known, events);
  if (meter.checks_range) note(poll, ValueCheck::over_range, over_range_point(meter, poll), is_known, events);
  if (!meter.own_clock) return;
  const auto offset = clock_offset_s(meter, poll);
  const bool is_off = offset && std::abs(*offset) > rules_.meter_clock_most.count();
  note(poll, ValueCheck::meter_clock, is_off ? std::optional(meter.own_clock->position()) : std::nullopt,
       offset.has_value(), events);
}

std::optional<std::uint16_t> DataWatch::negative_point(const Meter& meter, const Poll& poll) const {
  for (const Column& column : meter.not_negative)
    if (column.measure(poll.samples).value < 0) return column.position();
  if (meter.either_sign || !meter.gauge.power) return std::nullopt;
  const double watts = meter.gauge.power->measure(poll.samples).value;
  if (watts < 0 && watts < -meter.gauge.rate(poll.samples).least_w) return meter.gauge.power->position();
  return std::nullopt;
}

std::optional<std::uint16_t> DataWatch::over_range_point(const Meter& meter, const Poll& poll) const {
  for (std::size_t i = 0; i < poll.samples.size(); ++i)
    if (poll.samples[i].quality == Quality::out_of_range) return static_cast<std::uint16_t>(i);
  if (!meter.gauge.power) return std::nullopt;
  const double watts = std::abs(meter.gauge.power->measure(poll.samples).value);
  if (!(watts > 0)) return std::nullopt;
  const double most = meter.gauge.rate(poll.samples).capacity_va * rules_.capacity_percent / 100;
  if (most > 0 && watts > most) return meter.gauge.power->position();
  return std::nullopt;
}

/// What the meter's clock shows more than the box's; as UTC or as the site's time, whichever is nearer. Nothing if the
/// box does not know the time either.
std::optional<std::int64_t> DataWatch::clock_offset_s(const Meter& meter, const Poll& poll) const {
  if (poll.clock != ClockQuality::synchronised && poll.clock != ClockQuality::holdover) return std::nullopt;
  const double told = meter.own_clock->measure(poll.samples).value;
  if (std::isnan(told) || std::abs(told) > 1e11) return std::nullopt;
  const auto now = std::chrono::floor<seconds>(poll.end).time_since_epoch().count();
  const auto as_utc = static_cast<std::int64_t>(told) - now;
  const auto as_local = as_utc - std::chrono::seconds(manifest_.site.utc_offset).count();
  return std::abs(as_utc) <= std::abs(as_local) ? as_utc : as_local;
}

/// What begins again within an hour of the last telling is told when the hour is over, if it still lasts.
void DataWatch::note(const Poll& poll, ValueCheck check, std::optional<std::uint16_t> bad, bool is_known,
                     std::vector<Event>& events) {
  const auto number = static_cast<std::size_t>(check);
  ValueFinding& found = meters_[poll.meter].values[number];
  if (!bad && found.tally.is_calm()) {
    found.since.reset();
    return;
  }
  if (bad) found.position = *bad;
  if (bad && !found.since) found.since = poll.end;
  const Verdict verdict = !is_known ? Verdict::silent : bad ? Verdict::contradicts : Verdict::agrees;
  const auto change = found.tally.note(verdict, rules_.value_polls);
  const UtcTime since = found.since.value_or(poll.end);
  if (found.tally.is_calm()) found.since.reset();
  const bool ends = change == Tally::Change::ends && std::exchange(found.is_told, false);
  const bool is_soon = found.told_at && poll.end >= *found.told_at && poll.end - *found.told_at < tell_again_after;
  const bool is_news = found.tally.is_open() && !found.is_told && verdict == Verdict::contradicts;
  const bool begins = is_news && !is_soon;
  if (!begins && !ends) return;
  const MeterEntry& entry = manifest_.meters[poll.meter];
  Event event = about(entry.id, poll.end, value_word(number), begins ? "begun" : "ended", value_text(number, begins));
  event.facts.emplace_back("since", format_utc(since));
  event.facts.emplace_back("point", entry.points[found.position].name);
  event.facts.emplace_back(entry.points[found.position].name, shown(entry, poll, found.position));
  if (begins && check == ValueCheck::meter_clock)
    event.facts.emplace_back("offset_s", std::to_string(clock_offset_s(meters_[poll.meter], poll).value_or(0)));
  event.facts.emplace_back("polls", std::to_string(rules_.value_polls));
  events.push_back(std::move(event));
  if (!begins) return;
  found.is_told = true;
  found.told_at = poll.end;
}

void DataWatch::note_openings(const Poll& poll, std::vector<Event>& events) {
  const MeterEntry& entry = manifest_.meters[poll.meter];
  for (Opening& opening : meters_[poll.meter].openings) {
    const Sample& sample = poll.samples[opening.position];
    if (!is_trusted(sample.quality)) continue;
    if (!opening.told) opening.told = sample.bits;
    const bool is_soon =
        opening.told_at && poll.end >= *opening.told_at && poll.end - *opening.told_at < tell_again_after;
    if (*opening.told == sample.bits || is_soon) continue;
    const PointEntry& point = entry.points[opening.position];
    Event event =
        about(entry.id, poll.end, opening.check, "counted",
              std::string_view(opening.check) == "cover" ? "The meter counts another opening of its cover."
                                                         : "The meter counts another change of its settings.");
    event.facts.emplace_back("point", point.name);
    event.facts.emplace_back("before", format_value(point.type, *opening.told, 0));
    event.facts.emplace_back("after", format_value(point.type, sample.bits, 0));
    events.push_back(std::move(event));
    opening.told = sample.bits;
    opening.told_at = poll.end;
  }
}

/// Rows come in order of time, so one of an hour before the present one is of a clock that was set back: hours are
/// counted anew from there, by its time.
void DataWatch::count(const IntervalRow& row, std::vector<Event>* events) {
  if (row.length != minute) return;
  Meter& meter = meters_[row.meter];
  if (!meter.checks_rows) return;
  const UtcTime hour = align(row.start, whole_hour);
  if (!meter.begun || row.start < *meter.begun || hour < meter.hour) {
    meter.begun = row.start;
    meter.hour = hour;
    meter.minutes = 0;
  }
  for (int judged = 0; meter.hour < hour; ++judged) {
    judge_hour(row.meter, events);
    meter.minutes = 0;
    meter.hour = judged < hours_most ? meter.hour + whole_hour : hour;
  }
  if (meter.hour != hour || row.polls_made == 0 || meter.minute == row.start) return;
  meter.minute = row.start;
  ++meter.minutes;
}

void DataWatch::judge_hour(MeterIndex index, std::vector<Event>* events) {
  Meter& meter = meters_[index];
  if (*meter.begun > meter.hour) return;  // not all of it is on record
  const MeterEntry& entry = manifest_.meters[index];
  const std::uint32_t least = std::max(1U, rules_.minutes_least * minutes_expected(entry.period) / 60);
  const bool is_lacking = meter.minutes < least;
  if (is_lacking && !meter.lacking.since) meter.lacking.since = meter.hour;
  const UtcTime since = meter.lacking.since.value_or(meter.hour);
  if (!is_lacking) meter.lacking.since.reset();
  if (is_lacking == meter.lacking.is_told || events == nullptr) return;
  meter.lacking.is_told = is_lacking;
  Event event =
      about(entry.id, meter.hour + whole_hour, "rows", is_lacking ? "begun" : "ended",
            is_lacking ? "An hour has too few minutes with values." : "An hour has enough minutes with values again.");
  event.facts.emplace_back("since", format_utc(since));
  event.facts.emplace_back("hour", format_utc(meter.hour));
  event.facts.emplace_back("minutes", std::to_string(meter.minutes));
  event.facts.emplace_back("least", std::to_string(least));
  events->push_back(std::move(event));
}

void DataWatch::note_spell(Spell& spell, bool is_so, seconds after, UtcTime now, Event event,
                           std::vector<Event>& events) const {
  if (is_so && (!spell.since || now < *spell.since)) spell.since = now;  // also when the clock was set back
  if (is_so == spell.is_told || (is_so && now - *spell.since < after)) {
    if (!is_so) spell.since.reset();
    return;
  }
  event.facts.emplace_back("since", format_utc(*spell.since));
  event.facts.emplace_back("lasted_s", in_seconds(now - *spell.since));
  events.push_back(std::move(event));
  spell.is_told = is_so;
  if (!is_so) spell.since.reset();
}

void DataWatch::see_link(const std::string& destination, bool is_connected, UtcTime now, std::vector<Event>& events) {
  note_spell(
      links_[destination], !is_connected, rules_.link_after, now,
      about(destination, now, "link", is_connected ? "ended" : "begun",
            is_connected ? "The destination is connected again." : "The destination has not been connected for long."),
      events);
}

void DataWatch::see_clock(ClockQuality quality, UtcTime now, std::vector<Event>& events) {
  const bool is_off = quality == ClockQuality::unsynchronised || quality == ClockQuality::unknown;
  note_spell(
      clock_, is_off, rules_.clock_after, now,
      about({}, now, "clock", is_off ? "begun" : "ended",
            is_off ? "The box's clock has not been synchronised for long." : "The box's clock is synchronised again."),
      events);
}

}  // namespace jidian::domain

#include "domain/family_watch.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "base/decimal.hpp"
#include "domain/counter_watch.hpp"

namespace jidian::domain {
namespace {

constexpr std::chrono::seconds quarter{900};
constexpr Millis family_tell_interval = std::chrono::hours(1);
constexpr double ms_an_hour = 3'600'000;

/// Below this share of its own power a meter's counter steps too coarsely, and the mean of its polls is the better one.
constexpr double coarse_share = 0.02;

std::optional<Column> column_of(const MeterEntry& meter, std::string_view quantity) {
  for (std::size_t i = 0; i < meter.points.size(); ++i)
    if (meter.points[i].quantity == quantity && (meter.points[i].phase == "total" || meter.points[i].phase.empty()))
      return Column(meter, static_cast<std::uint16_t>(i));
  return std::nullopt;
}

/// Edges farther than this from the quarter hour's bounds, or fewer polls, make it another time than the others'.
constexpr Millis edge_most = std::chrono::minutes(1);
constexpr std::uint32_t polls_least_percent = 80;

/// Also of a meter that was not there all the time.
bool is_whole(const IntervalRow& row, Millis period) {
  const auto slots = static_cast<std::uint64_t>(Millis{row.length} / period);
  return std::uint64_t{row.polls_made} * 100 >=
         std::max<std::uint64_t>(row.polls_expected, slots) * polls_least_percent;
}

bool is_near(UtcTime edge, UtcTime bound, Millis period) {
  return std::chrono::abs(edge - bound) <= edge_most + period;
}

/// The attributes and exponents of a row as they stood at its end, so that columns find their worth in it.
std::vector<Sample> samples_of(const MeterEntry& meter, const IntervalRow& row) {
  std::vector<Sample> samples(row.points.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const bool is_there = row.points[i].last_at != UtcTime{};
    const bool is_fixed = meter.points[i].kind == PointKind::attribute || meter.points[i].kind == PointKind::state;
    samples[i] = {row.points[i].last, is_there && is_fixed ? Quality::ok : Quality::not_available};
  }
  return samples;
}

struct Energy {
  double watts = 0;
  double step_watts = 0;  ///< What one unit of the counter is.
};

/// The mean power that a counter counted; nothing without two edges, or if it fell.
std::optional<Energy> counted(const Column& column, const MeterEntry& meter, const PointInterval& interval,
                              std::span<const Sample> samples) {
  if (interval.first_at == UtcTime{} || interval.last_at <= interval.first_at) return std::nullopt;
  const PointEntry& point = meter.points[column.position()];
  const auto rollover = rollover_between(meter, point, interval.first, interval.last);
  if (!rollover) return std::nullopt;
  const double units = column.is_float()
                           ? plain_number(point.type, interval.last) - plain_number(point.type, interval.first)
                           : static_cast<double>(interval.last - interval.first + *rollover);
  const double hours = static_cast<double>((interval.last_at - interval.first_at).count()) / ms_an_hour;
  const double worth = column.worth(samples);
  if (!std::isfinite(units * worth)) return std::nullopt;
  return Energy{units * worth / hours, worth / hours};
}

std::optional<double> mean_power(const Column& column, const PointEntry& point, const PointInterval& interval,
                                 std::span<const Sample> samples) {
  if (interval.samples == 0) return std::nullopt;
  const ValueType sum_type = column.is_float() ? ValueType::float64 : point.type;
  const double mean = plain_number(sum_type, interval.sum) / interval.samples * column.worth(samples);
  if (!std::isfinite(mean)) return std::nullopt;
  return mean;
}

std::string kilowatts(double watts) {
  return format_decimal(std::int64_t{std::llround(watts)}, -3);
}

}  // namespace

FamilyWatch::FamilyWatch(const Manifest& manifest) : manifest_(manifest), members_(manifest.meters.size()) {
  std::map<std::string_view, std::vector<MeterIndex>> children;
  for (std::size_t i = 0; i < manifest.meters.size(); ++i)
    if (!manifest.meters[i].parent.empty()) children[manifest.meters[i].parent].push_back(static_cast<MeterIndex>(i));
  for (std::size_t i = 0; i < manifest.meters.size(); ++i) {
    const MeterEntry& meter = manifest.meters[i];
    const auto found = children.find(meter.id);
    const bool is_checked = std::ranges::find(meter.unchecked, name_of(Check::parent_sum)) == meter.unchecked.end();
    if (found == children.end() || !is_checked) continue;
    for (const MeterIndex child : found->second) members_[child].families.push_back(families_.size());
    members_[i].families.push_back(families_.size());
    families_.push_back({static_cast<MeterIndex>(i), found->second, {}, {}, {}, {}, false});
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].families.empty()) continue;
    const MeterEntry& meter = manifest.meters[i];
    members_[i].power = column_of(meter, "active_power");
    members_[i].import = column_of(meter, "active_energy_import");
    members_[i].exported = column_of(meter, "active_energy_export");
  }
}

void FamilyWatch::add(const IntervalRow& row, std::vector<Event>& events) {
  Member& member = members_[row.meter];
  if (member.families.empty() || row.length != quarter) return;
  member.newest = mean_of(member, row);
  for (const std::size_t family : member.families)
    compare(families_[family], row.start, row.start + row.length, events);
}

/// From the counters, which miss nothing between polls, if they count finely enough and see both directions; else the
/// mean of the polls.
std::optional<FamilyWatch::Mean> FamilyWatch::mean_of(const Member& member, const IntervalRow& row) const {
  const MeterEntry& meter = manifest_.meters[row.meter];
  const auto samples = samples_of(meter, row);
  std::optional<double> polled;
  if (member.power && is_whole(row, meter.period))
    polled = mean_power(*member.power, meter.points[member.power->position()], row.points[member.power->position()],
                        samples);
  const auto count = [&](const std::optional<Column>& column) -> std::optional<Energy> {
    if (!column) return std::nullopt;
    const PointInterval& interval = row.points[column->position()];
    const bool covers_it = is_near(interval.first_at, row.start, meter.period) &&
                           is_near(interval.last_at, row.start + row.length, meter.period);
    return covers_it ? counted(*column, meter, interval, samples) : std::nullopt;
  };
  const auto imported = count(member.import);
  const auto exported = count(member.exported);
  const bool sees_both = exported || !polled || *polled >= 0;
  if (imported && sees_both) {
    const double watts = imported->watts - (exported ? exported->watts : 0);
    const double slack = imported->step_watts + (exported ? exported->step_watts : 0);
    if (!polled || slack <= coarse_share * std::abs(watts)) return Mean{row.start, watts, slack};
  }
  if (!polled) return std::nullopt;
  return Mean{row.start, *polled, (member.power->is_float() ? 0 : member.power->worth(samples))};
}

/// Once for each quarter hour of which every member's mean is there.
void FamilyWatch::compare(Family& family, UtcTime start, UtcTime now, std::vector<Event>& events) {
  const auto has_it = [&](MeterIndex meter) {
    return members_[meter].newest && members_[meter].newest->start == start;
  };
  if (!has_it(family.parent) || !std::ranges::all_of(family.children, has_it) || family.compared == start) return;
  family.compared = start;
  const Mean& parent = *members_[family.parent].newest;
  double sum = 0;
  double largest = std::abs(parent.watts);
  double slack = parent.slack;
  for (const MeterIndex child : family.children) {
    sum += members_[child].newest->watts;
    slack += members_[child].newest->slack;
  }
  largest = std::max(largest, std::abs(sum));
  const auto& rules = manifest_.plausibility;
  const bool agrees = std::abs(parent.watts - sum) <= largest * rules.parent_percent / 100 + slack;
  const Tally::Change change =
      family.tally.note(agrees ? Verdict::agrees : Verdict::contradicts, rules.parent_quarters);
  if (change == Tally::Change::begins) family.since = start;
  if (change == Tally::Change::ends && std::exchange(family.is_told, false))
    events.push_back(event_of(family, false, parent.watts, sum, start, now));
  const bool is_due = !family.told_at || now - *family.told_at >= family_tell_interval || now < *family.told_at;
  if (!family.tally.is_open() || family.is_told || agrees || !is_due) return;
  family.is_told = true;
  family.told_at = now;
  events.push_back(event_of(family, true, parent.watts, sum, start, now));
}

Event FamilyWatch::event_of(const Family& family, bool begins, double parent, double children, UtcTime start,
                            UtcTime now) const {
  Event event{now, EventKind::implausible, manifest_.meters[family.parent].id, {}, std::nullopt, {}, {}};
  if (!begins)
    event.text = "The meter and the sum of its children agree again.";
  else if (parent > children)
    event.text = "The meter shows more than its children together: something behind it is not metered, or counts less.";
  else
    event.text = "The meter shows less than its children together.";
  std::string names;
  for (const MeterIndex child : family.children) names += (names.empty() ? "" : " ") + manifest_.meters[child].id;
  event.facts = {{"check", std::string(name_of(Check::parent_sum))},
                 {"state", begins ? "begun" : "ended"},
                 {"since", format_utc(family.since)},
                 {"quarter", format_utc(start)},
                 {"parent_kw", kilowatts(parent)},
                 {"children_kw", kilowatts(children)},
                 {"children", names},
                 {"allowed_percent", std::to_string(manifest_.plausibility.parent_percent)}};
  for (const MeterIndex child : family.children)
    event.facts.emplace_back("kw." + manifest_.meters[child].id, kilowatts(members_[child].newest->watts));
  return event;
}

}  // namespace jidian::domain

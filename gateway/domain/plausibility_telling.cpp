#include <algorithm>

#include "base/decimal.hpp"
#include "domain/plausibility_watch.hpp"

// What is told of a contradiction, in words and in numbers.
namespace jidian::domain {
namespace {

constexpr double telling_percent_of = 0.01;

std::string begin_text(Check check) {
  switch (check) {
    case Check::phase_sum:
      return "The phases' active powers do not add up to the total.";
    case Check::ct_reversed:
      return "A phase has the other sign than the rest: its current transformer is probably reversed, or on another "
             "phase.";
    case Check::constant_value:
      return "A value that ought to move has stood still for hours.";
    case Check::zero_current:
      return "There is power and no current.";
    default:
      return "The meter contradicts itself.";
  }
}

std::string end_text(Check check) {
  switch (check) {
    case Check::phase_sum:
      return "The phases' active powers add up to the total again.";
    case Check::ct_reversed:
      return "The phases have one sign again.";
    case Check::constant_value:
      return "The value moves again.";
    case Check::zero_current:
      return "There is a current with the power again.";
    default:
      return "The meter does not contradict itself any more.";
  }
}

/// The value of a point in a poll, as `live` shows it: after the exponent, before ratios.
std::string decimal_at(const MeterEntry& meter, const Poll& poll, std::size_t position) {
  const PointEntry& point = meter.points[position];
  const auto exponent = exponent_of(meter, point, poll.samples);
  const Sample& sample = poll.samples[position];
  if (!exponent || !has_value(sample.quality)) return "null";
  return format_value(point.type, sample.bits, *exponent);
}

}  // namespace

/// Points that have stood still for too long.
std::vector<std::size_t> PlausibilityWatch::standing_points(const Poll& poll) const {
  const Gauge& gauge = gauges_[poll.meter];
  const Meter& meter = meters_[poll.meter];
  std::vector<std::size_t> points;
  for (std::size_t i = 0; i < meter.standing.size(); ++i) {
    const bool is_counter = i >= gauge.moving.size();
    const std::size_t position =
        is_counter ? gauge.counters[i - gauge.moving.size()].column.position() : gauge.moving[i];
    const Standing& standing = meter.standing[i];
    if (standing.is_set() && is_trusted(poll.samples[position].quality) &&
        poll.end - standing.since >= manifest_.plausibility.constant_after)
      points.push_back(position);
  }
  return points;
}

/// The point in question, and the values that speak for it.
PlausibilityWatch::Facts PlausibilityWatch::facts_of(const Poll& poll, Check check) const {
  const Gauge& gauge = gauges_[poll.meter];
  const Meter& meter = meters_[poll.meter];
  const MeterEntry& entry = manifest_.meters[poll.meter];
  const PhaseSet phases = meter.findings[static_cast<std::size_t>(check)].phases;
  std::vector<std::size_t> accused;
  std::vector<std::size_t> witnesses;
  const auto add = [](const std::optional<Column>& column, auto& into) {
    if (column) into.push_back(column->position());
  };
  const auto& turned = gauge.phase_power[0] ? gauge.phase_power : gauge.phase_factor;
  if (check == Check::phase_sum) add(gauge.power, accused);
  for (std::size_t k = 0; k < gauge.phase_power.size(); ++k) {
    const bool is_accused = has_phase(phases, k);
    if (check == Check::phase_sum) add(gauge.phase_power[k], witnesses);
    if (check == Check::ct_reversed) add(turned[k], is_accused ? accused : witnesses);
    if (check != Check::zero_current) continue;
    if (is_accused) add(gauge.phase_current[k], accused);
    if (is_accused) add(gauge.phase_power[k], witnesses);
  }
  if (check == Check::zero_current && accused.empty()) add(gauge.current, accused);
  if (check == Check::zero_current && witnesses.empty()) add(gauge.power, witnesses);
  if (check == Check::constant_value) accused = standing_points(poll);
  Facts facts;
  std::string points;
  for (const std::size_t position : accused) points += (points.empty() ? "" : " ") + entry.points[position].name;
  facts.emplace_back("point", points);
  for (const auto* group : {&accused, &witnesses})
    for (const std::size_t position : *group)
      facts.emplace_back(entry.points[position].name, decimal_at(entry, poll, position));
  return facts;
}

void PlausibilityWatch::tell(const Poll& poll, Check check, bool begins, Findings& findings) {
  const Finding& found = finding(poll, check);
  Facts facts{{"check", std::string(name_of(check))}, {"state", begins ? "begun" : "ended"}};
  facts.emplace_back("since", format_utc(found.since));
  if (begins) {
    auto more = facts_of(poll, check);
    facts.insert(facts.end(), more.begin(), more.end());
    if (check == Check::phase_sum)
      facts.emplace_back("allowed_percent", std::to_string(manifest_.plausibility.phase_sum_percent));
  }
  findings.events.push_back({poll.end,
                             EventKind::implausible,
                             manifest_.meters[poll.meter].id,
                             begins ? begin_text(check) : end_text(check),
                             std::nullopt,
                             {},
                             std::move(facts)});
}

void PlausibilityWatch::tell_counter(const Poll& poll, std::size_t counter, CounterWatch::Outcome outcome,
                                     Findings& findings) {
  constexpr Millis tell_interval_of_counter = std::chrono::hours(1);
  Meter& meter = meters_[poll.meter];
  const bool fell = outcome == CounterWatch::Outcome::fell;
  auto& told = fell ? meter.counter_told[counter].fell : meter.counter_told[counter].jumped;
  if (told && poll.end >= *told && poll.end - *told < tell_interval_of_counter) return;
  told = poll.end;
  const MeterEntry& entry = manifest_.meters[poll.meter];
  const CounterColumn& column = gauges_[poll.meter].counters[counter];
  const CounterWatch& watch = meter.counters[counter];
  const PointEntry& point = entry.points[column.column.position()];
  const int exponent = exponent_of(entry, point, poll.samples).value_or(point.exponent);
  Facts facts{{"check", std::string(name_of(fell ? Check::counter_decrease : Check::capacity_step))},
              {"state", "accepted"},
              {"since", format_utc(watch.before_since())},
              {"point", point.name},
              {"before", format_value(point.type, watch.before(), exponent)},
              {"after", format_value(point.type, watch.level(), exponent)},
              {"polls", std::to_string(manifest_.plausibility.counter_polls)}};
  const double capacity = meter.rating.capacity_va * manifest_.plausibility.capacity_percent * telling_percent_of;
  const bool is_too_far = !fell && column.is_energy && capacity > 0;
  if (is_too_far) {
    const double most = most_units(column, poll.samples, poll.end - watch.before_since(), capacity);
    facts.emplace_back("most", format_decimal(static_cast<std::int64_t>(std::min(most, 9e18)), exponent));
  }
  findings.events.push_back(
      {poll.end,
       EventKind::implausible,
       entry.id,
       fell         ? "A counter shows less than before and goes on from there: it was reset, or lost its memory."
       : is_too_far ? "A counter jumped further than the transformers carry and goes on from there."
                    : "A counter that had fallen is back at its old level in one step and goes on from there.",
       std::nullopt,
       {},
       std::move(facts)});
}

}  // namespace jidian::domain

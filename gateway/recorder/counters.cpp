#include "recorder/counters.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/decimal.hpp"
#include "domain/counter_watch.hpp"
#include "domain/replacement.hpp"

namespace jidian::recorder {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

bool is_sure(const domain::Sample& sample) {
  return has_value(sample.quality) && sample.quality != domain::Quality::implausible;
}

void add_step(const domain::MeterEntry& meter, const domain::PointEntry& point, std::uint64_t before,
              std::uint64_t after, Values& facts) {
  const bool is_signed = point.type == ValueType::signed_integer;
  const bool is_integer = is_signed || point.type == ValueType::unsigned_integer;
  const bool fits = is_signed || point.modulus == 0 || (before < point.modulus && after < point.modulus);
  // One of 64 bits that shows less was set back: nobody has counted so far.
  const bool is_set_back = !is_signed && point.modulus == 0 && after < before;
  const auto rollover = domain::rollover_between(meter, point, before, after);
  if (is_integer && fits && !is_set_back && rollover) {
    facts.emplace_back(point.name, std::to_string(after - before + *rollover));
  } else {
    facts.emplace_back(point.name + ".before", format_value(point.type, before, 0));
    facts.emplace_back(point.name + ".after", format_value(point.type, after, 0));
  }
}

/// Over an exchange of the meter: what both counted, if somebody read both displays for this point.
void add_swapped(const domain::PointEntry& point, std::uint16_t position, std::uint64_t before, std::uint64_t after,
                 std::vector<domain::Swap> swaps, Values& facts) {
  const std::size_t all = swaps.size();
  std::erase_if(swaps, [position](const domain::Swap& swap) { return swap.point != position; });
  if (swaps.size() != all) return;
  if (auto gained = domain::gained_over(point, before, after, swaps))
    facts.emplace_back(point.name, std::move(*gained));
}

}  // namespace

void Counters::remember(const domain::Poll& poll) {
  Meter& meter = meters_[poll.meter];
  const auto& points = manifest_.meters[poll.meter].points;
  meter.values.resize(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const domain::Sample& sample = poll.samples[i];
    if (points[i].kind != PointKind::counter || !has_value(sample.quality)) continue;
    if (is_sure(sample))
      meter.values[i] = Value{sample.bits, end_of(poll, i)};
    else
      meter.values[i].reset();  // perhaps another meter's: no difference across it
  }
  meter.is_remembered = std::ranges::any_of(meter.values, [](const auto& value) { return value.has_value(); });
}

std::optional<domain::Event> Counters::take_step(const domain::Poll& poll, UtcTime now) {
  Meter& meter = meters_[poll.meter];
  if (!meter.is_remembered || !has_any_value(poll)) return std::nullopt;
  // A meter that had no power either may show 0 at first: what it shows next counts.
  for (std::size_t i = 0; i < meter.values.size(); ++i)
    if (meter.values[i] && poll.samples[i].quality == domain::Quality::implausible) return std::nullopt;
  meter.is_remembered = false;
  const auto values = std::exchange(meter.values, {});
  const auto& entry = manifest_.meters[poll.meter];

  std::optional<UtcTime> newest;
  for (const auto& value : values)
    if (value) newest = std::max(newest.value_or(value->at), value->at);
  Values facts{{"from", format_utc(*newest)}, {"until", format_utc(poll.end)}};
  const std::size_t bare = facts.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i] || !is_sure(poll.samples[i])) continue;
    const auto swaps = swaps_.between(poll.meter, values[i]->at, poll.end);
    if (swaps.empty())
      add_step(entry, entry.points[i], values[i]->bits, poll.samples[i].bits, facts);
    else
      add_swapped(entry.points[i], static_cast<std::uint16_t>(i), values[i]->bits, poll.samples[i].bits, swaps, facts);
    if (values[i]->at != *newest) facts.emplace_back(entry.points[i].name + ".from", format_utc(values[i]->at));
  }
  if (facts.size() == bare) return std::nullopt;
  if (const auto swaps = swaps_.between(poll.meter, *newest, poll.end); !swaps.empty())
    facts.emplace_back("replaced", format_utc(swaps.back().at));
  return domain::Event{now,
                       domain::EventKind::counter_step,
                       entry.id,
                       "What the meter counted while nothing was recorded, in the counters' own digits.",
                       std::nullopt,
                       {},
                       std::move(facts)};
}

}  // namespace jidian::recorder

#include "recorder/swaps.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/bytes.hpp"
#include "base/decimal.hpp"
#include "domain/gauge.hpp"

namespace jidian::recorder {
namespace {

using domain::Count;
using domain::MeterIndex;
using domain::Replacement;
using domain::Swap;

/// A meter is exchanged every few years; what lies further back crosses nothing that is still to be counted.
constexpr std::size_t swaps_kept = 8;
/// A counter that rolled over between two looks has hardly counted more than this share of its range.
constexpr double rollover_share_max = 0.1;
/// Shorter times say nothing about a rate.
constexpr double hours_min = 1.0 / 60;
constexpr const char* note_prefix = "swap/";

bool is_good(const domain::Sample& sample) {
  return has_value(sample.quality) && sample.quality != domain::Quality::implausible &&
         sample.quality != domain::Quality::out_of_range;
}

double hours_between(UtcTime from, UtcTime until) {
  return std::max(hours_min, static_cast<double>((until - from).count()) / 3'600'000);
}

/// For people: in the unit of the point, with the digits that its register has.
std::string shown(const Replacement& stated, const domain::PointEntry& point, double counts) {
  const double number = counts * stated.per_count;
  const int significant = point.type == ValueType::float32 ? 7 : 10;
  const double digits = number == 0 ? 1 : std::pow(10.0, significant - 1 - std::floor(std::log10(std::abs(number))));
  return format_float(std::round(number * digits) / digits, 0) + (point.unit.empty() ? "" : " " + point.unit);
}

Error refusal(std::string why) {
  return {ErrorKind::conflict, std::move(why)};
}

/// More than `counts` cannot have come in the time; nothing if that is not known.
std::optional<double> most_in(const Replacement& stated, const domain::PointEntry& point, UtcTime from, UtcTime until,
                              bool rolled_over) {
  std::optional<double> most;
  if (stated.counts_per_hour > 0) most = stated.counts_per_hour * hours_between(from, until);
  if (rolled_over && point.modulus != 0)
    most = std::min(most.value_or(INFINITY), rollover_share_max * static_cast<double>(point.modulus));
  return most;
}

/// "48213810 of the counter": takes a word off the front.
template <typename Number>
bool take_number(std::string_view& text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(' ')) return false;
  text.remove_prefix(1);
  return true;
}

/// A line of a note; an unknown point makes none.
std::optional<Swap> swap_of(std::string_view line, const domain::MeterEntry& meter) {
  std::int64_t at = 0;
  Swap swap;
  if (!take_number(line, at, 10) || !take_number(line, swap.old_final, 16) || !take_number(line, swap.new_start, 16))
    return std::nullopt;
  const auto point = std::ranges::find(meter.points, line, &domain::PointEntry::name);
  if (point == meter.points.end()) return std::nullopt;
  swap.at = UtcTime{Millis{at}};
  swap.point = static_cast<std::uint16_t>(point - meter.points.begin());
  return swap;
}

template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

Swaps::Swaps(const domain::Manifest& manifest) : manifest_(manifest), meters_(manifest.meters.size()) {
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    meters_[i].points.resize(manifest.meters[i].points.size());
    meters_[i].factors.resize(manifest.meters[i].points.size());
  }
}

std::optional<domain::MeterIndex> Swaps::restore(const domain::Note& note) {
  const std::string_view name = note.name;
  if (!name.starts_with(note_prefix)) return std::nullopt;
  const auto found =
      std::ranges::find(manifest_.meters, name.substr(std::string_view(note_prefix).size()), &domain::MeterEntry::id);
  if (found == manifest_.meters.end()) return std::nullopt;
  const auto meter = static_cast<domain::MeterIndex>(found - manifest_.meters.begin());
  auto& swaps = meters_[meter].swaps;
  for_each_line(note.text, [&](std::string_view line) {
    if (auto swap = swap_of(line, *found)) swaps.push_back(std::move(*swap));
  });
  const auto serials = last_serials_of(note.text);
  if (!serials || swaps.empty()) return meter;
  swaps.back().old_serial = serials->first;
  swaps.back().new_serial = serials->second;
  return meter;
}

void Swaps::see(const domain::Poll& poll) {
  if (poll.end < since(poll.meter)) return;
  Meter& meter = meters_[poll.meter];
  const auto& points = manifest_.meters[poll.meter].points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const domain::Sample& sample = poll.samples[i];
    if (!is_good(sample)) continue;
    if (points[i].kind != PointKind::counter) {
      meter.factors[i] = sample.bits;
      continue;
    }
    Seen& seen = meter.points[i];
    const Count count{sample.bits, end_of(poll, i)};
    const bool fell = seen.latest && domain::plain_number(points[i].type, count.bits) <
                                         domain::plain_number(points[i].type, seen.latest->bits);
    if (fell) {
      seen.fell_from = seen.latest;
      seen.fell_to = count;
    }
    seen.latest = count;
  }
}

Status Swaps::take(const Replacement& stated, domain::Event& event) {
  if (auto done = check_factors(stated); !done) return done;
  const auto& point = manifest_.meters[stated.meter].points[stated.point];
  std::optional<Error> first;
  std::optional<std::pair<Swap, Reading>> best;
  double least = INFINITY;
  for (const Reading& reading : readings_of(stated, event.time)) {
    Swap swap{reading.at, stated.point, stated.old_final, stated.new_start, stated.old_serial, stated.new_serial};
    if (auto fits = check(stated, reading, swap); !fits) {
      if (!first) first = fits.error();
      continue;
    }
    const double gained = reading.before ? domain::counts_between(point, reading.before->bits, swap.old_final) : 0;
    if (gained >= least) continue;
    least = gained;
    best.emplace(swap, reading);
  }
  if (!best) return *first;
  const auto& [swap, reading] = *best;
  const auto add = [&event](const char* name, std::string value) {
    if (!value.empty()) event.facts.emplace_back(name, std::move(value));
  };
  add("old_final_raw", format_value(point.type, swap.old_final, 0));
  add("new_start_raw", format_value(point.type, swap.new_start, 0));
  add("at", format_utc(swap.at));
  if (stated.at && *stated.at != swap.at) add("told_at", format_utc(*stated.at));
  if (reading.before) {
    add("before", format_value(point.type, reading.before->bits, 0));
    add("before_at", format_utc(reading.before->at));
  }
  add("after", format_value(point.type, reading.after.bits, 0));
  add("after_at", format_utc(reading.after.at));
  if (reading.before)
    add("gained", domain::gained_over(point, reading.before->bits, reading.after.bits, {swap}).value_or(""));
  Meter& meter = meters_[stated.meter];
  meter.swaps.push_back(swap);
  if (meter.swaps.size() > swaps_kept) meter.swaps.erase(meter.swaps.begin());
  for (Seen& seen : meter.points) {
    seen.fell_from.reset();
    seen.fell_to.reset();
    if (seen.latest && seen.latest->at < swap.at) seen.latest.reset();
  }
  return {};
}

/// The exchange came behind the last recorded count, or it is what made the counter fall.
std::vector<Swaps::Reading> Swaps::readings_of(const Replacement& stated, UtcTime now) const {
  const Meter& meter = meters_[stated.meter];
  const Seen& seen = meter.points[stated.point];
  std::vector<Reading> readings{{seen.latest, stated.after, stated.at.value_or(now)}};
  if (!seen.latest && !meter.swaps.empty() && meter.swaps.back().point == stated.point)
    readings.front().before = Count{meter.swaps.back().new_start, meter.swaps.back().at};
  if (seen.fell_to) readings.push_back({seen.fell_from, *seen.fell_to, seen.fell_to->at});
  return readings;
}

Status Swaps::check(const Replacement& stated, const Reading& reading, Swap& swap) const {
  const auto& point = manifest_.meters[stated.meter].points[stated.point];
  const auto say = [&](std::uint64_t bits) { return shown(stated, point, domain::plain_number(point.type, bits)); };
  if (reading.at <= since(stated.meter))
    return refusal("an exchange at " + format_utc(since(stated.meter)) + " is on record already; this one, at " +
                   format_utc(reading.at) + ", does not lie behind it");
  if (reading.before && reading.at <= reading.before->at)
    return refusal("counts were recorded until " + format_utc(reading.before->at) + ", the last " +
                   say(reading.before->bits) + ", and none fell: the exchange cannot have been at " +
                   format_utc(reading.at));
  if (const auto& before = reading.before) {
    const double back = domain::counts_between(point, stated.old_final, before->bits);
    if (back > 0 && back <= stated.old_unsure) swap.old_final = before->bits;  // the display shows fewer digits
    const double gained = domain::counts_between(point, before->bits, swap.old_final);
    const bool rolled_over =
        gained > 0 && domain::plain_number(point.type, swap.old_final) < domain::plain_number(point.type, before->bits);
    const auto most = most_in(stated, point, before->at, reading.at, rolled_over);
    if (gained < 0 || (rolled_over && most && gained > *most))
      return refusal("the old meter cannot have ended at " + say(stated.old_final) + ": it showed " +
                     say(before->bits) + " already, at " + format_utc(before->at));
    if (most && gained > *most + stated.old_unsure)
      return refusal("the old meter cannot have ended at " + say(stated.old_final) + ": it showed " +
                     say(before->bits) + " at " + format_utc(before->at) + ", and " + shown(stated, point, gained) +
                     " in the time until " + format_utc(reading.at) + " are more than such a meter can count (" +
                     shown(stated, point, *most) + "); look at the decimal point");
  }
  const double back = domain::counts_between(point, reading.after.bits, stated.new_start);
  if (back > 0 && back <= stated.new_unsure) swap.new_start = reading.after.bits;
  const double gained = domain::counts_between(point, swap.new_start, reading.after.bits);
  const bool rolled_over = gained > 0 && domain::plain_number(point.type, reading.after.bits) <
                                             domain::plain_number(point.type, swap.new_start);
  const UtcTime from = reading.before ? reading.before->at : reading.at;
  const auto most = most_in(stated, point, from, reading.after.at, rolled_over);
  const bool too_much = most && gained > *most + stated.new_unsure && (reading.before || rolled_over);
  if (gained < 0 || too_much)
    return refusal("the new meter cannot have begun at " + say(stated.new_start) + ": it shows " +
                   say(reading.after.bits) + " at " + format_utc(reading.after.at));
  return {};
}

/// Totals go on only where both meters count in the same steps.
Status Swaps::check_factors(const Replacement& stated) const {
  const auto& entry = manifest_.meters[stated.meter];
  for (const auto& [position, bits] : stated.factors) {
    const auto& known = meters_[stated.meter].factors[position];
    if (!known || *known == bits) continue;
    const auto& point = entry.points[position];
    return refusal("the new meter has " + point.name + " = " + format_value(point.type, bits, 0) +
                   " in its register, the old one had " + format_value(point.type, *known, 0) +
                   ": set the new one alike, then say it again");
  }
  return {};
}

domain::Note Swaps::note_of(MeterIndex meter) const {
  const auto& entry = manifest_.meters[meter];
  domain::Note note{swap_note_name_of(entry.id), {}};
  for (const Swap& swap : meters_[meter].swaps)
    note.text += std::to_string(swap.at.time_since_epoch().count()) + " " + to_hex(swap.old_final) + " " +
                 to_hex(swap.new_start) + " " + entry.points[swap.point].name + "\n";
  if (!meters_[meter].swaps.empty())
    note.text +=
        "old=" + meters_[meter].swaps.back().old_serial + "\nnew=" + meters_[meter].swaps.back().new_serial + "\n";
  return note;
}

UtcTime Swaps::since(MeterIndex meter) const {
  const auto& swaps = meters_[meter].swaps;
  return swaps.empty() ? UtcTime{} : swaps.back().at;
}

std::vector<Swap> Swaps::between(MeterIndex meter, UtcTime from, UtcTime until) const {
  std::vector<Swap> found;
  for (const Swap& swap : meters_[meter].swaps)
    if (from < swap.at && swap.at <= until) found.push_back(swap);
  return found;
}

std::string swap_note_name_of(const std::string& meter_id) {
  return note_prefix + meter_id;
}

std::optional<std::pair<std::string, std::string>> last_serials_of(std::string_view note_text) {
  std::pair<std::string, std::string> serials;
  for_each_line(note_text, [&](std::string_view line) {
    if (line.starts_with("old=")) serials.first = line.substr(4);
    if (line.starts_with("new=")) serials.second = line.substr(4);
  });
  if (serials.second.empty()) return std::nullopt;
  return serials;
}

}  // namespace jidian::recorder

#include "domain/plausibility_watch.hpp"

#include <algorithm>
#include <cmath>

namespace jidian::domain {
namespace {

/// Of one check of one meter nothing is told more often.
constexpr Millis tell_interval = std::chrono::hours(1);

/// How often it is looked whether a value moved. A value that is the same at every look for hours and moved in between
/// is a rarer thing than a broken meter.
constexpr Millis look_interval = std::chrono::minutes(1);

/// After a longer silence than this, standing still begins anew.
constexpr Millis look_hole = std::chrono::minutes(10);

/// The longest rows of a meter: theirs is the oldest count that a row in progress could go on from.
constexpr std::chrono::seconds level_row{900};

constexpr double percent_of = 0.01;
constexpr double s_per_hour = 3'600;

bool is_due(const std::optional<UtcTime>& last, UtcTime now, Millis interval) {
  return !last || now - *last >= interval || now < *last;  // behind it the clock was set back
}

void mark(Sample& sample) {
  if (is_trusted(sample.quality)) sample.quality = Quality::implausible;
}

void mark_phases(Poll& poll, const std::array<std::optional<Column>, 3>& columns, PhaseSet phases) {
  for (std::size_t k = 0; k < columns.size(); ++k)
    if (columns[k] && has_phase(phases, k)) mark(poll.samples[columns[k]->position()]);
}

}  // namespace

PlausibilityWatch::PlausibilityWatch(const Manifest& manifest) : manifest_(manifest), meters_(manifest.meters.size()) {
  gauges_.reserve(manifest.meters.size());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Gauge& gauge = gauges_.emplace_back(make_gauge(manifest, manifest.meters[i]));
    meters_[i].counters.resize(gauge.counters.size());
    meters_[i].counter_told.resize(gauge.counters.size());
    meters_[i].standing.resize(gauge.moving.size() + gauge.counters.size());
  }
}

std::vector<std::uint16_t> PlausibilityWatch::remember(const Poll& poll) {
  const Gauge& gauge = gauges_[poll.meter];
  Meter& meter = meters_[poll.meter];
  rate(gauge, meter, poll);
  const CounterWatch::Bounds bounds = bounds_of(poll.meter);
  std::vector<std::uint16_t> restarted;
  for (std::size_t i = 0; i < gauge.counters.size(); ++i) {
    const CounterColumn& counter = gauge.counters[i];
    const std::uint16_t position = counter.column.position();
    const Quality quality = poll.samples[position].quality;
    if (quality == Quality::implausible) meter.counters[i].remember_doubt(counter, poll.samples);
    if (!is_trusted(quality)) continue;
    if (counter.scale && !is_trusted(poll.samples[*counter.scale].quality)) continue;
    const auto outcome = meter.counters[i].remember(counter, poll.samples, end_of(poll, position), bounds);
    if (outcome != CounterWatch::Outcome::plausible) restarted.push_back(position);
  }
  return restarted;
}

void PlausibilityWatch::remember(const IntervalRow& row, UtcTime since) {
  if (row.length != level_row) return;
  const Gauge& gauge = gauges_[row.meter];
  for (std::size_t i = 0; i < gauge.counters.size(); ++i) {
    const CounterColumn& counter = gauge.counters[i];
    const PointInterval& counted = row.points[counter.column.position()];
    if (counted.last_at == UtcTime{} || counted.last_at < since) continue;
    if (counter.scale && row.points[*counter.scale].last_at == UtcTime{}) continue;
    const std::uint64_t scale = counter.scale ? row.points[*counter.scale].last : 0;
    meters_[row.meter].counters[i].remember_count(counted.last, scale, counted.last_at);
  }
}

void PlausibilityWatch::take_over(const PlausibilityWatch& before, MeterIndex theirs, MeterIndex ours) {
  const Meter& state = before.meters_[theirs];
  Meter& meter = meters_[ours];
  // What is looked at also hangs on facilities, which may be others now.
  if (state.counters.size() != meter.counters.size() || state.standing.size() != meter.standing.size()) return;
  meter = state;
  meter.is_rated = false;
}

void PlausibilityWatch::begin_anew(MeterIndex index) {
  Meter& meter = meters_[index];
  meter.counters.assign(meter.counters.size(), {});
  meter.standing.assign(meter.standing.size(), {});
}

void PlausibilityWatch::judge(Poll& poll, Findings& findings) {
  rate(gauges_[poll.meter], meters_[poll.meter], poll);
  judge_counters(poll, findings);
  judge_phases(poll, findings);
  judge_standing(poll, findings);
}

/// Once, and again when a ratio register shows another number.
void PlausibilityWatch::rate(const Gauge& gauge, Meter& meter, const Poll& poll) {
  bool is_same = meter.is_rated;
  const std::array registers{&gauge.ct_register, &gauge.pt_register};
  for (std::size_t i = 0; i < registers.size(); ++i) {
    if (!*registers[i]) continue;
    const Sample& sample = poll.samples[(*registers[i])->position()];
    if (!is_trusted(sample.quality)) continue;
    is_same = is_same && sample.bits == meter.ratio_bits[i];
    meter.ratio_bits[i] = sample.bits;
  }
  if (is_same) return;
  meter.rating = gauge.rate(poll.samples);
  meter.is_rated = true;
}

/// What the counters of a meter that was rated may do.
CounterWatch::Bounds PlausibilityWatch::bounds_of(MeterIndex meter) const {
  const PlausibilityRules& rules = manifest_.plausibility;
  const Gauge& gauge = gauges_[meter];
  return {meters_[meter].rating.capacity_va * rules.capacity_percent * percent_of, rules.counter_polls,
          !gauge.checks(Check::counter_decrease), !gauge.checks(Check::capacity_step)};
}

void PlausibilityWatch::judge_counters(Poll& poll, Findings& findings) {
  const Gauge& gauge = gauges_[poll.meter];
  Meter& meter = meters_[poll.meter];
  const CounterWatch::Bounds bounds = bounds_of(poll.meter);
  for (std::size_t i = 0; i < gauge.counters.size(); ++i) {
    const CounterColumn& counter = gauge.counters[i];
    Sample& sample = poll.samples[counter.column.position()];
    if (!is_trusted(sample.quality)) continue;
    const auto outcome =
        meter.counters[i].judge(counter, poll.samples, end_of(poll, counter.column.position()), bounds);
    if (outcome == CounterWatch::Outcome::plausible) continue;
    if (outcome == CounterWatch::Outcome::doubted) {
      mark(sample);
      continue;
    }
    findings.restarted.push_back(counter.column.position());
    tell_counter(poll, i, outcome, findings);
  }
}

void PlausibilityWatch::judge_phases(Poll& poll, Findings& findings) {
  const Gauge& gauge = gauges_[poll.meter];
  Meter& meter = meters_[poll.meter];
  const PlausibilityRules& rules = manifest_.plausibility;
  const PhaseLook look = look_at(gauge, poll.samples);
  if (gauge.checks(Check::ct_reversed))
    (void)note(poll, Check::ct_reversed, check_ct_reversed(gauge, look, meter.rating, poll.samples), rules.wiring_polls,
               findings);
  // Both before either marks: a marked value speaks for nothing.
  PhaseVerdict no_current;
  if (gauge.checks(Check::zero_current)) no_current = check_zero_current(gauge, look, meter.rating, poll.samples);
  if (gauge.checks(Check::phase_sum)) {
    const Verdict sum = check_phase_sum(look, meter.rating, rules.phase_sum_percent);
    if (sum == Verdict::agrees && meter.sums_agreed < rules.wiring_polls) ++meter.sums_agreed;
    const bool is_open = note(poll, Check::phase_sum, {sum, 0}, rules.wiring_polls, findings);
    if (is_open && sum == Verdict::contradicts && meter.sums_agreed >= rules.wiring_polls) {
      mark(poll.samples[gauge.power->position()]);
      mark_phases(poll, gauge.phase_power, 7);
    }
  }
  if (gauge.checks(Check::zero_current) && note(poll, Check::zero_current, no_current, rules.wiring_polls, findings) &&
      no_current.verdict == Verdict::contradicts) {
    mark_phases(poll, gauge.phase_current, no_current.phases);
    if (no_current.phases == 0) mark(poll.samples[gauge.current->position()]);
  }
}

void PlausibilityWatch::judge_standing(Poll& poll, Findings& findings) {
  Meter& meter = meters_[poll.meter];
  if (!gauges_[poll.meter].checks(Check::constant_value) || !is_due(meter.looked_at, poll.end, look_interval)) return;
  if (!has_any_value(poll)) return;
  const Millis hole = std::max(look_hole, 3 * manifest_.meters[poll.meter].period);
  if (meter.looked_at && poll.end - *meter.looked_at > hole)
    std::ranges::fill(meter.standing, Standing{});  // nobody saw whether it moved meanwhile
  meter.looked_at = poll.end;
  (void)note(poll, Check::constant_value, {stands_still(poll), 0}, 1, findings);
}

/// Whether a moving value, or a counter under load, has been the same for too long.
Verdict PlausibilityWatch::stands_still(const Poll& poll) {
  const Gauge& gauge = gauges_[poll.meter];
  Meter& meter = meters_[poll.meter];
  const auto patience = manifest_.plausibility.constant_after;
  bool stands = false;
  for (std::size_t i = 0; i < gauge.moving.size(); ++i) {
    const Sample& sample = poll.samples[gauge.moving[i]];
    Standing& standing = meter.standing[i];
    if (!is_trusted(sample.quality)) continue;
    if (!standing.is_set() || sample.bits == 0 || sample.bits != standing.bits || poll.end < standing.since)
      standing = {sample.bits, poll.end};
    stands = stands || poll.end - standing.since >= patience;
  }
  const double power = gauge.power ? gauge.power->measure(poll.samples).value : 0;
  for (std::size_t i = 0; i < gauge.counters.size(); ++i) {
    const CounterColumn& counter = gauge.counters[i];
    Standing& standing = meter.standing[gauge.moving.size() + i];
    if (!counter.is_import || !is_trusted(poll.samples[counter.column.position()].quality)) continue;
    // What it would have counted at this power, in its own units: too little is no sign.
    const double counted =
        power * static_cast<double>(patience.count()) / s_per_hour / counter.column.worth(poll.samples);
    const bool is_idle = !(power > meter.rating.least_w && counted >= 2);
    if (is_idle || !standing.is_set() || poll.end < standing.since || meter.counters[i].moved_at() > standing.since)
      standing.since = poll.end;
    stands = stands || poll.end - standing.since >= patience;
  }
  return stands ? Verdict::contradicts : Verdict::agrees;
}

/// Counts a verdict and tells what begins and ends. Returns whether the contradiction is on.
bool PlausibilityWatch::note(Poll& poll, Check check, PhaseVerdict verdict, std::uint32_t polls_needed,
                             Findings& findings) {
  Finding& found = finding(poll, check);
  if (verdict.verdict != Verdict::contradicts && found.tally.is_calm()) return false;
  const bool was_other_phase = verdict.verdict == Verdict::contradicts && verdict.phases != found.phases;
  if (was_other_phase && !found.tally.is_open()) {  // each phase must last by itself
    found.tally = {};
    found.phases = verdict.phases;
  }
  const Tally::Change change = found.tally.note(verdict.verdict, polls_needed);
  if (change == Tally::Change::begins) found.since = poll.end;
  if (change == Tally::Change::ends && std::exchange(found.is_told, false)) tell(poll, check, false, findings);
  const bool is_news = found.tally.is_open() && !found.is_told && verdict.verdict == Verdict::contradicts;
  if (is_news && is_due(found.told_at, poll.end, tell_interval)) {
    found.is_told = true;
    found.told_at = poll.end;
    tell(poll, check, true, findings);
  }
  return found.tally.is_open();
}

}  // namespace jidian::domain

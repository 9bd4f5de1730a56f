#include "acquire/core.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include "acquire/backoff.hpp"
#include "acquire/reports.hpp"

namespace jidian::acquire {
namespace {

using domain::GapCause;

/// Polls in a row without a valid reply after which a meter is given up for a time.
constexpr std::uint32_t misses_max = 3;
constexpr Millis probe_first{5'000};
constexpr Millis probe_most{300'000};
constexpr Millis probe_patience{
    5'000};  ///< On a line without pauses a probe goes before a slot when it is late by this.

/// A wall clock that moved by more than this against the steady one was set, not disciplined.
constexpr Millis clock_step{500};

/// One transaction with the longest time-outs a configuration may ask for, or one attempt to connect.
constexpr Millis longest_round{60'000};

/// The loop looks around at least this often, to show that it lives.
constexpr Millis longest_wait{10'000};
constexpr Millis post_interval{1'000};

bool is_counter(const meter::Point& point) {
  return point.kind == PointKind::counter;
}

std::vector<Schedule::Entry> entries_of(const std::vector<PolledMeter>& meters) {
  std::vector<Schedule::Entry> entries;
  entries.reserve(meters.size());
  for (const PolledMeter& meter : meters)
    entries.push_back(
        {meter.period, meter.offset, std::ranges::any_of(meter.points, is_counter), meter.before.last_slot});
  return entries;
}

/// UTC minus steady. The two clocks are read one after the other: a thread that lost the processor in between tries
/// again, lest its pause be taken for a step.
Millis difference_of(Clock& clock) {
  constexpr Millis pause_max{50};
  SteadyTime before = clock.steady_now();
  for (;;) {
    const UtcTime utc = clock.utc_now();
    const SteadyTime after = clock.steady_now();
    if (after - before <= pause_max) return utc.time_since_epoch() - after.time_since_epoch();
    before = after;
  }
}

std::int64_t seconds_between(UtcTime from, UtcTime until) {
  return std::chrono::duration_cast<std::chrono::seconds>(until - from).count();
}

/// What another meter than the expected one tells is kept, and not taken for a reading of the old one.
void mark_foreign(std::vector<domain::Sample>& samples) {
  for (domain::Sample& sample : samples)
    if (sample.quality == domain::Quality::ok) sample.quality = domain::Quality::implausible;
}

}  // namespace

PollerCore::Meter::Meter(PolledMeter meter)
    : polled(std::move(meter)),
      learner(polled, polled.remembered),
      identity(polled, learner.learned().serial),
      offsets(polled),
      ratios(polled.points, learner.learned().ratios),
      silent_since(polled.before.silent_since) {}

PollerCore::PollerCore(std::string bus_id, Bus& bus, std::vector<PolledMeter> meters, Sink& sink, Clock& clock,
                       health::Board& board, Pause pause, LineManners manners, std::optional<UtcTime> down_since)
    : bus_id_(std::move(bus_id)),
      clock_(clock),
      board_(board),
      heartbeat_(board.add_heartbeat("bus " + bus_id_, longest_round)),
      pause_(std::move(pause)),
      line_(bus_id_, bus, clock, manners, down_since.has_value()),
      outlet_(bus_id_, sink),
      schedule_(entries_of(meters), clock.utc_now()),
      clock_difference_(difference_of(clock)),
      down_reported_(down_since.has_value()),
      line_noted_(manners.used_before),
      down_since_(down_since.value_or(UtcTime{})) {
  meters_.reserve(meters.size());
  for (PolledMeter& polled : meters) {
    Meter& meter = meters_.emplace_back(std::move(polled));
    meter.health.id = meter.polled.id;
    meter.health.bus = bus_id_;
    meter.health.unit = meter.polled.unit;
  }
}

Millis PollerCore::step(std::stop_token stop) {
  heartbeat_.beat(clock_.steady_now());
  watch_clock();
  outlet_.flush();
  if (!line_.is_open() && line_.next_open() <= clock_.steady_now()) (void)line_.ensure_open(stop);
  watch_line();

  const bool worked = serve_next(stop);
  if (worked) {
    watch_line();
    bus_changed_ = true;
  }
  const SteadyTime now = clock_.steady_now();
  if (now - last_post_ >= post_interval) {
    post_health();
    last_post_ = now;
  }
  return worked ? Millis{0} : time_to_next();
}

Result<MeterAnswer> PollerCore::read(std::string_view meter_id, std::stop_token stop) {
  const auto found = find(meter_id);
  if (!found) return found.error();
  Meter* const meter = *found;
  assert(open_.empty());
  if (auto open = line_.ensure_open(stop); !open) return open.error().during("opening bus '" + bus_id_ + "'");

  const auto outcome = read_meter(*meter, stop);
  watch_line();
  if (!outcome) return Error{ErrorKind::cancelled, "the gateway is stopping"};
  if (outcome->answered()) note_answer(*meter);
  return answer_of(meter->polled, meter->learner.plan(), *outcome);
}

Status PollerCore::lend(const Poller::Task& task, std::stop_token stop) {
  assert(open_.empty());
  auto open = line_.ensure_open(stop);
  if (!open && line_.foreign_master() == nullptr) return open.error().during("opening bus '" + bus_id_ + "'");
  post_bus(true);
  auto done = open ? line_.lend(task, std::move(stop)) : line_.lend_to_listen(task, std::move(stop));
  heartbeat_.beat(clock_.steady_now());
  watch_line();
  post_bus(false);
  return done;
}

bool PollerCore::serve_next(std::stop_token stop) {
  const UtcTime now = clock_.utc_now();
  if (serve_edge(now, stop) || serve_open(stop)) {
    probed_last_ = false;
    return true;
  }
  Meter* const silent = due_probe();
  const bool overdue = silent != nullptr && clock_.steady_now() - silent->next_try >= probe_patience;
  if (!overdue || probed_last_) {
    if (const auto slot = schedule_.take_due(now)) {
      probed_last_ = false;
      serve(*slot, stop);
      return true;
    }
  }
  if (silent == nullptr) return false;
  probed_last_ = true;
  probe(*silent, std::move(stop));
  return true;
}

void PollerCore::serve(const Slot& slot, const std::stop_token& stop) {
  Meter& meter = meters_[slot.meter];
  if (!take_up(meter, slot, stop)) return;
  const auto outcome = read_meter(meter, stop);
  if (outcome) offer_poll(meter, slot.due, *outcome, false, stop);  // else stopping: the clean stop explains the hole
}

/// Whether the meter is to be asked in this slot. If not, the hole is told.
bool PollerCore::take_up(Meter& meter, const Slot& slot, const std::stop_token& stop) {
  meter.changed = true;
  meter.health.slots_skipped += slot.skipped;
  if (slot.skipped > 0) offer_kept_away(meter, slot);
  const bool has_line{line_.ensure_open(stop)};
  if (has_line && !meter.given_up) return true;
  offer_hole(meter, slot.due, has_line ? GapCause::meter_silent : cause_of_line());
  return false;
}

void PollerCore::offer_poll(Meter& meter, UtcTime slot, const MeterOutcome& outcome, bool at_edge,
                            const std::stop_token& stop) {
  judge(meter, outcome);
  if (outcome.answered()) ask_identity(meter, stop);
  const MeterPlan& plan = meter.learner.plan();
  auto samples = samples_of(meter.polled, plan, outcome);
  watch_ratios(meter, samples);
  if (meter.identity.is_foreign()) mark_foreign(samples);
  domain::Poll poll{meter.polled.index,
                    slot,
                    outcome.start,
                    outcome.end,
                    clock_.quality(),
                    std::move(samples),
                    outcome.bus_failed() ? GapCause::bus_fault : GapCause::meter_silent};
  if (at_edge) poll.early = early_counts(meter.polled, plan, outcome);
  outlet_.offer(std::move(poll), clock_.utc_now());
}

/// The given-up meter to look at now. Healthy meters come first: a probe waits for a pause between slots that is long
/// enough for one more silence, but on a line without pauses not for ever. It never reaches into an edge.
PollerCore::Meter* PollerCore::due_probe() {
  const SteadyTime now = clock_.steady_now();
  const UtcTime utc = clock_.utc_now();
  const Millis room = schedule_.next_due() - utc;
  const UtcTime edge = schedule_.next_edge();
  for (Meter& meter : meters_) {
    if (!meter.given_up || meter.next_try > now || utc + meter.silence_cost > edge) continue;
    if (room >= meter.silence_cost || now - meter.next_try >= probe_patience) return &meter;
  }
  return nullptr;
}

void PollerCore::probe(Meter& meter, std::stop_token stop) {
  if (!line_.ensure_open(stop)) return plan_next_try(meter);
  std::vector<std::uint16_t> words(meter.learner.plan().probe.count);
  const SteadyTime from = clock_.steady_now();
  const auto done = line_.read(meter.polled.unit, meter.learner.plan().probe, words, stop);
  meter.last_end = clock_.steady_now();
  if (done) meter.learner.note_short_answer();
  if (done || done.error().kind() == ErrorKind::refused) return note_answer(meter);

  if (done.error().kind() == ErrorKind::timeout) ++meter.health.timeouts;
  if (done.error().kind() == ErrorKind::corrupt) ++meter.health.corrupt;
  meter.silence_cost = meter.last_end - from;
  meter.health.last_error = done.error().message();
  meter.health.last_error_kind = done.error().kind();
  plan_next_try(meter);
}

void PollerCore::judge(Meter& meter, const MeterOutcome& outcome) {
  if (outcome.complete()) {
    ++meter.health.polls_good;
    meter.health.last_good = outcome.end;
  } else {
    ++meter.health.polls_failed;
  }
  if (outcome.answered())
    note_answer(meter);
  else if (const Error* why = outcome.first_error(); why != nullptr && !outcome.bus_failed())
    note_silence(meter, *why);  // a broken bus says nothing of its meters, nor does a meter that was asked for nothing
}

void PollerCore::note_answer(Meter& meter) {
  meter.health.misses_in_row = 0;
  if (!meter.silent_since) return;

  meter.given_up = false;
  meter.tries = 0;
  meter.health.next_try.reset();
  meter.changed = true;
  const UtcTime now = clock_.utc_now();
  const auto silent_s = seconds_between(*meter.silent_since, now);
  meter.silent_since.reset();
  spdlog::info("meter answers again bus={} meter={} unit={} silent_s={}", bus_id_, meter.polled.id, meter.polled.unit,
               silent_s);
  outlet_.offer(meter_back(meter.polled.id, silent_s, now));
  meter.learner.ask_again();
  meter.identity.ask_soon();
  meter.is_placed = false;
}

void PollerCore::note_silence(Meter& meter, const Error& why) {
  ++meter.health.misses_in_row;
  if (meter.given_up || meter.health.misses_in_row < misses_max) return;

  meter.given_up = true;
  const UtcTime now = clock_.utc_now();
  plan_next_try(meter);
  const auto next_s = seconds_between(now, *meter.health.next_try);
  spdlog::warn("meter silent, recording a gap and probing bus={} meter={} unit={} misses={} next_try_s={} why=\"{}\"",
               bus_id_, meter.polled.id, meter.polled.unit, meter.health.misses_in_row, next_s, why.message());
  if (meter.silent_since) return;  // told before the configuration was changed
  meter.silent_since = now;
  outlet_.offer(meter_silent(meter.polled.id, meter.health.misses_in_row, why, now));
}

void PollerCore::plan_next_try(Meter& meter) {
  const Millis delay = retry_delay(++meter.tries, probe_first, probe_most, meter.polled.id);
  meter.next_try = clock_.steady_now() + delay;
  meter.health.next_try = clock_.utc_now() + delay;
  meter.changed = true;
}

/// A slot that yields no value and costs the line nothing: the record shows the hole and its cause.
void PollerCore::offer_hole(Meter& meter, UtcTime slot, domain::GapCause cause) {
  ++meter.health.polls_failed;
  const UtcTime now = clock_.utc_now();
  std::vector<domain::Sample> samples(meter.polled.points.size(), {0, domain::Quality::no_answer});
  outlet_.offer(domain::Poll{meter.polled.index, slot, now, now, clock_.quality(), std::move(samples), cause}, now);
}

/// The slots before `slot` that passed while the line was heard because of another master.
void PollerCore::offer_kept_away(Meter& meter, const Slot& slot) {
  if (!line_.kept_away()) return;
  const auto& [from, until] = *line_.kept_away();
  const Millis period = meter.polled.period;
  const auto most = static_cast<std::int64_t>(std::min<std::uint64_t>(slot.skipped, INT32_MAX));
  UtcTime due = slot.due - period * std::min(most, (slot.due - from) / period);
  for (; due < slot.due && due < until; due += period) offer_hole(meter, due, GapCause::foreign_master);
}

void PollerCore::watch_clock() {
  const Millis difference = difference_of(clock_);
  const Millis moved = difference - std::exchange(clock_difference_, difference);
  if (std::chrono::abs(moved) <= clock_step) return;
  schedule_.realign(clock_.utc_now());
  // What was read of these has instants of the clock before: they are read anew, by one clock.
  for (OpenPoll& open : open_) open = {open.meter, open.slot, std::nullopt, 0};
  spdlog::warn("wall clock stepped, slots are laid anew bus={} step_ms={}", bus_id_, moved.count());
}

domain::GapCause PollerCore::cause_of_line() const {
  return line_.foreign_master() != nullptr ? GapCause::foreign_master : GapCause::bus_fault;
}

/// Others on a line that we use, and that we used it.
void PollerCore::watch_others() {
  if (!line_noted_ && line_.is_shared() && line_.is_open() && line_.requests() > 0) {
    line_noted_ = true;
    outlet_.offer(domain::Note{line_note_name_of(bus_id_), line_.address()});
  }
  const auto news = line_.take_news();
  if (!news) return;
  spdlog::warn("another master on the line bus={} why=\"{}\"", bus_id_, news->text);
  outlet_.offer(foreign_master(bus_id_, *news, clock_.utc_now()));
}

void PollerCore::watch_line() {
  watch_others();
  if (line_.down() == down_reported_) return;
  down_reported_ = line_.down();
  bus_changed_ = true;
  const UtcTime now = clock_.utc_now();
  if (down_reported_) {
    down_since_ = now;
    spdlog::warn("bus down, recording gaps and trying again bus={} address=\"{}\" why=\"{}\"", bus_id_, line_.address(),
                 line_.trouble());
    auto event = bus_down(bus_id_, line_.trouble(), line_.address(), now);
    if (const auto* other = line_.foreign_master())
      event.facts.insert(event.facts.end(), other->facts.begin(), other->facts.end());
    outlet_.offer(std::move(event));
    return;
  }
  const auto down_s = seconds_between(down_since_, now);
  spdlog::info("bus in use again bus={} address=\"{}\" down_s={}", bus_id_, line_.address(), down_s);
  outlet_.offer(bus_back(bus_id_, down_s, now));
}

void PollerCore::post_health() {
  for (Meter& meter : meters_)
    if (std::exchange(meter.changed, false)) board_.post(meter.health);
  if (std::exchange(bus_changed_, false)) post_bus(false);
}

void PollerCore::post_bus(bool lent) {
  health::BusHealth bus;
  bus.id = bus_id_;
  bus.address = line_.address();
  bus.open = line_.is_open() && !line_.down();
  bus.lent = lent;
  bus.other_master = !bus.open && line_.foreign_master() != nullptr;
  bus.requests = line_.requests();
  bus.reopened = line_.reopened();
  bus.dropped_polls = outlet_.dropped_polls();
  bus.dropped_events = outlet_.dropped_events();
  bus.load = line_.load();
  bus.last_error = line_.trouble();
  board_.post(std::move(bus));
}

Millis PollerCore::time_to_next() const {
  const SteadyTime now = clock_.steady_now();
  Millis wait = std::min(longest_wait, schedule_.next_due() - clock_.utc_now());
  if (!line_.is_open()) wait = std::min(wait, line_.next_open() - now);
  for (const Meter& meter : meters_)
    if (meter.given_up && meter.next_try > now) wait = std::min(wait, meter.next_try - now);
  if (bus_changed_) wait = std::min(wait, last_post_ + post_interval - now);
  return std::max(wait, Millis{1});
}

ReadContext PollerCore::context(std::stop_token stop) {
  return {line_, clock_, std::move(stop), pause_, [this] { heartbeat_.beat(clock_.steady_now()); }};
}

}  // namespace jidian::acquire

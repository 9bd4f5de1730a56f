#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "acquire/backoff.hpp"
#include "acquire/core.hpp"
#include "acquire/reports.hpp"
#include "acquire/sunspec_place.hpp"

/// How a poller's core reads one meter.
namespace jidian::acquire {
namespace {

/// A slot is read again at most so often while the meter's limits are being found out; the next slot goes on.
constexpr int rounds_max = 8;

/// A device without the SunSpec model that was expected is asked again at growing distances.
constexpr Millis place_first{10'000};
constexpr Millis place_most{3'600'000};

void count_errors(health::MeterHealth& health, const MeterOutcome& outcome) {
  for (const BlockOutcome& block : outcome.blocks) {
    if (!block.asked || !block.error) continue;
    if (block.error->kind() == ErrorKind::timeout) ++health.timeouts;
    if (block.error->kind() == ErrorKind::refused) ++health.exceptions;
    if (block.error->kind() == ErrorKind::corrupt) ++health.corrupt;
  }
  const Error* first = outcome.first_error();
  health.last_error = first != nullptr ? first->message() : std::string{};
  health.last_error_kind = first != nullptr ? std::optional(first->kind()) : std::nullopt;
}

bool timed_out(const BlockOutcome& block) {
  return block.asked && block.error && block.error->kind() == ErrorKind::timeout;
}

}  // namespace

/// Reads a meter; again and with another plan as long as it refuses what another plan would give.
std::optional<MeterOutcome> PollerCore::read_meter(Meter& meter, std::stop_token stop) {
  if (auto found = find_place(meter, stop); !found) {
    if (found.error().kind() == ErrorKind::cancelled) return std::nullopt;
    auto outcome = failed_outcome(meter.learner.plan(), found.error(), clock_.utc_now());
    count_errors(meter.health, outcome);
    meter.changed = true;
    return outcome;
  }
  meter.changed = true;
  meter.learner.begin_poll(clock_.steady_now());
  return finish_rounds(meter, make_round(meter), std::move(stop));
}

ReadRound PollerCore::make_round(const Meter& meter) const {
  return begin_round(meter.learner.plan(), meter.first_read);
}

/// Asks what is left of `round`, and again with another plan. Nothing if `stop` came before.
std::optional<MeterOutcome> PollerCore::finish_rounds(Meter& meter, ReadRound round, std::stop_token stop) {
  for (int number = 1;; ++number) {
    if (!advance(meter, round, round.order.size(), stop)) return std::nullopt;
    note_round(meter, round);
    if (!meter.learner.learn(round.outcome, clock_.steady_now()) || number == rounds_max) break;
    meter.learner.begin_round();
    round = make_round(meter);
  }
  note_learning(meter);
  report_learned(meter);
  return std::move(round.outcome);
}

/// Reads on until so many reads of the round's order are over. False if `stop` came before.
bool PollerCore::advance(Meter& meter, ReadRound& round, std::size_t until, std::stop_token stop) {
  const SteadyTime from = clock_.steady_now();
  const SteadyTime ready = meter.last_end + meter.polled.turnaround;
  if (ready > from && round.done < until && !round.given_up) pause_(ready - from);
  const bool is_first = round.done == 0;
  const bool is_over = carry_on(context(std::move(stop)), meter.polled, meter.learner.plan(), round, until);
  meter.last_end = clock_.steady_now();
  if (is_first && until > 0 && timed_out(round.outcome.blocks[round.order.front()]))
    meter.silence_cost = meter.last_end - from;
  return is_over;
}

/// What a round says of how the meter is to be read.
void PollerCore::note_round(Meter& meter, const ReadRound& round) {
  count_errors(meter.health, round.outcome);
  if (round.order.empty()) return;
  const auto& blocks = round.outcome.blocks;
  const std::size_t first = round.order.front();
  if (timed_out(blocks[first])) meter.first_read = (first + 1) % round.order.size();
  const auto counts = read_of_counts(meter.polled, meter.learner.plan());
  if (counts && round.outcome.answered() && blocks[*counts].asked) meter.counts_silent = timed_out(blocks[*counts]);
}

/// Finds out where a SunSpec device has the meter's points: at the start, daily, and when it was silent meanwhile.
Status PollerCore::find_place(Meter& meter, const std::stop_token& stop) {
  if (!meter.polled.sunspec || meter.is_placed) return {};
  if (meter.no_place && clock_.steady_now() < meter.place_at) return *meter.no_place;
  const auto place = find_sunspec(context(stop), meter.offsets);
  meter.last_end = clock_.steady_now();
  if (!place) {
    if (place.error().kind() == ErrorKind::refused) note_no_place(meter, place.error());
    return place.error();
  }
  meter.no_place.reset();
  meter.place_tries = 0;
  meter.is_placed = true;
  note_identity(meter);
  const auto before = std::exchange(meter.place, *place);
  if (before == *place) return {};
  const auto known = before ? meter.learner.learned() : meter.offsets.remembered;
  meter.polled = meter.offsets;
  place_sunspec(meter.polled, *place);
  meter.learner = Learner(meter.polled, known);
  meter.identity = IdentityWatch(meter.polled, meter.learner.learned().serial);
  spdlog::info("SunSpec model found bus={} meter={} unit={} base={}", bus_id_, meter.polled.id, meter.polled.unit,
               place->base);
  return {};
}

/// The device answers, and has no model that the profile is for.
void PollerCore::note_no_place(Meter& meter, const Error& why) {
  meter.place_at = clock_.steady_now() + retry_delay(++meter.place_tries, place_first, place_most, meter.polled.id);
  const bool is_known = std::exchange(meter.no_place, why).has_value();
  note_identity(meter);
  if (is_known) return;
  spdlog::warn("no SunSpec model for the profile, asking again bus={} meter={} unit={} why=\"{}\"", bus_id_,
               meter.polled.id, meter.polled.unit, why.message());
  std::string models;
  for (const auto model : meter.polled.sunspec->models) models += (models.empty() ? "" : " ") + std::to_string(model);
  outlet_.offer(foreign_meter(meter.polled.id, {"model", "SunSpec " + models, why.message()}, clock_.utc_now()));
}

}  // namespace jidian::acquire

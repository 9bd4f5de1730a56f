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

/// The read that holds the meter's energy, else its first counter; 0 without one.
std::size_t read_of_counters(const PolledMeter& meter, const MeterPlan& plan) {
  std::optional<std::size_t> found;
  for (std::size_t n = 0; n < meter.points.size() && n < plan.places.size(); ++n) {
    const bool is_energy = meter.points[n].quantity == "active_energy_import";
    if (meter.points[n].kind != PointKind::counter || plan.places[n].read == MeterPlan::not_read) continue;
    if (!found || is_energy) found = plan.places[n].read;
    if (is_energy) break;
  }
  return found.value_or(0);
}

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
  std::optional<MeterOutcome> outcome;
  meter.learner.begin_poll(clock_.steady_now());
  meter.changed = true;
  for (int round = 1;; ++round) {
    outcome = read_round(meter, stop);
    if (!outcome) return outcome;
    if (!meter.learner.learn(*outcome, clock_.steady_now()) || round == rounds_max) break;
    meter.learner.begin_round();
  }
  note_learning(meter);
  report_learned(meter);
  return outcome;
}

std::optional<MeterOutcome> PollerCore::read_round(Meter& meter, std::stop_token stop) {
  const MeterPlan& plan = meter.learner.plan();
  const SteadyTime from = clock_.steady_now();
  const SteadyTime ready = meter.last_end + meter.polled.turnaround;
  if (ready > from) pause_(ready - from);
  std::size_t first = plan.reads.empty() ? 0 : meter.first_read % plan.reads.size();
  const std::size_t counters = read_of_counters(meter.polled, plan);
  if (first == 0 && meter.is_at_edge && meter.counts_came) first = counters;
  auto outcome = read_blocks(context(std::move(stop)), meter.polled, plan, first);
  meter.last_end = clock_.steady_now();
  if (!outcome) return outcome;

  count_errors(meter.health, *outcome);
  meter.counts_came = counters < outcome->blocks.size() && !outcome->blocks[counters].error;
  const auto& error = outcome->blocks.empty() ? std::nullopt : outcome->blocks[first].error;
  if (error && error->kind() == ErrorKind::timeout) {
    meter.first_read = (first + 1) % plan.reads.size();
    meter.silence_cost = meter.last_end - from;
  }
  return outcome;
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

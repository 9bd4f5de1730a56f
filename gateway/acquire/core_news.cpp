#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "acquire/core.hpp"
#include "acquire/reports.hpp"

/// What a poller's core finds out about its meters beside their readings.
namespace jidian::acquire {

void PollerCore::report_learned(Meter& meter) {
  auto change = meter.learner.take_change();
  if (!change) return;
  spdlog::info("meter learnt, reading it so from now on bus={} meter={} unit={} what=\"{}\"", bus_id_, meter.polled.id,
               meter.polled.unit, change->text);
  outlet_.offer({clock_.utc_now(),
                 domain::EventKind::learned,
                 meter.polled.id,
                 std::move(change->text),
                 std::nullopt,
                 {},
                 std::move(change->facts)});
  remember(meter);
}

/// So that people see what is only being found out, and what the meter lacks.
void PollerCore::note_learning(Meter& meter) {
  meter.health.learning = meter.learner.is_learning();
  meter.health.refused = meter.learner.refused_points();
}

/// So that people see who stands there, if it is not the expected one.
void PollerCore::note_identity(Meter& meter) {
  std::string& foreign = meter.health.foreign;
  foreign.clear();
  if (meter.no_place) foreign = meter.no_place->message();
  for (const auto& surprise : meter.identity.standing())
    foreign += (foreign.empty() ? "" : "; ") + std::string("it tells the ") +
               (surprise.what == "serial" ? "serial number" : "model") + " '" + surprise.told + "', not '" +
               surprise.expected + "'";
  meter.changed = true;
}

void PollerCore::remember(const Meter& meter) {
  outlet_.offer(domain::Note{note_name_of(meter.polled), meter.learner.learned().to_text()});
}

/// Asks a meter that has just answered who it is, if that is due.
void PollerCore::ask_identity(Meter& meter, const std::stop_token& stop) {
  if (!meter.identity.due(clock_.steady_now())) return;
  if (meter.polled.sunspec && !meter.is_placed) return;  // nobody knows yet where to ask
  meter.is_placed = false;                               // looked for again with the next poll
  if (meter.polled.turnaround > Millis{0}) pause_(meter.polled.turnaround);
  for (const auto& surprise : meter.identity.ask(line_, clock_.steady_now(), stop)) {
    spdlog::warn("meter is not the expected one bus={} meter={} what={} expected=\"{}\" told=\"{}\"", bus_id_,
                 meter.polled.id, surprise.what, surprise.expected, surprise.told);
    outlet_.offer(foreign_meter(meter.polled.id, surprise, clock_.utc_now()));
  }
  meter.last_end = clock_.steady_now();
  heartbeat_.beat(meter.last_end);
  note_identity(meter);
  if (meter.learner.learned().serial == meter.identity.serial()) return;
  meter.learner.keep_serial(meter.identity.serial());
  remember(meter);
}

Result<PollerCore::Meter*> PollerCore::find(std::string_view meter_id) {
  const auto meter = std::ranges::find(meters_, meter_id, [](const Meter& m) { return std::string_view{m.polled.id}; });
  if (meter != meters_.end()) return &*meter;
  return Error{ErrorKind::not_found, "no meter '" + std::string{meter_id} + "' on bus '" + bus_id_ + "'"};
}

Result<Identity> PollerCore::identify(std::string_view meter_id, std::string_view stated, const std::stop_token& stop) {
  const auto found = find(meter_id);
  if (!found) return found.error();
  Meter& meter = **found;
  assert(open_.empty());
  if (auto open = line_.ensure_open(stop); !open) return open.error().during("opening bus '" + bus_id_ + "'");
  if (auto placed = find_place(meter, stop); !placed) return placed.error();
  if (meter.polled.turnaround > Millis{0}) pause_(meter.polled.turnaround);
  auto told = meter.identity.told_now(line_, stop);
  meter.last_end = clock_.steady_now();
  heartbeat_.beat(meter.last_end);
  watch_line();
  if (!told) return told.error();
  Learned learned = meter.learner.learned();
  learned.serial = stated.empty() ? *told : std::string{stated};
  return Identity{meter.identity.serial(), std::move(*told), {note_name_of(meter.polled), learned.to_text()}};
}

Status PollerCore::adopt(std::string_view meter_id, std::string_view serial) {
  const auto found = find(meter_id);
  if (!found) return found.error();
  Meter& meter = **found;
  meter.polled.serial_declared = meter.offsets.serial_declared = serial;
  meter.identity.adopt(std::string{serial});
  note_identity(meter);
  meter.learner.keep_serial(meter.identity.serial());
  remember(meter);
  spdlog::info("meter replaced, known by another serial number now bus={} meter={} serial=\"{}\"", bus_id_,
               meter.polled.id, serial);
  return {};
}

void PollerCore::watch_ratios(Meter& meter, const std::vector<domain::Sample>& samples) {
  for (const auto& change : meter.ratios.watch(meter.polled.points, samples)) {
    spdlog::warn("ratio in a meter changed bus={} meter={} point={} before={} after={}", bus_id_, meter.polled.id,
                 change.point, change.before, change.after);
    outlet_.offer(ratio_changed(meter.polled.id, change, clock_.utc_now()));
  }
  if (meter.learner.learned().ratios == meter.ratios.ratios()) return;
  meter.learner.keep_ratios(meter.ratios.ratios());
  remember(meter);
}

}  // namespace jidian::acquire

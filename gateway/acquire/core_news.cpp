#include <spdlog/spdlog.h>

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
  if (meter.learner.learned().serial == meter.identity.serial()) return;
  meter.learner.keep_serial(meter.identity.serial());
  remember(meter);
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

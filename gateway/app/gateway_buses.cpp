#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "acquire/identity_watch.hpp"
#include "app/buses.hpp"
#include "app/gateway.hpp"
#include "recorder/swaps.hpp"

/// The pollers of a running gateway: one for each bus, and others when the configuration is another one.
namespace jidian::app {
namespace {

/// How long it is known which slot a meter that is gone was served last: longer than pollers wait for a clock that was
/// set back.
constexpr Millis labels_kept = std::chrono::minutes(5);

/// The site file may still name the meter that was replaced.
void know_new_serial(acquire::PolledMeter& meter, const std::string& swap_note) {
  const auto serials = recorder::last_serials_of(swap_note);
  if (!serials || meter.serial_declared.empty() || !acquire::is_same_serial(meter.serial_declared, serials->first))
    return;
  spdlog::warn("site file names a meter that was replaced, taking the new one meter={} old=\"{}\" new=\"{}\"", meter.id,
               serials->first, serials->second);
  meter.serial_declared = serials->second;
}

/// A meter with what earlier runs learnt of it.
acquire::PolledMeter meter_with_notes(const config::Meter& configured, domain::MeterIndex number,
                                      const std::map<std::string, std::string>& notes) {
  auto meter = polled_meter_of(configured, number);
  const auto note = notes.find(acquire::note_name_of(meter));
  if (note != notes.end()) meter.remembered = acquire::Learned::from_text(note->second);
  const auto swapped = notes.find(recorder::swap_note_name_of(meter.id));
  if (swapped != notes.end()) know_new_serial(meter, swapped->second);
  return meter;
}

domain::MeterIndex place_of(const std::string& meter, const config::Site& site) {
  const auto found = std::ranges::find(site.meters, meter, &config::Meter::id);
  return static_cast<domain::MeterIndex>(found - site.meters.begin());
}

}  // namespace

std::shared_ptr<acquire::Poller> Gateway::poller_of(const std::string& bus) const {
  const std::scoped_lock lock(state_mutex_);
  const auto found = std::ranges::find(buses_, bus, &PolledBus::id);
  return found == buses_.end() ? nullptr : found->poller;
}

void Gateway::start_pollers(const Notes& notes) {
  const auto running = site();
  for (const auto& bus : running->buses) {
    if (poller_of(bus.id) != nullptr) continue;
    PolledBus polled;
    polled.id = bus.id;
    std::vector<acquire::PolledMeter> meters;
    std::vector<domain::MeterIndex> places;
    for (std::size_t i = 0; i < running->meters.size(); ++i) {
      if (running->meters[i].bus != bus.id) continue;
      meters.push_back(meter_with_notes(running->meters[i], static_cast<domain::MeterIndex>(meters.size()), notes));
      if (auto left = meters_before_.extract(meters.back().id)) meters.back().before = left.mapped();
      polled.meters.push_back(running->meters[i].id);
      places.push_back(static_cast<domain::MeterIndex>(i));
    }
    polled.sink = std::make_unique<InboxSink>(recorder_->inbox(), std::move(places));
    auto line = make_bus(bus);
    const auto used = notes.find(acquire::line_note_name_of(bus.id));
    const bool used_before = used != notes.end() && used->second == line->address();
    auto down = buses_down_.extract(bus.id);
    polled.poller = std::make_shared<acquire::Poller>(bus.id, std::move(line), std::move(meters), *polled.sink, clock_,
                                                      board_, manners_of(bus, used_before),
                                                      down ? std::optional(down.mapped()) : std::nullopt);
    const std::scoped_lock lock(state_mutex_);
    buses_.push_back(std::move(polled));
  }
}

std::list<Gateway::PolledBus> Gateway::stop_pollers(const config::SiteDiff& diff) {
  std::list<PolledBus> stopped;
  {
    const std::scoped_lock lock(state_mutex_);
    for (auto bus = buses_.begin(); bus != buses_.end();) {
      const auto next = std::next(bus);
      if (diff.stops(bus->id)) stopped.splice(stopped.end(), buses_, bus);
      bus = next;
    }
  }
  for (auto& bus : stopped) bus.poller->request_stop();  // all finish their transactions at the same time
  for (auto& bus : stopped) {
    bus.poller->stop();
    take_handover(*bus.poller);
  }
  return stopped;
}

void Gateway::take_handover(acquire::Poller& poller) {
  auto left = poller.hand_over();
  recorder_->inbox().put_left(std::move(left.events), std::move(left.notes));
  for (auto& [id, meter] : left.meters) meters_before_[id] = meter;
  if (left.down_since) buses_down_[poller.bus_id()] = *left.down_since;
}

void Gateway::forget_handovers() {
  buses_down_.clear();
  const UtcTime now = clock_.utc_now();
  std::erase_if(meters_before_, [&](const auto& left) { return left.second.last_slot < now - labels_kept; });
  for (auto& [id, left] : meters_before_) left.silent_since.reset();
}

std::vector<recorder::Renumbering> Gateway::renumber(const config::Site& site) {
  std::vector<recorder::Renumbering> doors;
  const std::scoped_lock lock(state_mutex_);
  for (auto& bus : buses_) {
    recorder::Renumbering door{&bus.sink->door(), {}};
    for (const auto& meter : bus.meters) door.meters.push_back(place_of(meter, site));
    doors.push_back(std::move(door));
  }
  return doors;
}

}  // namespace jidian::app

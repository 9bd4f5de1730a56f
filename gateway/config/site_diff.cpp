#include "config/site_diff.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

namespace jidian::config {
namespace {

/// The thing of that id, or null.
template <typename Thing>
const Thing* thing_named(const std::vector<Thing>& things, const std::string& id) {
  const auto found = std::ranges::find(things, id, &Thing::id);
  return found == things.end() ? nullptr : &*found;
}

/// What a poller knows of a meter.
Meter as_asked(Meter meter) {
  domain::MeterEntry entry;
  entry.serial = std::move(meter.entry.serial);
  meter.entry = std::move(entry);
  meter.profile.clear();
  meter.worst_latency = {};  // counts in its bus
  meter.firmware.reset();
  return meter;
}

std::vector<Meter> meters_asked_on(const Site& site, const std::string& bus) {
  std::vector<Meter> meters;
  for (const Meter& meter : site.meters)
    if (meter.bus == bus) meters.push_back(as_asked(meter));
  std::ranges::sort(meters, {}, &Meter::id);
  return meters;
}

template <typename Thing, typename IsAlike>
void sort_out(const std::vector<Thing>& running, const std::vector<Thing>& wanted, IsAlike is_alike,
              std::vector<std::string>& added, std::vector<std::string>& removed, std::vector<std::string>& changed) {
  for (const Thing& thing : running)
    if (thing_named(wanted, thing.id) == nullptr) removed.push_back(thing.id);
  for (const Thing& thing : wanted) {
    const Thing* before = thing_named(running, thing.id);
    if (before == nullptr)
      added.push_back(thing.id);
    else if (!is_alike(*before, thing))
      changed.push_back(thing.id);
  }
}

std::vector<std::string> sections_for_restart(const Site& running, const Site& wanted) {
  std::vector<std::string> sections;
  const auto note = [&](const char* section, bool is_alike) {
    if (!is_alike) sections.emplace_back(section);
  };
  note("gateway", running.gateway == wanted.gateway && running.live_interval == wanted.live_interval);
  note("site", running.card.region == wanted.card.region && running.card.credit_code == wanted.card.credit_code);
  note("uplink", running.uplinks == wanted.uplinks);
  note("store", running.store == wanted.store);
  note("api", running.api == wanted.api);
  return sections;
}

}  // namespace

bool operator==(const Uplink& left, const Uplink& right) {
  const auto all = [](const Uplink& it) {
    return std::tie(it.id, it.url, it.username, it.password_file, it.ca_file, it.certificate_file, it.key_file,
                    it.insecure, it.confirm_by_broker, it.streams, it.may, it.keep_alive, it.receipt_timeout,
                    it.backlog_batches_per_s);
  };
  return all(left) == all(right);
}

bool operator==(const Api& left, const Api& right) {
  const auto all = [](const Api& it) { return std::tie(it.socket, it.read_group, it.operate_group, it.metrics); };
  return all(left) == all(right);
}

bool SiteDiff::empty() const {
  return restart_needed.empty() && buses_added.empty() && buses_removed.empty() && buses_changed.empty() &&
         meters_added.empty() && meters_removed.empty() && meters_changed.empty() && !meaning && !issuers && !device;
}

bool SiteDiff::stops(const std::string& id) const {
  return std::ranges::find(buses_removed, id) != buses_removed.end() ||
         std::ranges::find(buses_changed, id) != buses_changed.end();
}

SiteDiff compare_sites(const Site& running, const Site& wanted) {
  SiteDiff diff;
  diff.restart_needed = sections_for_restart(running, wanted);
  const auto is_bus_alike = [&](const Bus& before, const Bus& after) {
    return before == after && meters_asked_on(running, before.id) == meters_asked_on(wanted, after.id);
  };
  sort_out(running.buses, wanted.buses, is_bus_alike, diff.buses_added, diff.buses_removed, diff.buses_changed);
  sort_out(running.meters, wanted.meters, std::equal_to<Meter>(), diff.meters_added, diff.meters_removed,
           diff.meters_changed);
  diff.meaning = running.card != wanted.card || running.facilities != wanted.facilities ||
                 running.plausibility != wanted.plausibility || running.data_rules != wanted.data_rules ||
                 !std::ranges::equal(running.meters, wanted.meters, {}, &Meter::id, &Meter::id);
  diff.issuers = running.issuers != wanted.issuers;
  diff.device = running.device != wanted.device;
  return diff;
}

}  // namespace jidian::config

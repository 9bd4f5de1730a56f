#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "command/snapshot.hpp"

namespace jidian::command {

/// 2026-03-01T08:00:00Z.
inline const UtcTime morning{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{8}};

inline UtcTime before(std::chrono::seconds ago) {
  return morning - ago;
}

inline health::BusHealth open_bus(std::string id, std::string address, double load) {
  health::BusHealth bus;
  bus.id = std::move(id);
  bus.address = std::move(address);
  bus.open = true;
  bus.load = load;
  return bus;
}

inline health::MeterHealth answering_meter(std::string id, std::string bus, std::uint8_t unit, UtcTime last_good) {
  health::MeterHealth meter;
  meter.id = std::move(id);
  meter.bus = std::move(bus);
  meter.unit = unit;
  meter.polls_good = 7200;
  meter.last_good = last_good;
  return meter;
}

inline health::StoreHealth roomy_store() {
  health::StoreHealth store;
  store.folder = "/var/lib/jidian";
  store.epoch = "00c0ffee00c0ffee";
  store.bytes = 1'000'000;
  store.quota_bytes = 2'000'000'000;
  store.batches = 1500;
  store.readings_recorded = 300'000;
  store.commits = 720;
  store.last_commit = before(std::chrono::seconds{4});
  store.oldest = before(std::chrono::hours{2});
  store.days_left = 160.5;
  return store;
}

inline health::UplinkHealth receipted_uplink() {
  health::UplinkHealth uplink;
  uplink.id = "province";
  uplink.address = "mqtts://broker.example:8883";
  uplink.confirm = "backend";
  uplink.connected = true;
  uplink.published = 1499;
  uplink.confirmed = 1498;
  uplink.pending = 2;
  uplink.oldest_pending = before(std::chrono::seconds{12});
  uplink.last_receipt = before(std::chrono::seconds{6});
  return uplink;
}

/// A gateway with a serial line of two meters, a TCP meter and a destination, all of it well.
inline Snapshot healthy() {
  using std::chrono_literals::operator""s;
  Snapshot snapshot;
  snapshot.gateway = "gw-1";
  snapshot.version = "1.2.3";
  snapshot.now = morning;
  snapshot.started = before(7200s);
  snapshot.uptime = 7200s;
  snapshot.clock = ClockQuality::synchronised;
  snapshot.buses = {open_bus("rtu-1", "/dev/ttyUSB0 9600 8N1", 0.41), open_bus("tcp-1", "10.0.0.5:502", 0.02)};
  snapshot.meters = {answering_meter("furnace-1", "rtu-1", 3, before(1s)),
                     answering_meter("press-1", "rtu-1", 4, before(1s)),
                     answering_meter("gas-1", "tcp-1", 1, before(9s))};
  snapshot.store = roomy_store();
  snapshot.uplinks = {receipted_uplink()};
  return snapshot;
}

}  // namespace jidian::command

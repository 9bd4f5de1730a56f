#include "app/buses.hpp"

#include "modbus/bus.hpp"

namespace jidian::app {

std::unique_ptr<acquire::Bus> make_bus(const config::Bus& bus) {
  const modbus::SerialTiming timing{{bus.baud, bus.parity, bus.stop_bits}, bus.response_timeout, bus.worst_latency};
  switch (bus.kind) {
    case config::BusKind::rtu:
      return modbus::make_serial_bus({bus.device, timing, bus.rs485});
    case config::BusKind::rtu_over_tcp:
      return modbus::make_rtu_over_tcp_bus({.host = bus.host, .port = bus.port, .timing = timing});
    case config::BusKind::tcp:
      break;
  }
  return modbus::make_tcp_bus(
      {.host = bus.host, .port = bus.port, .response_timeout = bus.response_timeout, .pause = bus.pause});
}

acquire::LineManners manners_of(const config::Bus& bus, bool used_before) {
  return {
      .listen_first = bus.listen_first, .used_before = used_before, .other_master_accepted = bus.other_master_accepted};
}

acquire::PolledMeter polled_meter_of(const config::Meter& meter, domain::MeterIndex index) {
  acquire::PolledMeter polled;
  polled.id = meter.id;
  polled.index = index;
  polled.unit = meter.unit;
  polled.period = meter.period;
  polled.turnaround = meter.turnaround;
  polled.limits = meter.limits;
  polled.short_count_max = meter.short_count_max;
  polled.points = meter.points;
  polled.sunspec = meter.sunspec;
  polled.identify = meter.identify;
  polled.serial = meter.serial;
  polled.serial_declared = meter.entry.serial;
  return polled;
}

std::vector<std::string> issuers_of(const config::Site& site, const std::string& uplink) {
  std::vector<std::string> issuers;
  for (const auto& issuer : site.issuers)
    if (issuer.uplink == uplink) issuers.push_back(issuer.id);
  return issuers;
}

}  // namespace jidian::app

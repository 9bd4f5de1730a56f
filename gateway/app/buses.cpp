#include "app/buses.hpp"

#include "modbus/bus.hpp"

namespace jidian::app {

std::unique_ptr<acquire::Bus> make_bus(const config::Bus& bus) {
  if (bus.kind == config::BusKind::rtu)
    return modbus::make_serial_bus({.device = bus.device,
                                    .baud = bus.baud,
                                    .parity = bus.parity,
                                    .stop_bits = bus.stop_bits,
                                    .response_timeout = bus.response_timeout,
                                    .worst_latency = bus.worst_latency});
  modbus::TcpOptions options{.host = bus.host, .port = bus.port};
  options.response_timeout = bus.response_timeout;
  return modbus::make_tcp_bus(std::move(options));
}

acquire::PolledMeter polled_meter_of(const config::Meter& meter, domain::MeterIndex index) {
  acquire::PolledMeter polled;
  polled.id = meter.id;
  polled.index = index;
  polled.unit = meter.unit;
  polled.period = meter.period;
  polled.turnaround = meter.turnaround;
  polled.limits = meter.limits;
  polled.points = meter.points;
  return polled;
}

}  // namespace jidian::app

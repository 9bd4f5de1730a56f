#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "acquire/bus.hpp"
#include "base/time.hpp"
#include "meter/profile.hpp"

namespace jidian::modbus {

/// A serial line.
struct SerialOptions {
  std::string device;
  std::uint32_t baud = 9600;
  meter::Parity parity = meter::Parity::none;
  std::uint8_t stop_bits = 1;
  Millis response_timeout{500};
  Millis worst_latency{1000};  ///< After an error the line is left silent until no reply older than this can arrive.
};

/// A Modbus/TCP endpoint; several units may live behind it.
struct TcpOptions {
  std::string host;
  std::uint16_t port = 502;
  Millis connect_timeout{3000};
  Millis response_timeout{1000};
};

std::unique_ptr<acquire::Bus> make_serial_bus(SerialOptions options);
std::unique_ptr<acquire::Bus> make_tcp_bus(TcpOptions options);

}  // namespace jidian::modbus

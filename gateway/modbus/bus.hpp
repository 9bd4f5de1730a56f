#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "acquire/bus.hpp"
#include "base/time.hpp"

namespace jidian::modbus {

/// How fast a serial line is, and how long replies on it take.
struct SerialTiming {
  acquire::LineSettings settings;
  Millis response_timeout{500};
  Millis worst_latency{1000};  ///< After an error the line is left silent until no reply older than this can arrive.
};

/// A serial line of this box.
struct SerialOptions {
  std::string device;
  SerialTiming timing;
  bool rs485 = false;  ///< Let the kernel drive the transceiver's direction, where the driver can.
};

/// A Modbus/TCP endpoint; several units may live behind it.
struct TcpOptions {
  std::string host;
  std::uint16_t port = 502;
  Millis connect_timeout{3000};
  Millis response_timeout{1000};
  Millis pause{0};  ///< What the endpoint needs between a reply and the next request.
};

/// A serial device server: RTU frames in a TCP connection. The settings of its line must be set at the server; here
/// they only say how long frames take.
struct RtuOverTcpOptions {
  std::string host;
  std::uint16_t port = 502;
  Millis connect_timeout{3000};
  SerialTiming timing;
};

std::unique_ptr<acquire::Bus> make_serial_bus(SerialOptions options);
std::unique_ptr<acquire::Bus> make_tcp_bus(TcpOptions options);
std::unique_ptr<acquire::Bus> make_rtu_over_tcp_bus(RtuOverTcpOptions options);

}  // namespace jidian::modbus

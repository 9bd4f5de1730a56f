#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "meter/registers.hpp"

namespace jidian::acquire {

/// One field bus: an RS-485 line or a Modbus/TCP endpoint. Owned by one thread.
class Bus {
 public:
  virtual ~Bus() = default;

  /// Opens the port or connection if it is not open. May block for the connect time-out; gives up when `stop` is
  /// requested. Errors: unreachable, conflict (another process holds the port), cancelled.
  virtual Status open(std::stop_token stop) = 0;

  virtual bool is_open() const = 0;

  /// Fills `into` from `registers`, one word a register (bits: one 0/1 word each). Precondition: open, sizes match.
  /// Blocks for at most the bus's response time-out plus the drain after an error.
  /// Errors: timeout (no reply), refused (Modbus exception; message names the code), corrupt (bad or foreign frame),
  /// unreachable (port gone; the bus is closed then). On error `into` is unspecified.
  /// After any error the line is silent and drained before the next request is sent.
  virtual Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) = 0;

  /// The Modbus exception code of the last `refused`, else 0.
  virtual std::uint8_t last_exception() const = 0;

  virtual void close() = 0;

  /// For people: "/dev/serial/by-path/… 9600 8N1" or "10.0.0.5:502".
  virtual std::string address() const = 0;
};

}  // namespace jidian::acquire

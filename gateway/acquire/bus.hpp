#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "acquire/line_watch.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "meter/registers.hpp"

namespace jidian::acquire {

/// One field bus: an RS-485 line or a Modbus/TCP endpoint. Owned by one thread.
class Bus {
 public:
  virtual ~Bus() = default;

  /// Opens the port or connection if it is not open. May block for the connect time-out; gives up when `stop` is
  /// requested. Errors: unreachable, conflict (another process holds the port), invalid (settings that no port has),
  /// full (no descriptor left), cancelled.
  virtual Status open(std::stop_token stop) = 0;

  virtual bool is_open() const = 0;

  /// Fills `into` from `registers`, one word a register (bits: one 0/1 word each). Precondition: open, sizes match.
  /// Blocks for at most the bus's response time-out plus the drain after an error.
  /// Errors: timeout (no reply, or a device server says so: exceptions 10 and 11), refused (any other Modbus exception;
  /// message names the code), corrupt (bad or foreign frame), unreachable (port gone; the bus is closed then). On error
  /// `into` is unspecified. After a time-out or a bad frame the line is silent and drained before the next request is
  /// sent; a TCP connection is closed instead.
  virtual Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) = 0;

  /// The Modbus exception code that the last read was answered with (10 and 11 included, which are `timeout`), else 0.
  virtual std::uint8_t last_exception() const = 0;

  virtual void close() = 0;

  /// What function 17 (report server id) answers, from the server id on, undecoded. Errors: as `read`, unsupported.
  virtual Result<Bytes> server_id(std::uint8_t unit);

  /// What function 43/14 (read device identification, basic objects) answers: text by object id (0 vendor, 1 product
  /// code, 2 revision). Follows `more follows` at most 8 times. Errors: as `read`, unsupported.
  virtual Result<std::map<std::uint8_t, std::string>> device_identification(std::uint8_t unit);

  /// Asks `unit` only to learn whether it is there; no value comes of it. Waits `patience` beside the time on the wire
  /// (where the bus can; else the response time-out) and no longer: what may still come is drained before the next
  /// transaction that yields values, not now. A silent or garbled answer is no error.
  /// Errors: unreachable, and then the bus is closed.
  virtual Result<Probe> probe(std::uint8_t unit, meter::Registers registers, Millis patience);

  /// Keeps silent for `duration` and tells what was heard. Precondition: open.
  /// Errors: unreachable, cancelled, unsupported (nobody else can be heard here: Modbus/TCP).
  virtual Result<Heard> listen(Millis duration, std::stop_token stop);

  /// Changes the settings of an open serial line; what waits to be read is thrown away. They hold until changed again
  /// or closed; opening anew restores those of the configuration. Errors: unsupported, invalid, unreachable.
  virtual Status retune(const LineSettings& settings);

  /// Shows every frame to `watcher`, on the thread that uses the bus, until another (or an empty one) is set.
  virtual void watch_frames(FrameWatcher watcher);

  virtual BusCounters counters() const;

  /// Whether requests of a second master could collide with ours here: a serial line, or one behind a device server.
  virtual bool is_shared_line() const;

  /// For people: "/dev/serial/by-path/… 9600 8N1" or "10.0.0.5:502".
  virtual std::string address() const = 0;
};

}  // namespace jidian::acquire

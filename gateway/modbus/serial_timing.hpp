#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "meter/profile.hpp"
#include "modbus/bus.hpp"

/// How long things take on a serial line. Pure.
namespace jidian::modbus {

using Micros = std::chrono::microseconds;

/// The time `count` characters take, start, parity and stop bits included; rounded up.
Micros wire_time(const SerialTiming& timing, std::size_t count);

/// The silence that separates two frames: 3.5 characters, or 1.75 ms above 19200 baud.
Micros frame_silence(const SerialTiming& timing);

/// The time a whole reply of `count` characters may take from the moment the request was handed to the kernel: our own
/// `request` characters, the response time-out, and the reply itself. Rounded up to milliseconds.
Millis reply_time(const SerialTiming& timing, std::size_t request, std::size_t count);

/// After this time since the request was handed to the kernel no reply to it can arrive any more: like `reply_time`,
/// with the worst latency in the place of the response time-out and the longest reply there is.
Millis dead_time(const SerialTiming& timing, std::size_t request);

/// Whether libmodbus (and termios) knows the rate: it would silently use 9600 instead.
bool is_known_rate(std::uint32_t baud);

}  // namespace jidian::modbus

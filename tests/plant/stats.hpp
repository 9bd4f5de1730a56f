// Counters of everything that happened, written by the server's threads and read by anyone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace jidian::plant {

using Counter = std::atomic<std::uint64_t>;

/// Adds without ordering: counters are read one by one and promise no snapshot.
inline void count(Counter& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

inline constexpr std::size_t fault_kinds = 20;

/// Of one meter.
struct MeterStats {
  Counter requests{0};
  Counter replies{0};  ///< well formed and on time, exceptions included
  Counter exceptions{0};
  Counter registers{0};            ///< words and bits in replies
  Counter forbidden_functions{0};  ///< anything that is no read: a gateway must never cause one
  std::array<Counter, fault_kinds> faults{};
};

/// Of one line or endpoint.
struct BusStats {
  Counter bytes_in{0};
  Counter bytes_out{0};
  Counter bad_frames{0};          ///< what came was no request
  Counter absent_requests{0};     ///< to a unit that is not there
  Counter connections{0};         ///< tcp: accepted
  Counter refused{0};             ///< tcp: closed at once by a limit
  Counter resets{0};              ///< tcp: torn down by a fault
  Counter silence_violations{0};  ///< rtu: requests that began within 3.5 characters of the last frame
  Counter collisions{0};          ///< rtu: requests that began while a reply was on the wire
  Counter deaf_requests{0};       ///< rtu: not heard for wrong settings
  Counter wire_busy_us{0};        ///< rtu: time with a character on the wire, both directions
  Counter overdue{0};             ///< rtu: replies kept back or cut, since they would have broken the worst latency
  Counter left{0};                ///< rtu: times that the peer closed the terminal
};

}  // namespace jidian::plant

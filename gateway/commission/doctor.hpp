#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "commission/diagnosis.hpp"
#include "commission/job.hpp"
#include "meter/registers.hpp"

namespace jidian::commission {

/// A configured meter, and what to ask it.
struct Patient {
  std::string meter;
  std::uint8_t unit = 1;
  meter::Registers shortest;
  meter::Registers longest;
  Millis turnaround{0};  ///< Silence this meter needs before a request.
};

/// Between the starts of two requests to a Modbus/TCP endpoint, which has no wire that would hold a doctor back: ten a
/// second disturb no meter that can be polled every second.
inline constexpr Millis endpoint_interval{100};

/// When the next request may be sent, after one that took from `begun` to `ended`.
SteadyTime next_request(SteadyTime begun, SteadyTime ended, Millis turnaround, Millis interval);

struct DoctorOptions {
  std::vector<Patient> patients;
  acquire::LineSettings home;
  std::chrono::seconds duration{60};
  bool is_line = true;
  /// Latency timer of the USB adapter in ms; nothing where there is none. Asked at the end: an open port may have
  /// another than a closed one.
  std::function<std::optional<int>()> latency_ms = {};
};

/// Asks every meter in turn, a short and a long read each, and listens in between; never faster than each meter's
/// turnaround, and an endpoint's `endpoint_interval`, allow. Emits {"type": "pace"} for an endpoint, {"type":
/// "progress"} every few seconds, {"type": "unit"} for every meter, {"type": "line"}, then a {"type": "diagnosis"} for
/// every likely cause; also when it is cancelled. Errors: unreachable, cancelled.
Job doctor(DoctorOptions options);

}  // namespace jidian::commission

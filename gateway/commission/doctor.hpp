#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
};

struct DoctorOptions {
  std::vector<Patient> patients;
  acquire::LineSettings home;
  std::chrono::seconds duration{60};
  std::optional<int> latency_ms;  ///< Latency timer of the USB adapter.
  bool is_line = true;
};

/// Asks every meter in turn, a short and a long read each, and listens in between. Emits {"type": "progress"} every few
/// seconds, {"type": "unit"} for every meter, {"type": "line"}, then a {"type": "diagnosis"} for every likely cause;
/// also when it is cancelled. Errors: unreachable, cancelled.
Job doctor(DoctorOptions options);

}  // namespace jidian::commission

#pragma once

#include <string>

#include "acquire/line_watch.hpp"
#include "commission/job.hpp"

namespace jidian::commission {

/// What a frame says, for people: "unit 7 reads holding 0x2006+2", "unit 7 answers 2 registers 4366 6A7F", "unit 7
/// refuses: exception 2". `is_tcp`: it has a Modbus/TCP header instead of a checksum.
std::string describe(const acquire::Frame& frame, bool is_tcp);

/// Shows the frames of a bus for `duration` (zero: until it is cancelled). Emits {"type": "frame"} for each. Beside a
/// running gateway these are its own polls and what else is heard; alone, it only listens. Errors: unreachable,
/// unsupported (alone at an endpoint, where nobody else can be heard).
Job trace(std::chrono::seconds duration);

}  // namespace jidian::commission

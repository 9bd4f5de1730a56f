#pragma once

#include <string>

#include "base/result.hpp"
#include "modbus/descriptor.hpp"

namespace jidian::modbus {

/// Takes the device for this process alone (flock; programs that ignore it are kept out once `exclude_others` was
/// called) without touching its settings. Held until the descriptor is closed.
/// Errors: conflict (names the process that holds it, if it can be seen), unreachable, full.
Result<Descriptor> lock_port(const std::string& device);

/// Makes the kernel refuse further opens of the terminal `fd` (TIOCEXCL), our own included; only who has
/// CAP_SYS_ADMIN may still. It outlives `fd` as long as anybody has the terminal open.
void exclude_others(int fd);

/// Ends that (TIOCNXCL), for whoever has the terminal open; the lock stays.
void admit_others(int fd);

/// Asks the driver of the terminal `fd` to hand every byte over at once (ASYNC_LOW_LATENCY): USB adapters of FTDI's
/// kind hold a reply back for 16 ms by default, longer than a short one takes on the wire. Whether it will: other
/// drivers have nothing to shorten.
bool shorten_latency(int fd);

/// The processes that have `device` open, as "mbpoll (pid 4711)"; empty if none can be seen.
std::string holders_of(const std::string& device);

}  // namespace jidian::modbus

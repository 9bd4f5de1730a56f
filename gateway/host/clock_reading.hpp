#pragma once

#include <chrono>
#include <ctime>

namespace jidian::host {

/// What a clock of the kernel shows, such as CLOCK_REALTIME (since 1970) or CLOCK_BOOTTIME, with seconds of 64 bits on
/// every machine. All of this module that may meet an instant asks here: on 32-bit ARM the C library's and the C++
/// library's calls end in 2038. From any thread; waits for nothing.
std::chrono::nanoseconds read_clock(clockid_t clock);

}  // namespace jidian::host

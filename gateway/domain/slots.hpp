#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace jidian::domain {

/// Number of the instants `phase` + k × `period` (k any integer) that lie in [from, until).
/// Precondition: period > 0. Zero if until ≤ from.
std::uint64_t count_slots(UtcTime from, UtcTime until, UtcTime phase, Millis period);

/// The latest multiple of `length` since 1970-01-01T00:00Z that is not after `time`: where an interval begins.
UtcTime align(UtcTime time, std::chrono::seconds length);

}  // namespace jidian::domain

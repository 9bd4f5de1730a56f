#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace jidian::domain {

/// Slots are not lived twice if waiting for new ones costs less than this; after a larger step back the clock's hour is
/// lived a second time. Who asks meters and who makes rows go by it.
inline constexpr Millis repeat_wait_max{60'000};

/// Whether a slot that a meter was asked in comes a second time. No slot is begun before its time: one that lies ahead
/// of `now` was begun before the clock was set back. After a small step the meter's next slot is the one behind it,
/// after a larger one its slots are lived again, from the first that is not before `now`. Precondition: period > 0.
bool comes_again(UtcTime slot, UtcTime now, Millis period);

/// Number of the instants `phase` + k × `period` (k any integer) that lie in [from, until).
/// Precondition: period > 0. Zero if until ≤ from.
std::uint64_t count_slots(UtcTime from, UtcTime until, UtcTime phase, Millis period);

/// The latest multiple of `length` since 1970-01-01T00:00Z that is not after `time`: where an interval begins.
UtcTime align(UtcTime time, std::chrono::seconds length);

}  // namespace jidian::domain

#pragma once

#include <string_view>

#include "base/time.hpp"

namespace jidian::acquire {

/// The time to wait before try number `tries` (1 is the first) of something that failed: `first`, doubled with every
/// try up to `most`, then spread by ±20 % so that many boxes or meters do not fall into step. The spread depends on
/// `name` and `tries` only: the same today and tomorrow.
Millis retry_delay(unsigned tries, Millis first, Millis most, std::string_view name);

}  // namespace jidian::acquire

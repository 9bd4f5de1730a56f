#pragma once

#include <cstdint>
#include <string>

namespace jidian {

/// `mantissa` × 10^`exponent` written exactly, without rounding: (48213770, -3) is "48213.770".
std::string format_decimal(std::int64_t mantissa, int exponent);

/// The same for counters that use all 64 bits.
std::string format_decimal(std::uint64_t mantissa, int exponent);

}  // namespace jidian

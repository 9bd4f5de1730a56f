#pragma once

#include <cstdint>
#include <string>

#include "base/quantity.hpp"

namespace jidian {

/// `mantissa` × 10^`exponent` written exactly, without rounding: (48213770, -3) is "48213.770".
std::string format_decimal(std::int64_t mantissa, int exponent);

/// The same for counters that use all 64 bits.
std::string format_decimal(std::uint64_t mantissa, int exponent);

/// `value` × 10^`exponent`, where `value` is the shortest decimal that reads back as the same float: (231.4f, 0) is
/// "231.4". With more than 40 zeros it is written as "1e+38". Always a legal JSON number. Precondition: `value` is
/// finite.
std::string format_float(float value, int exponent);
std::string format_float(double value, int exponent);

/// The value that 64 bits of `type` stand for, × 10^`exponent`, in the same way: a legal JSON number, or "null" for a
/// float that is none.
std::string format_value(ValueType type, std::uint64_t bits, int exponent);

}  // namespace jidian

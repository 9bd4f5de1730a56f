#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jidian {

/// A decimal number that is calculated with exactly: `mantissa` × 10^`exponent`. At most 18 digits; what would need
/// more is no number rather than a rounded one.
struct Exact {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

/// "48213.80" with its zeros: as many digits as were written. A sign, digits and one point; nothing for anything else,
/// and for more than 18 digits.
std::optional<Exact> parse_exact(std::string_view text);

/// The number as digits, those that were written: "48213.80".
std::string to_text(const Exact& number);

/// One in the last place that was written: 0.01 for 48213.80.
Exact last_place(const Exact& number);

std::optional<Exact> add(const Exact& one, const Exact& other);
std::optional<Exact> subtract(const Exact& one, const Exact& other);
std::optional<Exact> multiply(const Exact& one, const Exact& other);

/// Which of the two is greater; nothing if that cannot be told with 18 digits.
std::optional<std::strong_ordering> compare(const Exact& one, const Exact& other);

/// The nearest double.
double to_double(const Exact& number);

}  // namespace jidian

#include "base/decimal.hpp"

#include <cstddef>

namespace jidian {

std::string format_decimal(std::uint64_t mantissa, int exponent) {
  std::string digits = std::to_string(mantissa);
  if (exponent >= 0) return mantissa == 0 ? digits : digits + std::string(static_cast<std::size_t>(exponent), '0');

  const auto decimals = static_cast<std::size_t>(-exponent);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  digits.insert(digits.size() - decimals, 1, '.');
  return digits;
}

std::string format_decimal(std::int64_t mantissa, int exponent) {
  const bool negative = mantissa < 0;
  const auto magnitude = negative ? ~static_cast<std::uint64_t>(mantissa) + 1 : static_cast<std::uint64_t>(mantissa);
  return (negative ? "-" : "") + format_decimal(magnitude, exponent);
}

}  // namespace jidian

#include "base/decimal.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace jidian {
namespace {

// "-2.314e+02" is -2314 × 10^-1.
template <typename Float>
std::string format_shortest(Float value, int exponent) {
  assert(std::isfinite(value));
  std::array<char, 64> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  assert(written.ec == std::errc{});
  const std::string_view scientific(text.data(), static_cast<std::size_t>(written.ptr - text.data()));
  const std::size_t e = scientific.find('e');
  assert(e != std::string_view::npos);

  std::int64_t mantissa = 0;
  for (const char c : scientific.substr(0, e)) {
    if (c < '0' || c > '9') {
      exponent -= c == '.' ? static_cast<int>(e - scientific.find('.') - 1) : 0;
      continue;
    }
    mantissa = mantissa * 10 + (c - '0');
  }
  exponent += static_cast<int>(std::strtol(&scientific[e + 1], nullptr, 10));  // the array ends in zeros
  if (mantissa == 0) return "0";
  if (scientific.front() == '-') mantissa = -mantissa;
  if (std::abs(exponent) > 40)
    return std::to_string(mantissa) + "e" + (exponent < 0 ? "" : "+") + std::to_string(exponent);
  return format_decimal(mantissa, exponent);
}

}  // namespace

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

std::string format_float(float value, int exponent) {
  return format_shortest(value, exponent);
}

std::string format_float(double value, int exponent) {
  return format_shortest(value, exponent);
}

std::string format_value(ValueType type, std::uint64_t bits, int exponent) {
  switch (type) {
    case ValueType::unsigned_integer:
      return format_decimal(bits, exponent);
    case ValueType::signed_integer:
      return format_decimal(static_cast<std::int64_t>(bits), exponent);
    case ValueType::float32: {
      const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      return std::isfinite(value) ? format_float(value, exponent) : "null";
    }
    case ValueType::float64: {
      const auto value = std::bit_cast<double>(bits);
      return std::isfinite(value) ? format_float(value, exponent) : "null";
    }
  }
  return "null";
}

}  // namespace jidian

#include "base/exact.hpp"

#include <algorithm>
#include <cmath>

#include "base/decimal.hpp"

namespace jidian {
namespace {

constexpr std::size_t length_max = 64;
constexpr std::int64_t mantissa_max = 999'999'999'999'999'999;

std::optional<Exact> checked(std::int64_t mantissa, int exponent) {
  if (mantissa > mantissa_max || mantissa < -mantissa_max) return std::nullopt;
  return Exact{mantissa, exponent};
}

/// The same number with a smaller exponent.
std::optional<Exact> spread(Exact number, int exponent) {
  if (number.mantissa == 0) return Exact{0, exponent};
  for (; number.exponent > exponent; --number.exponent)
    if (__builtin_mul_overflow(number.mantissa, 10, &number.mantissa)) return std::nullopt;
  return number;
}

/// Without zeros at the end.
Exact shortened(Exact number) {
  while (number.mantissa != 0 && number.mantissa % 10 == 0) {
    number.mantissa /= 10;
    ++number.exponent;
  }
  return number;
}

}  // namespace

std::optional<Exact> parse_exact(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.size() > length_max || text.front() == '.' || text.back() == '.') return std::nullopt;
  Exact number;
  bool behind_point = false;
  for (const char c : text) {
    if (c == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    if (number.mantissa > mantissa_max / 10) return std::nullopt;
    number.mantissa = number.mantissa * 10 + (c - '0');
    number.exponent -= behind_point ? 1 : 0;
  }
  if (negative) number.mantissa = -number.mantissa;
  return number;
}

std::string to_text(const Exact& number) {
  return format_decimal(number.mantissa, number.exponent);
}

Exact last_place(const Exact& number) {
  return {1, number.exponent};
}

std::optional<Exact> add(const Exact& one, const Exact& other) {
  const int exponent = std::min(one.exponent, other.exponent);
  const auto a = spread(one, exponent);
  const auto b = spread(other, exponent);
  std::int64_t sum = 0;
  if (!a || !b || __builtin_add_overflow(a->mantissa, b->mantissa, &sum)) return std::nullopt;
  return checked(sum, exponent);
}

std::optional<Exact> subtract(const Exact& one, const Exact& other) {
  return add(one, {-other.mantissa, other.exponent});
}

std::optional<Exact> multiply(const Exact& one, const Exact& other) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(one.mantissa, other.mantissa, &product))
    if (const auto whole = checked(product, one.exponent + other.exponent)) return whole;
  const Exact a = shortened(one);
  const Exact b = shortened(other);
  if (__builtin_mul_overflow(a.mantissa, b.mantissa, &product)) return std::nullopt;
  return checked(product, a.exponent + b.exponent);
}

std::optional<std::strong_ordering> compare(const Exact& one, const Exact& other) {
  const auto difference = subtract(shortened(one), shortened(other));
  if (!difference) return std::nullopt;
  return difference->mantissa <=> 0;
}

double to_double(const Exact& number) {
  const auto power = std::pow(10.0, std::abs(number.exponent));
  const auto mantissa = static_cast<double>(number.mantissa);
  return number.exponent < 0 ? mantissa / power : mantissa * power;
}

}  // namespace jidian

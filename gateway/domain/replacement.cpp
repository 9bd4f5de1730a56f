#include "domain/replacement.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "base/decimal.hpp"
#include "base/exact.hpp"
#include "domain/gauge.hpp"

namespace jidian::domain {
namespace {

bool is_whole(ValueType type) {
  return type == ValueType::unsigned_integer || type == ValueType::signed_integer;
}

bool is_not_less(ValueType type, std::uint64_t later, std::uint64_t earlier) {
  if (type == ValueType::signed_integer) return static_cast<std::int64_t>(later) >= static_cast<std::int64_t>(earlier);
  return later >= earlier;
}

/// Exactly, over a rollover where there is one; nothing if it fell.
std::optional<std::uint64_t> whole_between(const PointEntry& point, std::uint64_t before, std::uint64_t after) {
  if (is_not_less(point.type, after, before)) return after - before;
  const bool rolls_over = point.type == ValueType::unsigned_integer && point.modulus != 0;
  if (!rolls_over || before >= point.modulus || after >= point.modulus) return std::nullopt;
  return after + (point.modulus - before);
}

}  // namespace

std::optional<std::uint64_t> nearest_count(ValueType type, double number) {
  // Beyond 2^53 a double does not hold every count.
  constexpr double whole_max = 9'007'199'254'740'992;
  if (!std::isfinite(number)) return std::nullopt;
  if (is_whole(type)) {
    const double whole = std::round(number);
    if (std::abs(whole) > whole_max || (type == ValueType::unsigned_integer && whole < 0)) return std::nullopt;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(whole));
  }
  if (type == ValueType::float64) return std::bit_cast<std::uint64_t>(number);
  if (std::abs(number) > static_cast<double>(std::numeric_limits<float>::max())) return std::nullopt;
  return std::bit_cast<std::uint32_t>(static_cast<float>(number));
}

double counts_between(const PointEntry& point, std::uint64_t before, std::uint64_t after) {
  if (is_whole(point.type))
    if (const auto counts = whole_between(point, before, after)) return static_cast<double>(*counts);
  return plain_number(point.type, after) - plain_number(point.type, before);
}

std::optional<std::string> gained_over(const PointEntry& point, std::uint64_t before, std::uint64_t after,
                                       const std::vector<Swap>& swaps) {
  std::uint64_t whole = 0;
  double sum = 0;
  std::optional<Exact> digits = Exact{};  // of floats: what their decimals add up to, without a float's own noise
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    if (!is_whole(point.type)) {
      sum += plain_number(point.type, to) - plain_number(point.type, from);
      const auto later = parse_exact(format_value(point.type, to, 0));
      const auto earlier = parse_exact(format_value(point.type, from, 0));
      const auto part = later && earlier ? subtract(*later, *earlier) : std::nullopt;
      digits = digits && part ? jidian::add(*digits, *part) : std::nullopt;
      return true;
    }
    const auto counts = whole_between(point, from, to);
    if (counts) whole += *counts;
    return counts.has_value();
  };
  for (const Swap& swap : swaps) {
    if (!add(before, swap.old_final)) return std::nullopt;
    before = swap.new_start;
  }
  if (!add(before, after)) return std::nullopt;
  if (is_whole(point.type)) return std::to_string(whole);
  if (!std::isfinite(sum) || sum < 0) return std::nullopt;
  return digits && digits->mantissa >= 0 ? to_text(*digits) : format_float(sum, 0);
}

}  // namespace jidian::domain

#include "domain/amount_steps.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "domain/counter_watch.hpp"

namespace jidian::domain {
namespace {

/// More digits than 64 bits have.
constexpr int exponent_most = 18;

/// Doubles beyond this are no 64-bit integers any more.
constexpr double integer_most = 9.2e18;

constexpr bool is_float_type(ValueType type) {
  return type == ValueType::float32 || type == ValueType::float64;
}

std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

/// What a fixed point was at the beginning and at the end of a row; of a moment's point, its least and its most.
struct Fixed {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// Nothing if it has no value there.
std::optional<Fixed> fixed_values(const PointEntry& point, const PointInterval& in_row) {
  if (point.kind == PointKind::instantaneous)
    return in_row.samples > 0 ? std::optional(Fixed{in_row.least, in_row.most}) : std::nullopt;
  return in_row.last_at != UtcTime{} ? std::optional(Fixed{in_row.first, in_row.last}) : std::nullopt;
}

/// Minutes have a place of their own, and so have quarter hours.
std::size_t place_of(std::chrono::seconds length) {
  return length > std::chrono::seconds{60} ? 1 : 0;
}

std::optional<std::int64_t> product(std::int64_t one, std::int64_t other) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(one, other, &result)) return std::nullopt;
  return result;
}

/// count × mantissa ÷ divisor, rounded down. Precondition: divisor > 0.
std::optional<std::int64_t> rounded(std::int64_t count, std::int64_t mantissa, std::int64_t divisor) {
  const auto whole = product(count / divisor, mantissa);
  const auto rest = product(count % divisor, mantissa);
  if (!whole || !rest) return std::nullopt;
  const std::int64_t down = *rest / divisor - (*rest % divisor < 0 ? 1 : 0);
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*whole, down, &sum)) return std::nullopt;
  return sum;
}

std::optional<std::int64_t> rounded(double count, double factor) {
  const double value = count * factor;
  if (!(std::abs(value) < integer_most)) return std::nullopt;
  return std::llround(value);
}

std::optional<std::int64_t> difference(std::optional<std::int64_t> before, std::optional<std::int64_t> after) {
  std::int64_t result = 0;
  if (!before || !after || __builtin_sub_overflow(*after, *before, &result)) return std::nullopt;
  return result;
}

/// An integer counter's step in its own digits; nothing if it has more than 63 bits. Precondition: it did not fall.
std::optional<std::int64_t> count_up(const PointInterval& in_row, std::uint64_t rollover) {
  const std::uint64_t count = in_row.last - in_row.first + rollover;
  if (count > std::uint64_t{INT64_MAX}) return std::nullopt;
  return static_cast<std::int64_t>(count);
}

}  // namespace

AmountSteps::AmountSteps(const Manifest& manifest) : manifest_(manifest) {
  for (const MeterEntry& meter : manifest.meters) known_.emplace_back(meter.points.size());
}

void AmountSteps::learn(const IntervalRow& row) {
  const auto& points = manifest_.meters[row.meter].points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].kind == PointKind::counter) continue;
    Known& known = known_[row.meter][i];
    known.is_changed = false;
    const auto values = fixed_values(points[i], row.points[i]);
    if (!values) continue;
    auto& before = known.before[place_of(row.length)];
    known.is_changed = values->first != values->last || (before && *before != values->first);
    before = values->last;
    known.value = values->last;
  }
}

/// False if the ratio is not known, or changed.
bool AmountSteps::multiply(Factor& factor, MeterIndex meter, std::uint16_t position) const {
  const PointEntry& ratio = manifest_.meters[meter].points[position];
  const Known& known = known_[meter][position];
  if (!known.value || known.is_changed) return false;
  const std::uint64_t bits = *known.value;
  factor.exponent += ratio.exponent;
  if (is_float_type(ratio.type)) {
    const double value = plain_number(ratio.type, bits);
    if (value == std::floor(value) && std::abs(value) < 1e9) {
      factor.mantissa *= static_cast<std::int64_t>(value);
      return true;
    }
    factor.real *= value;
    factor.is_real = true;
    return std::isfinite(value);
  }
  const auto mantissa = product(factor.mantissa, static_cast<std::int64_t>(bits));
  if (!mantissa) return false;
  factor.mantissa = *mantissa;
  return true;
}

std::optional<AmountSteps::Factor> AmountSteps::factor_of(const AmountSource& source, const Amount& amount) const {
  const PointEntry& point = manifest_.meters[source.meter].points[source.point];
  Factor factor{source.factor, point.exponent + source.factor_exponent - amount.exponent};
  for (const std::uint16_t ratio : point.ratio_points)
    if (!multiply(factor, source.meter, ratio)) return std::nullopt;
  if (point.scale_point) {
    const auto scale = known_[source.meter][*point.scale_point].value;
    if (!scale) return std::nullopt;
    const auto exponent = static_cast<std::int64_t>(*scale);
    if (exponent < -12 || exponent > 12) return std::nullopt;
    factor.exponent += static_cast<int>(exponent);
  }
  if (std::abs(factor.exponent) > exponent_most) return std::nullopt;
  return factor;
}

AmountStep AmountSteps::step_of(const IntervalRow& row, const AmountSource& source, const Amount& amount) const {
  assert(row.meter == source.meter);
  const MeterEntry& meter = manifest_.meters[source.meter];
  const PointEntry& point = meter.points[source.point];
  const PointInterval& in_row = row.points[source.point];
  if (in_row.first_at == UtcTime{} || in_row.last_at == UtcTime{}) return {};
  const auto factor = factor_of(source, amount);
  const auto rollover = rollover_between(meter, point, in_row.first, in_row.last);
  if (!factor || !rollover) return {};

  AmountStep step;
  if (is_float_type(point.type) || factor->is_real) {
    const double real = static_cast<double>(factor->mantissa) * factor->real * std::pow(10.0, factor->exponent);
    const double last = plain_number(point.type, in_row.last) + static_cast<double>(*rollover);
    step.value = difference(rounded(plain_number(point.type, in_row.first), real), rounded(last, real));
  } else if (factor->exponent >= 0) {
    const auto worth = product(factor->mantissa, power_of_ten(factor->exponent));
    const auto count = count_up(in_row, *rollover);
    step.value = worth && count ? product(*count, *worth) : std::nullopt;
  } else {
    const auto first = static_cast<std::int64_t>(in_row.first);
    const std::int64_t divisor = power_of_ten(-factor->exponent);
    const auto count = count_up(in_row, *rollover);
    std::int64_t last = 0;
    if (!count || __builtin_add_overflow(first, *count, &last)) return {};
    step.value = difference(rounded(first, factor->mantissa, divisor), rounded(last, factor->mantissa, divisor));
  }
  if (!step.value) return {};
  const Millis near = std::min<Millis>(meter.period * 3 / 2, Millis{row.length} / 2);
  const bool was_set_back = in_row.first_at > in_row.last_at;
  step.is_partial =
      was_set_back || in_row.last_at < row.start + row.length - near || in_row.first_at > row.start + near;
  step.is_spanning = was_set_back || in_row.first_at < row.start - near;
  step.from = was_set_back ? in_row.last_at : in_row.first_at;
  step.until = in_row.last_at;
  return step;
}

}  // namespace jidian::domain

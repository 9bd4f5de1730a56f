#include "domain/counter_watch.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace jidian::domain {
namespace {

constexpr Millis update_most = std::chrono::minutes(1);
constexpr double rounding_units = 2;
constexpr double ms_per_hour = 3'600'000;

/// A step so small needs no thought.
constexpr std::uint64_t small_step = 2;

/// A float counter is the sum of others, rounded: its last digits may go back. Two units in the last place of a
/// float32.
constexpr double float_slack = 1.0 / (1 << 22);

/// Without a capacity a counter rolled over only if it was within this share of its modulus before.
constexpr std::uint64_t rollover_share = 100;

enum class Motion : std::uint8_t { still, up, down };

struct Step {
  Motion motion = Motion::still;
  double units = 0;  ///< Upwards; where it may have rolled over, across that.
  bool may_have_rolled_over = false;
};

bool is_float_less(double from, double to) {
  return !std::isfinite(to) || to < from - std::abs(from) * float_slack;
}

Step float_step(const Column& column, std::uint64_t before, std::uint64_t after) {
  const double from = plain_number(column.type(), before);
  const double to = plain_number(column.type(), after);
  if (is_float_less(from, to)) return {Motion::down, 0, false};
  return {to > from ? Motion::up : Motion::still, std::max(0.0, to - from), false};
}

Step step_between(const CounterColumn& counter, std::uint64_t before, std::uint64_t after) {
  if (before == after) return {};
  if (counter.column.is_float()) return float_step(counter.column, before, after);
  const bool is_signed = counter.column.type() == ValueType::signed_integer;
  const bool rises = is_signed ? static_cast<std::int64_t>(after) > static_cast<std::int64_t>(before) : after > before;
  if (rises) return {Motion::up, static_cast<double>(after - before), false};
  const std::uint64_t modulus = counter.modulus;
  const bool fits = modulus == 0 || (before < modulus && after < modulus);
  if (is_signed || !fits) return {Motion::down, 0, false};
  return {Motion::down, static_cast<double>(after - before + modulus), true};
}

/// Whether its transformers say how far a counter may step.
bool is_bounded(const CounterColumn& counter, const CounterWatch::Bounds& bounds) {
  return counter.is_energy && bounds.capacity_va > 0;
}

/// Whether a counter may have gone on from `before` to `after` within `time`.
CounterWatch::Outcome compare(const CounterColumn& counter, std::span<const Sample> samples, std::uint64_t before,
                              std::uint64_t after, Millis time, const CounterWatch::Bounds& bounds) {
  using Outcome = CounterWatch::Outcome;
  if (after - before <= small_step && !counter.column.is_float()) return Outcome::plausible;
  const Step step = step_between(counter, before, after);
  const bool has_bound = is_bounded(counter, bounds);
  const double most = has_bound ? most_units(counter, samples, time, bounds.capacity_va) : 0;
  if (step.motion == Motion::down) {
    if (bounds.may_fall) return Outcome::plausible;
    const double range = counter.modulus == 0 ? std::exp2(64) : static_cast<double>(counter.modulus);
    const double rolled_most = has_bound ? most : range / rollover_share;
    return step.may_have_rolled_over && step.units <= rolled_most ? Outcome::plausible : Outcome::fell;
  }
  // A worth that is not known (NaN) bounds nothing.
  const bool is_too_far = has_bound && step.motion == Motion::up && step.units > most;
  return is_too_far && !bounds.may_jump ? Outcome::jumped : Outcome::plausible;
}

}  // namespace

double most_units(const CounterColumn& counter, std::span<const Sample> samples, Millis time, double capacity_va) {
  const Millis counted = std::max(time, Millis{0}) + update_most;
  const double watt_hours = capacity_va * static_cast<double>(counted.count()) / ms_per_hour;
  return watt_hours / counter.column.worth(samples) + rounding_units;
}

std::optional<std::uint64_t> rollover_between(const MeterEntry& meter, const PointEntry& point, std::uint64_t before,
                                              std::uint64_t after) {
  bool fell = false;
  switch (point.type) {
    case ValueType::float32:
    case ValueType::float64:
      fell = is_float_less(plain_number(point.type, before), plain_number(point.type, after));
      break;
    case ValueType::signed_integer:
      fell = static_cast<std::int64_t>(after) < static_cast<std::int64_t>(before);
      break;
    case ValueType::unsigned_integer:
      if (after >= before) return 0;
      fell = std::ranges::find(meter.unchecked, name_of(Check::counter_decrease)) != meter.unchecked.end();
      if (!fell) return point.modulus;
      break;
  }
  return fell ? std::nullopt : std::optional<std::uint64_t>(0);
}

void CounterWatch::begin(std::uint64_t bits, std::uint64_t scale, UtcTime at) {
  level_ = bits;
  scale_ = scale;
  moved_at_ = at;
  candidate_polls_ = 0;
  first_doubted_.reset();
  is_set_ = true;
}

/// What a step from the present level is.
CounterWatch::Outcome CounterWatch::weigh(const CounterColumn& counter, std::span<const Sample> samples,
                                          std::uint64_t bits, UtcTime at, const Bounds& bounds) const {
  const Outcome outcome = compare(counter, samples, level_, bits, at - moved_at_, bounds);
  if (outcome != Outcome::plausible || bounds.may_jump || is_bounded(counter, bounds)) return outcome;
  return is_return(counter.column, bits) ? Outcome::jumped : Outcome::plausible;
}

bool CounterWatch::is_return(const Column& column, std::uint64_t bits) const {
  if (!fall_ || (!column.is_float() && bits - level_ <= small_step)) return false;
  const double here = plain_number(column.type(), level_);
  const double there = plain_number(column.type(), bits);
  return here < fall_->from && there >= fall_->from && there - here > here - fall_->to;
}

/// Makes another value the level.
void CounterWatch::take(const Column& column, std::uint64_t bits, UtcTime at, Outcome outcome) {
  const double here = plain_number(column.type(), level_);
  const double there = plain_number(column.type(), bits);
  if (outcome == Outcome::fell) {
    const double first = first_doubted_ ? plain_number(column.type(), *first_doubted_) : there;
    fall_ = Fall{fall_ ? std::max(fall_->from, here) : here, std::min(first, there)};
  }
  if (fall_ && there >= fall_->from) fall_.reset();
  begin(bits, scale_, at);
}

void CounterWatch::remember_count(std::uint64_t bits, std::uint64_t scale, UtcTime at) {
  begin(bits, scale, at);
  is_of_row_ = true;
}

void CounterWatch::remember_doubt(const CounterColumn& counter, std::span<const Sample> samples) {
  if (!first_doubted_) first_doubted_ = samples[counter.column.position()].bits;
}

CounterWatch::Outcome CounterWatch::remember(const CounterColumn& counter, std::span<const Sample> samples, UtcTime at,
                                             const Bounds& bounds) {
  const std::uint64_t bits = samples[counter.column.position()].bits;
  const std::uint64_t scale = counter.scale ? samples[*counter.scale].bits : 0;
  const bool is_behind_row = std::exchange(is_of_row_, false) && at <= moved_at_;
  if (!is_set_ || is_behind_row || scale != scale_) {
    fall_.reset();
    begin(bits, scale, at);
    return Outcome::plausible;
  }
  const bool was_doubted = first_doubted_.has_value();
  Outcome outcome = bits == level_ ? Outcome::plausible : weigh(counter, samples, bits, at, bounds);
  if (outcome == Outcome::jumped && !was_doubted) outcome = Outcome::plausible;
  if (bits != level_) take(counter.column, bits, at, outcome);
  first_doubted_.reset();
  return outcome;
}

CounterWatch::Outcome CounterWatch::judge(const CounterColumn& counter, std::span<const Sample> samples, UtcTime at,
                                          const Bounds& bounds) {
  const std::uint64_t bits = samples[counter.column.position()].bits;
  const std::uint64_t scale = counter.scale ? samples[*counter.scale].bits : 0;
  if (!is_set_ || scale != scale_) {  // numbers before and after another exponent do not compare
    fall_.reset();
    begin(bits, scale, at);
    return Outcome::plausible;
  }
  if (bits == level_) {
    candidate_polls_ = 0;
    return Outcome::plausible;
  }
  const Outcome outcome = weigh(counter, samples, bits, at, bounds);
  if (outcome == Outcome::plausible) {
    take(counter.column, bits, at, outcome);
    return outcome;
  }
  const bool goes_on = candidate_polls_ > 0 &&
                       compare(counter, samples, candidate_, bits, at - candidate_at_, bounds) == Outcome::plausible;
  candidate_polls_ = goes_on ? candidate_polls_ + 1 : 1;
  if (!goes_on) first_doubted_ = bits;
  candidate_ = bits;
  candidate_at_ = at;
  if (candidate_polls_ < bounds.polls) return Outcome::doubted;
  candidate_ = level_;
  candidate_at_ = moved_at_;
  take(counter.column, bits, at, outcome);
  return outcome;
}

}  // namespace jidian::domain

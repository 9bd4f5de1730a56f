// The plant's clock: a grid of steps, absolute, so that a server and a judge agree without talking to each other.
#pragma once

#include <cstdint>

namespace jidian::plant {

/// Number of a 100 ms step since 1970-01-01 UTC. The state of the plant is constant within a step.
using Step = std::int64_t;

inline constexpr std::int64_t step_ms = 100;
inline constexpr Step steps_per_second = 1000 / step_ms;
inline constexpr Step steps_per_minute = 60 * steps_per_second;
inline constexpr Step steps_per_hour = 60 * steps_per_minute;
inline constexpr Step steps_per_day = 24 * steps_per_hour;
inline constexpr Step steps_per_week = 7 * steps_per_day;

/// Quotient rounded towards minus infinity. Precondition: divisor > 0.
constexpr std::int64_t floor_div(std::int64_t value, std::int64_t divisor) {
  const std::int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

/// Nearest quotient, halves away from zero. Precondition: divisor > 0.
constexpr std::int64_t round_div(std::int64_t value, std::int64_t divisor) {
  return value >= 0 ? (value + divisor / 2) / divisor : -((-value + divisor / 2) / divisor);
}

/// The step that contains the instant. @param utc_ms milliseconds since 1970 UTC.
constexpr Step step_at(std::int64_t utc_ms) {
  return floor_div(utc_ms, step_ms);
}

}  // namespace jidian::plant

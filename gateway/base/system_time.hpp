#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>

#include "base/time.hpp"

/// Times as the system's calls and OpenSSL take them. Nothing else names `time_t`: on 32-bit ARM it ends in 2038, and
/// certificates do not.
namespace jidian {

/// The nearest that a system call can express: a length of up to 68 years on 32-bit ARM.
inline std::timespec timespec_of(std::chrono::nanoseconds length) {
  using Limits = std::numeric_limits<std::time_t>;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(length);
  const auto whole = std::clamp<std::int64_t>(seconds.count(), Limits::min(), Limits::max());
  return {.tv_sec = static_cast<std::time_t>(whole), .tv_nsec = static_cast<long>((length - seconds).count())};
}

/// The instant of a date and time of UTC, which exists.
inline UtcTime instant_of(const std::tm& utc) {
  const std::chrono::year_month_day date{std::chrono::year{utc.tm_year + 1900},
                                         std::chrono::month{static_cast<unsigned>(utc.tm_mon + 1)},
                                         std::chrono::day{static_cast<unsigned>(utc.tm_mday)}};
  return std::chrono::sys_days{date} + std::chrono::hours{utc.tm_hour} + std::chrono::minutes{utc.tm_min} +
         std::chrono::seconds{utc.tm_sec};
}

}  // namespace jidian

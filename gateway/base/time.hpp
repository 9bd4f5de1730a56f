#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace jidian {

using Millis = std::chrono::milliseconds;

/// An instant of UTC, in milliseconds since 1970-01-01T00:00:00Z. Never rewritten once recorded.
using UtcTime = std::chrono::sys_time<Millis>;

/// An instant of a clock that never steps; only differences mean anything.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Millis>;

/// How far the wall clock could be trusted when a reading was stamped. The numbers stand in the contract.
enum class ClockQuality : std::uint8_t {
  unknown = 0,         ///< Not determined.
  synchronised = 1,    ///< Disciplined by NTP or another reference.
  holdover = 2,        ///< Was synchronised since boot, reference lost.
  unsynchronised = 3,  ///< Never synchronised since boot: re-date from the `clock` event.
};

/// The contract's word: "unknown", "synchronised", …
std::string_view name_of(ClockQuality quality);

/// Both clocks of the box. The one in `host` is the real one; tests bring their own.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime utc_now() = 0;
  virtual SteadyTime steady_now() = 0;
  virtual ClockQuality quality() = 0;
};

/// "2026-03-01T08:00:00.250Z".
std::string format_utc(UtcTime time);

/// The same instant on the site's clock: "2026-03-01T16:00:00.250+08:00".
std::string format_local(UtcTime time, std::chrono::minutes utc_offset);

/// The instant of an ISO 8601 text with a zone: "2026-03-01T08:00:00Z", "2026-03-01T16:00:00.25+08:00". Seconds and
/// their fraction (cut to milliseconds) may be left out. Nothing if it is not one, or a date that does not exist.
std::optional<UtcTime> parse_time(std::string_view text);

}  // namespace jidian

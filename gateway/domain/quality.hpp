#pragma once

#include <cstdint>
#include <string_view>

namespace jidian::domain {

/// What a recorded value is worth. The numbers stand in the contract and are never reused.
enum class Quality : std::uint8_t {
  ok = 0,
  no_answer = 1,       ///< The meter did not reply: no value.
  refused = 2,         ///< The meter replied with an exception: no value.
  corrupt = 3,         ///< What came was not a valid frame or value: no value.
  not_available = 4,   ///< The meter says it has none: no value.
  out_of_range = 5,    ///< A value outside the point's stated range.
  implausible = 6,     ///< A value that contradicts its neighbours or its past.
  unsynchronised = 7,  ///< A good value stamped by a clock that was never set.
  maintenance = 8,     ///< A value inside a declared maintenance mark.
  calibration = 9,
  manual = 10,
  stopped = 11,
  supply_lost = 12,
};

/// Whether a reading of this quality carries a value.
constexpr bool has_value(Quality quality) {
  return quality == Quality::ok ||
         static_cast<std::uint8_t>(quality) > static_cast<std::uint8_t>(Quality::not_available);
}

/// Whether it says that people declared something, and nothing of the value: it stands in place of ok.
constexpr bool is_mark(Quality quality) {
  return static_cast<std::uint8_t>(quality) >= static_cast<std::uint8_t>(Quality::maintenance) &&
         static_cast<std::uint8_t>(quality) <= static_cast<std::uint8_t>(Quality::supply_lost);
}

/// The contract's word: "ok", "no_answer", …
std::string_view name_of(Quality quality);

/// The letter HJ 212 uses for it: N normal, F stopped, M maintenance, S manual, D fault, C calibration, T over limit,
/// B no communication.
char hj212_letter(Quality quality);

/// Why nothing was recorded. A closed list; the numbers stand in the contract.
enum class GapCause : std::uint8_t {
  meter_silent = 1,
  bus_fault = 2,
  foreign_master = 3,
  queue_full = 4,
  box_off = 5,
  supply_lost = 6,
  clean_stop = 7,
  crash = 8,
  watchdog = 9,
  update = 10,
  configuration = 11,
  clock = 12,
  evicted = 13,
  damaged = 14,  ///< It was recorded, and cannot be read any more.
};

/// The contract's word: "meter_silent", "bus_fault", …
std::string_view name_of(GapCause cause);

}  // namespace jidian::domain

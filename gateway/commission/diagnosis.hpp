#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acquire/line_watch.hpp"

/// What is wrong with a line, judged from what was counted. Pure.
namespace jidian::commission {

/// What asking one meter again and again gave.
struct UnitStatistics {
  std::uint8_t unit = 0;
  std::string meter = {};
  std::uint64_t short_requests = 0;  ///< For as little as possible.
  std::uint64_t short_corrupt = 0;
  std::uint64_t long_requests = 0;  ///< For as much as this meter gives at once.
  std::uint64_t long_corrupt = 0;
  std::uint64_t good = 0;  ///< Exceptions included.
  std::uint64_t silent = 0;
  std::uint64_t extra_frames = 0;  ///< Whole frames beside the reply: late ones, or those of a second meter.
  std::uint64_t requests() const { return short_requests + long_requests; }
  std::uint64_t corrupt() const { return short_corrupt + long_corrupt; }
};

/// What a line showed.
struct LineStatistics {
  std::vector<UnitStatistics> units = {};
  acquire::BusCounters counted = {};   ///< Meanwhile.
  std::uint64_t idle_bytes = 0;        ///< Heard while nobody was asked, no valid frames among them.
  std::uint64_t idle_frames = 0;       ///< Valid frames heard while nobody was asked.
  std::optional<int> latency_ms = {};  ///< Latency timer of the USB adapter.
  bool is_line = true;                 ///< RTU; false: a Modbus/TCP endpoint.
};

enum class Cause : std::uint8_t {
  nothing_asked,  ///< No meter is configured on the bus.
  other_master,
  echo,            ///< The adapter hears itself.
  line_silent,     ///< No byte from anywhere.
  wires_swapped,   ///< A and B.
  wrong_settings,  ///< Baud or parity.
  dead_unit,
  slow_unit,
  duplicate_address,
  missing_termination,
  noise,
  usb_latency,
};

/// The word for a cause: "dead_unit", …
std::string_view name_of(Cause cause);

/// A likely cause and the numbers that speak for it, by name.
struct Diagnosis {
  Cause cause = Cause::nothing_asked;
  bool is_fault = true;  ///< False: an advice.
  std::map<std::string, std::string> evidence;
};

/// The likely causes, the gravest first. Empty if all is well.
std::vector<Diagnosis> diagnose(const LineStatistics& line);

}  // namespace jidian::commission

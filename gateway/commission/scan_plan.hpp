#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "acquire/line_watch.hpp"
#include "base/time.hpp"
#include "meter/profile.hpp"

/// Which units are asked with which settings, and how long that takes. Pure.
namespace jidian::commission {

enum class ScanDepth : std::uint8_t {
  quick,   ///< The likely settings, units 1–32.
  normal,  ///< The same, then the other units with the settings of the line and those at which a meter answered.
  full,    ///< All units with every setting a known meter can have.
};

struct ScanRequest {
  ScanDepth depth = ScanDepth::normal;
  std::optional<std::uint8_t> unit_first = {};  ///< With `unit_last`: only these units.
  std::optional<std::uint8_t> unit_last = {};
  bool despite_other_master = false;
};

/// The line that is searched.
struct ScanLine {
  bool is_tunable = false;          ///< A serial line of this box; else only the units can be tried.
  bool is_line = false;             ///< RTU frames take time on the wire.
  acquire::LineSettings home = {};  ///< What the site file says.
};

/// Units to ask with one setting of the line.
struct ScanStage {
  acquire::LineSettings settings;
  std::vector<std::uint8_t> units;
  friend bool operator==(const ScanStage&, const ScanStage&) = default;
};

/// How long one unit may take to begin its reply, beside the time on the wire.
Millis patience_for(const ScanLine& line);

/// What a probe of a silent unit takes.
Millis probe_time(const ScanLine& line, const acquire::LineSettings& settings);

/// What all stages take if every unit is silent.
Millis time_for(const ScanLine& line, std::span<const ScanStage> stages);

/// What is asked first: the line's own settings, then those of the profiles as delivered (the commonest first), then
/// 9600 and 19200 baud with every parity; with `full` also all that a profile says its meter can be set to.
std::vector<ScanStage> plan_scan(const ScanRequest& request, const ScanLine& line,
                                 std::span<const meter::LinkDefaults> known);

/// What follows in normal depth: the units that `plan_scan` left out, with the settings of the line and those at which
/// something answered. Empty in the other depths, and if the request names the units.
std::vector<ScanStage> plan_rest(const ScanRequest& request, const ScanLine& line,
                                 std::span<const acquire::LineSettings> answered);

}  // namespace jidian::commission

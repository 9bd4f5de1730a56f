#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jidian::domain {

/// What a facility's state is told from. A closed list; the numbers stand in the contract.
enum class RunSource : std::uint8_t {
  none = 0,     ///< Nothing: the state stays unknown.
  power = 1,    ///< The sum of its meters' active powers.
  current = 2,  ///< The sum of its meters' currents.
  status = 3,   ///< A state of a meter or PLC.
};

/// The contract's word: "none", "power", …
std::string_view name_of(RunSource source);

/// How a facility's state is told. Levels are exact integers: mW for power, mA for current. DOMAIN value for hysteresis
/// and hold: run from 10 % of the rated power, stop below 5 %, held for two samples; all of it a parameter.
struct RunRule {
  RunSource source = RunSource::none;
  std::vector<std::string> meters = {};     ///< Ids of those it is judged by; of a status: that one meter.
  std::int64_t stop_below = 0;              ///< Below this it is stopped.
  std::int64_t start_at = 0;                ///< From here on it is not; between the two what it was before stands.
  std::int64_t idle_below = 0;              ///< From `start_at` to here it is idle. 0: idle is not told from running.
  std::int64_t run_at = 0;                  ///< From here on it runs; between the two what it was before stands.
  std::uint32_t hold = 2;                   ///< Ticks in a row on which a new state must show.
  std::string point = {};                   ///< Of a status: the point's name.
  std::vector<std::uint64_t> stopped = {};  ///< Of a status: the values that mean it. Any other value is unknown.
  std::vector<std::uint64_t> idle = {};
  std::vector<std::uint64_t> running = {};
  std::uint32_t de_energised_percent = 20;    ///< Of the nominal voltage; 0: de-energised is not told from stopped.
  std::int64_t nominal_voltage_mv = 400'000;  ///< Between the phases, as the meters show it (IEC 60038: 230/400 V).

  bool tells_idle() const { return idle_below > 0; }
  friend bool operator==(const RunRule&, const RunRule&) = default;
};

/// What an enterprise declares a facility could do in a shortage. 0: nothing, or not declared.
struct DeclaredLoads {
  std::int64_t security_w = 0;              ///< What safety needs while all else is off.
  std::int64_t interruptible_w = 0;         ///< What can be switched off, …
  std::uint32_t interruptible_minutes = 0;  ///< … and how long that takes.
  std::int64_t adjustable_w = 0;            ///< What can be reduced without switching off, …
  std::uint32_t adjustable_minutes = 0;
  friend bool operator==(const DeclaredLoads&, const DeclaredLoads&) = default;
};

}  // namespace jidian::domain

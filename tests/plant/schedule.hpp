// When a consumer runs and how hard: a week of windows, each filled by a repeating cycle, summed in closed form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "time.hpp"

namespace jidian::plant {

/// How a consumer behaves over a week. Text names keep the scenario file short.
struct Program {
  std::string shift = "always";        ///< a name of shift_names()
  std::string cycle = "steady";        ///< a name of cycle_names()
  std::int64_t standby_permille = 20;  ///< load outside the shift, of the rated load
  Step phase = 0;                      ///< how far the cycle is advanced when a window opens
};

std::vector<std::string> shift_names();
std::vector<std::string> cycle_names();

/// A week of load, repeated for ever. Immutable; any thread.
///
/// Load is in permille of the rated load, so its sum over steps is an exact integer.
class Schedule {
 public:
  /// @throws ScenarioError for an unknown name. @param utc_offset of the site's clock, a multiple of 10 minutes.
  Schedule(const Program& program, Step utc_offset);

  struct Position {
    Step window_start;   ///< absolute
    Step window_end;     ///< absolute, exclusive
    bool running;        ///< inside the shift
    std::int64_t level;  ///< load during this step, permille
    std::int64_t sum;    ///< of the load of all steps before this one since the calendar's origin, permille x steps
    std::int64_t running_steps;  ///< of all steps before this one since the calendar's origin
  };
  Position at(Step step) const;

  /// The lowest load of all steps, permille.
  std::int64_t least() const;

 private:
  struct Window {
    Step start;  ///< in the week, which begins on Monday 00:00 local
    bool running;
    std::int64_t sum_before;
    std::int64_t running_before;
  };
  std::int64_t cycle_sum(Step length) const;
  std::int64_t cycle_level(Step offset) const;
  std::int64_t window_sum(const Window& window, Step length) const;

  struct Segment {
    Step start;
    std::int64_t level;
    std::int64_t sum_before;
  };
  std::vector<Window> windows_;
  std::vector<Segment> segments_;
  Step cycle_length_ = 0;
  std::int64_t cycle_total_ = 0;
  std::int64_t standby_;
  Step phase_;
  std::int64_t phase_sum_ = 0;
  Step monday_offset_;
  std::int64_t week_sum_ = 0;
  std::int64_t week_running_ = 0;
};

}  // namespace jidian::plant

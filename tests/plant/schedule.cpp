#include "schedule.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "error.hpp"

namespace jidian::plant {
namespace {

// Minutes since Monday 00:00, multiples of 10: the noise of a window is laid on a grid of up to 10 minutes.
struct Run {
  int from_minute;
  int to_minute;
};

constexpr int day = 24 * 60;

std::vector<Run> every_day(int days, std::initializer_list<Run> runs) {
  std::vector<Run> week;
  for (int number = 0; number < days; ++number)
    for (const Run& run : runs) week.push_back({number * day + run.from_minute, number * day + run.to_minute});
  return week;
}

std::vector<Run> runs_of(std::string_view shift) {
  if (shift == "always") return {{0, 7 * day}};
  if (shift == "three") return {{0, 6 * day + 8 * 60}, {6 * day + 16 * 60, 7 * day}};  // service on Sunday
  if (shift == "two") return every_day(6, {{6 * 60, 11 * 60 + 30}, {12 * 60, 17 * 60 + 30}, {18 * 60, 22 * 60}});
  if (shift == "two-treatment") return every_day(6, {{5 * 60 + 30, 22 * 60 + 30}});
  if (shift == "day") return every_day(5, {{8 * 60, 12 * 60}, {13 * 60, 17 * 60}});
  if (shift == "never") return {};
  throw ScenarioError("unknown shift '" + std::string(shift) + "'");
}

struct Piece {
  Step tenths;
  std::int64_t permille;
};

std::vector<Piece> pieces_of(std::string_view cycle) {
  constexpr Step s = steps_per_second;
  constexpr Step min = steps_per_minute;
  if (cycle == "steady") return {{min, 1000}};
  if (cycle == "furnace") return {{5 * min, 150}, {28 * min, 1000}, {7 * min, 250}, {5 * min, 120}};
  if (cycle == "burner") return {{3 * min, 1000}, {2 * min, 350}};
  if (cycle == "press") return {{14 * s, 950}, {10 * s, 400}, {12 * s, 200}};
  if (cycle == "line") return {{7 * min, 800}, {2 * min, 650}, {3 * min, 900}};
  if (cycle == "bag-filter") return {{58 * s, 800}, {2 * s, 920}};
  if (cycle == "voc") return {{10 * min, 700}, {2 * min, 900}};
  if (cycle == "compressor") return {{4 * min, 1000}, {90 * s, 300}};
  throw ScenarioError("unknown cycle '" + std::string(cycle) + "'");
}

}  // namespace

std::vector<std::string> shift_names() {
  return {"always", "three", "two", "two-treatment", "day", "never"};
}
std::vector<std::string> cycle_names() {
  return {"steady", "furnace", "burner", "press", "line", "bag-filter", "voc", "compressor"};
}

Schedule::Schedule(const Program& program, Step utc_offset)
    : standby_(program.standby_permille),
      // 1970-01-01 was a Thursday: three days after a Monday.
      monday_offset_(utc_offset + 3 * steps_per_day) {
  for (const Piece& piece : pieces_of(program.cycle)) {
    segments_.push_back({cycle_length_, piece.permille, cycle_total_});
    cycle_length_ += piece.tenths;
    cycle_total_ += piece.tenths * piece.permille;
  }
  phase_ = program.phase % cycle_length_;
  phase_sum_ = cycle_sum(phase_);

  Step edge = 0;
  const auto append = [this](Step from, Step to, bool running) {
    if (from == to) return;
    windows_.push_back({from, running, week_sum_, week_running_});
    week_sum_ += window_sum(windows_.back(), to - from);
    if (running) week_running_ += to - from;
  };
  for (const Run& run : runs_of(program.shift)) {
    append(edge, run.from_minute * steps_per_minute, false);
    append(run.from_minute * steps_per_minute, run.to_minute * steps_per_minute, true);
    edge = run.to_minute * steps_per_minute;
  }
  append(edge, steps_per_week, false);
}

Schedule::Position Schedule::at(Step step) const {
  const Step local = step + monday_offset_;
  const std::int64_t week = floor_div(local, steps_per_week);
  const Step in_week = local - week * steps_per_week;
  const auto after = std::upper_bound(windows_.begin(), windows_.end(), in_week,
                                      [](Step value, const Window& window) { return value < window.start; });
  const Window& window = *std::prev(after);
  const Step end = after == windows_.end() ? steps_per_week : after->start;
  const Step inside = in_week - window.start;
  Position position{};
  position.window_start = step - inside;
  position.window_end = position.window_start + (end - window.start);
  position.running = window.running;
  position.level = window.running ? cycle_level(inside) : standby_;
  position.sum = week * week_sum_ + window.sum_before + window_sum(window, inside);
  position.running_steps = week * week_running_ + window.running_before + (window.running ? inside : 0);
  return position;
}

std::int64_t Schedule::least() const {
  std::int64_t level = 1000;
  for (const Window& window : windows_)
    if (!window.running) level = std::min(level, standby_);
  for (const Segment& segment : segments_) level = std::min(level, segment.level);
  return level;
}

std::int64_t Schedule::window_sum(const Window& window, Step length) const {
  return window.running ? cycle_sum(phase_ + length) - phase_sum_ : standby_ * length;
}

std::int64_t Schedule::cycle_sum(Step length) const {
  const Step rest = length % cycle_length_;
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), rest,
                                      [](Step value, const Segment& segment) { return value < segment.start; });
  const Segment& segment = *std::prev(after);
  return length / cycle_length_ * cycle_total_ + segment.sum_before + (rest - segment.start) * segment.level;
}

std::int64_t Schedule::cycle_level(Step offset) const {
  const Step rest = (phase_ + offset) % cycle_length_;
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), rest,
                                      [](Step value, const Segment& segment) { return value < segment.start; });
  return std::prev(after)->level;
}

}  // namespace jidian::plant

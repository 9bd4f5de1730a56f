#include "host/supervision.hpp"

#include <algorithm>

namespace jidian::host {
namespace {

// How soon a stuck loop is noticed and STATUS= follows, where the watchdog does not ask for more.
constexpr Millis step_interval{5'000};

/// sd_notify separates assignments by newlines.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char letter) { return letter == '\n' || letter == '\r'; }, ' ');
  return text;
}

}  // namespace

Supervision::Supervision(std::optional<Millis> watchdog) : watchdog_(watchdog) {}

Supervision::Step Supervision::step(const std::optional<std::string>& stuck, const std::string& status) {
  Step step;
  if (!ready_) step.notify += "READY=1\n";
  ready_ = true;

  if (stuck && stuck != stuck_) step.got_stuck = stuck;
  if (stuck_ && stuck != stuck_) step.recovered = stuck_;
  stuck_ = stuck;

  if (watchdog_ && !stuck) step.notify += "WATCHDOG=1\n";
  const std::string line = one_line(stuck ? "loop '" + *stuck + "' makes no progress" : status);
  if (line != posted_) step.notify += "STATUS=" + line + "\n";
  posted_ = line;

  step.wait = watchdog_ ? std::min(step_interval, *watchdog_ / 2) : step_interval;
  return step;
}

}  // namespace jidian::host

#include <spdlog/spdlog.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <optional>
#include <string>

#include "base/system_time.hpp"
#include "host/host.hpp"
#include "host/last_words.hpp"
#include "host/notify.hpp"
#include "host/supervision.hpp"

namespace jidian::host {
namespace {

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

/// The signal that came within `wait`, or 0.
int signal_within(const sigset_t& set, Millis wait) {
  const std::timespec limit = timespec_of(wait);
  const int signal = sigtimedwait(&set, nullptr, &limit);
  return signal > 0 ? signal : 0;  // EAGAIN: time is up; EINTR: a stop of the whole process, look again
}

void log_stuck(const Supervision::Step& step) {
  if (step.recovered) spdlog::warn("loop makes progress again loop={}", *step.recovered);
  if (step.got_stuck)
    spdlog::error("loop makes no progress, the watchdog is not fed until it does loop={}", *step.got_stuck);
}

/// Tells it, and knows when the watchdog was fed last.
void notify_and_note(const std::string& assignments) {
  if (assignments.find("WATCHDOG=1") != assignments.npos) note_fed();  // before systemd counts from it
  notify_manager(assignments);
}

/// systemd waits for READY=1 after this, and wants to know when the reload began.
void notify_reloading(Clock& clock) {
  const auto now_us = std::chrono::microseconds(clock.steady_now().time_since_epoch()).count();
  notify_manager("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us));
}

}  // namespace

void block_signals() {
  const sigset_t set = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A peer that hangs up is an error of one write, not the end of the gateway.
  (void)std::signal(SIGPIPE, SIG_IGN);
}

Signal run_until_signalled(Clock& clock, const health::Board& board, const std::function<std::string()>& status,
                           const std::function<void()>& chores) {
  const sigset_t set = awaited_signals();
  Supervision supervision(watchdog_interval());
  while (true) {
    if (chores) chores();
    const auto step = supervision.step(board.stuck(clock.steady_now()), status ? status() : std::string());
    log_stuck(step);
    if (!step.notify.empty()) notify_and_note(step.notify);

    const int signal = signal_within(set, step.wait);
    if (signal == 0) continue;
    if (signal != SIGHUP) return Signal::stop;
    notify_reloading(clock);
    return Signal::reload;
  }
}

void supervise_until(Clock& clock, const health::Board& board, const std::function<bool(Millis)>& is_over) {
  constexpr Millis unwatched_wait{5'000};
  const auto watchdog = watchdog_interval();
  do {
    if (watchdog && !board.stuck(clock.steady_now())) notify_and_note("WATCHDOG=1\n");
  } while (!is_over(watchdog ? *watchdog / 2 : unwatched_wait));
}

void notify_stopping() {
  notify_manager("STOPPING=1");
}

}  // namespace jidian::host

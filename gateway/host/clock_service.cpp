#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "host/clock_notice.hpp"
#include "host/notify.hpp"

// jidian-clock [FOLDER]: asks the kernel whether its clock is synchronised and writes the answer down, for a gateway
// whose sandbox forbids to ask: asking and setting are one system call. It does nothing else and reads nothing from
// anybody. Without FOLDER it writes where systemd says ($RUNTIME_DIRECTORY), or where the gateway looks.

namespace {

using namespace jidian;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

std::string folder_of(int count, char** words) {
  if (count > 1) return words[1];
  const char* given = std::getenv("RUNTIME_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): there is one thread
  return given != nullptr && *given != '\0' ? given : host::clock_notice_folder;
}

/// Whether a signal asks to stop before it is time for the next notice.
bool stops_within(const sigset_t& signals, Millis wait) {
  const auto seconds = std::chrono::floor<std::chrono::duration<std::time_t>>(wait);
  const std::chrono::duration<long, std::nano> rest = wait - seconds;
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  return ::sigtimedwait(&signals, nullptr, &limit) > 0;
}

host::ClockNotice hear() {
  // The clocks first: a notice is older than the answer in it, and void if the clock is set in between.
  const host::Moment moment = host::moment_now();
  return {host::ask_kernel_clock(), moment};
}

}  // namespace

int main(int count, char** words) {
  if (count > 2) {
    (void)std::fprintf(stderr, "usage: jidian-clock [FOLDER]\n");
    return exit_usage;
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const std::string folder = folder_of(count, words);
  const bool is_watched = host::watchdog_interval().has_value();
  bool ready = false;
  do {
    const auto notice = hear();
    if (const auto written = host::write_clock_notice(folder, notice); !written) {
      (void)std::fprintf(stderr, "jidian-clock: %s\n", written.error().message().c_str());
      return exit_failed;  // tried again by who started it
    }
    if (!ready && notice.kernel.state < 0)
      (void)std::fprintf(stderr, "jidian-clock: the kernel may not be asked here either; is this a container?\n");
    if (!ready) host::notify_manager("READY=1\n");
    ready = true;
    if (is_watched) host::notify_manager("WATCHDOG=1\n");
  } while (!stops_within(signals, host::notice_interval));
  return 0;
}

#include "host/last_words.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <system_error>

#include "host/notify.hpp"

namespace jidian::host {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view word = "watchdog\n";

// What the handler needs: it may neither ask for memory nor wait for a lock.
std::array<char, 512> words_path{};
std::atomic<std::int64_t> interval_ns{0};
std::atomic<std::int64_t> fed_at_ns{0};
pid_t manager = 0;

static_assert(std::atomic<std::int64_t>::is_always_lock_free);

/// CLOCK_MONOTONIC, by which systemd watches.
std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void write_last_words() {
  const int file = open(words_path.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = write(file, word.data(), word.size());
  close(file);
}

/// The signal's own effect follows: the handler is gone when it is raised again.
void on_abort(int signal, siginfo_t* info, void*) {
  const bool is_of_manager = info->si_code == SI_USER && info->si_pid == manager;
  if (is_of_manager && monotonic_ns() - fed_at_ns >= interval_ns) write_last_words();
  (void)raise(signal);
}

}  // namespace

std::optional<fs::path> last_words_file() {
  const char* folders = std::getenv("RUNTIME_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): nobody sets one
  if (folders == nullptr || *folders != '/' || !watchdog_interval()) return std::nullopt;
  const std::string_view all(folders);
  return fs::path(all.substr(0, all.find(':'))) / "last-words";
}

void leave_last_words() {
  const auto file = last_words_file();
  const auto interval = watchdog_interval();
  if (!file || !interval || file->native().size() >= words_path.size()) return;
  file->native().copy(words_path.data(), file->native().size());
  interval_ns = std::chrono::nanoseconds(*interval).count();
  manager = getppid();
  note_fed();
  struct sigaction action {};
  action.sa_sigaction = on_abort;
  action.sa_flags = SA_SIGINFO | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  (void)sigaction(SIGABRT, &action, nullptr);
}

void note_fed() {
  fed_at_ns = monotonic_ns();
}

bool has_last_words() {
  const auto file = last_words_file();
  std::error_code unknown;
  return file && fs::exists(*file, unknown);
}

void take_last_words_away() {
  std::error_code ignored;
  if (const auto file = last_words_file()) fs::remove(*file, ignored);
}

}  // namespace jidian::host

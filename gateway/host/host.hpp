#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "health/board.hpp"

namespace jidian::host {

/// The box's clocks; quality from the kernel's NTP state: its own word, or where this process may not ask for it, what
/// `jidian-clock` wrote down of it.
std::unique_ptr<Clock> make_system_clock();

/// The same with another folder of what is written down.
std::unique_ptr<Clock> make_system_clock(const std::filesystem::path& notices);

/// What the kernel says of its clock.
struct KernelClockState {
  bool synchronised = false;  ///< Something disciplines it.
  Millis error_max{0};        ///< How far it may be off at most, by the account of what disciplines it.
};

/// By adjtimex(2); no other clock is asked.
KernelClockState kernel_clock_state();

/// The kernel's boot id (/proc/sys/kernel/random/boot_id) as 16 bytes; zeros if unreadable.
std::array<std::uint8_t, 16> boot_id();

/// Structured lines to stderr: time level text. `level`: "debug", "info", "warn", "error". With journald no time is
/// printed.
void start_logging(const std::string& level);

/// Lets all threads take memory from one pool: each pool of its own would keep pages that nobody uses, and no loop of
/// ours allocates so fast that they would wait for each other. Call before the first thread starts.
void keep_memory_small();

/// Gives the system back what has been freed, which is much after a start.
void give_memory_back();

/// What ended the wait in `run_until_signalled`.
enum class Signal : std::uint8_t { stop, reload };

/// Blocks SIGTERM, SIGINT, SIGHUP for every thread started afterwards. Call first in main.
void block_signals();

/// Tells systemd READY=1, then waits for a signal, feeding the watchdog while no loop of the board is stuck and posting
/// `status` as STATUS= now and then; both are called at least every 5 s, `chores` first. Returns at SIGTERM, SIGINT
/// (stop) or SIGHUP (reload).
Signal run_until_signalled(Clock& clock, const health::Board& board, const std::function<std::string()>& status,
                           const std::function<void()>& chores = {});

/// Feeds the watchdog while no loop of the board is stuck, until `is_over`, which waits up to the time that it is
/// given.
void supervise_until(Clock& clock, const health::Board& board, const std::function<bool(Millis)>& is_over);

/// STOPPING=1.
void notify_stopping();

/// Makes this process the only gateway on `path` (a lock file); released on exit. Errors: conflict, io.
class Lock {
 public:
  static Result<Lock> take(const std::string& path);
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;
  ~Lock();

 private:
  explicit Lock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace jidian::host

#include <spdlog/spdlog.h>
#include <sys/timex.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <fstream>
#include <mutex>

#include "base/bytes.hpp"
#include "host/clock_notice.hpp"
#include "host/clock_quality.hpp"
#include "host/clock_reading.hpp"
#include "host/host.hpp"

namespace jidian::host {
namespace {

// systemd-timesyncd creates it at the first synchronisation after boot and leaves it there.
constexpr const char* synchronised_flag = "/run/systemd/timesync/synchronized";

// Pollers ask at every read; the kernel's state changes once in minutes.
constexpr Millis quality_age_max = notice_interval;

class SystemClock final : public Clock {
 public:
  explicit SystemClock(std::filesystem::path notices) : notices_(std::move(notices)) {}

  UtcTime utc_now() override { return UtcTime{std::chrono::floor<Millis>(read_clock(CLOCK_REALTIME))}; }

  SteadyTime steady_now() override { return std::chrono::floor<Millis>(std::chrono::steady_clock::now()); }

  ClockQuality quality() override {
    const std::int64_t now_ms = steady_now().time_since_epoch().count();
    const std::int64_t asked_ms = asked_ms_.load(std::memory_order_relaxed);
    if (asked_ms == never || now_ms - asked_ms >= quality_age_max.count()) {
      // Who finds another asking takes the answer that is there: no poller waits for one.
      const std::unique_lock asking(asking_, std::try_to_lock);
      if (asking) {
        asked_ms_.store(now_ms, std::memory_order_relaxed);
        quality_.store(judge_.judge(ask()), std::memory_order_relaxed);
      }
    }
    return quality_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::int64_t never = -1;

  /// The kernel's own word, or what was written down of it where it may not be asked.
  KernelClock ask() {
    KernelClock kernel = ask_kernel_clock();
    if (kernel.state < 0) {
      // The folder goes while its writer is exchanged: what was read last counts on.
      if (const auto notice = read_clock_notice(notices_)) last_notice_ = notice;
      kernel = word_of(last_notice_, moment_now());
    }
    tell(kernel.state >= 0);
    return kernel;
  }

  void tell(bool known) {
    if (known == known_) return;
    known_ = known;
    if (known)
      spdlog::info("state of the clock is known again");
    else
      spdlog::warn(
          "state of the clock is not known, readings say so: the kernel may not be asked, and nothing that counts is "
          "written down; see 'systemctl status jidian-clock' notices={}",
          notices_.native());
  }

  std::filesystem::path notices_;
  QualityJudge judge_{access(synchronised_flag, F_OK) == 0};
  std::atomic<std::int64_t> asked_ms_{never};
  std::atomic<ClockQuality> quality_{ClockQuality::unknown};
  std::mutex asking_;  ///< Of what follows.
  std::optional<ClockNotice> last_notice_;
  bool known_ = true;
};

}  // namespace

std::unique_ptr<Clock> make_system_clock(const std::filesystem::path& notices) {
  auto clock = std::make_unique<SystemClock>(notices);
  (void)clock->quality();  // so that the first reader does not race with the first answer
  return clock;
}

std::unique_ptr<Clock> make_system_clock() {
  return make_system_clock(clock_notice_folder);
}

KernelClockState kernel_clock_state() {
  timex kernel{};
  const int state = adjtimex(&kernel);
  const bool synchronised = state >= 0 && state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
  return {synchronised, std::chrono::ceil<Millis>(std::chrono::microseconds{kernel.maxerror})};
}

std::array<std::uint8_t, 16> boot_id() {
  std::array<std::uint8_t, 16> id{};
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  file >> text;
  std::erase(text, '-');
  const auto bytes = from_hex(text);
  if (bytes && bytes->size() == id.size()) std::copy(bytes->begin(), bytes->end(), id.begin());
  return id;
}

}  // namespace jidian::host

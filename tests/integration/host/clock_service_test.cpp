#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "host/clock_notice.hpp"
#include "host/host.hpp"
#include "tests/integration/process.hpp"

namespace jidian::host {
namespace {

using test::Process;
using test::TemporaryFolder;

constexpr std::chrono::seconds patience{20};

/// Looks again every few milliseconds until it holds; false after `patience`.
bool comes_true(const std::function<bool()>& condition) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    never.wait_for(lock, Millis{10});
  }
  return true;
}

/// Forbids the calling thread what the unit of the gateway forbids: to ask the kernel for the state of its clock.
bool forbid_to_ask() {
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  const std::vector<unsigned> forbidden{
      SYS_adjtimex,
      SYS_clock_adjtime,
#ifdef SYS_clock_adjtime64
      SYS_clock_adjtime64,
#endif
  };
  for (const unsigned call : forbidden) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 &&
         ask_kernel_clock().state < 0;
}

/// Runs `body` in a thread that may not ask, as all of the gateway's threads may not.
void closed_in(const std::function<void()>& body) {
  std::thread([&body] {
    EXPECT_TRUE(forbid_to_ask());
    body();
  }).join();
}

std::string text_in(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class ClockService : public testing::Test {
 protected:
  Process start() { return Process({JIDIAN_CLOCK, notices_}, log_); }

  bool has_notice() const { return read_clock_notice(notices_).has_value(); }

  TemporaryFolder folder_;
  std::string notices_ = (folder_.path() / "notices").string();
  std::filesystem::path log_ = folder_.path() / "log";

  void SetUp() override { std::filesystem::create_directory(notices_); }
};

TEST_F(ClockService, WithoutItAClockThatMayNotAskSaysUnknown) {
  closed_in([&] { EXPECT_EQ(make_system_clock(notices_)->quality(), ClockQuality::unknown); });
}

TEST_F(ClockService, WithItTheClosedInClockSaysWhatTheKernelSays) {
  const auto service = start();
  ASSERT_TRUE(comes_true([&] { return has_notice(); })) << text_in(log_);
  const auto direct = make_system_clock(notices_)->quality();
  ASSERT_NE(direct, ClockQuality::unknown);
  closed_in([&] { EXPECT_EQ(make_system_clock(notices_)->quality(), direct); });
}

TEST_F(ClockService, StartedLateItIsHeardAllTheSame) {
  std::promise<void> looked;
  // By a thread that is not closed in: its children would be as well.
  auto service = std::async(std::launch::async, [&] {
    looked.get_future().wait();
    return start();
  });
  closed_in([&] {
    const auto clock = make_system_clock(notices_);
    EXPECT_EQ(clock->quality(), ClockQuality::unknown);
    looked.set_value();
    EXPECT_TRUE(comes_true([&] { return clock->quality() != ClockQuality::unknown; })) << text_in(log_);
  });
}

TEST_F(ClockService, KilledAndItsFolderGoneItsLastWordCounts) {
  auto service = start();
  ASSERT_TRUE(comes_true([&] { return has_notice(); })) << text_in(log_);
  closed_in([&] {
    const auto clock = make_system_clock(notices_);
    const auto before = clock->quality();
    ASSERT_NE(before, ClockQuality::unknown);
    service.stop(SIGKILL);
    std::filesystem::remove_all(notices_);
    const auto asked_again = clock->steady_now() + 3 * notice_interval;
    EXPECT_TRUE(comes_true([&] {
      EXPECT_EQ(clock->quality(), before);
      return clock->steady_now() > asked_again;
    }));
  });
}

TEST_F(ClockService, WritesAnewAllTheTime) {
  const auto service = start();
  ASSERT_TRUE(comes_true([&] { return has_notice(); })) << text_in(log_);
  const auto first = read_clock_notice(notices_)->heard.since_boot;
  EXPECT_TRUE(comes_true([&] {
    const auto notice = read_clock_notice(notices_);
    EXPECT_TRUE(notice) << "there is always a whole one";
    return notice && notice->heard.since_boot - first >= 4 * notice_interval;
  }));
}

TEST_F(ClockService, StopsAtOnceWhenAsked) {
  auto service = start();
  ASSERT_TRUE(comes_true([&] { return has_notice(); })) << text_in(log_);
  service.send(SIGTERM);
  EXPECT_EQ(service.join(), 0) << text_in(log_);
}

TEST_F(ClockService, AFolderThatIsNotThereEndsIt) {
  std::filesystem::remove_all(notices_);
  EXPECT_EQ(start().join(), 1);
  EXPECT_NE(text_in(log_).find(notices_), std::string::npos) << text_in(log_);
}

TEST_F(ClockService, IsReadyWithItsFirstNoticeAndFeedsTheWatchdog) {
  const auto path = folder_.path() / "manager.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(manager, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
  ::setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "10000000", 1);
  ::setenv("RUNTIME_DIRECTORY", notices_.c_str(), 1);
  const Process service({JIDIAN_CLOCK}, log_);
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "RUNTIME_DIRECTORY"}) ::unsetenv(name);

  for (const std::string expected : {"READY=1\n", "WATCHDOG=1\n", "WATCHDOG=1\n"}) {
    std::array<char, 64> text{};
    const ssize_t length = ::recv(manager, text.data(), text.size(), 0);
    EXPECT_EQ(std::string(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0), expected) << text_in(log_);
    EXPECT_TRUE(has_notice());
  }
  ::close(manager);
}

}  // namespace
}  // namespace jidian::host

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "host/host.hpp"
#include "host/notify.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::host {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A clock that stands where the test puts it.
class StandingClock final : public Clock {
 public:
  UtcTime utc_now() override { return UtcTime{}; }
  SteadyTime steady_now() override { return SteadyTime{Millis{now_ms}}; }
  ClockQuality quality() override { return ClockQuality::synchronised; }

  std::atomic<std::int64_t> now_ms{1000};
};

/// The receiving end of sd_notify: what systemd would see.
class FakeSystemd {
 public:
  explicit FakeSystemd(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~FakeSystemd() {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(fd_);
  }

  /// The next message; empty after ten seconds of silence.
  std::string next() {
    std::array<char, 512> text{};
    const ssize_t length = recv(fd_, text.data(), text.size(), 0);
    return {text.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
  }

  bool silent() {
    char letter = 0;
    return recv(fd_, &letter, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
  }

 private:
  int fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

class Notify : public testing::Test {
 protected:
  static void SetUpTestSuite() { block_signals(); }

  /// Runs the loop here while `meanwhile` plays systemd and the operator; it must end with a signal.
  Signal run(const std::function<void()>& meanwhile, const std::function<std::string()>& status = {}) {
    const std::jthread other(meanwhile);
    return run_until_signalled(clock_, board_, status);
  }

  void send(int signal) { kill(getpid(), signal); }

  TemporaryFolder folder_;
  FakeSystemd systemd_{folder_ / "notify"};
  StandingClock clock_;
  health::Board board_;
};

TEST_F(Notify, SaysReadyWithAStatusAndStopsAtSigterm) {
  std::string first;
  const Signal signal = run(
      [&] {
        first = systemd_.next();
        send(SIGTERM);
      },
      [] { return "recording 8 meters"; });
  EXPECT_EQ(signal, Signal::stop);
  EXPECT_EQ(first, "READY=1\nSTATUS=recording 8 meters\n");
  EXPECT_TRUE(systemd_.silent());
}

TEST_F(Notify, StopsAtSigintToo) {
  EXPECT_EQ(run([&] { send(SIGINT); }), Signal::stop);
}

TEST_F(Notify, SighupAsksForAReloadAndReadyFollowsIt) {
  EXPECT_EQ(run([&] { send(SIGHUP); }), Signal::reload);
  EXPECT_THAT(systemd_.next(), HasSubstr("READY=1"));
  EXPECT_EQ(systemd_.next(), "RELOADING=1\nMONOTONIC_USEC=1000000");

  EXPECT_EQ(run([&] { send(SIGTERM); }), Signal::stop);
  EXPECT_THAT(systemd_.next(), HasSubstr("READY=1"));
}

TEST_F(Notify, FeedsTheWatchdogUntilAHeartbeatStopsAndAgainWhenItReturns) {
  setenv("WATCHDOG_USEC", "4000", 1);
  auto& heartbeat = board_.add_heartbeat("uplink:province", Millis{500});
  heartbeat.beat(clock_.steady_now());
  std::string stuck;
  std::string recovered;
  run([&] {
    for (int feeding = 0; feeding < 3; ++feeding) EXPECT_THAT(systemd_.next(), HasSubstr("WATCHDOG=1"));
    clock_.now_ms = 2000;
    do stuck = systemd_.next();
    while (stuck == "WATCHDOG=1\n");
    heartbeat.beat(clock_.steady_now());
    recovered = systemd_.next();
    send(SIGTERM);
  });
  EXPECT_EQ(stuck, "STATUS=loop 'uplink:province' makes no progress\n");
  EXPECT_EQ(recovered, "WATCHDOG=1\nSTATUS=\n");
}

TEST_F(Notify, FeedsTheWatchdogWhileSomethingLongGoesOnUnlessALoopIsStuck) {
  setenv("WATCHDOG_USEC", "4000", 1);
  auto& heartbeat = board_.add_heartbeat("recorder", Millis{500});
  heartbeat.beat(clock_.steady_now());
  int waits = 0;
  supervise_until(clock_, board_, [&](Millis wait) {
    EXPECT_EQ(wait, Millis{2});
    if (waits < 2) {
      EXPECT_EQ(systemd_.next(), "WATCHDOG=1\n");
    }
    clock_.now_ms = waits == 0 ? 1000 : 2000;
    return ++waits == 4;
  });
  EXPECT_EQ(waits, 4);
  EXPECT_TRUE(systemd_.silent());
}

TEST_F(Notify, NothingIsFedWhereSystemdWatchesAnotherProcess) {
  setenv("WATCHDOG_USEC", "4000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(watchdog_interval(), std::nullopt);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_interval(), Millis{4});
  unsetenv("WATCHDOG_PID");
}

TEST(NotifySocket, MayBeOutsideTheFileSystem) {
  const std::string name = "@jidian-test-" + std::to_string(getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(&address.sun_path[1], &name[1], name.size() - 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
            0);
  setenv("NOTIFY_SOCKET", name.c_str(), 1);
  notify_manager("READY=1");
  unsetenv("NOTIFY_SOCKET");
  std::array<char, 16> text{};
  EXPECT_EQ(recv(fd, text.data(), text.size(), MSG_DONTWAIT), 7);
  EXPECT_STREQ(text.data(), "READY=1");
  close(fd);
}

TEST_F(Notify, NothingIsFedWhereSystemdDoesNotWatch) {
  std::string first;
  run([&] {
    first = systemd_.next();
    send(SIGTERM);
  });
  EXPECT_THAT(first, Not(HasSubstr("WATCHDOG")));
}

TEST_F(Notify, StoppingIsAnnounced) {
  notify_stopping();
  EXPECT_EQ(systemd_.next(), "STOPPING=1");
}

TEST_F(Notify, APeerThatHangsUpDoesNotEndTheProcess) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  close(pair[1]);
  EXPECT_EQ(write(pair[0], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(pair[0]);
}

}  // namespace
}  // namespace jidian::host

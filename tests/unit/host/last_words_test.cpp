#include "host/last_words.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/temporary_folder.hpp"

namespace jidian::host {
namespace {

/// A gateway as a child, whose manager is the test.
class LastWords : public testing::Test {
 protected:
  LastWords() { setenv("RUNTIME_DIRECTORY", (folder_.path().string() + ":/elsewhere").c_str(), 1); }
  ~LastWords() override {
    unsetenv("RUNTIME_DIRECTORY");
    unsetenv("WATCHDOG_USEC");
  }
  /// Waits in the child until more than `interval` has passed since the watchdog was fed.
  static void let_pass(std::chrono::milliseconds interval) {
    const auto begin = std::chrono::steady_clock::now();
    const timespec moment{.tv_sec = 0, .tv_nsec = 200'000};
    while (std::chrono::steady_clock::now() - begin <= interval) nanosleep(&moment, nullptr);
  }
  /// Runs `live` in a child, and then sends it SIGABRT if it is still there. Gives the signal that ended it.
  template <typename Live>
  static int signal_that_ends(Live live) {
    int ready[2];
    if (pipe(ready) != 0) return 0;
    const pid_t child = fork();
    if (child == 0) {
      leave_last_words();
      live();
      if (write(ready[1], "x", 1) != 1) _exit(1);
      for (;;) pause();
    }
    close(ready[1]);
    char said = 0;
    if (read(ready[0], &said, 1) == 1) kill(child, SIGABRT);
    close(ready[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  TemporaryFolder folder_{memory_or_disk()};
};

TEST_F(LastWords, AreLeftWhereTheManagerEndsARunThatDidNotFeedTheWatchdog) {
  setenv("WATCHDOG_USEC", "4000", 1);
  EXPECT_FALSE(has_last_words());
  EXPECT_EQ(signal_that_ends([] { let_pass(std::chrono::milliseconds(4)); }), SIGABRT);
  EXPECT_TRUE(has_last_words());
  take_last_words_away();
  EXPECT_FALSE(has_last_words());
}

TEST_F(LastWords, AreNotLeftByARunThatWasFedUntilSomebodyEndedIt) {
  setenv("WATCHDOG_USEC", "600000000", 1);
  EXPECT_EQ(signal_that_ends([] { note_fed(); }), SIGABRT);
  EXPECT_FALSE(has_last_words());
}

TEST_F(LastWords, AreNotLeftByAnAssertion) {
  setenv("WATCHDOG_USEC", "4000", 1);
  EXPECT_EQ(signal_that_ends([] {
              let_pass(std::chrono::milliseconds(4));
              std::abort();
            }),
            SIGABRT);
  EXPECT_FALSE(has_last_words());
}

TEST_F(LastWords, HaveNoPlaceWhereNobodyWatches) {
  unsetenv("WATCHDOG_USEC");
  EXPECT_EQ(last_words_file(), std::nullopt);
  setenv("WATCHDOG_USEC", "4000", 1);
  EXPECT_EQ(last_words_file(), folder_.path() / "last-words");
  unsetenv("RUNTIME_DIRECTORY");
  EXPECT_EQ(last_words_file(), std::nullopt);
  EXPECT_FALSE(has_last_words());
}

}  // namespace
}  // namespace jidian::host

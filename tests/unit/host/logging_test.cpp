#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "host/host.hpp"

namespace jidian::host {
namespace {

/// What `lines` logs at `level` on a terminal-like stderr, or on one that is the journal's.
std::string logged(const std::string& level, bool to_journal, const std::function<void()>& lines) {
  testing::internal::CaptureStderr();
  struct stat file {};
  fstat(STDERR_FILENO, &file);
  // Without the journal the variable names another file: inherited, but not ours.
  const std::string stream = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino + (to_journal ? 0 : 1));
  setenv("JOURNAL_STREAM", stream.c_str(), 1);
  start_logging(level);
  lines();
  unsetenv("JOURNAL_STREAM");
  return testing::internal::GetCapturedStderr();
}

TEST(Logging, WritesTimeLevelAndWords) {
  const std::string text = logged("info", false, [] { spdlog::info("meter back bus={} unit={}", "rtu-1", 7); });
  EXPECT_THAT(text, testing::MatchesRegex("20..-..-..T..:..:..\\....Z info  meter back bus=rtu-1 unit=7\n"));
}

TEST(Logging, GivesTheJournalAPriorityInsteadOfATime) {
  const std::string text = logged("debug", true, [] {
    spdlog::debug("a");
    spdlog::info("b");
    spdlog::warn("c");
    spdlog::error("d");
  });
  EXPECT_EQ(text, "<7>a\n<6>b\n<4>c\n<3>d\n");
}

TEST(Logging, LeavesOutWhatIsBelowTheLevel) {
  const std::string text = logged("warn", true, [] {
    spdlog::info("unheard");
    spdlog::warn("heard");
  });
  EXPECT_EQ(text, "<4>heard\n");
}

TEST(Logging, TextFromOutsideCannotForgeALine) {
  const std::string text = logged("info", true, [] { spdlog::info("model=\"{}\"", "x\n<0>panic\x1b[2J"); });
  EXPECT_EQ(text, "<6>model=\"x\\n<0>panic?[2J\"\n");
}

}  // namespace
}  // namespace jidian::host

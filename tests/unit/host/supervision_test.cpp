#include "host/supervision.hpp"

#include <gtest/gtest.h>

namespace jidian::host {
namespace {

const std::optional<std::string> nothing_stuck;
const std::optional<std::string> recorder_stuck{"recorder"};

TEST(Supervision, SaysReadyOnce) {
  Supervision supervision(std::nullopt);
  EXPECT_EQ(supervision.step(nothing_stuck, "recording").notify, "READY=1\nSTATUS=recording\n");
  EXPECT_EQ(supervision.step(nothing_stuck, "recording").notify, "");
}

TEST(Supervision, PostsAStatusOnlyWhenItChanges) {
  Supervision supervision(std::nullopt);
  supervision.step(nothing_stuck, "8 meters");
  EXPECT_EQ(supervision.step(nothing_stuck, "7 meters").notify, "STATUS=7 meters\n");
}

TEST(Supervision, FeedsTheWatchdogAtHalfItsInterval) {
  Supervision supervision(Millis{3000});
  EXPECT_EQ(supervision.step(nothing_stuck, "x").wait, Millis{1500});
  EXPECT_EQ(supervision.step(nothing_stuck, "x").notify, "WATCHDOG=1\n");
}

TEST(Supervision, LooksEveryFewSecondsEvenIfTheWatchdogIsSlowOrAbsent) {
  EXPECT_EQ(Supervision(Millis{600'000}).step(nothing_stuck, "x").wait, Millis{5000});
  EXPECT_EQ(Supervision(std::nullopt).step(nothing_stuck, "x").wait, Millis{5000});
}

TEST(Supervision, StarvesTheWatchdogWhileALoopIsStuckAndTellsOfItOnce) {
  Supervision supervision(Millis{3000});
  supervision.step(nothing_stuck, "fine");

  const auto first = supervision.step(recorder_stuck, "fine");
  EXPECT_EQ(first.notify, "STATUS=loop 'recorder' makes no progress\n");
  EXPECT_EQ(first.got_stuck, "recorder");

  const auto second = supervision.step(recorder_stuck, "fine");
  EXPECT_EQ(second.notify, "");
  EXPECT_EQ(second.got_stuck, std::nullopt);
}

TEST(Supervision, FeedsAgainWhenTheLoopRecovers) {
  Supervision supervision(Millis{3000});
  supervision.step(recorder_stuck, "fine");
  const auto step = supervision.step(nothing_stuck, "fine");
  EXPECT_EQ(step.notify, "WATCHDOG=1\nSTATUS=fine\n");
  EXPECT_EQ(step.recovered, "recorder");
}

TEST(Supervision, ANewlineInTheStatusDoesNotBecomeAnAssignment) {
  Supervision supervision(Millis{3000});
  EXPECT_EQ(supervision.step(recorder_stuck, "x").notify.find("WATCHDOG"), std::string::npos);
  EXPECT_EQ(supervision.step(nothing_stuck, "a\nSTOPPING=1").notify, "WATCHDOG=1\nSTATUS=a STOPPING=1\n");
}

}  // namespace
}  // namespace jidian::host

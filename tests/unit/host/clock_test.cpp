#include <gtest/gtest.h>
#include <sys/timex.h>

#include <algorithm>
#include <cstdlib>

#include "host/clock_notice.hpp"
#include "host/clock_quality.hpp"
#include "host/host.hpp"

namespace jidian::host {
namespace {

TEST(ClockQuality, AClockNeverSynchronisedIsUnsynchronised) {
  QualityJudge judge(false);
  EXPECT_EQ(judge.judge({TIME_ERROR, STA_UNSYNC}), ClockQuality::unsynchronised);
}

TEST(ClockQuality, EitherTheStateOrTheStatusBitMeansUnsynchronised) {
  QualityJudge judge(false);
  EXPECT_EQ(judge.judge({TIME_OK, STA_UNSYNC}), ClockQuality::unsynchronised);
  EXPECT_EQ(judge.judge({TIME_ERROR, STA_PLL}), ClockQuality::unsynchronised);
}

TEST(ClockQuality, AnApproachingLeapSecondIsStillSynchronised) {
  QualityJudge judge(false);
  EXPECT_EQ(judge.judge({TIME_INS, STA_PLL | STA_INS}), ClockQuality::synchronised);
}

TEST(ClockQuality, AReferenceLostIsHoldover) {
  QualityJudge judge(false);
  EXPECT_EQ(judge.judge({TIME_OK, STA_PLL}), ClockQuality::synchronised);
  EXPECT_EQ(judge.judge({TIME_ERROR, STA_UNSYNC}), ClockQuality::holdover);
}

TEST(ClockQuality, SynchronisedBeforeThisProcessCountsForHoldover) {
  QualityJudge judge(true);
  EXPECT_EQ(judge.judge({TIME_ERROR, STA_UNSYNC}), ClockQuality::holdover);
}

TEST(ClockQuality, AFailedCallIsUnknown) {
  QualityJudge judge(true);
  EXPECT_EQ(judge.judge({-1, 0}), ClockQuality::unknown);
}

TEST(SystemClock, AgreesWithTheStandardLibraryToTheMillisecond) {
  const auto clock = make_system_clock();
  const auto before = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const UtcTime now = clock->utc_now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::chrono::system_clock::now());

  const auto steady_before = std::chrono::floor<Millis>(std::chrono::steady_clock::now());
  EXPECT_GE(clock->steady_now(), steady_before);
}

/// ctest clock_in_2040 runs it by a clock of that year.
TEST(SystemClockIn2040, TellsThatYear) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing of ours sets variables
  if (std::getenv("FAKETIME") == nullptr) GTEST_SKIP() << "the clock is this machine's";
  EXPECT_EQ(format_utc(make_system_clock()->utc_now()).substr(0, 5), "2040-");
}

/// What `jidian-clock` writes down, and the gateway compares with it. Both clocks hold: their sum is the year.
TEST(SystemClockIn2040, TheMomentOfANoticeIsOfThatYear) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing of ours sets variables
  if (std::getenv("FAKETIME") == nullptr) GTEST_SKIP() << "the clock is this machine's";
  const Moment moment = moment_now();
  EXPECT_EQ(format_utc(UtcTime{moment.since_boot + moment.utc_ahead}).substr(0, 5), "2040-");
}

TEST(SystemClock, KnowsItsQualityFromTheFirstQuestion) {
  EXPECT_NE(make_system_clock()->quality(), ClockQuality::unknown);
}

TEST(BootId, IsTheKernelsAndStaysTheSame) {
  const auto id = boot_id();
  EXPECT_TRUE(std::any_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte != 0; }));
  EXPECT_EQ(id, boot_id());
}

}  // namespace
}  // namespace jidian::host

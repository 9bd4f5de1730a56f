#include "recorder/clock_watch.hpp"

#include <gtest/gtest.h>

namespace jidian::recorder {
namespace {

using store::ClockTrust;
using namespace std::chrono_literals;

/// Looks ten seconds apart at a clock that can be set.
class Ages : public testing::Test {
 protected:
  ClockTrust look(ClockQuality quality) {
    now_.utc += 10s;
    now_.steady += 10s;
    now_.clock = quality;
    return watch_.look(now_);
  }
  void set_clock(Millis by) { now_.utc += by; }

  AgeWatch watch_;
  Instant now_{UtcTime{24h * 20'000}, SteadyTime{1h}, ClockQuality::unknown};
};

TEST_F(Ages, CountOnceTheClockIsSynchronised) {
  EXPECT_EQ(look(ClockQuality::unsynchronised), ClockTrust::doubtful);
  EXPECT_EQ(look(ClockQuality::unsynchronised), ClockTrust::doubtful);
  EXPECT_EQ(look(ClockQuality::synchronised), ClockTrust::sure);
}

TEST_F(Ages, NeverCountWhereTheClockNeverIs) {
  for (const ClockQuality quality : {ClockQuality::unsynchronised, ClockQuality::unknown})
    for (int i = 0; i < 100; ++i) ASSERT_EQ(look(quality), ClockTrust::doubtful);
}

TEST_F(Ages, CountInHoldoverUntilTheClockIsSet) {
  (void)look(ClockQuality::synchronised);
  EXPECT_EQ(look(ClockQuality::synchronised), ClockTrust::sure);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(look(ClockQuality::holdover), ClockTrust::sure);
  set_clock(24h * 366);
  EXPECT_EQ(look(ClockQuality::holdover), ClockTrust::doubtful);
  EXPECT_EQ(look(ClockQuality::holdover), ClockTrust::doubtful);
  set_clock(-24h * 366);
  EXPECT_EQ(look(ClockQuality::synchronised), ClockTrust::doubtful);
  EXPECT_EQ(look(ClockQuality::synchronised), ClockTrust::sure);
}

TEST_F(Ages, DoNotCountAtTheLookThatFindsTheClockSetWhateverIsStillSaidOfIt) {
  (void)look(ClockQuality::synchronised);
  (void)look(ClockQuality::synchronised);
  set_clock(24h * 366);
  EXPECT_EQ(look(ClockQuality::synchronised), ClockTrust::doubtful);
  EXPECT_EQ(look(ClockQuality::holdover), ClockTrust::doubtful);
}

TEST_F(Ages, CountThroughDrift) {
  (void)look(ClockQuality::synchronised);
  (void)look(ClockQuality::synchronised);
  for (int i = 0; i < 1'000; ++i) {
    set_clock(1s);
    ASSERT_EQ(look(ClockQuality::holdover), ClockTrust::sure);
  }
}

TEST_F(Ages, DoNotCountInTheHoldoverOfARunThatNeverSawTheClockSynchronised) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(look(ClockQuality::holdover), ClockTrust::doubtful);
}

}  // namespace
}  // namespace jidian::recorder

#include "host/clock_notice.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include <fstream>

#include "tests/unit/temporary_folder.hpp"

namespace jidian::host {
namespace {

constexpr Moment heard{Millis{1'000'000}, Millis{1'700'000'000'000}};
constexpr ClockNotice synchronised_notice{{TIME_OK, STA_PLL}, heard};

Moment after(Millis age, Millis step = Millis{0}) {
  return {heard.since_boot + age, heard.utc_ahead + step};
}

TEST(ClockNotice, SaysWhatTheKernelSaid) {
  const ClockNotice unsynchronised{{TIME_ERROR, STA_UNSYNC}, heard};
  for (const auto& notice : {synchronised_notice, unsynchronised}) {
    const KernelClock word = word_of(notice, after(Millis{400}));
    EXPECT_EQ(word.state, notice.kernel.state);
    EXPECT_EQ(word.status, notice.kernel.status);
  }
}

TEST(ClockNotice, TheLastOneCountsForAWhileAndNoLonger) {
  EXPECT_EQ(word_of(synchronised_notice, after(notice_age_max)).state, TIME_OK);
  EXPECT_EQ(word_of(synchronised_notice, after(notice_age_max + Millis{1})).state, -1);
}

TEST(ClockNotice, IsVoidOnceTheClockWasSetEitherWay) {
  for (const Millis step : {Millis{50}, Millis{-50}, Millis{3'600'000}, Millis{-3'600'000}})
    EXPECT_EQ(word_of(synchronised_notice, after(Millis{400}, step)).state, -1) << step.count();
  for (const Millis jitter : {Millis{49}, Millis{-49}})
    EXPECT_EQ(word_of(synchronised_notice, after(Millis{400}, jitter)).state, TIME_OK) << jitter.count();
}

TEST(ClockNotice, OfTheFutureIsOfAnotherBoot) {
  EXPECT_EQ(word_of(synchronised_notice, after(Millis{-1})).state, -1);
}

TEST(ClockNotice, OfAWriterThatMayNotAskEitherSaysNothing) {
  EXPECT_EQ(word_of(ClockNotice{{-1, 0}, heard}, after(Millis{0})).state, -1);
  EXPECT_EQ(word_of(std::nullopt, after(Millis{0})).state, -1);
}

TEST(ClockNotice, IsTheSameAfterBeingWrittenAndRead) {
  const TemporaryFolder folder;
  const ClockNotice before_1970{{TIME_ERROR, STA_UNSYNC | STA_PLL}, {Millis{5}, Millis{-86'400'000}}};
  for (const auto& notice : {synchronised_notice, before_1970}) {
    ASSERT_TRUE(write_clock_notice(folder.path(), notice));
    const auto read = read_clock_notice(folder.path());
    ASSERT_TRUE(read);
    EXPECT_EQ(text_of(*read), text_of(notice));
    EXPECT_EQ(read->kernel.status, notice.kernel.status);
    EXPECT_EQ(read->heard.utc_ahead, notice.heard.utc_ahead);
  }
}

TEST(ClockNotice, CutOrChangedIsNone) {
  const std::string whole = text_of(synchronised_notice);
  ASSERT_TRUE(parse_clock_notice(whole));
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(parse_clock_notice(std::string_view(whole).substr(0, length))) << length;
  for (const char* other :
       {"jidian-clock 2 0 1 5 6\n", "jidian-clock 1 0 1 5\n", "jidian-clock 1 0 1 5 6 7\n", "jidian-clock 1 0 1 5  6\n",
        "jidian-clock 1 0 x 5 6\n", "jidian-clock 10 1 5 6\n", "jidian-clock 1 0 1 5 99999999999999999999\n"})
    EXPECT_FALSE(parse_clock_notice(other)) << other;
}

TEST(ClockNotice, WhateverLiesThereNobodyWaits) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_clock_notice(folder.path() / "nowhere"));
  EXPECT_FALSE(read_clock_notice(folder.path()));
  ASSERT_EQ(::mkfifo((folder.path() / "notice").c_str(), 0600), 0);
  EXPECT_FALSE(read_clock_notice(folder.path())) << "a pipe that nobody writes";
  ASSERT_TRUE(write_clock_notice(folder.path(), synchronised_notice)) << "it takes the pipe's place";
  EXPECT_TRUE(read_clock_notice(folder.path()));
}

TEST(ClockNotice, AFolderThatIsNotThereIsAnErrorWithItsName) {
  const auto written = write_clock_notice("/nowhere/at/all", synchronised_notice);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), ErrorKind::io);
  EXPECT_NE(written.error().message().find("/nowhere/at/all"), std::string::npos);
}

TEST(Moment, BothClocksGoOnTogether) {
  const Moment before = moment_now();
  const auto utc = std::chrono::floor<Millis>(std::chrono::system_clock::now().time_since_epoch());
  const Moment now = moment_now();
  EXPECT_GE(now.since_boot, before.since_boot);
  EXPECT_NEAR(static_cast<double>((now.utc_ahead - before.utc_ahead).count()), 0, 10);
  EXPECT_NEAR(static_cast<double>((before.since_boot + before.utc_ahead - utc).count()), 0, 1000);
}

}  // namespace
}  // namespace jidian::host

#include "base/system_time.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>

namespace jidian {
namespace {

using namespace std::chrono_literals;

std::tm utc(int year, int month, int day, int hour, int minute, int second) {
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  parts.tm_sec = second;
  return parts;
}

TEST(SystemTime, ADateAfter2038IsThatDateWhateverTheMachine) {
  EXPECT_EQ(format_utc(instant_of(utc(2038, 1, 19, 3, 14, 8))), "2038-01-19T03:14:08.000Z");
  EXPECT_EQ(format_utc(instant_of(utc(2099, 12, 31, 23, 59, 59))), "2099-12-31T23:59:59.000Z");
  EXPECT_EQ(format_utc(instant_of(utc(9999, 12, 31, 23, 59, 59))), "9999-12-31T23:59:59.000Z");
}

TEST(SystemTime, ADateBefore1970IsBeforeTheEpoch) {
  EXPECT_EQ(instant_of(utc(1969, 12, 31, 23, 59, 59)).time_since_epoch(), -1s);
}

TEST(SystemTime, ALengthIsSplitIntoSecondsAndTheirRest) {
  const std::timespec length = timespec_of(2500ms);
  EXPECT_EQ(length.tv_sec, 2);
  EXPECT_EQ(length.tv_nsec, 500'000'000);
}

TEST(SystemTime, ANegativeLengthHasARestThatIsNotNegative) {
  const std::timespec length = timespec_of(-1ms);
  EXPECT_EQ(length.tv_sec, -1);
  EXPECT_EQ(length.tv_nsec, 999'000'000);
}

TEST(SystemTime, ALengthThatDoesNotFitIsTheLongestOneAndNotANegativeOne) {
  const std::timespec length = timespec_of(std::chrono::seconds{std::numeric_limits<std::uint32_t>::max()});
  EXPECT_GE(length.tv_sec, std::numeric_limits<std::int32_t>::max());
}

}  // namespace
}  // namespace jidian

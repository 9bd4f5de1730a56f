#include "store/wear.hpp"

#include <gtest/gtest.h>

namespace jidian::store {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime first_look{std::chrono::days(20'000)};

TEST(DailyRate, IsKnownAfterTenMinutes) {
  DailyRate rate;
  EXPECT_EQ(rate.see(first_look, 5'000'000), std::nullopt);
  EXPECT_EQ(rate.see(first_look + 9min, 5'900'000), std::nullopt);
  EXPECT_DOUBLE_EQ(rate.see(first_look + 10min, 6'000'000).value(), 144'000'000);
  EXPECT_DOUBLE_EQ(rate.see(first_look + 24h, 6'000'000).value(), 1'000'000);
}

TEST(DailyRate, BeginsAnewWhenTheClockIsSetBackOrTheSumFalls) {
  DailyRate rate;
  (void)rate.see(first_look, 0);
  ASSERT_TRUE(rate.see(first_look + 1h, 1'000'000));
  EXPECT_EQ(rate.see(first_look - 24h, 1'100'000), std::nullopt);
  EXPECT_DOUBLE_EQ(rate.see(first_look - 23h, 1'200'000).value(), 2'400'000);
  EXPECT_EQ(rate.see(first_look - 22h, 7), std::nullopt);
}

TEST(Wear, IsReadFromWhatTheKernelSays) {
  EXPECT_EQ(written_in("rchar: 12\nwchar: 34\nsyscr: 1\nsyscw: 2\nread_bytes: 0\nwrite_bytes: 40960\n"
                       "cancelled_write_bytes: 7\n"),
            40'960U);
  for (const char* text : {"", "write_bytes:", "write_bytes: x", "wchar: 34\n"})
    EXPECT_EQ(written_in(text), std::nullopt);
}

}  // namespace
}  // namespace jidian::store

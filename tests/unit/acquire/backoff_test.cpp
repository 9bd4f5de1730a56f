#include "acquire/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace jidian::acquire {
namespace {

constexpr Millis first_delay{5'000};
constexpr Millis most{300'000};

TEST(RetryDelay, DoublesUpToItsBoundWithinAFifth) {
  Millis nominal = first_delay;
  for (unsigned tries = 1; tries <= 40; ++tries) {
    const Millis delay = retry_delay(tries, first_delay, most, "press-1");
    EXPECT_GE(delay, nominal * 8 / 10) << tries;
    EXPECT_LE(delay, nominal * 12 / 10) << tries;
    nominal = std::min(nominal * 2, most);
  }
}

TEST(RetryDelay, IsTheSameEveryTime) {
  EXPECT_EQ(retry_delay(3, first_delay, most, "press-1"), retry_delay(3, first_delay, most, "press-1"));
}

TEST(RetryDelay, SpreadsNeighbours) {
  std::set<Millis> delays;
  for (int n = 0; n < 50; ++n) delays.insert(retry_delay(7, first_delay, most, "meter-" + std::to_string(n)));
  EXPECT_GT(delays.size(), 45U);
}

}  // namespace
}  // namespace jidian::acquire

#include "acquire/load.hpp"

#include <gtest/gtest.h>

namespace jidian::acquire {
namespace {

constexpr SteadyTime start{Millis{7'777'123}};

TEST(BusLoad, NothingIsNoLoad) {
  EXPECT_EQ(BusLoad{}.share(start), 0.0);
}

TEST(BusLoad, AThirdBusyIsAThird) {
  BusLoad load;
  SteadyTime now = start;
  for (; now < start + Millis{180'000}; now += Millis{300}) load.add(now, now + Millis{100});
  EXPECT_NEAR(load.share(now), 1.0 / 3, 0.01);
}

TEST(BusLoad, AYoungBusIsMeasuredOverItsOwnLife) {
  BusLoad load;
  load.add(start, start + Millis{2'000});
  EXPECT_NEAR(load.share(start + Millis{4'000}), 0.5, 0.01);
}

TEST(BusLoad, OneTransactionLongerThanABucketCountsWhole) {
  BusLoad load;
  load.add(start, start + Millis{30'000});
  EXPECT_NEAR(load.share(start + Millis{30'000}), 1.0, 0.01);
}

TEST(BusLoad, WhatIsOlderThanAMinuteIsForgotten) {
  BusLoad load;
  load.add(start, start + Millis{30'000});
  EXPECT_EQ(load.share(start + Millis{120'000}), 0.0);
}

}  // namespace
}  // namespace jidian::acquire

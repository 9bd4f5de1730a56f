#include "recorder/epoch_requests.hpp"

#include <gtest/gtest.h>

namespace jidian::recorder {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr SteadyTime start_of_damage{hours(5)};

TEST(DamageRest, ASecondAccidentWithinTheHourDoesNotWaitForTheHour) {
  DamageRest rest;
  EXPECT_TRUE(rest.may_begin(start_of_damage));
  EXPECT_FALSE(rest.may_begin(start_of_damage + seconds(9)));
  EXPECT_TRUE(rest.may_begin(start_of_damage + minutes(2)));
}

TEST(DamageRest, ADiskThatSpoilsEveryFileIsNotFilledWithThem) {
  DamageRest rest;
  int begun = 0;
  for (Millis passed{0}; passed < hours(24); passed += seconds(1))
    begun += rest.may_begin(start_of_damage + passed) ? 1 : 0;
  EXPECT_GE(begun, 24);
  EXPECT_LE(begun, 40);
}

TEST(DamageRest, BeginsAnewAfterAQuietHour) {
  DamageRest rest;
  for (int i = 0; i < 5; ++i) (void)rest.may_begin(start_of_damage + minutes(i));
  EXPECT_TRUE(rest.may_begin(start_of_damage + hours(2)));
  EXPECT_TRUE(rest.may_begin(start_of_damage + hours(2) + seconds(10)));
}

}  // namespace
}  // namespace jidian::recorder

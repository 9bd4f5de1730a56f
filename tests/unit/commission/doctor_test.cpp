#include "commission/doctor.hpp"

#include <gtest/gtest.h>

namespace jidian::commission {
namespace {

TEST(DoctorsPace, KeepsTheMetersTurnaroundAndTheEndpointsInterval) {
  const SteadyTime begun{Millis{1'000}};
  const SteadyTime ended{Millis{1'030}};
  EXPECT_EQ(next_request(begun, ended, Millis{0}, Millis{0}), ended);
  EXPECT_EQ(next_request(begun, ended, Millis{0}, endpoint_interval), begun + endpoint_interval);
  EXPECT_EQ(next_request(begun, ended, Millis{200}, endpoint_interval), ended + Millis{200});
  EXPECT_EQ(next_request(begun, begun + Millis{300}, Millis{0}, endpoint_interval), begun + Millis{300});
}

}  // namespace
}  // namespace jidian::commission

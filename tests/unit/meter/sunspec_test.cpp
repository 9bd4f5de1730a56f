#include "meter/sunspec.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace jidian::meter {
namespace {

using Found = SunspecWalk::Found;

/// A device's holding registers; those not there are refused.
using Device = std::map<std::uint32_t, std::uint16_t>;

void put(Device& device, std::uint32_t first, std::initializer_list<std::uint16_t> words) {
  for (const std::uint16_t word : words) device[first++] = word;
}

/// A device with a marker at `base` and these (model, length) behind it.
Device device_at(std::uint32_t base, const std::vector<std::pair<std::uint16_t, std::uint16_t>>& models) {
  Device device;
  put(device, base, {0x5375, 0x6E53});
  std::uint32_t at = base + 2;
  for (const auto& [model, length] : models) {
    put(device, at, {model, length});
    at += 2U + length;
  }
  return device;
}

/// Walks `device` to the end.
SunspecWalk walked(const Device& device, int* steps = nullptr) {
  SunspecWalk walk({{201, 202, 203, 204}, 105});
  int made = 0;
  for (; const auto registers = walk.next(); ++made) {
    std::vector<std::uint16_t> words;
    for (std::uint32_t at = registers->first; at < registers->end(); ++at)
      if (const auto found = device.find(at); found != device.end()) words.push_back(found->second);
    if (words.size() == registers->count)
      walk.take(words);
    else
      walk.refuse();
    if (made > 1000) {
      ADD_FAILURE() << "endless";
      break;
    }
  }
  if (steps != nullptr) *steps = made;
  return walk;
}

TEST(SunspecWalk, GoesFromModelToModel) {
  const SunspecWalk walk = walked(device_at(40'000, {{1, 66}, {103, 50}, {203, 105}, {0xFFFF, 0}}));
  EXPECT_EQ(walk.found(), (Found{203, 40'122, 105, 40'002}));
}

TEST(SunspecWalk, LooksInAllThreePlaces) {
  EXPECT_EQ(walked(device_at(50'000, {{1, 65}, {201, 105}})).found(), (Found{201, 50'069, 105, 50'002}));
  EXPECT_EQ(walked(device_at(0, {{204, 105}})).found(), (Found{204, 2, 105, 0}));
  EXPECT_EQ(walked({}).reason(), "no SunSpec marker at 40000, 50000 or 0");
  Device other = device_at(50'000, {{201, 105}});
  put(other, 40'000, {1, 2});
  EXPECT_TRUE(walked(other).found()) << "something else at 40000";
}

TEST(SunspecWalk, EndsAtTheEndMarker) {
  const SunspecWalk walk = walked(device_at(40'000, {{1, 66}, {103, 50}, {0xFFFF, 0}, {203, 105}}));
  EXPECT_FALSE(walk.found());
  EXPECT_EQ(walk.reason(), "the device has none of the models");
}

TEST(SunspecWalk, FollowsNoChainThatLeadsNowhere) {
  EXPECT_EQ(walked(device_at(40'000, {{1, 66}, {103, 0}})).reason(), "model 103 at 40070 says it is empty");
  EXPECT_EQ(walked(device_at(40'000, {{1, 60'000}})).reason(),
            "model 1 at 40002 says it goes on beyond the last register");
  EXPECT_EQ(walked(device_at(40'000, {{1, 66}})).reason(), "the device refused the header of the model at 40070");
  EXPECT_EQ(walked(device_at(40'000, {{203, 104}})).reason(),
            "model 203 at 40002 has 104 registers, its points need 105");
  EXPECT_EQ(walked(device_at(0, {{1, 65'532}})).reason(), "the list of models has no end");
}

TEST(SunspecWalk, IsBoundedHoweverLongTheChain) {
  int steps = 0;
  const std::vector<std::pair<std::uint16_t, std::uint16_t>> many(5'000, {7, 1});
  EXPECT_EQ(walked(device_at(0, many), &steps).reason(), "the device has more than 100 models");
  EXPECT_LE(steps, 3 + SunspecWalk::models_max);
}

TEST(SunspecWalk, EndsOnAnyDeviceAndFindsOnlyWhatFits) {
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    Device device = device_at(round % 2 == 0 ? 40'000 : 0, {});
    std::uint32_t at = round % 2 == 0 ? 40'002 : 2;
    for (int n = 0; n < 200 && at < 65'536; ++n) {
      const auto length = static_cast<std::uint16_t>(random() % (random() % 3 == 0 ? 65'536 : 200));
      put(device, at, {static_cast<std::uint16_t>(random() % 300), length});
      at += 2U + length;
    }
    int steps = 0;
    const SunspecWalk walk = walked(device, &steps);
    ASSERT_LE(steps, 3 + SunspecWalk::models_max);
    ASSERT_EQ(walk.found().has_value(), walk.reason().empty());
    if (walk.found()) {
      ASSERT_LE(std::uint32_t{walk.found()->base} + 2 + walk.found()->length, 65'536U);
      ASSERT_GE(walk.found()->length, 105);
    }
  }
}

TEST(AtBase, MovesThePoints) {
  Point point;
  point.place = {Table::holding, 18, 1};
  EXPECT_EQ(at_base({point}, 40'069)[0].place, (Registers{Table::holding, 40'087, 1}));
  IdentityPlace serial;
  serial.place = {Table::holding, 50, 16};
  EXPECT_EQ(at_base(serial, 40'002).place, (Registers{Table::holding, 40'052, 16}));
}

}  // namespace
}  // namespace jidian::meter

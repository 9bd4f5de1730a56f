#include "recorder/counters.hpp"

#include <gtest/gtest.h>

#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

/// What a restart tells of one counter that showed `before` and shows `after`, all else left out.
Facts told(domain::Manifest manifest, std::int64_t before, std::int64_t after) {
  manifest.meters[0].points.resize(2);
  const Swaps swaps(manifest);
  Counters counters(manifest, swaps);
  auto poll = plant::poll(0, plant::morning);
  poll.samples.resize(2);
  poll.samples[1].bits = static_cast<std::uint64_t>(before);
  counters.remember(poll);
  poll.samples[1].bits = static_cast<std::uint64_t>(after);
  const auto event = counters.take_step(poll, plant::morning + Millis{60'000});
  if (!event) return {};
  return Facts(event->facts.begin() + 2, event->facts.end());  // behind from and until
}

domain::Manifest counter_of(ValueType type, std::uint64_t modulus) {
  auto manifest = plant::manifest(1);
  manifest.meters[0].points[1].type = type;
  manifest.meters[0].points[1].modulus = modulus;
  return manifest;
}

Facts none_known(const char* before, const char* after) {
  return {{"energy.before", before}, {"energy.after", after}};
}

constexpr std::uint64_t registers_of_two = std::uint64_t{1} << 32;

TEST(CounterStep, AnUnsignedCounterRollsOver) {
  const auto manifest = counter_of(ValueType::unsigned_integer, registers_of_two);
  EXPECT_EQ(told(manifest, 4'294'967'290, 5), (Facts{{"energy", "11"}}));
  EXPECT_EQ(told(manifest, 100, 130), (Facts{{"energy", "30"}}));
  EXPECT_EQ(told(counter_of(ValueType::unsigned_integer, 0), 10, 5), none_known("10", "5"));
}

TEST(CounterStep, ASignedCounterCrossesZeroAndFalls) {
  const auto manifest = counter_of(ValueType::signed_integer, registers_of_two);
  EXPECT_EQ(told(manifest, -5, 4), (Facts{{"energy", "9"}}));
  EXPECT_EQ(told(manifest, -9, -5), (Facts{{"energy", "4"}}));
  EXPECT_EQ(told(manifest, 10, 5), none_known("10", "5")) << "not 4294967291";
  EXPECT_EQ(told(manifest, 5, -4), none_known("5", "-4"));
}

TEST(CounterStep, WhatMayFallDoesNotRollOver) {
  auto manifest = counter_of(ValueType::unsigned_integer, registers_of_two);
  manifest.meters[0].unchecked = {"counter_decrease"};
  EXPECT_EQ(told(manifest, 10, 5), none_known("10", "5"));
}

TEST(CounterStep, AValueBeyondTheModulusIsShownAsItIs) {
  const auto manifest = counter_of(ValueType::unsigned_integer, 1000);
  EXPECT_EQ(told(manifest, 990, 1005), none_known("990", "1005"));
}

}  // namespace
}  // namespace jidian::recorder

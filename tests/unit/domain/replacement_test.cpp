#include "domain/replacement.hpp"

#include <gtest/gtest.h>

#include <bit>

namespace jidian::domain {
namespace {

PointEntry counter(ValueType type, std::uint64_t modulus = 0) {
  PointEntry point;
  point.kind = PointKind::counter;
  point.type = type;
  point.modulus = modulus;
  return point;
}

std::uint64_t float_bits(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

Swap swap(std::uint64_t old_final, std::uint64_t new_start) {
  return {UtcTime{}, 0, old_final, new_start};
}

using Gained = std::optional<std::string>;

TEST(Replacement, BothMetersPartsAddUp) {
  const auto point = counter(ValueType::unsigned_integer);
  EXPECT_EQ(gained_over(point, 4'821'377, 35, {swap(4'821'380, 0)}), Gained("38"));
  EXPECT_EQ(gained_over(point, 4'821'377, 1'000'035, {swap(4'821'380, 1'000'000)}), Gained("38"));
  EXPECT_EQ(gained_over(point, 100, 130, {}), Gained("30"));
}

TEST(Replacement, ReplacedTwiceAddsThreeParts) {
  const auto point = counter(ValueType::unsigned_integer);
  EXPECT_EQ(gained_over(point, 4'821'377, 12, {swap(4'821'380, 5), swap(45, 10)}), Gained("45"));
}

TEST(Replacement, EachPartMayRollOver) {
  const auto point = counter(ValueType::unsigned_integer, 1'000'000);
  EXPECT_EQ(gained_over(point, 999'990, 7, {swap(15, 2)}), Gained("30"));
  EXPECT_EQ(gained_over(point, 500, 3, {swap(600, 999'998)}), Gained("105"));
  EXPECT_EQ(gained_over(counter(ValueType::unsigned_integer), 500, 3, {swap(400, 0)}), Gained())
      << "no modulus: it fell";
}

TEST(Replacement, SignedAndFloatCounters) {
  EXPECT_EQ(gained_over(counter(ValueType::signed_integer), static_cast<std::uint64_t>(-5), 4,
                        {swap(static_cast<std::uint64_t>(-2), 0)}),
            Gained("7"));
  EXPECT_EQ(gained_over(counter(ValueType::signed_integer, std::uint64_t{1} << 32), 500, 3, {swap(400, 0)}), Gained());
  EXPECT_EQ(gained_over(counter(ValueType::float32), float_bits(100.5F), float_bits(0.25F),
                        {swap(float_bits(101.0F), float_bits(0.0F))}),
            Gained("0.75"));
  EXPECT_EQ(gained_over(counter(ValueType::float32), float_bits(100.5F), float_bits(0.25F), {}), Gained());
}

TEST(Replacement, FloatsGainWhatTheirDigitsAddUpTo) {
  EXPECT_EQ(gained_over(counter(ValueType::float32), float_bits(204543.44F), float_bits(1.5925F),
                        {swap(float_bits(204543.44F), float_bits(1.0F))}),
            Gained("0.5925"))
      << "not 0.5924999713897705";
}

TEST(Replacement, ACountIsTheNearestThatTheRegisterHolds) {
  EXPECT_EQ(nearest_count(ValueType::unsigned_integer, 120'534.5), 120'535u);
  EXPECT_EQ(nearest_count(ValueType::unsigned_integer, -1), std::nullopt);
  EXPECT_EQ(nearest_count(ValueType::unsigned_integer, 1e17), std::nullopt);
  EXPECT_EQ(nearest_count(ValueType::float32, 201.25), float_bits(201.25F));
  EXPECT_EQ(nearest_count(ValueType::float32, 1e39), std::nullopt);
}

TEST(Replacement, CountsBetweenGoOverARollover) {
  EXPECT_EQ(counts_between(counter(ValueType::unsigned_integer, 1000), 990, 5), 15);
  EXPECT_EQ(counts_between(counter(ValueType::unsigned_integer), 990, 5), -985);
  EXPECT_EQ(counts_between(counter(ValueType::signed_integer, 1000), 990, 5), -985) << "these fall";
  EXPECT_EQ(counts_between(counter(ValueType::float32), float_bits(2), float_bits(1)), -1);
}

}  // namespace
}  // namespace jidian::domain

#include "record/columns.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace jidian::record {
namespace {

using Column = std::vector<std::uint64_t>;

constexpr std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

std::vector<Column> through_bytes(const std::vector<Column>& columns) {
  ColumnWriter writer;
  std::vector<std::size_t> counts;
  for (const Column& column : columns) {
    writer.add(column);
    counts.push_back(column.size());
  }
  const ColumnBytes bytes = writer.finish();
  const auto values = read_columns(counts, bytes.shapes, bytes.heads, bytes.planes);
  EXPECT_TRUE(values);
  if (!values) return {};
  std::vector<Column> back;
  auto next = values->begin();
  for (const std::size_t count : counts) {
    back.emplace_back(next, next + static_cast<std::ptrdiff_t>(count));
    next += static_cast<std::ptrdiff_t>(count);
  }
  return back;
}

TEST(ZigZag, FoldsSmallMagnitudesToSmallNumbers) {
  EXPECT_EQ(zig_zag(0), 0U);
  EXPECT_EQ(zig_zag(all_ones), 1U);
  EXPECT_EQ(zig_zag(1), 2U);
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{7}, sign_bit, sign_bit - 1, all_ones})
    EXPECT_EQ(undo_zig_zag(zig_zag(number)), number);
}

TEST(Columns, KeepTheExtremesOfSixtyFourBits) {
  const std::vector<Column> columns{{0, all_ones, sign_bit, sign_bit - 1, 1}, {sign_bit}, {all_ones, 0, all_ones, 0}};
  EXPECT_EQ(through_bytes(columns), columns);
}

TEST(Columns, MayBeEmptyOrShort) {
  const std::vector<Column> columns{{}, {5}, {5, 9}, {5, 9, 13}, {}};
  EXPECT_EQ(through_bytes(columns), columns);
}

TEST(Columns, OfSteadyGrowthCostNoBytesInPlanes) {
  Column steady;
  for (std::uint64_t i = 0; i < 100; ++i) steady.push_back(1'000'000 + 1000 * i);
  ColumnWriter writer;
  writer.add(steady);
  EXPECT_TRUE(writer.finish().planes.empty());
  EXPECT_EQ(through_bytes({steady}), std::vector<Column>{steady});
}

TEST(Columns, OfEveryWidthStandTogether) {
  std::vector<Column> columns;
  for (unsigned shift = 0; shift < 64; shift += 3) {
    const std::uint64_t big = std::uint64_t{1} << shift;
    columns.push_back({7, 7 + big, 7 - big, 7 + big, 7, 7 + big / 3});
  }
  EXPECT_EQ(through_bytes(columns), columns);
}

TEST(Columns, ThatContradictTheirSizesAreRefused) {
  const std::vector<std::size_t> counts{3};
  const std::vector<std::int64_t> head{1};
  const auto read = [&](Bytes shapes, std::vector<std::int64_t> heads, Bytes planes) {
    return static_cast<bool>(read_columns(counts, shapes, heads, planes));
  };
  EXPECT_TRUE(read({0x11}, head, {2, 2}));
  EXPECT_FALSE(read({}, head, {2, 2}));
  EXPECT_FALSE(read({0x11, 0x11}, head, {2, 2}));
  EXPECT_FALSE(read({0x11}, {}, {2, 2}));
  EXPECT_FALSE(read({0x11}, {1, 1}, {2, 2}));
  EXPECT_FALSE(read({0x11}, head, {2}));
  EXPECT_FALSE(read({0x11}, head, {2, 2, 2}));
  EXPECT_FALSE(read({0x19}, head, {2, 2}));
  EXPECT_FALSE(read({0x01}, head, {2, 2}));
  EXPECT_FALSE(read({0x31}, head, {2, 2}));
}

std::uint64_t bits_of(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

TEST(OrderedFloats, AreOrderedLikeTheirValues) {
  const auto ordered = [](float value) {
    return static_cast<std::int64_t>(to_ordered(ValueType::float32, bits_of(value)));
  };
  EXPECT_EQ(ordered(0.0F), 0);
  EXPECT_EQ(ordered(-0.0F), -1);
  EXPECT_LT(ordered(-2.0F), ordered(-1.0F));
  EXPECT_LT(ordered(-1.0F), ordered(1.0F));
  EXPECT_EQ(ordered(231.4F) + 1, ordered(std::nextafter(231.4F, 232.0F)));
}

TEST(OrderedFloats, KeepEveryBit) {
  const std::uint64_t singles[] = {0, 0x80000000, 0x7FC00001, 0xFFC12345, 0x00000001, 0x80000001, 0xFFFFFFFF};
  for (const std::uint64_t bits : singles)
    EXPECT_EQ(from_ordered(ValueType::float32, to_ordered(ValueType::float32, bits)), bits);
  for (const std::uint64_t bits :
       {std::uint64_t{0}, sign_bit, all_ones, sign_bit + 1, std::uint64_t{0x7FF8000000000123}})
    EXPECT_EQ(from_ordered(ValueType::float64, to_ordered(ValueType::float64, bits)), bits);
}

}  // namespace
}  // namespace jidian::record

#include "meter/decode.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

namespace jidian::meter {
namespace {

using Words = std::vector<std::uint16_t>;

Point point_of(RawType type, std::uint16_t registers) {
  Point point;
  point.type = type;
  point.place = {Table::holding, 0, registers};
  return point;
}

Decoded value(std::uint64_t bits) {
  return {bits, Presence::value};
}

Decoded signed_value(std::int64_t number) {
  return value(std::bit_cast<std::uint64_t>(number));
}

constexpr Decoded not_available{0, Presence::not_available};
constexpr Decoded corrupt{0, Presence::corrupt};

TEST(Decode, UnsignedOfEveryWidth) {
  EXPECT_EQ(decode(point_of(RawType::u16, 1), Words{0xFFFF}), value(0xFFFF));
  EXPECT_EQ(decode(point_of(RawType::u32, 2), Words{0x8001, 0x0002}), value(0x80010002));
  EXPECT_EQ(decode(point_of(RawType::u64, 4), Words{0x8001, 2, 3, 4}), value(0x8001000200030004));
  EXPECT_EQ(decode(point_of(RawType::enumeration, 1), Words{7}), value(7));
}

TEST(Decode, SignedOfEveryWidth) {
  EXPECT_EQ(decode(point_of(RawType::s16, 1), Words{0x8000}), signed_value(-32768));
  EXPECT_EQ(decode(point_of(RawType::s16, 1), Words{0x7FFF}), signed_value(32767));
  EXPECT_EQ(decode(point_of(RawType::s32, 2), Words{0xFFFF, 0xFFFE}), signed_value(-2));
  EXPECT_EQ(decode(point_of(RawType::s32, 2), Words{0x7FFF, 0xFFFF}), signed_value(2147483647));
  EXPECT_EQ(decode(point_of(RawType::s64, 4), Words{0x8000, 0, 0, 0}),
            signed_value(std::numeric_limits<std::int64_t>::min()));
}

TEST(Decode, SignAndMagnitude) {
  EXPECT_EQ(decode(point_of(RawType::sign_magnitude, 1), Words{0x8005}), signed_value(-5));
  EXPECT_EQ(decode(point_of(RawType::sign_magnitude, 1), Words{0x7FFF}), signed_value(32767));
  EXPECT_EQ(decode(point_of(RawType::sign_magnitude, 2), Words{0x8001, 0x0000}), signed_value(-65536));
  EXPECT_EQ(decode(point_of(RawType::sign_magnitude, 4), Words{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}),
            signed_value(-std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(decode(point_of(RawType::sign_magnitude, 1), Words{0x8000}), signed_value(0)) << "there is one zero";
}

TEST(Decode, PackedDecimalDigits) {
  EXPECT_EQ(decode(point_of(RawType::bcd, 1), Words{0x1234}), value(1234));
  EXPECT_EQ(decode(point_of(RawType::bcd, 3), Words{0x0012, 0x3456, 0x7890}), value(1234567890));
  EXPECT_EQ(decode(point_of(RawType::bcd, 4), Words{0x9999, 0x9999, 0x9999, 0x9999}), value(9999999999999999));
  for (const std::uint16_t word : Words{0xA000, 0x0A00, 0x00A0, 0x000A})
    EXPECT_EQ(decode(point_of(RawType::bcd, 2), Words{0, word}), corrupt) << word;
}

TEST(Decode, FourDecimalDigitsARegister) {
  EXPECT_EQ(decode(point_of(RawType::mod10k, 2), Words{1234, 5678}), value(12345678));
  EXPECT_EQ(decode(point_of(RawType::mod10k, 4), Words{9999, 9999, 9999, 9999}), value(9999999999999999));
  EXPECT_EQ(decode(point_of(RawType::mod10k, 3), Words{1, 0, 9999}), value(100009999));
  EXPECT_EQ(decode(point_of(RawType::mod10k, 2), Words{0, 10000}), corrupt);
  EXPECT_EQ(decode(point_of(RawType::mod10k, 2), Words{10000, 0}), corrupt);
}

TEST(Decode, FieldsOfBits) {
  Point point = point_of(RawType::bits, 1);
  point.bit_first = 4;
  point.bit_count = 3;
  EXPECT_EQ(decode(point, Words{0b0000'0000'0101'1111}), value(0b101));
  point.bit_first = 0;
  point.bit_count = 16;
  EXPECT_EQ(decode(point, Words{0xFFFF}), value(0xFFFF));
  point.bit_first = 15;
  point.bit_count = 1;
  EXPECT_EQ(decode(point, Words{0x7FFF}), value(0));
  EXPECT_EQ(decode(point, Words{0x8000}), value(1));
}

TEST(Decode, ACoilIsOneBit) {
  Point point = point_of(RawType::bits, 1);
  point.place.table = Table::coil;
  EXPECT_EQ(decode(point, Words{1}), value(1));
  EXPECT_EQ(decode(point, Words{0}), value(0));
}

TEST(Decode, EveryOrderOfWordsAndBytes) {
  const auto decoded = [](WordOrder words, ByteOrder bytes, const Words& wire) {
    Point point = point_of(RawType::u32, 2);
    point.words = words;
    point.bytes = bytes;
    return decode(point, wire).bits;
  };
  EXPECT_EQ(decoded(WordOrder::high_first, ByteOrder::high_first, {0x1122, 0x3344}), 0x11223344U);
  EXPECT_EQ(decoded(WordOrder::low_first, ByteOrder::high_first, {0x3344, 0x1122}), 0x11223344U);
  EXPECT_EQ(decoded(WordOrder::high_first, ByteOrder::low_first, {0x2211, 0x4433}), 0x11223344U);
  EXPECT_EQ(decoded(WordOrder::low_first, ByteOrder::low_first, {0x4433, 0x2211}), 0x11223344U);
}

TEST(Decode, OrdersHoldForFourRegistersAndDigits) {
  Point point = point_of(RawType::u64, 4);
  point.words = WordOrder::low_first;
  EXPECT_EQ(decode(point, Words{4, 3, 2, 1}).bits, 0x0001000200030004U);
  Point digits = point_of(RawType::bcd, 2);
  digits.words = WordOrder::low_first;
  EXPECT_EQ(decode(digits, Words{0x5678, 0x1234}), value(12345678));
}

TEST(Decode, KeepsTheBitsOfAFloat) {
  EXPECT_EQ(decode(point_of(RawType::f32, 2), Words{0x435C, 0x8000}), value(0x435C8000));
  EXPECT_EQ(decode(point_of(RawType::f32, 2), Words{0x8000, 0x0000}), value(0x80000000)) << "minus zero";
  EXPECT_EQ(decode(point_of(RawType::f64, 4), Words{0x41F0, 0, 0, 1}), value(0x41F0000000000001));
}

TEST(Decode, NotANumberIsNotAvailable) {
  EXPECT_EQ(decode(point_of(RawType::f32, 2), Words{0x7FC0, 0x0000}), not_available);
  EXPECT_EQ(decode(point_of(RawType::f32, 2), Words{0xFF80, 0x0001}), not_available);
  EXPECT_EQ(decode(point_of(RawType::f64, 4), Words{0x7FF8, 0, 0, 0}), not_available);
}

TEST(Decode, AnInfiniteFloatIsOutOfRangeAndKept) {
  EXPECT_EQ(decode(point_of(RawType::f32, 2), Words{0xFF80, 0}), (Decoded{0xFF800000, Presence::out_of_range}));
}

TEST(Decode, PatternsAreComparedAsTheyStandOnTheWire) {
  Point point = point_of(RawType::s32, 2);
  point.words = WordOrder::low_first;
  point.not_available = {0xFFFF7FFF, 0x00008000};
  EXPECT_EQ(decode(point, Words{0xFFFF, 0x7FFF}), not_available);
  EXPECT_EQ(decode(point, Words{0x0000, 0x8000}), not_available);
  EXPECT_EQ(decode(point, Words{0x7FFF, 0xFFFF}), signed_value(-32769));
}

TEST(Decode, APatternWinsOverABadDigit) {
  Point point = point_of(RawType::bcd, 1);
  point.not_available = {0xFFFF};
  EXPECT_EQ(decode(point, Words{0xFFFF}), not_available);
  EXPECT_EQ(decode(point, Words{0xFFFE}), corrupt);
}

Presence presence_within(Point point, std::optional<std::int64_t> least, std::optional<std::int64_t> most,
                         const Words& words) {
  point.least = least;
  point.most = most;
  return decode(point, words).presence;
}

TEST(Decode, BoundsIncludeTheirEnds) {
  const Point s16 = point_of(RawType::s16, 1);
  EXPECT_EQ(presence_within(s16, -5, 5, Words{0xFFFB}), Presence::value);
  EXPECT_EQ(presence_within(s16, -5, 5, Words{0xFFFA}), Presence::out_of_range);
  EXPECT_EQ(presence_within(s16, -5, 5, Words{5}), Presence::value);
  EXPECT_EQ(presence_within(s16, -5, 5, Words{6}), Presence::out_of_range);
  const Point f32 = point_of(RawType::f32, 2);
  EXPECT_EQ(presence_within(f32, 0, 1, Words{0x3F80, 0}), Presence::value);
  EXPECT_EQ(presence_within(f32, 1, 2, Words{0x3F80, 0}), Presence::value);
  EXPECT_EQ(presence_within(f32, 0, 1, Words{0x3F80, 1}), Presence::out_of_range);
  EXPECT_EQ(presence_within(f32, 0, 1, Words{0x8000, 1}), Presence::out_of_range);
}

TEST(Decode, BoundsOfUnsignedValuesKnowNoSign) {
  const Point u64 = point_of(RawType::u64, 4);
  EXPECT_EQ(presence_within(u64, {}, 100, Words{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}), Presence::out_of_range);
  EXPECT_EQ(presence_within(u64, -1, {}, Words{0, 0, 0, 0}), Presence::value);
  EXPECT_EQ(presence_within(u64, {}, -1, Words{0, 0, 0, 0}), Presence::out_of_range);
}

TEST(Decode, AValueOutOfRangeKeepsItsBits) {
  Point point = point_of(RawType::u16, 1);
  point.most = 9;
  EXPECT_EQ(decode(point, Words{10}), (Decoded{10, Presence::out_of_range}));
}

TEST(DecodeText, ReadsTwoCharactersARegisterWithoutTheTail) {
  Point point = point_of(RawType::text, 5);
  EXPECT_EQ(decode_text(point, Words{0x6945, 0x4D33, 0x3135, 0x3520, 0x0000}), "iEM3155");
  point.place.count = 2;
  EXPECT_EQ(decode_text(point, Words{0x0042, 0x0059}), "BY");
  point.bytes = ByteOrder::low_first;
  EXPECT_EQ(decode_text(point, Words{0x4241, 0x4443}), "ABCD");
  point.words = WordOrder::low_first;
  EXPECT_EQ(decode_text(point, Words{0x4443, 0x4241}), "ABCD");
  EXPECT_EQ(decode_text(point, Words{0, 0}), "");
}

TEST(FormatValue, IntegersAreExactAtTheirEnds) {
  EXPECT_EQ(format_value(48213770, ValueType::unsigned_integer, -3), "48213.770");
  EXPECT_EQ(format_value(~0ULL, ValueType::unsigned_integer, 0), "18446744073709551615");
  EXPECT_EQ(format_value(~0ULL, ValueType::signed_integer, -2), "-0.01");
  EXPECT_EQ(format_value((1ULL << 53) + 1, ValueType::unsigned_integer, 3), "9007199254740993000");
}

std::string format_f32(float number, int exponent) {
  return format_value(std::bit_cast<std::uint32_t>(number), ValueType::float32, exponent);
}

std::string format_f64(double number, int exponent) {
  return format_value(std::bit_cast<std::uint64_t>(number), ValueType::float64, exponent);
}

TEST(FormatValue, FloatsAreShiftedInDecimalText) {
  EXPECT_EQ(format_f32(2203.5F, -1), "220.35");
  EXPECT_EQ(format_f32(0.1F, 0), "0.1");
  EXPECT_EQ(format_f32(0.1F, 3), "100");
  EXPECT_EQ(format_f32(-1234.5F, -3), "-1.2345");
  EXPECT_EQ(format_f32(1.0F, -4), "0.0001");
  EXPECT_EQ(format_f32(16777216.0F, 0), "16777216");
  EXPECT_EQ(format_f32(1e10F, 0), "10000000000");
  EXPECT_EQ(format_f64(123456789.125, -3), "123456.789125");
  EXPECT_EQ(format_f64(1e22, 0), "10000000000000000000000");
}

TEST(FormatValue, FloatsThatAreNoOrdinaryNumber) {
  EXPECT_EQ(format_f32(0.0F, -2), "0");
  EXPECT_EQ(format_f32(-0.0F, 2), "-0");
  EXPECT_EQ(format_f32(std::numeric_limits<float>::infinity(), 0), "inf");
  EXPECT_EQ(format_f64(-std::numeric_limits<double>::infinity(), 0), "-inf");
  EXPECT_EQ(format_f64(std::nan(""), 0), "nan");
}

TEST(FormatValue, GivesEveryFloatBack) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 5000; ++round) {
    const auto bits32 = static_cast<std::uint32_t>(random());
    const auto number32 = std::bit_cast<float>(bits32);
    if (std::isfinite(number32)) {
      const std::string text = format_value(bits32, ValueType::float32, 0);
      float back = 0;
      std::from_chars(text.data(), text.data() + text.size(), back);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(back), bits32) << text;
    }
    const std::uint64_t bits64 = random();
    const auto number64 = std::bit_cast<double>(bits64);
    if (std::isfinite(number64)) {
      const std::string text = format_value(bits64, ValueType::float64, 0);
      double back = 0;
      std::from_chars(text.data(), text.data() + text.size(), back);
      ASSERT_EQ(std::bit_cast<std::uint64_t>(back), bits64) << text;
    }
  }
}

/// What a meter would send for `bits`, written the long way round.
Words encode(std::uint64_t bits, std::uint16_t registers, WordOrder words, ByteOrder bytes) {
  Words wire;
  for (std::uint16_t i = 0; i < registers; ++i) {
    const unsigned rank = words == WordOrder::low_first ? i : registers - 1U - i;
    const auto word = static_cast<std::uint16_t>(bits >> (16 * rank));
    const auto swapped = static_cast<std::uint16_t>((word & 0xFF) * 256 + word / 256);
    wire.push_back(bytes == ByteOrder::high_first ? word : swapped);
  }
  return wire;
}

TEST(Decode, FindsBackWhatWasSentInEveryTypeAndOrder) {
  struct Kind {
    RawType type;
    std::uint16_t registers;
    bool is_signed;
  };
  const std::vector<Kind> kinds{{RawType::u16, 1, false}, {RawType::u32, 2, false}, {RawType::u64, 4, false},
                                {RawType::s16, 1, true},  {RawType::s32, 2, true},  {RawType::s64, 4, true}};
  std::mt19937_64 random(99);
  for (const Kind& kind : kinds) {
    for (const auto words : {WordOrder::high_first, WordOrder::low_first}) {
      for (const auto bytes : {ByteOrder::high_first, ByteOrder::low_first}) {
        Point point = point_of(kind.type, kind.registers);
        point.words = words;
        point.bytes = bytes;
        for (int round = 0; round < 50; ++round) {
          const unsigned unused = 64U - 16U * kind.registers;
          const std::uint64_t sent = random() << unused >> unused;
          const std::uint64_t negative_part =
              kind.is_signed && sent >> (63U - unused) != 0 && unused > 0 ? ~std::uint64_t{0} << (64U - unused) : 0;
          ASSERT_EQ(decode(point, encode(sent, kind.registers, words, bytes)), value(sent | negative_part));
        }
      }
    }
  }
}

TEST(ValueTypeOf, SaysHowToReadTheBits) {
  EXPECT_EQ(value_type_of(RawType::sign_magnitude), ValueType::signed_integer);
  EXPECT_EQ(value_type_of(RawType::s64), ValueType::signed_integer);
  EXPECT_EQ(value_type_of(RawType::f32), ValueType::float32);
  EXPECT_EQ(value_type_of(RawType::f64), ValueType::float64);
  for (const auto type :
       {RawType::u16, RawType::u32, RawType::u64, RawType::bcd, RawType::mod10k, RawType::bits, RawType::enumeration})
    EXPECT_EQ(value_type_of(type), ValueType::unsigned_integer);
}

}  // namespace
}  // namespace jidian::meter

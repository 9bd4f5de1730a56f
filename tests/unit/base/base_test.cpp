#include <gtest/gtest.h>

#include <limits>

#include "base/bytes.hpp"
#include "base/decimal.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace jidian {
namespace {

Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST(Crc32c, MatchesThePublishedCheckValue) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
}

TEST(Crc32c, ContinuesFromASeed) {
  EXPECT_EQ(crc32c(bytes_of("56789"), crc32c(bytes_of("1234"))), crc32c(bytes_of("123456789")));
}

TEST(Hex, RoundTripsEveryByte) {
  Bytes all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<std::uint8_t>(byte));
  EXPECT_EQ(from_hex(to_hex(all)), all);
}

TEST(Hex, RefusesOddLengthAndOtherLetters) {
  EXPECT_EQ(from_hex("abc"), std::nullopt);
  EXPECT_EQ(from_hex("zz"), std::nullopt);
}

TEST(Hex, WritesAnEpochWithSixteenDigits) {
  EXPECT_EQ(to_hex(std::uint64_t{0xAB}), "00000000000000ab");
}

TEST(Decimal, IsExactAtBothEnds) {
  EXPECT_EQ(format_decimal(std::int64_t{48213770}, -3), "48213.770");
  EXPECT_EQ(format_decimal(std::int64_t{-5}, -3), "-0.005");
  EXPECT_EQ(format_decimal(std::int64_t{12}, 2), "1200");
  EXPECT_EQ(format_decimal(std::int64_t{0}, 2), "0");
  EXPECT_EQ(format_decimal(std::numeric_limits<std::int64_t>::min(), 0), "-9223372036854775808");
  EXPECT_EQ(format_decimal(std::numeric_limits<std::uint64_t>::max(), -1), "1844674407370955161.5");
}

TEST(Decimal, WritesAFloatAsItsShortestDecimal) {
  EXPECT_EQ(format_float(231.4F, 0), "231.4");
  EXPECT_EQ(format_float(231.4F, 3), "231400");
  EXPECT_EQ(format_float(-0.1, 0), "-0.1");
  EXPECT_EQ(format_float(-0.0, 0), "0");
  EXPECT_EQ(format_float(0.1F, -3), "0.0001");
  EXPECT_EQ(format_float(12.0F, 0), "12");
  EXPECT_EQ(format_float(5e-324, 0), "5e-324");
  EXPECT_EQ(format_float(std::numeric_limits<double>::max(), 0), "17976931348623157e+292");
  EXPECT_EQ(format_float(1.17549435e-38F, 0), "11754944e-45");
  EXPECT_EQ(format_float(1e20, 0), "100000000000000000000");
}

TEST(Id, AllowsLowerCaseDigitsAndHyphens) {
  EXPECT_TRUE(is_id("furnace-1"));
  EXPECT_FALSE(is_id(""));
  EXPECT_FALSE(is_id("Furnace"));
  EXPECT_FALSE(is_id("a/b"));
  EXPECT_FALSE(is_id(std::string(33, 'a')));
}

TEST(Result, CarriesTheReasonUpWithContext) {
  const Result<int> failed = Error{ErrorKind::timeout, "no answer"};
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::timeout);
  EXPECT_EQ(failed.error().during("reading 3020+4").message(), "reading 3020+4: no answer");
}

TEST(Time, IsPrintedInUtcAndOnTheSitesClock) {
  const UtcTime time{Millis{1772352000250}};
  EXPECT_EQ(format_utc(time), "2026-03-01T08:00:00.250Z");
  EXPECT_EQ(format_local(time, std::chrono::hours{8}), "2026-03-01T16:00:00.250+08:00");
  EXPECT_EQ(format_local(time, -std::chrono::minutes{210}), "2026-03-01T04:30:00.250-03:30");
}

TEST(Time, IsReadFromEveryUsualSpelling) {
  const UtcTime time{Millis{1772352000250}};
  EXPECT_EQ(parse_time("2026-03-01T08:00:00.250Z"), time);
  EXPECT_EQ(parse_time("2026-03-01T16:00:00.2509+08:00"), time);
  EXPECT_EQ(parse_time("2026-03-01T04:30-03:30"), time - Millis{250});
  EXPECT_EQ(parse_time(format_utc(time)), time);
}

TEST(Time, RefusesWhatIsNoInstant) {
  for (const char* text : {"", "2026-03-01", "2026-03-01T08:00:00", "2026-02-30T08:00:00Z", "2026-03-01T24:00Z",
                           "2026-03-01T08:00:00.Z", "2026-03-01T08:00:00Zx", "2026-03-01T08:00:00+0800"})
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
}

}  // namespace
}  // namespace jidian

#include "base/exact.hpp"

#include <gtest/gtest.h>

namespace jidian {
namespace {

std::string shown(const std::optional<Exact>& number) {
  return number ? to_text(*number) : "none";
}

TEST(Exact, KeepsTheDigitsThatWereWritten) {
  EXPECT_EQ(shown(parse_exact("48213.80")), "48213.80");
  EXPECT_EQ(shown(parse_exact("-0.5")), "-0.5");
  EXPECT_EQ(shown(parse_exact("+7")), "7");
  EXPECT_EQ(shown(parse_exact("0007.10")), "7.10");
  EXPECT_EQ(shown(parse_exact("999999999999999999")), "999999999999999999");
}

TEST(Exact, WhatIsNoPlainNumberIsNone) {
  for (const char* text : {"", ".", "1.", ".5", "-", "1,5", "1 000", "1e3", "0x10", "1.2.3", "1000000000000000000",
                           "--1", "NaN", "\xEF\xBC\x91"})
    EXPECT_EQ(shown(parse_exact(text)), "none") << text;
}

TEST(Exact, SumsAndProductsAreExact) {
  const auto a = *parse_exact("0.1");
  const auto b = *parse_exact("0.20");
  EXPECT_EQ(shown(add(a, b)), "0.30");
  EXPECT_EQ(shown(subtract(a, b)), "-0.10");
  EXPECT_EQ(shown(multiply(*parse_exact("201.25"), *parse_exact("240"))), "48300.00");
  EXPECT_EQ(shown(subtract(*parse_exact("123456789012345678"), *parse_exact("123456789012345677"))), "1");
}

TEST(Exact, RatherNoneThanRounded) {
  const auto large = *parse_exact("999999999999999999");
  EXPECT_EQ(shown(add(large, large)), "none");
  EXPECT_EQ(shown(add(large, *parse_exact("0.1"))), "none");
  EXPECT_EQ(shown(multiply(large, *parse_exact("7"))), "none");
  EXPECT_EQ(shown(multiply(*parse_exact("100000000000000000"), *parse_exact("1.000"))), "100000000000000000")
      << "zeros may go, digits may not";
}

TEST(Exact, Compares) {
  EXPECT_EQ(compare(*parse_exact("1.0"), *parse_exact("1")), std::strong_ordering::equal);
  EXPECT_EQ(compare(*parse_exact("48213.79"), *parse_exact("48213.8")), std::strong_ordering::less);
  EXPECT_EQ(compare(*parse_exact("0"), *parse_exact("-0.001")), std::strong_ordering::greater);
  EXPECT_DOUBLE_EQ(to_double(*parse_exact("48213.8")), 48213.8);
  EXPECT_DOUBLE_EQ(to_double(last_place(*parse_exact("48213.80"))), 0.01);
}

}  // namespace
}  // namespace jidian

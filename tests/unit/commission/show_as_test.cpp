#include "commission/show_as.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace jidian::commission {
namespace {

using meter::RawType;

const std::vector<std::uint16_t> float_230{0x4366, 0x6A7F};  // 230.416

std::vector<std::string> starred(const std::vector<Interpretation>& all) {
  std::vector<std::string> orders;
  for (const auto& shown : all)
    if (shown.plausible) orders.push_back(shown.order);
  return orders;
}

TEST(PrintedAddress, TellsTheTableAndCountsFromOne) {
  using meter::Table;
  const auto is = [](const char* text, Table table, std::uint16_t address) {
    const auto printed = printed_address(text);
    return printed && *printed == PrintedAddress{table, address};
  };
  EXPECT_TRUE(is("40001", Table::holding, 0));
  EXPECT_TRUE(is("30001", Table::input, 0));
  EXPECT_TRUE(is("49999", Table::holding, 9'998));
  EXPECT_TRUE(is("400001", Table::holding, 0));
  EXPECT_TRUE(is("365536", Table::input, 65'535));
  for (const char* wire : {"0", "3001", "0x9C41", "40000", "50001", "19000", "465537", "4000001", "4000x", ""})
    EXPECT_FALSE(printed_address(wire)) << wire;
}

TEST(ShowAs, AMainsVoltageAsFloatIsTheOnlyStar) {
  const auto all = interpret(float_230, std::nullopt);
  EXPECT_EQ(starred(all), std::vector<std::string>{"ABCD"});
  const auto star = std::ranges::find(all, true, &Interpretation::plausible);
  EXPECT_EQ(star->type, RawType::f32);
  EXPECT_EQ(star->value.substr(0, 7), "230.416");
}

TEST(ShowAs, TheLowWordFirstFloatIsRecognised) {
  EXPECT_EQ(starred(interpret(std::vector<std::uint16_t>{0x6A7F, 0x4366}, std::nullopt)),
            std::vector<std::string>{"CDAB"});
}

TEST(ShowAs, AllBytesReversedIsRecognised) {
  const auto all = interpret(std::vector<std::uint16_t>{0x7F6A, 0x6643}, 230.4);
  const auto* best = best_match(all);
  ASSERT_NE(best, nullptr);
  EXPECT_EQ(best->order, "DCBA");
  EXPECT_EQ(best->type, RawType::f32);
  EXPECT_EQ(best->exponent, 0);
}

TEST(ShowAs, ATenthOfAVoltIsFoundByWhatTheDisplayShows) {
  const auto all = interpret(std::vector<std::uint16_t>{0, 2314}, 231);
  const auto* best = best_match(all);
  ASSERT_NE(best, nullptr);
  EXPECT_EQ(best->offset, 1);
  EXPECT_EQ(best->type, RawType::u16);
  EXPECT_EQ(best->exponent, -1);
}

TEST(ShowAs, AnEnergyInHundredthsOfAKilowattHourIsFound) {
  const auto all = interpret(std::vector<std::uint16_t>{0x0049, 0x918D}, 48213.8);  // 4821389
  const auto* best = best_match(all);
  ASSERT_NE(best, nullptr);
  EXPECT_EQ(best->type, RawType::u32);
  EXPECT_EQ(best->order, "ABCD");
  EXPECT_EQ(best->exponent, -2);
}

TEST(ShowAs, NineteenPerCentOffIsNoMatch) {
  for (const auto& shown : interpret(std::vector<std::uint16_t>{1900}, 231))
    EXPECT_FALSE(shown.exponent) << shown.value;
}

TEST(ShowAs, ZeroWordsHaveNoStarAndMatchNothing) {
  const auto all = interpret(std::vector<std::uint16_t>{0, 0}, 231);
  EXPECT_TRUE(starred(all).empty());
  EXPECT_EQ(best_match(all), nullptr);
}

TEST(ShowAs, PrintableCharactersAreShownAsText) {
  const auto all = interpret(std::vector<std::uint16_t>{0x4A44, 0x2D31}, std::nullopt);  // "JD-1"
  EXPECT_TRUE(std::ranges::any_of(all, [](const auto& shown) { return shown.value == "JD-1"; }));
}

TEST(ShowAs, FourWordsShowEveryTypeThatFitsFourWords) {
  const auto all = interpret(std::vector<std::uint16_t>{0, 0, 0x0049, 0x918D}, std::nullopt);
  for (const auto type : {RawType::u64, RawType::s64, RawType::f64, RawType::u32, RawType::s16})
    EXPECT_TRUE(std::ranges::any_of(all, [type](const auto& shown) { return shown.type == type; }));
}

}  // namespace
}  // namespace jidian::commission

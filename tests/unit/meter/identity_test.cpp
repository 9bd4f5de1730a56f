#include "meter/identity.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace jidian::meter {
namespace {

using Words = std::vector<std::uint16_t>;

IdentityPlace place(RawType type, std::uint16_t count) {
  IdentityPlace made;
  made.type = type;
  made.place = {Table::holding, 0, count};
  return made;
}

bool says(RawType type, std::vector<std::string> matches, std::string_view said) {
  return says_model({place(type, 1), std::move(matches)}, said);
}

TEST(Identity, IsANumberOrAText) {
  EXPECT_EQ(identity_of(place(RawType::u16, 1), Words{341}), "341");
  EXPECT_EQ(identity_of(place(RawType::s16, 1), Words{0xFFFF}), "-1");
  EXPECT_EQ(identity_of(place(RawType::text, 3), Words{0x4233, 0x3120, 0}), "B31");
  IdentityPlace low = place(RawType::u32, 2);
  low.words = WordOrder::low_first;
  EXPECT_EQ(identity_of(low, Words{1, 2}), "131073");
  EXPECT_EQ(identity_of(place(RawType::bcd, 1), Words{0x00A0}), "") << "no digits";
}

TEST(Identity, OfAFunctionIsWhatCanBePrinted) {
  EXPECT_EQ(identity_of(std::vector<std::uint8_t>{0xFF, ' ', 'E', 'M', 0, '2', '4', ' '}), "EM24");
  EXPECT_EQ(identity_of(std::vector<std::uint8_t>{}), "");
}

TEST(SaysModel, StarsStandForAnything) {
  EXPECT_TRUE(says(RawType::text, {"iEM3150*", "iEM3155*"}, "iEM3155 rev B"));
  EXPECT_FALSE(says(RawType::text, {"iEM3155"}, "iEM3155 rev B"));
  EXPECT_TRUE(says(RawType::text, {"*DIRIS*A10"}, "SOCO DIRIS A10"));
  EXPECT_FALSE(says(RawType::text, {"*DIRIS*A10"}, "SOCO DIRIS A10x"));
  EXPECT_FALSE(says(RawType::text, {"*"}, "")) << "a meter that says nothing is nothing";
  EXPECT_TRUE(says(RawType::u16, {"34*"}, "341"));
}

TEST(SaysModel, NumbersAreComparedAsNumbers) {
  EXPECT_TRUE(says(RawType::u16, {"330..345"}, "330"));
  EXPECT_TRUE(says(RawType::u16, {"330..345"}, "345"));
  EXPECT_FALSE(says(RawType::u16, {"330..345"}, "346"));
  EXPECT_TRUE(says(RawType::u32, {"0x42323120"}, "1110585632"));
  EXPECT_FALSE(says(RawType::u16, {"34"}, "341"));
}

TEST(SaysModel, ATextThatLooksLikeARangeIsAText) {
  EXPECT_FALSE(says(RawType::text, {"330..345"}, "340"));
  EXPECT_TRUE(says(RawType::text, {"330..345"}, "330..345"));
}

TEST(IdentityPattern, OfANumberMustBeOne) {
  EXPECT_TRUE(is_identity_pattern("330..345", RawType::u16));
  EXPECT_TRUE(is_identity_pattern("0x10", RawType::u16));
  EXPECT_TRUE(is_identity_pattern("-3", RawType::s16));
  for (const auto wrong : {"", "abc", "345..330", "1..", "..1", "0x", "1.5", "0x-1"})
    EXPECT_FALSE(is_identity_pattern(wrong, RawType::u16)) << wrong;
  EXPECT_TRUE(is_identity_pattern("abc", RawType::text));
  EXPECT_FALSE(is_identity_pattern("", RawType::text));
}

}  // namespace
}  // namespace jidian::meter

#include "base/outside_json.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace jidian {
namespace {

using testing::HasSubstr;

std::string why(const std::string& text) {
  const auto parsed = parse_outside_json(text);
  return parsed ? "taken" : parsed.error().message();
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(OutsideJson, IsRefusedBeyondSixteenLevels) {
  EXPECT_EQ(why(nested(16)), "taken");
  EXPECT_THAT(why(nested(17)), HasSubstr("16 levels"));
  EXPECT_THAT(why(nested(32'000)), HasSubstr("16 levels"));
  std::string objects = "1";
  for (int level = 0; level < 17; ++level) objects = R"({"a":)" + objects + "}";
  EXPECT_THAT(why(objects), HasSubstr("16 levels"));
}

TEST(OutsideJson, ManyValuesBesideOneAnotherAreNoLevels) {
  std::string list = "[[]";
  for (int count = 0; count < 10'000; ++count) list += ",[],{}";
  EXPECT_EQ(why(list + "]"), "taken");
}

TEST(OutsideJson, BracketsInTextsAreNoLevels) {
  const std::string brackets(100, '[');
  EXPECT_EQ(why("[\"" + brackets + "\"]"), "taken");
  EXPECT_EQ(why(R"(["\")" + brackets + R"(\\"])"), "taken");
  EXPECT_THAT(why(R"(["\\",)" + nested(16) + "]"), HasSubstr("16 levels")) << "the text ended before them";
}

TEST(OutsideJson, SaysWhatIsNone) {
  for (const auto* text : {"", "hello", "[1", "]", "{\"a\"}", "\"", "[1]]"})
    EXPECT_EQ(why(text), "it is not JSON") << text;
}

TEST(OutsideJson, KeepsNumbersAsTheyAre) {
  const Bytes bytes{'[', '1', ',', '-', '1', ',', '2', '.', '5', ']'};
  const auto parsed = parse_outside_json(bytes);
  ASSERT_TRUE(parsed);
  const nlohmann::json& numbers = *parsed;
  EXPECT_TRUE(numbers.at(0).is_number_unsigned());
  EXPECT_TRUE(numbers.at(1).is_number_integer());
  EXPECT_TRUE(numbers.at(2).is_number_float());
}

}  // namespace
}  // namespace jidian

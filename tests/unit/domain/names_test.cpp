#include <gtest/gtest.h>

#include <set>
#include <string>

#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "domain/quality.hpp"

namespace jidian::domain {
namespace {

// Every code from `first` to `last` has a word of its own, and the code after the last has none.
template <typename Enum>
void expect_distinct_words(int first, int last) {
  std::set<std::string> words;
  for (int code = first; code <= last; ++code) {
    const std::string word{name_of(static_cast<Enum>(code))};
    EXPECT_NE(word, "unknown") << code;
    EXPECT_TRUE(words.insert(word).second) << word;
  }
  EXPECT_EQ(name_of(static_cast<Enum>(last + 1)), "unknown");
}

TEST(Names, EveryCodeOfTheContractHasOneWord) {
  expect_distinct_words<Quality>(0, 12);
  expect_distinct_words<GapCause>(1, 14);
  expect_distinct_words<EventKind>(1, 25);
  expect_distinct_words<EventKind>(27, 27);
  expect_distinct_words<EventKind>(30, 30);
  expect_distinct_words<Check>(0, 6);
  expect_distinct_words<EventKind>(40, 42);
  expect_distinct_words<FacilityKind>(1, 5);
  expect_distinct_words<Carrier>(0, 4);
  expect_distinct_words<PointKind>(0, 3);
  expect_distinct_words<ValueType>(0, 3);
  expect_distinct_words<ClockQuality>(1, 3);  // 0 is "unknown" by right
}

TEST(Names, EveryCheckIsFoundByItsWord) {
  for (const Check check : all_checks) EXPECT_EQ(find_check(name_of(check)), check);
  EXPECT_EQ(find_check("phase-sum"), std::nullopt);
}

TEST(Quality, OnlyFourCodesCarryNoValue) {
  std::string without;
  for (int code = 0; code <= 255; ++code)
    if (!has_value(static_cast<Quality>(code))) without += std::to_string(code) + " ";
  EXPECT_EQ(without, "1 2 3 4 ");
}

TEST(Quality, HasALetterOfTheEnvironmentalProtocol) {
  std::string letters;
  for (int code = 0; code <= 12; ++code) letters += hj212_letter(static_cast<Quality>(code));
  EXPECT_EQ(letters, "NBDDDTDNMCSFB");
}

}  // namespace
}  // namespace jidian::domain

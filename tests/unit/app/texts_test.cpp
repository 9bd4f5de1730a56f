#include "app/texts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "app/print.hpp"
#include "commission/diagnosis.hpp"

namespace jidian::app {
namespace {

std::map<std::string, std::string> catalogue(Language language) {
  std::map<std::string, std::string> found;
  for (const auto& [key, words] : sentences_in(language))
    EXPECT_TRUE(found.emplace(key, words).second) << key << " stands there twice";
  return found;
}

std::set<std::string> placeholders(const std::string& words) {
  static const std::regex pattern("\\{[a-z_-]+\\}");
  std::set<std::string> found;
  for (std::sregex_iterator at(words.begin(), words.end(), pattern), end; at != end; ++at) found.insert(at->str());
  return found;
}

bool has_chinese(const std::string& words) {
  return std::ranges::any_of(words, [](char c) { return static_cast<unsigned char>(c) >= 0xE4; });
}

TEST(Texts, EverySentenceIsInBothLanguagesWithTheSameValues) {
  const auto english = catalogue(Language::english);
  const auto chinese = catalogue(Language::chinese);
  ASSERT_GT(english.size(), 100U);
  for (const auto& [key, words] : english) {
    EXPECT_FALSE(words.empty()) << key;
    EXPECT_FALSE(has_chinese(words)) << key;
    const auto translated = chinese.find(key);
    if (translated == chinese.end()) {
      ADD_FAILURE() << key << " is not translated";
      continue;
    }
    EXPECT_EQ(placeholders(words), placeholders(translated->second)) << key;
    EXPECT_TRUE(has_chinese(translated->second)) << key << ": " << translated->second;
  }
  for (const auto& [key, words] : chinese) EXPECT_TRUE(english.contains(key)) << key << " has no original";
}

TEST(Texts, EveryKeyThatTheVerbsUseIsThereAndNoOther) {
  const auto english = catalogue(Language::english);
  std::set<std::string> used;
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator("gateway/app")) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with(".cpp") || name.starts_with("texts")) continue;
    std::ifstream file(entry.path());
    all += std::string{std::istreambuf_iterator<char>(file), {}};
  }
  static const std::regex pattern("\"([a-z-]+\\.[a-z0-9_.-]*)\"");
  for (std::sregex_iterator at(all.begin(), all.end(), pattern), end; at != end; ++at) used.insert((*at)[1]);
  for (const auto& [key, words] : english) {
    const bool named = std::ranges::any_of(used, [&key = key](const std::string& one) {
      return one == key || (one.ends_with('.') && key.starts_with(one));
    });
    EXPECT_TRUE(named || key.starts_with("signoff.") || key.starts_with("replace.")) << key << " is used nowhere";
  }
  static const std::regex call("text\\(\"([a-z-]+\\.[a-z0-9_.-]*[a-z0-9])\"[,)]");
  for (std::sregex_iterator at(all.begin(), all.end(), call), end; at != end; ++at)
    EXPECT_TRUE(english.contains((*at)[1])) << (*at)[1] << " is no sentence";
}

TEST(Texts, EveryDiagnosisHasItsThreeSentences) {
  using commission::Cause;
  for (int cause = 0; cause <= static_cast<int>(Cause::usb_latency); ++cause)
    for (const char* part : {"", ".evidence", ".advice"})
      EXPECT_TRUE(has_text("doctor." + std::string(commission::name_of(static_cast<Cause>(cause))) + part));
}

TEST(Texts, ValuesStandWhereTheirNamesStood) {
  EXPECT_EQ(text("scan.summary", {{"count", "{count}"}}), "Found {count}.");
  EXPECT_EQ(text("scan.noise", {{"settings", "9600 8N1"}}).substr(0, 10), "  9600 8N1");
}

TEST(Texts, SpeaksTheChosenLanguage) {
  speak(Language::chinese);
  EXPECT_EQ(text("scan.summary", {{"count", "8"}}), "共找到 8 块表计。");
  speak(Language::english);
  EXPECT_EQ(text("scan.summary", {{"count", "8"}}), "Found 8.");
}

TEST(Texts, TheLocaleChoosesAsPosixSays) {
  EXPECT_EQ(language_of(nullptr, nullptr, "zh_CN.UTF-8"), Language::chinese);
  EXPECT_EQ(language_of("", "zh_CN.UTF-8", "en_GB.UTF-8"), Language::chinese);
  EXPECT_EQ(language_of("C", "zh_CN.UTF-8", "zh_CN.UTF-8"), Language::english);
  EXPECT_EQ(language_of(nullptr, nullptr, nullptr), Language::english);
}

TEST(Texts, ColumnsAreAsWideAsTheScreenShowsThem) {
  EXPECT_EQ(columns_of("abc …"), 5U);
  EXPECT_EQ(columns_of("表计"), 4U);
  EXPECT_EQ(columns_of("（地址）"), 8U);
  EXPECT_EQ(format_table({{"表计", "1"}, {"abcd", "2"}}), "表计  1\nabcd  2\n");
}

}  // namespace
}  // namespace jidian::app

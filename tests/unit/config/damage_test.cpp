#include <gtest/gtest.h>

#include <random>

#include "texts.hpp"

namespace jidian::config {
namespace {

/// `text` with a few bytes changed, lost, doubled or exchanged with what stands elsewhere.
std::string damage(std::string text, std::mt19937& random) {
  const auto pick = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  for (std::size_t edits = 1 + pick(3); edits > 0; --edits) {
    const std::size_t at = pick(text.size());
    const std::size_t length = 1 + pick(8);
    switch (pick(4)) {
      case 0:
        text[at] = static_cast<char>(pick(256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(pick(text.size()), length));
        break;
      default:
        std::swap(text[at], text[pick(text.size())]);
    }
  }
  return text;
}

TEST(DamagedText, GivesASiteOrMistakesWithAPlace) {
  std::mt19937 random(11);
  const Catalogue catalogue = test_catalogue();
  std::size_t refused = 0;
  for (int round = 0; round < 300; ++round) {
    const std::string text = damage(std::string(small_site), random);
    const Parsed parsed = parse_site(text, "s", catalogue);
    if (parsed.site) continue;
    ++refused;
    ASSERT_FALSE(parsed.mistakes.empty()) << text;
    for (const Mistake& it : parsed.mistakes) ASSERT_GE(it.line, 1) << it.to_string() << "\n" << text;
  }
  EXPECT_GT(refused, 200U) << "little can change in a site file without being noticed";
}

TEST(DamagedText, GivesAProfileOrMistakesWithAPlace) {
  std::mt19937 random(12);
  for (int round = 0; round < 300; ++round) {
    const std::string text = damage(std::string(small_profile), random);
    const ParsedProfile parsed = parse_profile(text, "p.toml");
    if (parsed.profile) {
      check_vectors(*parsed.profile, "p.toml");
      continue;
    }
    ASSERT_FALSE(parsed.mistakes.empty()) << text;
    for (const Mistake& it : parsed.mistakes) ASSERT_GE(it.line, 1) << it.to_string() << "\n" << text;
  }
}

}  // namespace
}  // namespace jidian::config

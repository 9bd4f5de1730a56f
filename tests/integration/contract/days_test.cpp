#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/integration/contract/days.hpp"

namespace jidian::contract {
namespace {

constexpr const char* document = "docs/contract/days.md";

std::string read_document() {
  std::ifstream file(document);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Where the lines of a block stand; empty if there is no such block.
Place place_of(const std::string& text, const std::string& name) {
  const std::string head = "<!-- " + name + " -->\n```\n";
  const auto found = text.find(head);
  if (found == std::string::npos) return {};
  const auto begin = found + head.size();
  return {begin, text.find("```\n", begin)};
}

/// Whether the document is to be written anew instead of compared.
bool is_writing() {
  return std::getenv("JIDIAN_WRITE_DAYS") != nullptr;  // NOLINT(concurrency-mt-unsafe): nobody sets one
}

void compare(const std::map<std::string, std::string>& blocks) {
  std::string text = read_document();
  for (const auto& [name, lines] : blocks) {
    const Place place = place_of(text, name);
    ASSERT_NE(place.end, 0U) << document << " has no block " << name;
    if (is_writing())
      text.replace(place.begin, place.end - place.begin, lines);
    else
      EXPECT_EQ(text.substr(place.begin, place.end - place.begin), lines) << name;
  }
  if (is_writing()) std::ofstream(document) << text;
}

TEST(ContractDays, TheDayOfTheFoundryIsWhatTheGatewayRecords) {
  compare(foundry_blocks());
}

TEST(ContractDays, TheGasShortageIsWhatTheGatewayRecords) {
  compare(gas_blocks());
}

TEST(ContractDays, EveryBlockOfTheDocumentIsCompared) {
  const std::string text = read_document();
  const std::string mark = "<!-- ";
  std::size_t blocks = 0;
  for (auto place = text.find(mark); place != std::string::npos; place = text.find(mark, place + 1)) ++blocks;
  EXPECT_EQ(blocks, foundry_blocks().size() + gas_blocks().size());
}

}  // namespace
}  // namespace jidian::contract

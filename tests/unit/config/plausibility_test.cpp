#include <gmock/gmock.h>

#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::HasSubstr;

/// The small site with keys of its first and second meter and a section of its own.
std::string with(const std::string& first, const std::string& second = "", const std::string& section = "") {
  std::string text = replace(small_site, "period = \"1s\"\n", "period = \"1s\"\n" + first);
  text = replace(text, "id = \"plc-1\"\n", "id = \"plc-1\"\n" + second);
  return text + section;
}

std::string said(const std::string& text) {
  const auto parsed = parse_small(text);
  EXPECT_EQ(parsed.site.has_value(), parsed.mistakes.empty());
  return print(parsed.mistakes);
}

TEST(Plausibility, HasDefaultsWithoutASection) {
  const auto site = parse_small(small_site).site.value();
  EXPECT_EQ(site.plausibility, domain::PlausibilityRules{});
  EXPECT_EQ(site.plausibility.parent_percent, 5u);
  EXPECT_EQ(site.plausibility.constant_after, std::chrono::hours(4));
}

TEST(Plausibility, ParametersTravelInTheManifest) {
  const auto parsed = parse_small(with("parent = \"plc-1\"\nunchecked = [\"phase_sum\", \"ct_reversed\"]\n", "",
                                       "[plausibility]\ncounter_polls = 4\nwiring_polls = 30\nphase_sum_percent = 7\n"
                                       "capacity_percent = 200\nparent_percent = 8\nparent_quarters = 3\n"
                                       "constant_after = \"6h\"\n"));
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  const domain::PlausibilityRules rules{4, 30, 7, 200, 8, 3, std::chrono::hours(6)};
  const auto manifest = manifest_of(*parsed.site);
  EXPECT_EQ(manifest.plausibility, rules);
  EXPECT_EQ(manifest.meters[0].parent, "plc-1");
  EXPECT_EQ(manifest.meters[0].unchecked, (std::vector<std::string>{"phase_sum", "ct_reversed"}));
  EXPECT_EQ(manifest.meters[1].parent, "");
}

TEST(Plausibility, ParametersHaveARange) {
  const std::string text = said(with("", "",
                                     "[plausibility]\ncounter_polls = 1\nwiring_polls = 2\nphase_sum_percent = 0\n"
                                     "capacity_percent = 99\nparent_percent = 51\nparent_quarters = 0\n"
                                     "constant_after = \"1m\"\nconstant_value = 3\n"));
  EXPECT_THAT(text, HasSubstr("plausibility: counter_polls is out of range, got '1'; write a number from 2 … 60"));
  EXPECT_THAT(text, HasSubstr("wiring_polls is out of range, got '2'; write a number from 3 … 3600"));
  EXPECT_THAT(text, HasSubstr("phase_sum_percent is out of range, got '0'; write a number from 1 … 50"));
  EXPECT_THAT(text, HasSubstr("capacity_percent is out of range, got '99'; write a number from 100 … 1000"));
  EXPECT_THAT(text, HasSubstr("parent_percent is out of range, got '51'; write a number from 1 … 50"));
  EXPECT_THAT(text, HasSubstr("parent_quarters is out of range, got '0'; write a number from 1 … 96"));
  EXPECT_THAT(text, HasSubstr("constant_after is out of range, got '1m'; write a duration from \"2m\" to \"30d\""));
  EXPECT_THAT(text, HasSubstr("unknown key 'constant_value'"));
}

TEST(Plausibility, AParentMustBeAMeter) {
  EXPECT_THAT(said(with("parent = \"plc-2\"\n")),
              HasSubstr("meter 'press-1': parent is no meter, got 'plc-2'; write the id of a [[meter]]"));
  EXPECT_THAT(said(with("parent = 3\n")), HasSubstr("parent must be a text"));
}

TEST(Plausibility, ChecksOfDataCanBeLeftOutAndTheirBoundsTravelToo) {
  const auto parsed = parse_small(with("unchecked = [\"rows\", \"program\"]\n") +
                                  "[data_quality]\nminutes_least = 30\nclock_after = \"2h\"\n");
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  const auto manifest = manifest_of(*parsed.site);
  EXPECT_EQ(manifest.meters[0].unchecked, (std::vector<std::string>{"rows", "program"}));
  EXPECT_EQ(manifest.data_rules.minutes_least, 30U);
  EXPECT_EQ(manifest.data_rules.clock_after, std::chrono::hours(2));
  EXPECT_EQ(manifest.data_rules.value_polls, domain::DataRules{}.value_polls);
}

TEST(Plausibility, NoMeterIsAPartOfItself) {
  EXPECT_THAT(said(with("parent = \"press-1\"\n")),
              HasSubstr("parent makes the meter a part of itself (press-1 → press-1), got 'press-1'; write the meter "
                        "that stands above, and none at the topmost"));
  const std::string circle = said(with("parent = \"plc-1\"\n", "parent = \"press-1\"\n"));
  EXPECT_THAT(circle, HasSubstr("(press-1 → plc-1 → press-1)"));
  EXPECT_EQ(std::ranges::count(circle, '\n'), 1) << circle;
}

TEST(Plausibility, OnlyChecksThatExistCanBeLeftOut) {
  EXPECT_THAT(said(with("unchecked = [\"phase_sums\"]\n")),
              HasSubstr("no check is called 'phase_sums'; did you mean 'phase_sum'?"));
  EXPECT_THAT(said(with("unchecked = [\"phase_sum\", \"phase_sum\"]\n")),
              HasSubstr("check 'phase_sum' is listed twice"));
}

}  // namespace
}  // namespace jidian::config

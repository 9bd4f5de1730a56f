#include <gmock/gmock.h>

#include "texts.hpp"

namespace jidian::config {
namespace {

using domain::RunRule;
using domain::RunSource;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view rated_line = "rated_power_kw = 30\n";

/// The small site with other keys behind its facility's meters; a PLC with a state stands among them.
std::string site_with(const std::string& keys) {
  std::string text = replace(small_site, rated_line, keys);
  return replace(text, "unit = \"pcs\" },\n",
                 "unit = \"pcs\" },\n  { name = \"line_state\", kind = \"state\", address = 8, type = \"enum\", labels "
                 "= { 0 = \"stopped\", 1 = \"running\", 3 = \"fault\" } },\n  { name = \"flow\", address = 9, type = "
                 "\"f32\", unit = \"m3/h\" },\n");
}

RunRule rule_of(const std::string& keys) {
  const auto parsed = parse_small(site_with(keys));
  EXPECT_EQ(print(parsed.mistakes), "") << keys;
  if (!parsed.site) return {};
  EXPECT_EQ(manifest_of(*parsed.site).facilities[0].run, parsed.site->facilities[0].run);
  return parsed.site->facilities[0].run;
}

std::string told(const std::string& keys) {
  return print(parse_small(site_with(keys)).mistakes);
}

TEST(FacilityRun, FollowsFromTheRatedPowerWhereTheFileIsSilent) {
  const RunRule rule = rule_of(std::string(rated_line));
  EXPECT_EQ(rule.source, RunSource::power);
  EXPECT_THAT(rule.meters, ElementsAre("press-1"));
  EXPECT_EQ(rule.stop_below, 1'500'000);
  EXPECT_EQ(rule.start_at, 3'000'000);
  EXPECT_FALSE(rule.tells_idle());
  EXPECT_EQ(rule.hold, 2u);
  EXPECT_EQ(rule.de_energised_percent, 20u);
  EXPECT_EQ(rule.nominal_voltage_mv, 400'000);
  EXPECT_EQ(rule_of("rated_power_kw = 0.75\n").stop_below, 37'500) << "exact where a watt is too coarse";
}

TEST(FacilityRun, TakesWhatIsWritten) {
  const RunRule rule = rule_of(
      "[facility.run]\nstop_below_kw = 0.0005\nstart_at_kw = 2\nidle_below_kw = 8.5\n"
      "run_at_kw = 9\nhold = 5\nde_energised_percent = 0\nnominal_voltage = 690\n");
  const RunRule wanted{RunSource::power, {"press-1"}, 500, 2'000'000, 8'500'000, 9'000'000, 5, {}, {}, {}, {}, 0,
                       690'000};
  EXPECT_EQ(rule, wanted);
  EXPECT_EQ(rule_of("rated_power_kw = 40\nrun = { hold = 1 }\n").start_at, 4'000'000);
  EXPECT_EQ(rule_of("run = { source = \"none\" }\n"), RunRule{}) << "said so: no warning";
}

TEST(FacilityRun, CountsASmallSecondaryVoltageAsTheNominalOne) {
  const std::string text =
      replace(site_with(std::string(rated_line)), "period = \"1s\"\n", "period = \"1s\"\npt_ratio = \"10000/100\"\n");
  const auto parsed = parse_small(text);
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  EXPECT_EQ(parsed.site->facilities[0].run.nominal_voltage_mv, 100'000);
}

TEST(FacilityRun, TellsAStatusByLabelsAndNumbers) {
  const RunRule rule = rule_of(
      "[facility.run]\nsource = \"status\"\nmeter = \"plc-1\"\npoint = \"line_state\"\n"
      "stopped = [\"stopped\", 3]\nrunning = [\"running\"]\nidle = [7]\n");
  EXPECT_EQ(rule.source, RunSource::status);
  EXPECT_THAT(rule.meters, ElementsAre("plc-1"));
  EXPECT_EQ(rule.point, "line_state");
  EXPECT_THAT(rule.stopped, ElementsAre(0, 3));
  EXPECT_THAT(rule.running, ElementsAre(1));
  EXPECT_THAT(rule.idle, ElementsAre(7));
}

TEST(FacilityRun, OfCurrentsUsesTheRatedPowersCurrent) {
  Catalogue catalogue = test_catalogue();
  for (meter::Point& point : catalogue["test-meter"].points) {
    if (point.quantity != "active_power") continue;
    point.name = "current." + point.phase;
    point.quantity = "current";
    point.unit = "A";
  }
  const auto parsed = parse_site(site_with(std::string(rated_line)), "site.toml", catalogue);
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  const RunRule& rule = parsed.site->facilities[0].run;
  EXPECT_EQ(rule.source, RunSource::current);
  EXPECT_EQ(rule.start_at, 4'330) << "10 % of 30 kW / (√3 × 400 V)";
  EXPECT_EQ(rule.stop_below, 2'165);
}

TEST(FacilityRun, DoesNotAddAMeterToItsParent) {
  std::string text = replace(site_with(std::string(rated_line)), "[[meter]]\nid = \"plc-1\"",
                             "[[meter]]\nid = \"press-1a\"\nbus = \"line-1\"\nunit = 2\nprofile = \"test-meter\"\n"
                             "parent = \"press-1\"\n[[meter]]\nid = \"plc-1\"");
  text = replace(text, "[\"press-1\", \"plc-1\"]", "[\"press-1a\", \"press-1\", \"plc-1\"]");
  const auto parsed = parse_small(text);
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  EXPECT_THAT(parsed.site->facilities[0].run.meters, ElementsAre("press-1"));
  text = replace(text, std::string(rated_line), std::string(rated_line) + "run = { meters = [\"press-1a\"] }\n");
  EXPECT_THAT(parse_small(text).site.value().facilities[0].run.meters, ElementsAre("press-1a"));
}

TEST(FacilityRun, WarnsOfAStateThatStaysUnknown) {
  EXPECT_THAT(told(""), HasSubstr("warning: facility 'press': has neither rated_power_kw nor levels in [facility.run], "
                                  "so its state stays unknown; write one of them, or source = \"none\" there"));
  const std::string text = replace(site_with(std::string(rated_line)), "[\"press-1\", \"plc-1\"]", "[\"plc-1\"]");
  EXPECT_THAT(print(parse_small(text).mistakes),
              HasSubstr("warning: facility 'press': none of its meters measures power or current, so its state stays "
                        "unknown; add [facility.run] with source = \"status\" or \"none\""));
  EXPECT_EQ(parse_small(site_with("")).site.value().facilities[0].run, RunRule{});
}

TEST(FacilityRun, SaysWhatIsWrongWithLevels) {
  EXPECT_THAT(told("[facility.run]\nstop_below_kw = 2\n"),
              HasSubstr("site.toml:45:1: facility 'press': run: start_at_kw is missing; write start_at_kw = …, beside "
                        "stop_below_kw"));
  EXPECT_THAT(told("[facility.run]\nstop_below_kw = 2\nstart_at_kw = 2\n"),
              HasSubstr("start_at_kw must be above stop_below_kw, got '2'"));
  EXPECT_THAT(told("[facility.run]\nstop_below_kw = 0\nstart_at_kw = 2\n"),
              HasSubstr("stop_below_kw would never be stopped, got '0'; write a level above 0"));
  EXPECT_THAT(told("[facility.run]\nstop_below_kw = 1\nstart_at_kw = 2\nidle_below_kw = 1.5\nrun_at_kw = 3\n"),
              HasSubstr("idle_below_kw must not be below start_at_kw"));
  EXPECT_THAT(told("[facility.run]\nstop_below_kw = 1\nstart_at_kw = 2\nidle_below_kw = 3\nrun_at_kw = 3\n"),
              HasSubstr("run_at_kw must be above idle_below_kw"));
  EXPECT_THAT(told("[facility.run]\nstop_below_kw = 1\nstart_at_kw = 2\nrun_at_kw = 3\n"),
              HasSubstr("idle_below_kw is missing"));
  EXPECT_THAT(told("[facility.run]\nhold = 3\n"),
              HasSubstr("neither levels nor rated_power_kw are there; write stop_below_kw and start_at_kw, or "
                        "rated_power_kw in [[facility]]"));
  EXPECT_THAT(told("[facility.run]\nstop_below_a = 1\nstart_at_a = 2\n"),
              HasSubstr("stop_below_a is for source = \"current\"; remove it"));
  EXPECT_THAT(told("rated_power_kw = 5\n[facility.run]\nhold = 0\nde_energised_percent = 90\nnominal_voltage = 0\n"
                   "start = 4\n"),
              testing::AllOf(HasSubstr("hold is out of range"), HasSubstr("de_energised_percent is out of range"),
                             HasSubstr("nominal_voltage is out of range"), HasSubstr("unknown key 'start'")));
  EXPECT_THAT(told("rated_power_kw = 5\nrun = { source = \"current\" }\n"),
              HasSubstr("source needs a meter of the facility that measures current"));
  EXPECT_THAT(told("rated_power_kw = 5\nrun = { meters = [\"plc-1\", \"press\"] }\n"),
              testing::AllOf(HasSubstr("meter 'plc-1' does not measure active_power"),
                             HasSubstr("no meter of the facility is called 'press'; did you mean 'press-1'?")));
}

TEST(FacilityRun, SaysWhatIsWrongWithAStatus) {
  const std::string head = "[facility.run]\nsource = \"status\"\n";
  EXPECT_THAT(told(head), testing::AllOf(HasSubstr("meter is missing"), HasSubstr("point is missing"),
                                         HasSubstr("running is missing"), HasSubstr("stopped is missing")));
  const auto with = [&](const std::string& meter, const std::string& point, const std::string& running) {
    return told(head + "meter = \"" + meter + "\"\npoint = \"" + point + "\"\nstopped = [0]\nrunning = " + running +
                "\n");
  };
  EXPECT_EQ(with("plc-1", "line_state", "[1]"), "");
  EXPECT_THAT(with("plc-2", "line_state", "[1]"), HasSubstr("meter is no meter of the facility, got 'plc-2'"));
  EXPECT_THAT(with("plc-1", "line_stat", "[1]"), HasSubstr("did you mean 'line_state'?"));
  EXPECT_THAT(with("plc-1", "flow", "[1]"), HasSubstr("point is no state, got 'flow'"));
  EXPECT_THAT(with("plc-1", "pieces", "[1]"), HasSubstr("point is no state, got 'pieces'"));
  EXPECT_THAT(with("plc-1", "line_state", "[\"runing\"]"),
              HasSubstr("running holds what point 'line_state' never is, got 'runing'; write one of its labels"));
  EXPECT_THAT(with("plc-1", "line_state", "[-1]"), HasSubstr("never is, got '-1'"));
  EXPECT_THAT(with("plc-1", "line_state", "[\"stopped\"]"), HasSubstr("a value can mean one state only"));
  EXPECT_THAT(with("plc-1", "line_state", "1"), HasSubstr("running must be a list of labels or numbers"));
  EXPECT_THAT(told(head + "hold = 2\nmeters = []\nstart_at_kw = 2\n"),
              testing::AllOf(HasSubstr("meters is for source = \"power\" or \"current\"; remove it"),
                             HasSubstr("start_at_kw is for source = \"power\"; remove it")));
}

TEST(FacilityLoads, AreDeclaredWithTheTimeTheyTake) {
  const auto parsed =
      parse_small(site_with("rated_power_kw = 30\nsecurity_load_kw = 1.5\ninterruptible_kw = 20\n"
                            "interruptible_minutes = 15\nadjustable_kw = 5\nadjustable_minutes = 0\n"));
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  EXPECT_EQ(parsed.site->facilities[0].loads, (domain::DeclaredLoads{1'500, 20'000, 15, 5'000, 0}));
  EXPECT_THAT(told("rated_power_kw = 30\ninterruptible_kw = 20\n"),
              HasSubstr("interruptible_minutes is missing; write interruptible_minutes = 15"));
  EXPECT_THAT(told("rated_power_kw = 30\nadjustable_minutes = 20\n"),
              HasSubstr("adjustable_minutes needs adjustable_kw; remove it"));
  EXPECT_THAT(told("rated_power_kw = 30\nsecurity_load_kw = 31\n"),
              HasSubstr("security_load_kw is more than rated_power_kw, got '31'; write a part of it"));
}

}  // namespace
}  // namespace jidian::config

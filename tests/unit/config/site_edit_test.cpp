#include "config/site_edit.hpp"

#include <gtest/gtest.h>

#include "texts.hpp"

namespace jidian::config {
namespace {

const std::vector<Assignment> press_2{
    {"id", "\"press-2\""}, {"bus", "\"line-1\""}, {"unit", "2"}, {"profile", "\"test-meter\""}};

constexpr std::string_view press_2_text = R"([[meter]]
id = "press-2"
bus = "line-1"
unit = 2
profile = "test-meter"
)";

std::string with_meter(std::string_view text) {
  return add_meter(text, press_2).value();
}

std::string in_list(std::string_view list) {
  const std::string text =
      "[[facility]]\nid = \"a\"\nmeters = " + std::string(list) + " # tail\nkind = \"production\"\n";
  const auto changed = add_to_facility(text, "a", "new");
  if (!changed) return changed.error().message();
  const std::string head = "[[facility]]\nid = \"a\"\nmeters = ";
  const std::string tail = " # tail\nkind = \"production\"\n";
  EXPECT_TRUE(changed->starts_with(head) && changed->ends_with(tail)) << *changed;
  return changed->substr(head.size(), changed->size() - head.size() - tail.size());
}

TEST(SiteEdit, AMeterComesBehindTheLastOneWithAllItsParts) {
  const std::string changed = with_meter(small_site);
  EXPECT_EQ(changed,
            replace(small_site, "unit = \"pcs\" },\n]\n", "unit = \"pcs\" },\n]\n\n" + std::string(press_2_text)));
  const auto site = parse_small(changed).site;
  ASSERT_TRUE(site);
  EXPECT_EQ(site->meters.back().id, "press-2");
}

TEST(SiteEdit, TheFirstMeterComesBehindTheLastBus) {
  const std::string_view text =
      "[[bus]]\nid = \"a\"\n[[bus]]\nid = \"b\" # last\n# facilities\n[[facility]]\nid = \"f\"\n";
  EXPECT_EQ(with_meter(text), "[[bus]]\nid = \"a\"\n[[bus]]\nid = \"b\" # last\n\n" + std::string(press_2_text) +
                                  "\n# facilities\n[[facility]]\nid = \"f\"\n");
}

TEST(SiteEdit, ACommentUnderTheLastMeterStaysWithIt) {
  const std::string_view text = "[[meter]]\nid = \"a\"\n# ct_ratio = \"200/5\"\n\n# more\n[[facility]]\nid = \"f\"\n";
  EXPECT_EQ(with_meter(text), "[[meter]]\nid = \"a\"\n# ct_ratio = \"200/5\"\n\n" + std::string(press_2_text) +
                                  "\n# more\n[[facility]]\nid = \"f\"\n");
}

TEST(SiteEdit, IndentLineEndsAndAMissingLastOneAreKept) {
  EXPECT_EQ(
      add_meter("  [[meter]]\r\n    id = \"计电表\"", std::vector<Assignment>{{"id", "\"b\""}, {"unit", "2"}}).value(),
      "  [[meter]]\r\n    id = \"计电表\"\r\n\r\n  [[meter]]\r\n    id = \"b\"\r\n    unit = 2\r\n");
}

TEST(SiteEdit, AMeterAfterASubsectionElsewhereDoesNotSteal) {
  const std::string_view text =
      "[[meter]]\nid = \"a\"\n[[facility]]\nid = \"f\"\n[meter.registers]\ncarrier = \"none\"\n";
  EXPECT_EQ(with_meter(text), std::string(text) + "\n" + std::string(press_2_text));
}

TEST(SiteEdit, MetersInOneListAreRefused) {
  const auto changed = add_meter("meter = [{id = \"a\"}]\n", press_2);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().kind(), ErrorKind::unsupported);
  EXPECT_NE(changed.error().message().find("write a [[meter]] for each"), std::string::npos);
}

TEST(SiteEdit, ATextOrValueThatIsNoTomlIsRefused) {
  EXPECT_EQ(add_meter("[[meter]\n", press_2).error().kind(), ErrorKind::invalid);
  EXPECT_EQ(add_meter("", std::vector<Assignment>{{"id", "b\nunit"}}).error().kind(), ErrorKind::invalid);
  EXPECT_EQ(set_meter_key(small_site, "press-1", {"unit", "2\n[gateway]"}).error().kind(), ErrorKind::invalid);
}

TEST(SiteEdit, AKeyIsReplacedInPlaceWithItsCommentKept) {
  const std::string text = replace(small_site, "unit = 1\nprofile", "unit = 0x01   # 表号 old\nprofile");
  EXPECT_EQ(set_meter_key(text, "press-1", {"unit", "9"}).value(),
            replace(text, "unit = 0x01   # 表号 old", "unit = 9   # 表号 old"));
  const std::string named = replace(small_site, "unit = 1\nprofile", "name = \"变压器\" # 中\nunit = 1\nprofile");
  EXPECT_EQ(set_meter_key(named, "press-1", {"name", toml_string("二号\"冲床\"")}).value(),
            replace(named, "\"变压器\"", "\"二号\\\"冲床\\\"\""));
}

TEST(SiteEdit, AMissingKeyIsWrittenBehindTheLastPlainOne) {
  EXPECT_EQ(set_meter_key(small_site, "press-1", {"serial", "\"X\""}).value(),
            replace(small_site, "period = \"1s\"\n", "period = \"1s\"\nserial = \"X\"\n"));
  EXPECT_EQ(set_meter_key(small_site, "plc-1", {"serial", "\"X\""}).value(),
            replace(small_site, "unit = 1\n[meter.registers]", "unit = 1\nserial = \"X\"\n[meter.registers]"));
  EXPECT_EQ(set_meter_key("[[meter]]\nid = \"a\"", "a", {"unit", "1"}).value(), "[[meter]]\nid = \"a\"\nunit = 1\n");
}

TEST(SiteEdit, ASectionIsNoKey) {
  EXPECT_EQ(set_meter_key(small_site, "plc-1", {"registers", "1"}).error().kind(), ErrorKind::unsupported);
  EXPECT_EQ(remove_meter_key(small_site, "plc-1", "registers").error().kind(), ErrorKind::unsupported);
}

TEST(SiteEdit, AKeyGoesWithItsLine) {
  EXPECT_EQ(remove_meter_key(small_site, "press-1", "period").value(), replace(small_site, "period = \"1s\"\n", ""));
  EXPECT_EQ(remove_meter_key(small_site, "press-1", "serial").value(), small_site);
  const std::string_view lines = "[[meter]]\nid = \"a\"\npoints = [ # which\n  \"b\",\n]\nunit = 1\n";
  EXPECT_EQ(remove_meter_key(lines, "a", "points").value(), "[[meter]]\nid = \"a\"\nunit = 1\n");
}

TEST(SiteEdit, AnUnknownMeterOrFacilityIsToldWithThoseThatExist) {
  EXPECT_EQ(set_meter_key(small_site, "press-9", {"unit", "1"}).error().message(),
            "the site file has no meter 'press-9'; it has: press-1, plc-1");
  EXPECT_EQ(add_to_facility(small_site, "oven", "press-1").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(add_to_facility("", "oven", "a").error().message(), "the site file has no facility 'oven'; it has none");
  EXPECT_EQ(add_to_facility(small_site, "press", "plc-1").error().kind(), ErrorKind::conflict);
}

TEST(SiteEdit, AListGrowsAsItIsWritten) {
  EXPECT_EQ(in_list("[]"), "[\"new\"]");
  EXPECT_EQ(in_list("[\n  # none yet\n]"), "[\"new\"\n  # none yet\n]");
  EXPECT_EQ(in_list("[\"x\", \"y\"]"), "[\"x\", \"y\", \"new\"]");
  EXPECT_EQ(in_list("[ \"x\", ]"), "[ \"x\", \"new\", ]");
  EXPECT_EQ(in_list("[\n  \"x\", # one\n  \"y\", # ], two\n]"), "[\n  \"x\", # one\n  \"y\", # ], two\n  \"new\",\n]");
  EXPECT_EQ(in_list("[\n  \"x\", # one\n  \"y\" # two\n  # end\n]"),
            "[\n  \"x\", # one\n  \"y\", # two\n  \"new\"\n  # end\n]");
  EXPECT_EQ(in_list("[\n  \"a\", \"b\",\n  \"c\", \"d\",\n]"), "[\n  \"a\", \"b\",\n  \"c\", \"d\", \"new\",\n]");
  EXPECT_EQ(in_list("[\"x\",\n  \"y\"]"), "[\"x\",\n  \"y\",\n  \"new\"]");
  EXPECT_EQ(in_list("[\n  \"x\"\n  , \"y\"\n]"), "[\n  \"x\"\n  , \"y\", \"new\"\n]");
  EXPECT_EQ(in_list("[\n  \"x\"\n  # about\n  ,\n]"), "[\n  \"x\"\n  # about\n  ,\n  \"new\",\n]");
}

TEST(SiteEdit, ARunRuleGetsASectionOfItsOwn) {
  const std::vector<Assignment> keys{{"stop_below_kw", "1.5"}, {"start_at_kw", "3"}};
  EXPECT_EQ(set_facility_run(small_site, "press", keys, {}).value(),
            replace(small_site, "rated_power_kw = 30\n",
                    "rated_power_kw = 30\n[facility.run]\nstop_below_kw = 1.5\nstart_at_kw = 3\n"));
  const std::string_view two = "[[facility]]\n  id = \"a\"\n  # of a\n\n# about b\n[[facility]]\nid = \"b\" # last";
  EXPECT_EQ(set_facility_run(two, "a", keys, {}).value(),
            "[[facility]]\n  id = \"a\"\n  # of a\n[facility.run]\nstop_below_kw = 1.5\nstart_at_kw = 3\n\n# about "
            "b\n[[facility]]\nid = \"b\" # last");
  EXPECT_EQ(set_facility_run(two, "b", keys, {}).value(),
            std::string(two) + "\n[facility.run]\nstop_below_kw = 1.5\nstart_at_kw = 3\n");
  EXPECT_EQ(set_facility_run(two, "c", keys, {}).error().kind(), ErrorKind::not_found);
}

TEST(SiteEdit, ARunRuleChangesWhereItStands) {
  const std::string section =
      "[facility.run]\n# by hand\nhold = 3 # slow\nstop_below_kw = 1 # old\nstart_at_kw = 2\nidle_below_kw = 5\n"
      "run_at_kw = 6 # gone\n";
  const std::string text = replace(small_site, "rated_power_kw = 30\n", section);
  const std::vector<Assignment> keys{{"source", "\"power\""}, {"stop_below_kw", "1.5"}, {"start_at_kw", "3"}};
  const std::vector<std::string_view> removed{"idle_below_kw", "run_at_kw", "never_there"};
  const auto changed = set_facility_run(text, "press", keys, removed);
  ASSERT_TRUE(changed) << changed.error().message();
  const std::string wanted = replace(*changed, "source = \"power\"\n", "");
  EXPECT_EQ(wanted, replace(small_site, "rated_power_kw = 30\n",
                            "[facility.run]\n# by hand\nhold = 3 # slow\nstop_below_kw = 1.5 # old\nstart_at_kw = "
                            "3\n"));
  const std::string inlined = replace(small_site, "rated_power_kw = 30\n", "run = { hold = 3 }\n");
  EXPECT_EQ(set_facility_run(inlined, "press", keys, {}).error().kind(), ErrorKind::unsupported);
  EXPECT_EQ(set_facility_run("[[facility]]\nid = \"a\"\n[facility.run]\n", "a", keys, {}).value(),
            "[[facility]]\nid = \"a\"\n[facility.run]\nsource = \"power\"\nstop_below_kw = 1.5\nstart_at_kw = 3\n");
}

TEST(SiteEdit, QuotesWhatTomlWouldMisread) {
  EXPECT_EQ(toml_string("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000A\"");
}

TEST(SiteEdit, TheExampleTakesEveryChange) {
  std::string text = read_text("config/example-site.toml");
  const auto lines = [](const std::string& all) { return std::ranges::count(all, '\n'); };
  const auto before = lines(text);
  for (int unit = 10; unit < 20; ++unit) {
    const std::string id = "m-" + std::to_string(unit);
    text = add_meter(text, std::vector<Assignment>{{"id", toml_string(id)},
                                                   {"bus", "\"treatment\""},
                                                   {"unit", std::to_string(unit)},
                                                   {"profile", "\"x\""}})
               .value();
    text = add_to_facility(text, "oxidiser", id).value();
    text = set_meter_key(text, id, {"serial", "\"1\""}).value();
  }
  EXPECT_EQ(lines(text), before + 10 * 7);
}

}  // namespace
}  // namespace jidian::config

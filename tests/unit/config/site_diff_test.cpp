#include "config/site_diff.hpp"

#include <gmock/gmock.h>

#include "config/site_paths.hpp"
#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SiteDiffOfFiles : public testing::Test {
 protected:
  static Site site_of(std::string_view text) {
    Parsed parsed = parse_small(text);
    EXPECT_TRUE(parsed.site) << print(parsed.mistakes);
    return std::move(parsed.site).value();
  }
  static SiteDiff against_small(std::string_view text) { return compare_sites(site_of(small_site), site_of(text)); }
  static SiteDiff with(std::string_view what, std::string_view by) {
    return against_small(replace(small_site, what, by));
  }
};

TEST_F(SiteDiffOfFiles, TheSameFileChangesNothing) {
  EXPECT_TRUE(against_small(small_site).empty());
}

TEST_F(SiteDiffOfFiles, AMeterMoreChangesItsBusAlone) {
  const auto diff = with("[[facility]]",
                         "[[meter]]\nid = \"press-2\"\nbus = \"line-1\"\nunit = 2\nprofile = \"test-meter\"\n"
                         "period = \"5s\"\n\n[[facility]]");
  EXPECT_THAT(diff.buses_changed, ElementsAre("line-1"));
  EXPECT_THAT(diff.meters_added, ElementsAre("press-2"));
  EXPECT_THAT(diff.meters_changed, IsEmpty());
  EXPECT_TRUE(diff.stops("line-1"));
  EXPECT_FALSE(diff.stops("plc"));
  EXPECT_THAT(diff.restart_needed, IsEmpty());
}

TEST_F(SiteDiffOfFiles, AnotherPeriodChangesTheBusOfTheMeter) {
  const auto diff = with("period = \"1s\"", "period = \"2s\"");
  EXPECT_THAT(diff.meters_changed, ElementsAre("press-1"));
  EXPECT_THAT(diff.buses_changed, ElementsAre("line-1"));
}

TEST_F(SiteDiffOfFiles, WhatOnlyTheManifestSaysOfAMeterPausesNoBus) {
  const auto diff = with("period = \"1s\"", "period = \"1s\"\nname = \"Press\"\nct_ratio = \"200/5\"");
  EXPECT_THAT(diff.meters_changed, ElementsAre("press-1"));
  EXPECT_THAT(diff.buses_changed, IsEmpty());
  EXPECT_FALSE(diff.empty());
}

TEST_F(SiteDiffOfFiles, ADeclaredSerialNumberIsAskedFor) {
  EXPECT_THAT(with("period = \"1s\"", "period = \"1s\"\nserial = \"4711\"").buses_changed, ElementsAre("line-1"));
}

TEST_F(SiteDiffOfFiles, AnEndpointThatMovedIsChangedAndAnotherNameIsAnotherBus) {
  EXPECT_THAT(with("port = 1502", "port = 1503").buses_changed, ElementsAre("plc"));
  const auto text = replace(small_site, "id = \"plc\"", "id = \"hall\"");
  const auto diff = against_small(replace(text, "bus = \"plc\"", "bus = \"hall\""));
  EXPECT_THAT(diff.buses_added, ElementsAre("hall"));
  EXPECT_THAT(diff.buses_removed, ElementsAre("plc"));
  EXPECT_TRUE(diff.stops("plc"));
  EXPECT_THAT(diff.meters_changed, ElementsAre("plc-1"));
}

TEST_F(SiteDiffOfFiles, FacilitiesAndRulesPauseNoBus) {
  for (const auto& diff : {with("rated_power_kw = 30", "rated_power_kw = 40"),
                           with("[[facility]]", "[plausibility]\ncounter_polls = 5\n\n[[facility]]"),
                           with("[[facility]]", "[data_quality]\nlink_after = \"20m\"\n\n[[facility]]"),
                           with("name = \"Foundry\"", "name = \"Foundry No. 2\"")}) {
    EXPECT_TRUE(diff.meaning);
    EXPECT_THAT(diff.buses_changed, IsEmpty());
    EXPECT_THAT(diff.restart_needed, IsEmpty());
  }
}

TEST_F(SiteDiffOfFiles, WhoMayOrderIsTakenOverWithoutARestart) {
  const auto diff = against_small(std::string(small_site) +
                                  "\n[[issuer]]\nid = \"130000-energy\"\nname = \"Energy\"\nuplink = \"province\"\n");
  EXPECT_TRUE(diff.issuers);
  EXPECT_THAT(diff.restart_needed, IsEmpty());
}

TEST_F(SiteDiffOfFiles, TimeServersAreForTheBoxAndPauseNothing) {
  const auto diff = with("[[facility]]", "[device]\nntp_servers = [\"ntp.example.org\"]\n\n[[facility]]");
  EXPECT_TRUE(diff.device);
  EXPECT_FALSE(diff.empty());
  EXPECT_FALSE(diff.meaning);
  EXPECT_THAT(diff.restart_needed, IsEmpty());
}

TEST_F(SiteDiffOfFiles, WhereASectionStandsInTheFileMakesNoDifference) {
  EXPECT_TRUE(against_small("# a line more\n" + std::string(small_site)).empty());
}

TEST_F(SiteDiffOfFiles, SectionsOfTheGatewayItselfNeedARestart) {
  EXPECT_THAT(with("id = \"foundry-1\"", "id = \"foundry-2\"").restart_needed, ElementsAre("gateway"));
  EXPECT_THAT(with("region = \"130100\"", "region = \"130200\"").restart_needed, ElementsAre("site"));
  EXPECT_THAT(with("[[facility]]", "[store]\nquota = \"1GiB\"\n\n[[facility]]").restart_needed, ElementsAre("store"));
  EXPECT_THAT(with("[[facility]]", "[store]\nflash_endurance_gb = 600\n\n[[facility]]").restart_needed,
              ElementsAre("store"));
  EXPECT_THAT(with("[[facility]]", "[api]\nread_group = \"jidian\"\n\n[[facility]]").restart_needed,
              ElementsAre("api"));
  EXPECT_THAT(with("mqtts://broker.example.org", "mqtts://broker.example.org:443").restart_needed,
              ElementsAre("uplink"));
}

TEST(SitePaths, AreFoundInADamagedFileToo) {
  const std::string text =
      "[gateway\nid = \n[store]\n# folder = \"/no\"\nfolder = \"/data/store\" # here\n[api]\nfolder = \"/other\"\n"
      "socket='/run/x.sock'";
  EXPECT_EQ(find_path(text, "store", "folder"), "/data/store");
  EXPECT_EQ(find_path(text, "api", "socket"), "/run/x.sock");
  EXPECT_EQ(find_path(text, "store", "quota"), std::nullopt);
}

TEST(SitePaths, AreNotGuessed) {
  EXPECT_EQ(find_path("[store]\nfolder = \"relative\"", "store", "folder"), std::nullopt);
  EXPECT_EQ(find_path("[store]\nfolder = \"/cut", "store", "folder"), std::nullopt);
  EXPECT_EQ(find_path("folder = \"/root\"", "store", "folder"), std::nullopt);
  EXPECT_EQ(find_path("", "store", "folder"), std::nullopt);
  EXPECT_EQ(find_path("[", "store", "folder"), std::nullopt);
}

}  // namespace
}  // namespace jidian::config

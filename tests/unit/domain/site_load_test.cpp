#include "domain/site_load.hpp"

#include <gtest/gtest.h>

namespace jidian::domain {
namespace {

using std::chrono::seconds;

constexpr UtcTime noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{12}};

PointEntry power(const std::string& phase) {
  PointEntry point;
  point.name = "active_power." + phase;
  point.quantity = "active_power";
  point.phase = phase;
  point.unit = "kW";
  point.exponent = -1;
  point.type = ValueType::signed_integer;
  return point;
}

MeterEntry meter(std::string id, std::vector<PointEntry> points) {
  MeterEntry meter;
  meter.id = std::move(id);
  meter.points = std::move(points);
  return meter;
}

/// furnace-1 shows a total, mill-1 its phases, gas-1 no electricity.
class SiteLoadTest : public testing::Test {
 protected:
  SiteLoadTest() {
    PointEntry flow;
    flow.name = "flow";
    flow.carrier = Carrier::gas;
    manifest_.meters = {meter("furnace-1", {power("total")}), meter("mill-1", {power("l1"), power("l2"), power("l3")}),
                        meter("gas-1", {flow})};
    FacilityEntry furnace;
    furnace.id = "furnace";
    furnace.meters = {"furnace-1", "gas-1"};
    FacilityEntry mill;
    mill.id = "mill";
    mill.meters = {"mill-1", "furnace-1"};
    manifest_.facilities = {furnace, mill};
    SupplyAccount account;
    account.id = "grid";
    account.meters = {"mill-1"};
    manifest_.site.accounts = {account};
    newest_[0] = Poll{0, noon, noon, noon, {}, {{4'000, Quality::ok}}, {}};
    newest_[1] = Poll{1, noon, noon, noon, {}, {{100, Quality::ok}, {110, Quality::ok}, {120, Quality::ok}}, {}};
  }
  std::optional<double> draw(const std::vector<std::string>& facilities, UtcTime now = noon) const {
    return SiteLoad(manifest_).power_kw(facilities, newest_, now);
  }

  Manifest manifest_;
  std::vector<std::optional<Poll>> newest_{3};
};

TEST_F(SiteLoadTest, AddsUpEachMeterOnce) {
  EXPECT_DOUBLE_EQ(draw({"furnace"}).value_or(-1), 400);
  EXPECT_DOUBLE_EQ(draw({"furnace", "mill"}).value_or(-1), 433);
}

TEST_F(SiteLoadTest, WhatIsPartOfAnotherIsNotAddedToIt) {
  manifest_.meters[1].parent = "board-1";
  manifest_.meters.push_back(meter("board-1", {}));
  manifest_.meters[3].parent = "furnace-1";
  EXPECT_DOUBLE_EQ(draw({"furnace", "mill"}).value_or(-1), 400) << "through a meter that is in neither";
}

TEST_F(SiteLoadTest, TheWholeSiteIsItsElectricityAccounts) {
  EXPECT_DOUBLE_EQ(draw({}).value_or(-1), 33);
  manifest_.site.accounts.clear();
  EXPECT_FALSE(draw({}));
}

TEST_F(SiteLoadTest, IsUnknownIfAnyOfThemIs) {
  newest_[1]->samples[2].quality = Quality::no_answer;
  EXPECT_FALSE(draw({"mill"}));
  newest_[1]->samples[2].quality = Quality::maintenance;
  EXPECT_TRUE(draw({"mill"})) << "a mark is no doubt";
  EXPECT_TRUE(draw({"mill"}, noon + seconds(15)));
  EXPECT_FALSE(draw({"mill"}, noon + seconds(16))) << "it is of the past";
  newest_[1].reset();
  EXPECT_FALSE(draw({"mill"}));
  EXPECT_FALSE(draw({"nowhere"}));
}

}  // namespace
}  // namespace jidian::domain

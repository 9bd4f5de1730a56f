#include "command/load_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "command/metrics.hpp"
#include "command/status.hpp"
#include "tests/unit/command/declared.hpp"

namespace jidian::command {
namespace {

using testing::HasSubstr;
using testing::Not;

nlohmann::json load_of(const domain::Manifest& manifest, const std::vector<domain::DemandNow>& demands) {
  return nlohmann::json::parse(load_json(load_profile_of(manifest, demands, morning), morning).dump());
}

TEST(LoadProfile, AnAccountShowsItsQuarterHourItsMonthAndItsConnection) {
  const auto load = load_of(declared_plant(), taken());
  EXPECT_EQ(load["contract_capacity_kva"], 2000);
  EXPECT_EQ(load["security_load_kw"], 120);
  ASSERT_EQ(load["accounts"].size(), 2U);
  EXPECT_EQ(load["accounts"][0].dump(),
            R"({"age_s":180,"carrier":"electricity","demand":812.4,"feeder":"Feeder 512","id":"grid",)"
            R"("level":"10 kV","month_peak":1203.2,"month_peak_until":"2026-03-01T06:15:00.000Z",)"
            R"("number":"1300012345678","partial":false,"spanning":false,"unit":"kW",)"
            R"("until":"2026-03-01T07:57:00.000Z"})");
  EXPECT_EQ(load["accounts"][1]["unit"], "m3/h");
  EXPECT_EQ(load["accounts"][1]["demand"], 48.0);
  EXPECT_EQ(load["accounts"][1]["partial"], true) << "the row was";
  EXPECT_EQ(load["accounts"][1]["contract_m3_per_day"], 4000);
  EXPECT_TRUE(load["accounts"][1]["safety_minimum_m3_per_day"].is_null());
}

TEST(LoadProfile, TheSiteHasADemandOnlyIfItIsMeteredCompletely) {
  auto manifest = declared_plant();
  EXPECT_TRUE(load_of(manifest, taken())["site"].is_null());
  manifest.site.amounts = {{"energy.consumed", Carrier::electricity, "kWh", -6, {{0, 0, 1, 0}}}};
  const auto site = load_of(manifest, taken())["site"];
  EXPECT_EQ(site["demand"], 900.0);
  EXPECT_EQ(site["spanning"], true);
}

TEST(LoadProfile, APeakOfTheMonthBeforeIsNoneOfThisOne) {
  auto demands = taken();
  // 2026-02-28T16:00Z is midnight of 1 March at the plant: 15 minutes that end then are February's.
  demands[0].month_peak->until = morning - std::chrono::hours{16};
  EXPECT_TRUE(load_of(declared_plant(), demands)["accounts"][0]["month_peak"].is_null());
  demands[0].month_peak->until += std::chrono::minutes{15};
  EXPECT_EQ(load_of(declared_plant(), demands)["accounts"][0]["month_peak"], 1203.2);
}

TEST(LoadProfile, WhatIsNotKnownIsNull) {
  const auto load = load_of(declared_plant(), {});
  EXPECT_TRUE(load["accounts"][0]["demand"].is_null());
  EXPECT_TRUE(load["accounts"][0]["age_s"].is_null());
  EXPECT_TRUE(load["accounts"][0]["month_peak"].is_null());
  EXPECT_EQ(load_of({}, {}).dump(),
            R"({"accounts":[],"contract_capacity_kva":null,"security_load_kw":null,"site":null})");
}

TEST(LoadProfile, AFacilityDeclaresWhatItCouldDoWithout) {
  const auto declared = nlohmann::json::parse(declared_json({0, 900'500, 45, 0, 0}).dump());
  EXPECT_EQ(declared["interruptible_kw"], 900.5);
  EXPECT_EQ(declared["interruptible_minutes"], 45);
  EXPECT_TRUE(declared["adjustable_kw"].is_null());
  EXPECT_TRUE(declared["adjustable_minutes"].is_null());
}

TEST(LoadProfile, IsInTheMetrics) {
  const auto text = metrics_text(with_load());
  const std::string grid = R"({subject="account",id="grid",carrier="electricity",number="1300012345678",unit="kW"})";
  EXPECT_THAT(text, HasSubstr("\njidian_contract_capacity_voltamperes 2000000\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_security_load_watts 120000\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_demand" + grid + " 812.4\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_demand_timestamp_seconds" + grid + " 1772351820\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_demand_incomplete" + grid + " 0\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_demand_month_peak" + grid + " 1203.2\n"));
  EXPECT_THAT(text, HasSubstr("jidian_demand_incomplete{subject=\"account\",id=\"gas\",carrier=\"gas\""));
  EXPECT_THAT(text, HasSubstr("\njidian_facility_interruptible_watts{facility=\"melting-shop\"} 900000\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_facility_interruptible_seconds{facility=\"melting-shop\"} 2700\n"));
  EXPECT_THAT(text, Not(HasSubstr("jidian_facility_interruptible_watts{facility=\"bag-filter\"}")));
}

}  // namespace
}  // namespace jidian::command

#include "commission/coherence.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace jidian::commission {
namespace {

meter::Point quantity_point(const std::string& name, const std::string& unit, int exponent = 0) {
  meter::Point point;
  point.name = name;
  point.unit = unit;
  point.exponent = exponent;
  point.place = {meter::Table::holding, 0, 1};
  return point;
}

/// Everything that is compared, of one phase.
meter::Profile one_phase() {
  meter::Profile profile;
  profile.points = {quantity_point("voltage_ln.l1", "V", -1),    quantity_point("current.l1", "A", -2),
                    quantity_point("active_power.l1", "kW", -3), quantity_point("power_factor.l1", "", -3),
                    quantity_point("frequency", "Hz", -2),       quantity_point("active_energy_import.total", "Wh", 1)};
  return profile;
}

PlainValues healthy_values() {
  return {{"voltage_ln.l1", 230},    {"current.l1", 5},    {"active_power.l1", 1'000},
          {"power_factor.l1", 0.87}, {"frequency", 50.01}, {"active_energy_import.total", 1'234}};
}

CoherenceCheck checked(const std::string& what, const PlainValues& values, const meter::Profile& profile) {
  const auto checks = check_coherence(profile, values);
  const auto found = std::ranges::find(checks, what, &CoherenceCheck::check);
  EXPECT_NE(found, checks.end()) << what;
  return found == checks.end() ? CoherenceCheck{} : *found;
}

/// Of the healthy values with one of them changed.
std::string because(const std::string& what, const std::string& point, double value) {
  auto values = healthy_values();
  values[point] = value;
  const auto check = checked(what, values, one_phase());
  return std::string(name_of(check.agreement)) + " " + check.because;
}

TEST(Coherence, AHealthyMeterAgreesInEverything) {
  for (const auto& check : check_coherence(one_phase(), healthy_values()))
    EXPECT_EQ(check.agreement, Agreement::agrees) << check.check << " " << check.because;
}

TEST(Coherence, FrequencyIsThatOfAMains) {
  EXPECT_EQ(because("frequency", "frequency", 500), "contradicts odd");
  EXPECT_EQ(because("frequency", "frequency", -50), "contradicts odd");
  EXPECT_EQ(because("frequency", "frequency", 0), "untold zero");
  EXPECT_EQ(because("frequency", "frequency", 60), "agrees ok");
}

TEST(Coherence, VoltagesArePlausibleAndLikeOneAnother) {
  auto profile = one_phase();
  profile.points.push_back(quantity_point("voltage_ln.l2", "V"));
  auto values = healthy_values();
  EXPECT_EQ(because("voltage", "voltage_ln.l1", 1e9), "contradicts odd");
  EXPECT_EQ(because("voltage", "voltage_ln.l1", 57.7), "agrees ok");
  EXPECT_EQ(because("voltage", "voltage_ln.l1", 3), "untold zero");
  values["voltage_ln.l2"] = 2'310;
  EXPECT_EQ(checked("voltage", values, profile).because, "odd");
  values["voltage_ln.l2"] = 8;
  EXPECT_EQ(checked("voltage", values, profile).because, "ok") << "an open phase is no contradiction";
}

TEST(Coherence, PowerIsVoltageTimesCurrentTimesFactor) {
  EXPECT_EQ(because("power", "active_power.l1", 1'000'000), "contradicts differs");
  EXPECT_EQ(because("power", "active_power.l1", 1), "contradicts differs");
  EXPECT_EQ(because("power", "active_power.l1", -1'000), "agrees ok") << "a reversed transformer is no other model";
  EXPECT_EQ(because("power", "active_power.l1", 1'300), "agrees ok") << "loads change between two requests";
  EXPECT_EQ(because("power", "current.l1", 0), "untold no_load");
  EXPECT_EQ(because("power", "current.l1", 0.02), "untold no_load");
}

TEST(Coherence, WithoutAFactorOnlyTooMuchPowerContradicts) {
  auto profile = one_phase();
  auto values = healthy_values();
  values.erase("power_factor.l1");
  EXPECT_EQ(checked("power", values, profile).because, "ok");
  values["active_power.l1"] = 30;
  EXPECT_EQ(checked("power", values, profile).because, "unclear");
  values["active_power.l1"] = 30'000;
  EXPECT_EQ(checked("power", values, profile).agreement, Agreement::contradicts);
}

TEST(Coherence, PowerInTotalServesWhereThePhasesTellNone) {
  auto profile = one_phase();
  profile.points[2].name = "active_power.total";
  profile.points[3].name = "power_factor.total";
  auto values = healthy_values();
  values.erase("active_power.l1");
  values.erase("power_factor.l1");
  EXPECT_EQ(checked("power", values, profile).because, "absent");
  values["active_power.total"] = 1'000;
  EXPECT_EQ(checked("power", values, profile).because, "ok");
  values["active_power.total"] = 1'000'000;
  EXPECT_EQ(checked("power", values, profile).because, "differs");
}

TEST(Coherence, PowerOfTheOtherSideOfTheTransformersIsNotCompared) {
  auto profile = one_phase();
  profile.points[2].ratio_points = {"ct_ratio"};
  EXPECT_EQ(checked("power", healthy_values(), profile).because, "absent");
  profile.points[1].ratio_points = {"ct_ratio"};
  EXPECT_EQ(checked("power", healthy_values(), profile).because, "ok");
}

TEST(Coherence, EnergyIsNeitherNegativeNorAbsurd) {
  EXPECT_EQ(because("energy", "active_energy_import.total", 2.9e14), "contradicts odd");
  EXPECT_EQ(because("energy", "active_energy_import.total", -1), "contradicts odd");
  EXPECT_EQ(because("energy", "active_energy_import.total", 1e-30), "contradicts odd");
  EXPECT_EQ(because("energy", "active_energy_import.total", 0), "untold zero");
}

TEST(Coherence, ValuesAreInPlainUnits) {
  const std::vector<std::uint16_t> words{1'500};
  const auto profile = one_phase();
  EXPECT_DOUBLE_EQ(plain_value(profile.points[0], words).value_or(0), 150);
  EXPECT_DOUBLE_EQ(plain_value(profile.points[2], words).value_or(0), 1'500);
  EXPECT_DOUBLE_EQ(plain_value(profile.points[5], words).value_or(0), 15);
}

TEST(Coherence, OfAMeterWithoutElectricityNothingIsCompared) {
  meter::Profile profile;
  profile.points = {quantity_point("volume", "m3")};
  EXPECT_TRUE(coherence_points(profile).empty());
  EXPECT_TRUE(check_coherence(profile, {}).empty());
  auto scaled = one_phase();
  scaled.points[0].scale_point = "v_sf";
  EXPECT_EQ(coherence_points(scaled).size(), 5U) << "a value that needs another one means nothing by itself";
}

}  // namespace
}  // namespace jidian::commission

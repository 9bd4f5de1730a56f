#include "command/phase_checks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/command/metered.hpp"

namespace jidian::command {
namespace {

/// "failed reversed L2": what a check found.
std::string found(const Metered& meter, const std::string& name) {
  for (const Check& check : check_phases(meter.subject())) {
    if (check.name != name) continue;
    std::string text = std::string(name_of(check.verdict)) + " " + check.because;
    for (const auto& [key, value] : check.values)
      if (key == "phases") text += " " + value;
    return text;
  }
  return "not looked at";
}

Metered with(const std::string& quantity, const std::vector<std::string>& values, const std::string& unit) {
  Metered meter;
  meter.phases(quantity, values, unit);
  return meter;
}

Metered with_power(const std::vector<std::string>& values, const std::string& total, const std::string& unit = "kW") {
  Metered meter = with("active_power", values, unit);
  meter.shows("active_power.total", total, unit);
  return meter;
}

TEST(PhaseChecks, UsualVoltagesAreFound) {
  EXPECT_EQ(found(with("voltage_ln", {"231.2", "229.8", "230.4"}, "V"), "voltage"), "ok ok");
  EXPECT_EQ(found(with("voltage_ln", {"57.8", "57.6", "57.7"}, "V"), "voltage"), "ok ok");
  EXPECT_EQ(found(with("voltage_ln", {"5.8", "5.79", "5.81"}, "kV"), "voltage"), "ok ok") << "10 kV";
  EXPECT_EQ(found(with("voltage_ln", {"231.2"}, "V"), "voltage"), "ok ok") << "one phase";
}

TEST(PhaseChecks, VoltagesThatCannotBeAreNamed) {
  EXPECT_EQ(found(with("voltage_ln", {"231.2", "3.1", "230.4"}, "V"), "voltage"), "failed missing L2");
  EXPECT_EQ(found(with("voltage_ln", {"0", "0", "0"}, "V"), "voltage"), "failed missing L1, L2, L3");
  EXPECT_EQ(found(with("voltage_ln", {"231", "198", "262"}, "V"), "voltage"), "failed unbalanced");
  EXPECT_EQ(found(with("voltage_ln", {"2312", "2298", "2304"}, "V"), "voltage"), "failed unusual");
  EXPECT_EQ(found(with("voltage_ln", {"23.1", "22.9", "23.0"}, "V"), "voltage"), "failed unusual");
}

TEST(PhaseChecks, VoltagesBetweenPhasesWillDo) {
  Metered meter;
  for (const char* phase : {"l1l2", "l2l3", "l3l1"}) meter.shows(std::string("voltage_ll.") + phase, "398", "V");
  EXPECT_EQ(found(meter, "voltage"), "ok ok");
  EXPECT_EQ(found(with_power({"1"}, "1"), "voltage"), "unknown absent");
}

TEST(PhaseChecks, TheSumOfThePhasesIsTheTotal) {
  EXPECT_EQ(found(with_power({"4.1", "4.0", "4.2"}, "12.3"), "phase_sum"), "ok ok");
  EXPECT_EQ(found(with_power({"4.1", "4.0", "4.2"}, "12.5"), "phase_sum"), "ok ok") << "taken a moment later";
  EXPECT_EQ(found(with_power({"4.1", "4.0", "4.2"}, "4.1"), "phase_sum"), "failed differs");
  EXPECT_EQ(found(with_power({"0", "0", "0"}, "0"), "phase_sum"), "ok ok");
  EXPECT_EQ(found(with_power({"4.1"}, "4.1"), "phase_sum"), "unknown absent");
}

TEST(PhaseChecks, APhaseAgainstTheOthersIsAReversedTransformer) {
  EXPECT_EQ(found(with_power({"4.1", "4.0", "4.2"}, "12.3"), "phase_sign"), "ok ok");
  EXPECT_EQ(found(with_power({"4.1", "-4.0", "4.2"}, "4.3"), "phase_sign"), "failed reversed L2");
  EXPECT_EQ(found(with_power({"-4.1", "-4.0", "4.2"}, "-3.9"), "phase_sign"), "failed reversed L1, L2");
  EXPECT_EQ(found(with_power({"-4.1", "-4.0", "-4.2"}, "-12.3"), "phase_sign"), "failed all_reversed L1, L2, L3");
  EXPECT_EQ(found(with_power({"0", "0", "0"}, "0"), "phase_sign"), "unknown no_load");
  EXPECT_EQ(found(with_power({"40.1", "-0.01", "40.2"}, "80.3"), "phase_sign"), "ok ok") << "too little to tell";
}

TEST(PhaseChecks, AGeneratorMayFeedBackButNotHalf) {
  Metered all = with_power({"-4.1", "-4.0", "-4.2"}, "-12.3");
  all.generates = true;
  EXPECT_EQ(found(all, "phase_sign"), "ok feeds_back");
  Metered half = with_power({"-4.1", "4.0", "-4.2"}, "-4.3");
  half.generates = true;
  EXPECT_EQ(found(half, "phase_sign"), "failed reversed L2");
}

TEST(PhaseChecks, PowerFactorsTellOfMixedUpPhases) {
  const auto factors = [](const std::vector<std::string>& values, const std::vector<std::string>& power) {
    Metered meter = with_power(power, "1");
    meter.phases("power_factor", values, "");
    return found(meter, "power_factor");
  };
  const std::vector<std::string> drawing{"4.1", "4.0", "4.2"};
  EXPECT_EQ(factors({"0.86", "0.85", "0.87"}, drawing), "ok ok");
  EXPECT_EQ(factors({"-0.86", "-0.85", "-0.87"}, drawing), "ok ok") << "the sign of the reactive power";
  EXPECT_EQ(factors({"0.86", "-0.85", "0.87"}, drawing), "failed sign L2");
  EXPECT_EQ(factors({"0.86", "0.12", "0.87"}, drawing), "failed odd L2");
  EXPECT_EQ(factors({"0.21", "0.2", "0.22"}, drawing), "ok ok") << "a transformer without load";
  EXPECT_EQ(factors({"86", "85", "87"}, drawing), "failed too_large L1, L2, L3");
  EXPECT_EQ(factors({"1", "1", "1"}, {"0", "0", "0"}), "unknown no_load");
  EXPECT_EQ(found(with_power(drawing, "12.3"), "power_factor"), "unknown absent");
}

TEST(PhaseChecks, ThePhaseOrderIsThatOfTheAngles) {
  EXPECT_EQ(found(with("voltage_angle", {"0", "240", "120"}, "deg"), "phase_order"), "ok ok");
  EXPECT_EQ(found(with("voltage_angle", {"0", "-120", "120"}, "deg"), "phase_order"), "ok ok");
  EXPECT_EQ(found(with("voltage_angle", {"0", "120", "240"}, "deg"), "phase_order"), "failed left");
  EXPECT_EQ(found(with("voltage_ln", {"230"}, "V"), "phase_order"), "unknown absent");
}

TEST(PhaseChecks, OrTheMetersOwnWord) {
  const auto says = [](const std::string& value, std::vector<std::string> labels) {
    Metered meter;
    meter.shows("phase_sequence", value, "", PointKind::state).labels = std::move(labels);
    return found(meter, "phase_order");
  };
  EXPECT_EQ(says("0", {"0=right", "65535=wrong"}), "ok ok");
  EXPECT_EQ(says("65535", {"0=right", "65535=wrong"}), "failed left");
  EXPECT_EQ(says("1", {}), "ok ok");
  EXPECT_EQ(says("-1", {}), "failed left");
  EXPECT_EQ(says("0", {}), "unknown absent");
}

TEST(PhaseChecks, AGasMeterHasNoPhases) {
  Metered meter;
  meter.shows("volume_standard", "12", "m3", PointKind::counter).carrier = Carrier::gas;
  EXPECT_TRUE(check_phases(meter.subject()).empty());
}

}  // namespace
}  // namespace jidian::command

#include "commission/probe.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/commission/one_unit.hpp"

namespace jidian::commission {
namespace {

using nlohmann::json;

meter::Point probed_point(const std::string& name, std::uint16_t address, int exponent) {
  meter::Point point;
  point.name = name;
  point.place = {meter::Table::holding, address, 1};
  point.exponent = exponent;
  return point;
}

/// Says "341" at 11, its serial number at 20.
meter::Profile telling() {
  meter::Profile profile;
  profile.id = "telling";
  profile.points = {probed_point("voltage_ln.l1", 0, -1)};
  meter::IdentityPlace model;
  model.place = {meter::Table::holding, 11, 1};
  model.type = meter::RawType::u16;
  profile.identify = {{model, {"341"}}};
  profile.serial = model;
  profile.serial->place.first = 20;
  return profile;
}

/// Can only be guessed from its voltage and frequency.
meter::Profile mute_meter() {
  meter::Profile profile;
  profile.id = "mute";
  profile.points = {probed_point("voltage_ln.l1", 0, -1), probed_point("frequency", 1, -2)};
  return profile;
}

/// A device whose first register is elsewhere.
meter::Profile distant() {
  meter::Profile profile;
  profile.id = "distant";
  profile.points = {probed_point("volume", 500, 0)};
  return profile;
}

/// Like `mute`, with the ratio of its transformers at 2, in tenths.
meter::Profile with_ratio() {
  auto profile = mute_meter();
  profile.id = "with-ratio";
  profile.points[0].place.first = 100;
  profile.points[1].place.first = 101;
  profile.points.push_back(probed_point("ct_ratio", 2, -1));
  profile.points.back().quantity = "ct_ratio";
  return profile;
}

/// Like `mute`, with what can be compared: current, power and an energy counter, in W and kWh.
meter::Profile comparable() {
  auto profile = mute_meter();
  profile.id = "comparable";
  profile.points.push_back(probed_point("current.l1", 3, -2));
  profile.points.push_back(probed_point("active_power.l1", 4, 0));
  profile.points.push_back(probed_point("active_energy_import.total", 5, 0));
  for (auto& point : profile.points) point.unit = point.name.starts_with("active_energy") ? "kWh" : "";
  return profile;
}

json examined(OneUnit& bus, const std::string& profile, std::uint8_t unit = 7) {
  Lending lender(bus);
  StillClock clock;
  json told;
  JobIo io{lender, clock, {}, [&told](const std::string& line) { told = json::parse(line); }};
  const auto done = probe({unit, profile, {telling(), mute_meter(), distant(), with_ratio(), comparable()}, {}})(io);
  if (!done) told = {{"verdict", done.error().message()}};
  return told;
}

OneUnit telling_unit() {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}, {11, 341}, {20, 4'711}};
  return bus;
}

TEST(Probe, AMeterThatSaysItsModelIsCertain) {
  auto bus = telling_unit();
  const auto told = examined(bus, "telling");
  EXPECT_EQ(told["verdict"], "says");
  EXPECT_EQ(told["serial"], "4711");
  EXPECT_EQ(told["voltage"], "231.2");
}

TEST(Probe, VoltageAndFrequencyMakeAGuess) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}};
  EXPECT_EQ(examined(bus, "mute")["verdict"], "looks");
}

TEST(Probe, AMeterWithoutVoltageIsOnlyRead) {
  OneUnit bus;
  bus.registers = {{0, 0}, {1, 0}};
  const auto told = examined(bus, "mute");
  EXPECT_EQ(told["verdict"], "reads");
  EXPECT_EQ(told["others"], json::array());
}

TEST(Probe, AnotherModelIsNamed) {
  auto bus = telling_unit();
  bus.registers[500] = 1;
  const auto told = examined(bus, "distant");
  EXPECT_EQ(told["verdict"], "differs");
  EXPECT_EQ(told["others"], json::array({"telling"}));
  EXPECT_EQ(told["serial"], "");
}

TEST(Probe, AModelThatCannotSaySoIsAnotherIfOthersLookRight) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}, {500, 1}};
  const auto told = examined(bus, "distant");
  EXPECT_EQ(told["verdict"], "differs");
  EXPECT_EQ(told["others"], json::array({"mute", "comparable"}));
}

/// What the probe found of one quantity: "contradicts differs".
std::string found_of(const json& told, const std::string& what) {
  for (const auto& check : told["checks"])
    if (check["check"] == what) return check["result"].get<std::string>() + " " + check["because"].get<std::string>();
  return "nothing";
}

TEST(Probe, ValuesThatGoTogetherAreListed) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}, {3, 500}, {4, 1'000}, {5, 77}};
  const auto told = examined(bus, "comparable");
  EXPECT_EQ(told["verdict"], "looks");
  EXPECT_EQ(found_of(told, "frequency"), "agrees ok");
  EXPECT_EQ(found_of(told, "voltage"), "agrees ok");
  EXPECT_EQ(found_of(told, "power"), "agrees ok");
  EXPECT_EQ(found_of(told, "energy"), "agrees ok");
}

TEST(Probe, AProfileWhoseVoltageIsRightByChanceIsFoundOut) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}, {3, 500}, {4, 9'999}, {5, 77}};
  const auto told = examined(bus, "comparable");
  EXPECT_EQ(told["verdict"], "contradicts");
  EXPECT_EQ(found_of(told, "power"), "contradicts differs");
}

TEST(Probe, WithoutALoadThePowerIsUntoldAndTheMeterIsTaken) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}, {3, 0}, {4, 0}, {5, 0}};
  const auto told = examined(bus, "comparable");
  EXPECT_EQ(told["verdict"], "looks");
  EXPECT_EQ(found_of(told, "power"), "untold no_load");
  EXPECT_EQ(found_of(told, "energy"), "untold zero");
}

TEST(Probe, WhatTellsTooLittleIsAskedWhetherItIsAnother) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}, {11, 341}, {20, 4'711}};
  const auto told = examined(bus, "mute");
  EXPECT_EQ(told["verdict"], "differs");
  EXPECT_EQ(told["others"], json::array({"telling"}));
}

TEST(Probe, APointThatIsRefusedInABlockIsAskedAlone) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}, {3, 500}, {5, 77}};
  const auto told = examined(bus, "comparable");
  EXPECT_EQ(told["verdict"], "looks");
  EXPECT_EQ(found_of(told, "energy"), "agrees ok");
  EXPECT_EQ(found_of(told, "power"), "untold absent");
}

TEST(Probe, TheRatioInTheMeterIsTold) {
  OneUnit bus;
  bus.registers = {{100, 2'312}, {101, 5'001}, {2, 400}};
  const auto told = examined(bus, "with-ratio");
  EXPECT_EQ(told["verdict"], "looks");
  EXPECT_EQ(told["ct_ratio"], "40.0");
  EXPECT_EQ(told["pt_ratio"], "");
}

TEST(Probe, AModelThatWouldSaySoAndDoesNotIsAnother) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {11, 342}, {20, 1}};
  EXPECT_EQ(examined(bus, "telling")["verdict"], "differs");
}

TEST(Probe, RegistersThatAreNotThereAreTold) {
  OneUnit bus;
  bus.registers = {{0, 2'312}, {1, 5'001}};
  const auto told = examined(bus, "distant");
  EXPECT_EQ(told["verdict"], "refuses");
  EXPECT_EQ(told["others"], json::array({"mute", "comparable"}));
}

TEST(Probe, ASilentUnitIsAskedThreeTimes) {
  OneUnit bus;
  EXPECT_EQ(examined(bus, "mute", 8)["verdict"], "silent");
  auto slow = telling_unit();
  slow.silences = 2;
  EXPECT_EQ(examined(slow, "telling")["verdict"], "says");
}

TEST(Probe, APortThatIsGoneIsAnError) {
  OneUnit bus;
  bus.gone = true;
  EXPECT_NE(examined(bus, "mute")["verdict"].get<std::string>().find("no such port"), std::string::npos);
}

}  // namespace
}  // namespace jidian::commission

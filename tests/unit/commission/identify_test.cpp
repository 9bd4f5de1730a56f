#include "commission/identify.hpp"

#include <gtest/gtest.h>

namespace jidian::commission {
namespace {

using meter::IdentityPlace;
using meter::IdentitySource;
using meter::RawType;

meter::Point point(const std::string& name, std::uint16_t address, int exponent) {
  meter::Point made;
  made.name = name;
  made.place = {meter::Table::holding, address, 1};
  made.exponent = exponent;
  return made;
}

meter::Profile named() {
  meter::Profile profile;
  profile.id = "acme-em3";
  IdentityPlace place;
  place.place = {meter::Table::holding, 49, 2};
  profile.identify = {{place, {"EM3*"}}};
  IdentityPlace serial;
  serial.place = {meter::Table::holding, 70, 2};
  serial.type = RawType::u32;
  profile.serial = serial;
  return profile;
}

meter::Profile by_function() {
  meter::Profile profile;
  profile.id = "acme-pac";
  IdentityPlace place;
  place.source = IdentitySource::device_object;
  place.object = 1;
  profile.identify = {{place, {"*PAC*"}}};
  return profile;
}

meter::Profile mute() {
  meter::Profile profile;
  profile.id = "acme-mute";
  profile.points = {point("voltage_ln.l1", 10, -1), point("frequency", 20, -2)};
  return profile;
}

/// Answers every question from `said` by address (device objects: 1000 + object).
Identifier ask_all(const std::vector<const meter::Profile*>& profiles, std::map<int, std::string> said,
                   std::vector<int>& asked) {
  Identifier identifier(profiles);
  while (const auto place = identifier.next()) {
    const int key = place->source == IdentitySource::registers ? place->place.first : 1000 + place->object;
    asked.push_back(key);
    identifier.take(*place, said[key]);
  }
  return identifier;
}

TEST(Identifier, AModelThatSaysItsNameIsCertainAndTellsItsSerialNumber) {
  const auto profile = named();
  const auto other = by_function();
  std::vector<int> asked;
  const auto identifier = ask_all({&profile, &other}, {{49, "EM3-X"}, {70, "19281733"}}, asked);
  ASSERT_EQ(identifier.models(), (std::vector<const meter::Profile*>{&profile}));
  EXPECT_TRUE(identifier.is_certain());
  EXPECT_EQ(identifier.serial(), "19281733");
  EXPECT_EQ(asked, (std::vector{49, 70}));  // functions are not tried once something matched
}

TEST(Identifier, FunctionsAreAskedWhereRegistersSayNothing) {
  const auto profile = named();
  const auto other = by_function();
  std::vector<int> asked;
  const auto identifier = ask_all({&profile, &other}, {{1001, "SENTRON PAC3200"}}, asked);
  ASSERT_EQ(identifier.models(), (std::vector<const meter::Profile*>{&other}));
}

TEST(Identifier, AModelThatCannotSayWhatItIsIsGuessedByVoltageAndFrequency) {
  const auto first = named();
  const auto profile = mute();
  std::vector<int> asked;
  const auto identifier = ask_all({&first, &profile}, {{10, "2314"}, {20, "5001"}}, asked);
  ASSERT_EQ(identifier.models(), (std::vector<const meter::Profile*>{&profile}));
  EXPECT_FALSE(identifier.is_certain());
  EXPECT_EQ(identifier.voltage(), "231.4");
}

TEST(Identifier, AVoltageWithoutAFrequencyIsNoGuess) {
  const auto profile = mute();
  std::vector<int> asked;
  EXPECT_TRUE(ask_all({&profile}, {{10, "2314"}, {20, "7"}}, asked).models().empty());
}

TEST(Identifier, ASilentUnitStaysUnknown) {
  const auto profile = named();
  std::vector<int> asked;
  const auto identifier = ask_all({&profile}, {}, asked);
  EXPECT_TRUE(identifier.models().empty());
  EXPECT_FALSE(identifier.is_certain());
}

}  // namespace
}  // namespace jidian::commission

#include "commission/sunspec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/commission/one_unit.hpp"

namespace jidian::commission {
namespace {

constexpr std::uint16_t sunspec_marker = 40'000;

void put_text(OneUnit& bus, int address, const std::string& text) {
  for (std::size_t i = 0; i < 16; ++i) {
    const auto letter = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
    bus.registers[static_cast<std::uint16_t>(address + static_cast<int>(i))] =
        static_cast<std::uint16_t>(letter(2 * i) << 8U | letter(2 * i + 1));
  }
}

/// The marker, the common model, `model` with that many registers, the end.
OneUnit sunspec_unit(std::uint16_t model, std::uint16_t length) {
  OneUnit bus;
  bus.registers = {{40'000, 0x5375}, {40'001, 0x6E53}, {40'002, 1}, {40'003, 66}, {40'070, model}, {40'071, length}};
  put_text(bus, 40'004, "Acme");
  put_text(bus, 40'020, "EM3");
  put_text(bus, 40'052, "4711");
  bus.registers[static_cast<std::uint16_t>(40'072 + length)] = 0xFFFF;
  bus.registers[static_cast<std::uint16_t>(40'073 + length)] = 0;
  return bus;
}

std::vector<meter::Profile> sunspec_profiles() {
  std::vector<meter::Profile> profiles(3);
  profiles[0].id = "acme-of-registers";
  profiles[1].id = "sunspec-int";
  profiles[1].sunspec = meter::Sunspec{{201, 202, 203, 204}, 105};
  profiles[2].id = "sunspec-float";
  profiles[2].sunspec = meter::Sunspec{{211, 212, 213, 214}, 124};
  return profiles;
}

std::optional<SunspecDevice> sunspec_device_on(OneUnit& bus, const std::vector<meter::Profile>& profiles) {
  Lending lender(bus);
  StillClock clock;
  JobIo io{lender, clock, {}, [](const std::string&) {}};
  const auto found = find_sunspec_device(io, {}, 7, profiles);
  EXPECT_TRUE(found);
  return found ? *found : std::nullopt;
}

TEST(SunspecDevice, IsNamedByItselfAndHasTheProfileOfItsModel) {
  const auto profiles = sunspec_profiles();
  for (const auto& [model, length, id] : {std::tuple{203, 105, "sunspec-int"}, std::tuple{213, 124, "sunspec-float"}}) {
    auto bus = sunspec_unit(static_cast<std::uint16_t>(model), static_cast<std::uint16_t>(length));
    const auto device = sunspec_device_on(bus, profiles);
    ASSERT_TRUE(device);
    EXPECT_EQ(device->maker, "Acme");
    EXPECT_EQ(device->name, "EM3");
    EXPECT_EQ(device->serial, "4711");
    ASSERT_NE(device->profile, nullptr);
    EXPECT_EQ(device->profile->id, id);
  }
}

TEST(SunspecDevice, OfAnotherKindOrTooShortHasNoProfile) {
  const auto profiles = sunspec_profiles();
  for (const auto& [model, length] : {std::pair{103, 50}, std::pair{203, 50}}) {
    auto bus = sunspec_unit(static_cast<std::uint16_t>(model), static_cast<std::uint16_t>(length));
    const auto device = sunspec_device_on(bus, profiles);
    ASSERT_TRUE(device);
    EXPECT_EQ(device->maker, "Acme");
    EXPECT_EQ(device->profile, nullptr);
  }
}

TEST(SunspecDevice, WithoutAMarkerThereIsNoneAfterThreeQuestions) {
  OneUnit bus;
  bus.registers = {{sunspec_marker, 1}, {sunspec_marker + 1, 2}};
  EXPECT_FALSE(sunspec_device_on(bus, sunspec_profiles()));
  EXPECT_EQ(bus.requests, 3);
}

TEST(SunspecDevice, ASilentUnitIsLeftAloneAfterTwoQuestions) {
  auto bus = sunspec_unit(203, 105);
  bus.silences = 100;
  EXPECT_FALSE(sunspec_device_on(bus, sunspec_profiles()));
  EXPECT_EQ(bus.requests, 2);
}

TEST(SunspecDevice, ACatalogueWithoutSunspecAsksNothing) {
  OneUnit bus;
  EXPECT_FALSE(sunspec_device_on(bus, {sunspec_profiles().front()}));
  EXPECT_EQ(bus.requests, 0);
}

}  // namespace
}  // namespace jidian::commission

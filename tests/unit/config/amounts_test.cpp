#include <gmock/gmock.h>

#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::HasSubstr;

/// A site with a grid account, a press that makes parts, a boiler and a roof of solar cells.
std::string full_site(std::string_view card_more = "", std::string_view press_more = "",
                      std::string_view roof_more = "forward = \"given\"\n", std::string_view gas_more = "") {
  return R"([gateway]
id = "foundry-1"

[site]
credit_code = "91350100M000100Y43"
name = "Foundry"
region = "130100"
industry = "C3391"
)" + std::string(card_more) +
         R"([[site.account]]
id = "grid"
carrier = "electricity"
number = "1"
meters = ["main"]
[[site.account]]
id = "gas"
carrier = "gas"
number = "2"
meters = ["burner"]
)" + std::string(gas_more) +
         R"([[site.product]]
id = "parts"
name = "Parts"
unit = "t"

[[bus]]
id = "plc"
kind = "tcp"
host = "127.0.0.1"

[[meter]]
id = "main"
bus = "plc"
unit = 1
[meter.registers]
carrier = "electricity"
table = "holding"
points = [
  { name = "active_energy_import.total", address = 0, type = "u32", unit = "Wh" },
  { name = "active_energy_export.total", address = 2, type = "u32", unit = "Wh" },
]
[[meter]]
id = "press-meter"
bus = "plc"
unit = 2
parent = "main"
[meter.registers]
carrier = "electricity"
table = "holding"
points = [
  { name = "active_energy_import.total", address = 0, type = "u32", exponent = -2, unit = "kWh" },
  { name = "pieces.parts", address = 4, type = "u32", unit = "pcs", carrier = "none" },
  { name = "active_power.total", address = 6, type = "s32", unit = "W" },
]
[[meter]]
id = "press-motor"
bus = "plc"
unit = 3
parent = "press-meter"
[meter.registers]
carrier = "electricity"
table = "holding"
points = [{ name = "active_energy_import.total", address = 0, type = "u32", exponent = -2, unit = "kWh" }]
[[meter]]
id = "burner"
bus = "plc"
unit = 4
[meter.registers]
carrier = "gas"
table = "holding"
points = [
  { name = "volume", address = 0, type = "u32", unit = "m3" },
  { name = "volume_standard", address = 2, type = "u32", exponent = -1, unit = "m3" },
]
[[meter]]
id = "sun"
bus = "plc"
unit = 5
[meter.registers]
carrier = "electricity"
table = "holding"
points = [{ name = "active_energy_import.total", address = 0, type = "u32", unit = "MWh" }]

[[facility]]
id = "press"
kind = "production"
meters = ["press-meter", "press-motor"]
)" + std::string(press_more) +
         R"([[facility]]
id = "boiler"
kind = "auxiliary"
meters = ["burner"]
fuel_switch = "electricity"
fuel_switch_minutes = 45
[[facility]]
id = "roof"
kind = "generation"
meters = ["sun"]
)" + std::string(roof_more) +
         R"(
[[uplink]]
id = "province"
url = "mqtts://broker.example.org"
)";
}

constexpr std::string_view parts_of_press =
    "[[facility.product]]\nproduct = \"parts\"\nmeter = \"press-meter\"\npoint = \"pieces.parts\"\nper_count = "
    "0.0125\n";

Site read_whole(const std::string& text) {
  Parsed parsed = parse_small(text);
  EXPECT_TRUE(parsed.site) << print(parsed.mistakes);
  return parsed.site ? std::move(*parsed.site) : Site{};
}

std::string mistakes_of(const std::string& text) {
  return print(parse_small(text).mistakes);
}

TEST(Amounts, FollowFromCountersAndCarriers) {
  const Site site = read_whole(full_site("", parts_of_press));
  ASSERT_EQ(site.facilities.size(), 3U);
  // The motor is behind the press's meter: its energy is in there already.
  const std::vector<domain::Amount> press{{"energy.taken", Carrier::electricity, "kWh", -6, {{1, 0, 1, 0}}},
                                          {"product.parts", Carrier::none, "t", -3, {{1, 1, 125, -4}}}};
  EXPECT_EQ(site.facilities[0].amounts, press);
  const std::vector<domain::Amount> boiler{{"gas", Carrier::gas, "m3", -6, {{3, 1, 1, 0}}}};
  EXPECT_EQ(site.facilities[1].amounts, boiler) << "standard volume before volume";
  EXPECT_EQ(site.facilities[1].fuel_switch.fuel, "electricity");
  EXPECT_EQ(site.facilities[1].fuel_switch.after, std::chrono::minutes{45});
  const std::vector<domain::Amount> roof{{"energy.given", Carrier::electricity, "kWh", -6, {{4, 0, 1, 3}}}};
  EXPECT_EQ(site.facilities[2].amounts, roof);
  const std::vector<domain::Amount> grid{{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 0, 1, -3}}},
                                         {"energy.given", Carrier::electricity, "kWh", -6, {{0, 1, 1, -3}}}};
  EXPECT_EQ(site.card.accounts[0].amounts, grid);
  EXPECT_EQ(site.card.accounts[1].amounts, boiler);
  EXPECT_TRUE(site.card.amounts.empty()) << "nobody declared that all is metered";
}

TEST(Amounts, OfTheSiteAreImportLessExportPlusGeneration) {
  const Site site = read_whole(full_site("coverage = \"complete\"\n"));
  const std::vector<domain::Amount> consumed{
      {"energy.consumed", Carrier::electricity, "kWh", -6, {{0, 0, 1, -3}, {0, 1, -1, -3}, {4, 0, 1, 3}}}};
  EXPECT_EQ(site.card.amounts, consumed);
  EXPECT_TRUE(manifest_of(site).site.is_covered);
}

/// The full site, whose supply is metered completely, with one more account before `section`.
std::string with_lighting(std::string_view meter, std::string_view section) {
  const std::string account = "[[site.account]]\nid = \"lighting\"\ncarrier = \"electricity\"\nnumber = \"3\"\n";
  return replace(full_site("coverage = \"complete\"\n"), section,
                 account + "meters = [\"" + std::string(meter) + "\"]\n" + std::string(section));
}

constexpr std::string_view first_account = "[[site.account]]\nid = \"grid\"";

TEST(Amounts, AMeterIsInOneAccountOfItsCarrier) {
  EXPECT_THAT(mistakes_of(with_lighting("main", "[[site.product]]")),
              HasSubstr("site.toml:24:10: account 'lighting': meter 'main' is in account 'grid' already; write it in "
                        "one of the two\n"));
  const std::string steam =
      replace(with_lighting("main", "[[site.product]]"), "id = \"lighting\"\ncarrier = \"electricity\"",
              "id = \"steam\"\ncarrier = \"heat\"");
  EXPECT_EQ(read_whole(steam).card.accounts.size(), 3U) << "another carrier may come from the same meter";
}

TEST(Amounts, OfTheSiteHoldAnAccountWithinAnotherOnce) {
  const std::vector<domain::Amount> consumed{
      {"energy.consumed", Carrier::electricity, "kWh", -6, {{0, 0, 1, -3}, {0, 1, -1, -3}, {4, 0, 1, 3}}}};
  const std::vector<domain::Amount> motor{{"energy.taken", Carrier::electricity, "kWh", -6, {{2, 0, 1, 0}}}};
  const Site behind = read_whole(with_lighting("press-motor", "[[site.product]]"));
  ASSERT_EQ(behind.card.accounts.size(), 3U);
  EXPECT_EQ(behind.card.accounts[2].amounts, motor);
  EXPECT_EQ(behind.card.amounts, consumed);
  const Site before = read_whole(with_lighting("press-motor", first_account));
  EXPECT_EQ(before.card.amounts, consumed);

  const std::string_view twice = ": both accounts count that, the site once; write it in one of the two unless";
  EXPECT_THAT(mistakes_of(with_lighting("press-motor", "[[site.product]]")),
              HasSubstr("warning: account 'lighting': meter 'press-motor' is part of a meter of account 'grid'" +
                        std::string(twice)));
  EXPECT_THAT(
      mistakes_of(with_lighting("press-motor", first_account)),
      HasSubstr("warning: account 'grid': meter 'main' holds a meter of account 'lighting'" + std::string(twice)));
}

TEST(Amounts, NeedWhatCoveragePromises) {
  EXPECT_THAT(mistakes_of(full_site("coverage = \"complete\"\n", "", "")),
              HasSubstr("facility 'roof': forward is missing; write forward = \"given\" if its meters count"));
  std::string text = full_site("coverage = \"complete\"\n");
  text.replace(text.find("meters = [\"main\"]"), 17, "meters = []");
  EXPECT_THAT(mistakes_of(text),
              HasSubstr("site: coverage is not true: no account has a meter with an energy counter"));
}

TEST(Amounts, ShiftsAndSlidingDemandAreRead) {
  const Site site = read_whole(full_site(R"(sliding_demand = "5m"
[[site.shift]]
id = "day"
start = "08:00"
end = "20:00"
[[site.shift]]
id = "night"
start = "20:00"
end = "08:00"
)"));
  const std::vector<domain::Shift> shifts{{"day", std::chrono::minutes{480}, std::chrono::minutes{720}},
                                          {"night", std::chrono::minutes{1200}, std::chrono::minutes{720}}};
  EXPECT_EQ(site.card.shifts, shifts);
  EXPECT_EQ(site.card.sliding_demand, std::chrono::seconds{300});
}

TEST(Amounts, EveryMistakeSaysWhereAndWhatToWrite) {
  const auto of_shift = [](std::string_view start) {
    return mistakes_of(
        full_site("[[site.shift]]\nid = \"a\"\nstart = \"" + std::string(start) + "\"\nend = \"16:00\"\n"));
  };
  EXPECT_THAT(of_shift("8:00"), HasSubstr("site.toml:11:9: shift 'a': start is no time of day, got '8:00'; write hours "
                                          "and minutes as \"08:00\""));
  EXPECT_THAT(of_shift("24:00"), HasSubstr("is no time of day"));
  EXPECT_THAT(of_shift("08:10"), HasSubstr("start is no quarter of an hour, got '08:10'"));
  EXPECT_THAT(mistakes_of(full_site("sliding_demand = \"2m\"\n")), HasSubstr("site: sliding_demand"));
  EXPECT_THAT(mistakes_of(full_site("utc_offset = \"+08:10\"\n")), HasSubstr("is no multiple of 15 minutes"));
  EXPECT_THAT(mistakes_of(full_site("", "forward = \"given\"\n")),
              HasSubstr("facility 'press': forward is for kind = \"generation\" or \"storage\""));
  EXPECT_THAT(mistakes_of(full_site("", "fuel_switch_minutes = 5\n")),
              HasSubstr("write fuel_switch = \"electricity\" too"));
  EXPECT_THAT(mistakes_of(full_site("", "fuel_switch = \"oil\"\n")), HasSubstr("fuel_switch_minutes is missing"));
  EXPECT_THAT(mistakes_of(full_site("", "", "forward = \"given\"\n",
                                    "contract_m3_per_day = 100\nsafety_minimum_m3_per_day = 200\n")),
              HasSubstr("safety_minimum_m3_per_day is more than contract_m3_per_day"));
}

TEST(Amounts, ProductsNameACounterThatIsThere) {
  const auto with = [](std::string_view from, std::string_view to) {
    return mistakes_of(full_site("", replace(parts_of_press, from, to)));
  };
  EXPECT_THAT(with("product = \"parts\"", "product = \"part\""),
              HasSubstr("no [[site.product]] has this id; did you mean 'parts'?"));
  EXPECT_THAT(with("meter = \"press-meter\"", "meter = \"press\""), HasSubstr("no meter has this id"));
  EXPECT_THAT(with("pieces.parts", "pieces"), HasSubstr("is no recorded point of that meter"));
  EXPECT_THAT(with("pieces.parts", "active_power.total"),
              HasSubstr("point is no counter, got 'active_power.total'; write one of its counters: "
                        "active_energy_import.total, pieces.parts"));
  EXPECT_THAT(with("per_count = 0.0125", "per_count = 0"), HasSubstr("per_count is out of range"));
  EXPECT_THAT(with("per_count", "per_kount"), HasSubstr("unknown key 'per_kount'"));
  EXPECT_THAT(mistakes_of(full_site("", std::string(parts_of_press) + std::string(parts_of_press))),
              HasSubstr("facility 'press' product 2: point counts this product already, got 'pieces.parts'; write each "
                        "counter of a product once"));
}

}  // namespace
}  // namespace jidian::config

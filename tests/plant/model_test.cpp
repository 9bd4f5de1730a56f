#include "plant/model.hpp"

#include <gmock/gmock.h>

#include <bit>

#include "plant/truth.hpp"

namespace jidian::plant {
namespace {

using testing::ElementsAre;

constexpr Step some_step = 17'724'096'000 + 123'456;

Unit unit_of(const std::string& model) {
  Unit unit;
  unit.meter = "m";
  unit.model = model;
  unit.feed = "furnace-1";
  unit.ct = 240;
  return unit;
}

struct Reading {
  Exception exception;
  std::vector<std::uint16_t> words;
};

Reading read(const Unit& unit, Table table, std::uint16_t first, std::uint16_t count,
             const std::string& feed = "furnace-1") {
  static const World world(builtin_scenario("demo"));
  Reading out{};
  out.exception =
      model(unit.model).read(unit, Snapshot(world, world.feed(feed), some_step), table, first, count, out.words);
  return out;
}

std::int64_t truly(Quantity quantity, Phase phase, const std::string& feed = "furnace-1") {
  static const World world(builtin_scenario("demo"));
  return Snapshot(world, world.feed(feed), some_step).amount(quantity, phase);
}

float as_float(std::uint16_t high, std::uint16_t low) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(high) << 16U | low);
}

TEST(Model, AChangedRatioIsShownAndCountsOnlyWhatComesBehindIt) {
  Unit unit = unit_of("acrel-adl400");
  const auto ratio = [&] { return read(unit, Table::holding, 142, 1).words.at(0); };
  const auto power = [&] { return read(unit, Table::holding, 362, 2).words.at(1); };
  const auto energy = [&] { return read(unit, Table::holding, 10, 2).words; };
  const auto energy_before = energy();
  const auto power_before = power();
  unit.ct_after = 480;
  unit.ct_ms = some_step * step_ms + step_ms;
  EXPECT_EQ(ratio(), 240) << "not yet";
  EXPECT_EQ(power(), power_before);
  unit.ct_ms = some_step * step_ms;
  EXPECT_EQ(ratio(), 480);
  EXPECT_NEAR(power(), power_before / 2, 1);
  EXPECT_EQ(energy(), energy_before);
  unit.ct_ms = (some_step - 10 * steps_per_hour) * step_ms;
  EXPECT_LT(energy(), energy_before);
}

TEST(Model, ASwappedMeterHasItsOwnSerialNumberAndCountsFromItsOwnStart) {
  Unit unit = unit_of("eastron-sdm630");
  const auto old_serial = read(unit, Table::holding, 0xFC00, 2).words;
  const auto old_energy = read(unit, Table::input, 0x0048, 2).words;
  unit.swap_ms = some_step * step_ms + step_ms;
  unit.swap_shows = 7;
  EXPECT_EQ(read(unit, Table::holding, 0xFC00, 2).words, old_serial) << "not yet";
  EXPECT_EQ(read(unit, Table::input, 0x0048, 2).words, old_energy);
  unit.swap_ms = some_step * step_ms;
  EXPECT_NE(read(unit, Table::holding, 0xFC00, 2).words, old_serial);
  const auto energy = read(unit, Table::input, 0x0048, 2).words;
  EXPECT_FLOAT_EQ(as_float(energy[0], energy[1]), 7);
}

TEST(Model, EveryFieldOfEveryModelCanBeReadAlone) {
  for (const std::string& name : model_names()) {
    for (const Field& field : model(name).description().fields) {
      const std::string feed = name == "fuxin-gas" ? "gas-1" : name == "plc-counter" ? "castings" : "furnace-1";
      const Reading got = read(unit_of(name), field.table, field.address, field.width(), feed);
      EXPECT_EQ(got.exception, Exception::none) << name << " " << field.address;
      EXPECT_EQ(got.words.size(), field.width());
    }
  }
}

TEST(Model, FieldsDoNotOverlap) {
  for (const std::string& name : model_names()) {
    const std::vector<Field>& fields = model(name).description().fields;
    for (std::size_t i = 1; i < fields.size(); ++i) {
      if (fields[i - 1].table != fields[i].table) continue;
      EXPECT_LE(fields[i - 1].address + fields[i - 1].width(), fields[i].address) << name << " " << fields[i].address;
    }
  }
}

TEST(Model, Dtsu666ShowsSecondaryVoltageInTenths) {
  const Reading got = read(unit_of("chint-dtsu666"), Table::holding, 0x2006, 2);
  EXPECT_FLOAT_EQ(as_float(got.words[0], got.words[1]),
                  static_cast<float>(round_div(truly(Quantity::voltage_ln, Phase::l1), 100)));
}

TEST(Model, Dtsu666LeavesTheCurrentRatioOut) {
  const Reading got = read(unit_of("chint-dtsu666"), Table::holding, 0x200C, 2);
  const double milliamperes = static_cast<double>(truly(Quantity::current, Phase::l1)) / 1000 / 240;
  EXPECT_NEAR(as_float(got.words[0], got.words[1]), milliamperes, 0.5);
  EXPECT_EQ(read(unit_of("chint-dtsu666"), Table::holding, 6, 2).words, (std::vector<std::uint16_t>{240, 10}));
}

TEST(Model, Dtsu666RefusesHolesAndOtherFunctions) {
  EXPECT_EQ(read(unit_of("chint-dtsu666"), Table::holding, 0x2020, 4).exception, Exception::address);
  EXPECT_EQ(read(unit_of("chint-dtsu666"), Table::holding, 1, 1).exception, Exception::address);
  EXPECT_EQ(read(unit_of("chint-dtsu666"), Table::input, 0x2006, 2).exception, Exception::function);
}

TEST(Model, ReadLimitsAreKept) {
  EXPECT_EQ(read(unit_of("eastron-sdm630"), Table::input, 0, 80).exception, Exception::none);
  EXPECT_EQ(read(unit_of("eastron-sdm630"), Table::input, 0, 81).exception, Exception::value);
  EXPECT_EQ(read(unit_of("eastron-sdm630"), Table::input, 0, 0).exception, Exception::value);
  Unit strict = unit_of("eastron-sdm630");
  strict.registers_max = 10;
  EXPECT_EQ(read(strict, Table::input, 0, 12).exception, Exception::value);
}

TEST(Model, ReadPastTheLastAddressIsRefused) {
  EXPECT_EQ(read(unit_of("eastron-sdm630"), Table::input, 65535, 2).exception, Exception::address);
}

TEST(Model, Sdm630ReadsUnusedRegistersInsideItsTableAsZero) {
  EXPECT_THAT(read(unit_of("eastron-sdm630"), Table::input, 44, 2).words, ElementsAre(0, 0));
  EXPECT_EQ(read(unit_of("eastron-sdm630"), Table::input, 382, 2).exception, Exception::address);
}

TEST(Model, Adl400EnergyIsAnIntegerOfHundredths) {
  const Reading got = read(unit_of("acrel-adl400"), Table::holding, 10, 2);
  const std::int64_t shown = std::int64_t{got.words[0]} << 16U | got.words[1];
  EXPECT_EQ(shown, truly(Quantity::active_import, Phase::total) / (kilowatt_hour / 100 * 240));
}

TEST(Model, Em340PutsTheLowWordFirstAndHidesItsNumberInAVoltage) {
  const Unit unit = unit_of("carlogavazzi-em340");
  const Reading got = read(unit, Table::input, 0, 2);
  EXPECT_THAT(got.words, ElementsAre(round_div(truly(Quantity::voltage_ln, Phase::l1), 100), 0));
  EXPECT_THAT(read(unit, Table::holding, 11, 1).words, ElementsAre(341));
  EXPECT_EQ(read(unit, Table::input, 10, 2).words[1], 0);
}

TEST(Model, Iem3155EnergyIs64BitWattHours) {
  const Reading got = read(unit_of("schneider-iem3155"), Table::holding, 3203, 4);
  std::uint64_t shown = 0;
  for (const std::uint16_t word : got.words) shown = shown << 16U | word;
  EXPECT_EQ(static_cast<std::int64_t>(shown), truly(Quantity::active_import, Phase::total) / watt_hour);
  EXPECT_EQ(read(unit_of("schneider-iem3155"), Table::holding, 49, 4).words[0], 'i' << 8 | 'E');
}

TEST(Model, Pac3200EnergyIsADouble) {
  const Reading got = read(unit_of("siemens-pac3200"), Table::input, 801, 4);
  std::uint64_t bits = 0;
  for (const std::uint16_t word : got.words) bits = bits << 16U | word;
  EXPECT_EQ(std::bit_cast<double>(bits), static_cast<double>(truly(Quantity::active_import, Phase::total) / watt_hour));
}

TEST(Model, GasVolumeHasABcdCopy) {
  const Reading got = read(unit_of("fuxin-gas"), Table::holding, 18, 3, "gas-1");
  std::int64_t shown = 0;
  for (const std::uint16_t word : got.words)
    for (int digit = 12; digit >= 0; digit -= 4) shown = shown * 10 + (word >> digit & 0xF);
  EXPECT_EQ(shown, truly(Quantity::volume_standard, Phase::total, "gas-1") / (cubic_metre / 10000));
}

TEST(Model, PartOfAValueCanBeRead) {
  const Unit unit = unit_of("janitza-umg96rm");
  const Reading whole = read(unit, Table::holding, 19026, 2);
  EXPECT_THAT(read(unit, Table::holding, 19027, 1).words, ElementsAre(whole.words[1]));
}

}  // namespace
}  // namespace jidian::plant

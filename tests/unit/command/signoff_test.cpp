#include "command/signoff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/command/metered.hpp"

namespace jidian::command {
namespace {

using testing::HasSubstr;

/// A meter of energy alone, in kWh, that counts in steps of 0.01.
Metered energy_meter(const std::string& value, const std::string& power_kw = "0") {
  Metered meter;
  meter.shows("active_energy_import.total", value, "kWh", PointKind::counter);
  meter.shows("active_power.total", power_kw, "kW");
  return meter;
}

Signoff compared(const Metered& meter, const std::string& display) {
  SignoffRequest request;
  request.display = display;
  const auto found = examine(meter.subject(), request);
  EXPECT_TRUE(found) << found.error().message();
  return found ? *found : Signoff{};
}

/// What the comparison with the display found.
std::string energy(const Metered& meter, const std::string& display) {
  const auto signoff = compared(meter, display);
  return signoff.checks.empty() ? "nothing" : signoff.checks.front().because;
}

std::string value_in(const Signoff& signoff, const std::string& key) {
  for (const auto& [name, value] : signoff.checks.front().values)
    if (name == key) return value;
  return "none";
}

TEST(Signoff, TheLastDigitMayDiffer) {
  EXPECT_EQ(energy(energy_meter("48213.80"), "48213.80"), "ok");
  EXPECT_EQ(energy(energy_meter("48213.81"), "48213.80"), "ok");
  EXPECT_EQ(energy(energy_meter("48213.82"), "48213.80"), "ok") << "one step of the display and one of the register";
  EXPECT_EQ(energy(energy_meter("48213.83"), "48213.80"), "differs");
  EXPECT_EQ(energy(energy_meter("48213.77"), "48213.80"), "differs");
}

TEST(Signoff, ADisplayWithFewerDigitsIsLessSure) {
  EXPECT_EQ(energy(energy_meter("48213.89"), "48213.8"), "ok");
  EXPECT_EQ(energy(energy_meter("48213.99"), "48213"), "ok");
  EXPECT_EQ(energy(energy_meter("48214.99"), "48213"), "differs");
}

TEST(Signoff, WhatThePresentPowerAddsInTwoMinutesMayBeThere) {
  EXPECT_EQ(energy(energy_meter("48217.00", "90"), "48213.9"), "ok") << "90 kW make 3 kWh";
  EXPECT_EQ(energy(energy_meter("48217.10", "90"), "48213.9"), "differs");
  EXPECT_EQ(energy(energy_meter("48217.00", "-90"), "48213.9"), "ok") << "reversed: the sign is another check's";
}

TEST(Signoff, PowerByPhaseWillDoWhereThereIsNoTotal) {
  Metered meter;
  meter.shows("active_energy_import.total", "48217.00", "kWh", PointKind::counter);
  meter.phases("active_power", {"30000", "30000", "30000"}, "W");
  EXPECT_EQ(energy(meter, "48213.9"), "ok");
}

TEST(Signoff, DifferenceAndReadingAreExact) {
  const auto signoff = compared(energy_meter("48213.80"), "48213.9");
  EXPECT_EQ(signoff.reading, "48213.80");
  EXPECT_EQ(signoff.difference, "-0.10");
  EXPECT_EQ(signoff.allowed, "0.11");
}

TEST(Signoff, FloatCountersAreAsSureAsTheirBits) {
  Metered meter = energy_meter("1482310.1");
  meter.entry.points[0].type = ValueType::float32;
  EXPECT_EQ(energy(meter, "1482310.2"), "ok");
  EXPECT_EQ(energy(meter, "1482310.3"), "ok") << "a float32 of that size goes in steps of 0.125";
  EXPECT_EQ(energy(meter, "1482310.5"), "differs");
}

TEST(Signoff, RatiosInTheMeterMultiplyTheReading) {
  Metered meter = energy_meter("200.89");
  meter.shows("ct_ratio", "240", "", PointKind::attribute);
  meter.entry.points[0].ratio_points = {2};
  EXPECT_EQ(compared(meter, "48213.6").reading, "48213.60");
  EXPECT_EQ(energy(meter, "48213.6"), "ok");
  EXPECT_EQ(energy(meter, "48211.3"), "ok") << "the register's last digit counts 240 times";
  EXPECT_EQ(energy(meter, "200.89"), "reading_larger");
}

TEST(Signoff, AForgottenTransformerRatioIsNamed) {
  Metered meter = energy_meter("1205.35");
  meter.entry.ct_ratio = "200/5";
  const auto signoff = compared(meter, "48214.0");
  EXPECT_EQ(signoff.checks.front().because, "display_larger");
  EXPECT_EQ(value_in(signoff, "times"), "40");
  EXPECT_EQ(value_in(signoff, "ct"), "40");
  EXPECT_EQ(value_in(signoff, "pt"), "none");
  EXPECT_FALSE(signoff.holds());
}

TEST(Signoff, BothRatiosTogetherAreNamed) {
  Metered meter = energy_meter("1205.35");
  meter.entry.ct_ratio = "200/5";
  meter.entry.pt_ratio = "10000/100";
  const auto signoff = compared(meter, "4821400");
  EXPECT_EQ(signoff.checks.front().because, "display_larger");
  EXPECT_EQ(value_in(signoff, "times"), "4000");
  EXPECT_EQ(value_in(signoff, "ct"), "40");
  EXPECT_EQ(value_in(signoff, "pt"), "100");
}

TEST(Signoff, ARegisterOfWattHoursIsComparedInTheKilowattHoursOfTheDisplay) {
  Metered meter;
  meter.shows("active_energy_import.total", "189893412", "Wh", PointKind::counter);
  meter.shows("active_power.total", "0", "W");
  const auto signoff = compared(meter, "189893.4");
  EXPECT_EQ(signoff.checks.front().because, "ok");
  EXPECT_EQ(signoff.unit, "kWh");
  EXPECT_EQ(signoff.reading, "189893.412");
  EXPECT_EQ(signoff.difference, "0.012");
  EXPECT_EQ(signoff.allowed, "0.101");
  EXPECT_EQ(energy(meter, "189893.6"), "differs");
  meter.answer.points[1].value = "90000";
  EXPECT_EQ(energy(meter, "189890.4"), "ok") << "90 kW make 3 kWh in two minutes";
}

TEST(Signoff, TheDisplaysUnitMayBeTyped) {
  Metered meter;
  meter.shows("active_energy_import.total", "189893412", "Wh", PointKind::counter);
  for (const char* display : {"189893.4 kWh", "189893.4kwh", "189.893 MWh", "189893412 Wh", "189893.4 度"})
    EXPECT_EQ(energy(meter, display), "ok") << display;
  const auto signoff = compared(meter, "189.893 MWh");
  EXPECT_EQ(signoff.display, "189.893") << "the digits as typed";
  EXPECT_EQ(signoff.unit, "MWh");
  EXPECT_EQ(signoff.reading, "189.893412");
  EXPECT_EQ(energy(meter, "189893412"), "display_larger") << "without a unit it is kWh";
}

TEST(Signoff, OtherThanElectricCountersKeepTheirOwnUnit) {
  Metered meter;
  meter.shows("volume.total", "4821.5", "m3", PointKind::counter);
  EXPECT_EQ(compared(meter, "4821.5").unit, "m3");
  EXPECT_EQ(energy(meter, "4821500 L"), "ok");
  SignoffRequest request;
  request.display = "4821.5 kWh";
  EXPECT_THAT(examine(meter.subject(), request).error().message(), HasSubstr("write it in L, m3"));
}

TEST(Signoff, TheFactsKeepTheDisplaysUnit) {
  Metered meter;
  meter.shows("active_energy_import.total", "189893412", "Wh", PointKind::counter);
  SignoffRequest request;
  request.display = "189.893 MWh";
  const auto event = event_of(meter.entry, *examine(meter.subject(), request), request, {});
  const auto fact = [&](const std::string& name) {
    for (const auto& [key, value] : event.facts)
      if (key == name) return value;
    return std::string("none");
  };
  EXPECT_EQ(fact("unit"), "MWh");
  EXPECT_EQ(fact("display"), "189.893");
  EXPECT_EQ(fact("reading"), "189.893412");
  EXPECT_THAT(event.text, HasSubstr("shows 189.893 MWh, the reading is 189.893412 MWh"));
}

/// What the check of that name found; "none" if there is none.
std::string found_by(const Metered& meter, const std::string& check) {
  for (const auto& made : compared(meter, "48213.80").checks)
    if (made.name == check) return made.because;
  return "none";
}

TEST(Signoff, ADeclaredRatioIsComparedWithTheMetersOwn) {
  Metered meter = energy_meter("48213.80");
  EXPECT_EQ(found_by(meter, "ct_ratio"), "none") << "nothing was declared";
  meter.entry.ct_ratio = "400/5";
  EXPECT_EQ(found_by(meter, "ct_ratio"), "absent") << "the meter tells none";
  EXPECT_TRUE(compared(meter, "48213.80").holds());
  meter.shows("ct_ratio", "40", "", PointKind::attribute);
  EXPECT_EQ(found_by(meter, "ct_ratio"), "differs");
  EXPECT_FALSE(compared(meter, "48213.80").holds());
  meter.entry.ct_ratio = "200/5";
  EXPECT_EQ(found_by(meter, "ct_ratio"), "ok");
  meter.entry.pt_ratio = "10000/100";
  meter.shows("pt_ratio", "10.0", "", PointKind::attribute);
  EXPECT_EQ(found_by(meter, "pt_ratio"), "differs");
}

TEST(Signoff, ARatioTheWrongWayRoundFails) {
  Metered meter = energy_meter("48213.80");
  meter.entry.ct_ratio = "5/200";
  EXPECT_EQ(found_by(meter, "ct_ratio"), "inverted");
  EXPECT_FALSE(compared(meter, "48213.80").holds());
}

TEST(Signoff, ARatioKeptAsAWholeNumberIsTheSame) {
  Metered meter = energy_meter("48213.80");
  meter.entry.ct_ratio = "1000/3";
  meter.shows("ct_ratio", "333", "", PointKind::attribute);
  EXPECT_EQ(found_by(meter, "ct_ratio"), "ok");
}

TEST(Signoff, APowerOfTenIsNamed) {
  const auto larger = compared(energy_meter("482138.25"), "48213.8");
  EXPECT_EQ(larger.checks.front().because, "reading_larger");
  EXPECT_EQ(value_in(larger, "times"), "10");
  EXPECT_EQ(value_in(larger, "ten"), "1");
  const auto megawatt_hours = compared(energy_meter("48213.80"), "48.214");
  EXPECT_EQ(megawatt_hours.checks.front().because, "reading_larger");
  EXPECT_EQ(value_in(megawatt_hours, "ten"), "3");
}

TEST(Signoff, ARatioAndAPowerOfTenTogetherAreNamed) {
  Metered meter = energy_meter("1205.35");
  meter.entry.ct_ratio = "200/5";
  const auto signoff = compared(meter, "482140");
  EXPECT_EQ(value_in(signoff, "times"), "400");
  EXPECT_EQ(value_in(signoff, "ct"), "40");
  EXPECT_EQ(value_in(signoff, "ten"), "1");
}

TEST(Signoff, WhatNothingExplainsIsOnlySaidToDiffer) {
  EXPECT_EQ(energy(energy_meter("48213.80"), "31007.2"), "differs");
  EXPECT_EQ(energy(energy_meter("0"), "31007.2"), "differs");
  EXPECT_EQ(energy(energy_meter("48213.80"), "5"), "differs") << "one digit fits any factor";
}

TEST(Signoff, TheDisplayMustBeANumber) {
  for (const char* display : {"", "48213,8", "48213.8 kW", "48213.8 m3", "kWh", "-1", "1e4"}) {
    SignoffRequest request;
    request.display = display;
    const auto found = examine(energy_meter("1").subject(), request);
    ASSERT_FALSE(found) << display;
    EXPECT_EQ(found.error().kind(), ErrorKind::invalid);
  }
}

TEST(Signoff, AMeterThatGaveNoEnergyCannotBeSignedOff) {
  Metered meter = energy_meter("1");
  meter.answer.points[0].value.clear();
  meter.answer.points[0].error = "no answer";
  SignoffRequest request;
  request.display = "1";
  const auto found = examine(meter.subject(), request);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::unreachable);
  EXPECT_THAT(found.error().message(), HasSubstr("no answer"));
}

TEST(Signoff, TheCounterIsFoundByNameByQuantityOrAsTheMainOne) {
  Metered meter;
  meter.shows("active_power.total", "1", "kW");
  meter.shows("reactive_energy_import.total", "1", "kvarh", PointKind::counter);
  meter.shows("active_energy_import.l1", "1", "kWh", PointKind::counter);
  meter.shows("active_energy_import.total", "1", "kWh", PointKind::counter);
  EXPECT_EQ(*counter_of(meter.entry, ""), 3u);
  EXPECT_EQ(*counter_of(meter.entry, "active_energy_import"), 3u);
  EXPECT_EQ(*counter_of(meter.entry, "active_energy_import.l1"), 2u);
  EXPECT_EQ(*counter_of(meter.entry, "reactive_energy_import"), 1u);
  const auto missing = counter_of(meter.entry, "active_power.total");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message(), HasSubstr("it has: reactive_energy_import.total, active_energy_import.l1"));
}

TEST(Signoff, TheEventSaysAllThatWasSaidAndFound) {
  const Metered meter = energy_meter("48213.80");
  SignoffRequest request{0, "48213.8", "shift electrician", "user-1", "with a lamp", ""};
  const auto signoff = examine(meter.subject(), request);
  ASSERT_TRUE(signoff);
  const auto event = event_of(meter.entry, *signoff, request, UtcTime{Millis{5}});
  EXPECT_EQ(event.kind, domain::EventKind::signoff);
  EXPECT_EQ(event.subject, "feeder-a");
  const std::vector<std::pair<std::string, std::string>> expected{{"point", "active_energy_import.total"},
                                                                  {"unit", "kWh"},
                                                                  {"display", "48213.8"},
                                                                  {"reading", "48213.80"},
                                                                  {"difference", "0.00"},
                                                                  {"allowed", "0.11"},
                                                                  {"passed", "energy"},
                                                                  {"unchecked",
                                                                   "voltage phase_sum phase_sign "
                                                                   "power_factor phase_order"},
                                                                  {"by", "shift electrician"},
                                                                  {"user", "user-1"},
                                                                  {"note", "with a lamp"}};
  EXPECT_EQ(event.facts, expected);
}

TEST(Signoff, WhatWasAcceptedIsAFact) {
  const Metered meter = energy_meter("48213.80");
  SignoffRequest request{0, "12", "shift electrician", "user-1", "", "the display is broken"};
  const auto event = event_of(meter.entry, *examine(meter.subject(), request), request, UtcTime{});
  EXPECT_THAT(event.facts, testing::Contains(std::pair<std::string, std::string>("accepted", "the display is broken")));
  EXPECT_THAT(event.facts, testing::Contains(std::pair<std::string, std::string>("failed", "energy")));
  EXPECT_THAT(event.text, HasSubstr("failed: energy"));
}

}  // namespace
}  // namespace jidian::command

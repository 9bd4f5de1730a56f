#include "command/replace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "command/command.hpp"
#include "tests/unit/command/fakes.hpp"
#include "tests/unit/command/metered.hpp"

namespace jidian::command {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

/// A new meter that counts 0.01 kWh a step.
Metered new_meter(const std::string& value, std::uint64_t bits) {
  Metered meter;
  auto& point = meter.shows("active_energy_import.total", value, "kWh", PointKind::counter);
  point.exponent = -2;
  point.modulus = 100'000'000;
  meter.answer.points[0].sample.bits = bits;
  return meter;
}

ReplaceRequest request_of(const std::string& old_final, const std::string& new_start) {
  ReplaceRequest request;
  request.old_final = old_final;
  request.new_start = new_start;
  return request;
}

TEST(Replace, DisplaysBecomeCountsOfTheRegister) {
  const auto meter = new_meter("0.35", 35);
  const auto stated = replacement_of(meter.subject(), 3, request_of("48213.8", "0.0"));
  ASSERT_TRUE(stated) << stated.error().message();
  EXPECT_EQ(stated->meter, 3);
  EXPECT_EQ(stated->old_final, 4'821'380u);
  EXPECT_EQ(stated->new_start, 0u);
  EXPECT_EQ(stated->after.bits, 35u);
  EXPECT_DOUBLE_EQ(stated->old_unsure, 11) << "0.1 kWh and a count";
  EXPECT_DOUBLE_EQ(stated->counts_per_hour, 500'000) << "5 MW";
}

TEST(Replace, DisplaysAreInKilowattHoursAlsoWhereTheRegisterCountsWattHours) {
  auto meter = new_meter("350", 35);
  meter.entry.points[0].unit = "Wh";
  meter.entry.points[0].exponent = 1;
  meter.entry.points[0].modulus = 0;
  const auto request = request_of("48213.8", "0.3");
  const auto stated = replacement_of(meter.subject(), 0, request);
  ASSERT_TRUE(stated) << stated.error().message();
  EXPECT_EQ(stated->old_final, 4'821'380u) << "steps of 10 Wh";
  EXPECT_EQ(stated->new_start, 30u);
  EXPECT_DOUBLE_EQ(stated->old_unsure, 11);
  const auto event = event_of(meter.subject(), request, "", "", {});
  EXPECT_THAT(event.text, HasSubstr("ended at 48213.8 kWh"));
  const auto in_megawatt_hours = replacement_of(meter.subject(), 0, request_of("48.2138 MWh", "0.0003 MWh"));
  ASSERT_TRUE(in_megawatt_hours);
  EXPECT_EQ(in_megawatt_hours->old_final, 4'821'380u);
  EXPECT_THAT(replacement_of(meter.subject(), 0, request_of("48.2138 MWh", "0.3")).error().message(),
              HasSubstr("write both with one unit"));
}

TEST(Replace, RatiosInTheMeterAreTakenOut) {
  auto meter = new_meter("0.35", 35);
  meter.shows("ct_ratio", "40", "", PointKind::attribute);
  meter.answer.points[1].sample.bits = 40;
  meter.entry.points[0].ratio_points = {1};
  const auto stated = replacement_of(meter.subject(), 0, request_of("48213.8", "0"));
  ASSERT_TRUE(stated) << stated.error().message();
  EXPECT_EQ(stated->old_final, 120'535u) << "48213.8 / 40 / 0.01";
  EXPECT_DOUBLE_EQ(stated->per_count, 0.4);
  EXPECT_EQ(stated->factors, (std::vector<std::pair<std::uint16_t, std::uint64_t>>{{1, 40}}));
}

TEST(Replace, FloatCountersAreKeptAsFloats) {
  auto meter = new_meter("1.5", std::bit_cast<std::uint32_t>(1.5F));
  meter.entry.points[0].type = ValueType::float32;
  meter.entry.points[0].exponent = 0;
  meter.entry.points[0].modulus = 0;
  const auto stated = replacement_of(meter.subject(), 0, request_of("48213.8", "1.25"));
  ASSERT_TRUE(stated) << stated.error().message();
  EXPECT_EQ(stated->old_final, std::bit_cast<std::uint32_t>(48213.8F));
  EXPECT_EQ(stated->new_start, std::bit_cast<std::uint32_t>(1.25F));
}

TEST(Replace, DeclaredTransformersBoundWhatCanHaveBeenCounted) {
  auto meter = new_meter("0", 0);
  meter.entry.ct_ratio = "100/5";
  const auto stated = replacement_of(meter.subject(), 0, request_of("1", "0"));
  ASSERT_TRUE(stated);
  EXPECT_NEAR(stated->counts_per_hour * stated->per_count, 138.6, 0.1) << "kW: twice 100 A at 400 V";
}

TEST(Replace, WhatTheRegisterCannotHoldIsInvalid) {
  const auto meter = new_meter("0", 0);
  for (const char* display : {"1000000", "-1", "1,5", ""}) {
    const auto stated = replacement_of(meter.subject(), 0, request_of(display, "0"));
    ASSERT_FALSE(stated) << display;
    EXPECT_EQ(stated.error().kind(), ErrorKind::invalid);
  }
}

TEST(Replace, TheSerialNumberIsTheToldOneAndMustBeTheStatedOne) {
  ReplaceRequest request;
  EXPECT_EQ(*new_serial_of(request, "1234", "5678"), "5678");
  EXPECT_EQ(*new_serial_of(request, "1234", ""), "");
  request.serial = "SN 5678";
  EXPECT_EQ(*new_serial_of(request, "1234", ""), "SN 5678");
  request.serial = "05678";
  EXPECT_EQ(*new_serial_of(request, "1234", "5678"), "05678") << "leading zeros do not count";
  request.serial = "9999";
  EXPECT_THAT(new_serial_of(request, "1234", "5678").error().message(), HasSubstr("5678"));
  request.serial = "";
  EXPECT_THAT(new_serial_of(request, "1234", "1234").error().message(), HasSubstr("there already"));
}

Caller worker() {
  return {.name = "user-1", .may_read = true, .may_operate = true};
}

std::string replacing(const Json& more = Json::object()) {
  Json request{{"op", "replace"}, {"meter", "press-1"}, {"old_final", "48213.8"}, {"new_start", "0.0"}};
  request.update(more);
  return request.dump();
}

TEST(ReplaceCommand, PutsTheStatementOnRecord) {
  Bench bench;
  const auto answer = bench.commands.run(worker(), replacing({{"serial", "5678"}, {"by", "shift electrician"}}));
  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_EQ(bench.recorder.statements.size(), 1u);
  const auto& event = bench.recorder.statements[0];
  EXPECT_EQ(event.kind, domain::EventKind::replaced);
  EXPECT_EQ(event.subject, "press-1");
  const auto facts = Json::parse(*answer)["facts"];
  EXPECT_EQ(facts["old_final"], "48213.8");
  EXPECT_EQ(facts["new_serial"], "5678");
  EXPECT_EQ(facts["by"], "shift electrician");
  EXPECT_EQ(facts["user"], "user-1");
  ASSERT_TRUE(bench.recorder.replacements[0]);
  EXPECT_EQ(bench.recorder.replacements[0]->old_final, 482'138u);
  EXPECT_EQ(bench.recorder.replacements[0]->after.bits, 231u);
}

TEST(ReplaceCommand, RefusesWhatMakesNoSense) {
  Bench bench;
  for (const Json& more : {Json{{"at", "yesterday"}}, Json{{"at", "2099-01-01T00:00:00Z"}}, Json{{"old_final", "x"}},
                           Json{{"old_final", 7}}, Json{{"new_start", ""}}, Json{{"point", "voltage_ln.l1"}}}) {
    const auto answer = bench.commands.run(worker(), replacing(more));
    ASSERT_FALSE(answer) << more.dump();
    EXPECT_EQ(answer.error().kind(), ErrorKind::invalid) << more.dump();
  }
  const auto reader_may_not = bench.commands.run({.name = "lin", .may_read = true}, replacing());
  ASSERT_FALSE(reader_may_not);
  EXPECT_EQ(reader_may_not.error().kind(), ErrorKind::denied);
  EXPECT_TRUE(bench.recorder.statements.empty());
}

TEST(ReplaceCommand, NoReloadComesBetweenTheRecordAndThePoller) {
  Bench bench;
  bool was_kept = false;
  bench.recorder.on_attest = [&] { was_kept = bench.is_kept; };
  ASSERT_TRUE(bench.commands.run(worker(), replacing({{"serial", "5678"}})));
  EXPECT_TRUE(was_kept);
  EXPECT_FALSE(bench.is_kept) << "and afterwards it may come";
  EXPECT_EQ(bench.poller.identify("press-1", "").get()->known, "5678");
}

TEST(ReplaceCommand, IsRefusedWhileAnotherConfigurationIsTakenOver) {
  Bench bench;
  bench.is_reloading = true;
  const auto answer = bench.commands.run(worker(), replacing());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::conflict);
  EXPECT_THAT(answer.error().message(), HasSubstr("say it again"));
  EXPECT_TRUE(bench.recorder.statements.empty());
}

TEST(ReplaceCommand, TheNewMeterMustAnswer) {
  Bench bench;
  const auto answer = bench.commands.run(worker(), replacing({{"meter", "mute-1"}}));
  ASSERT_FALSE(answer);
  EXPECT_TRUE(bench.recorder.statements.empty());
}

TEST(ReplaceCommand, TheRecordersRefusalIsTheAnswer) {
  Bench bench;
  bench.recorder.outcome = Error{ErrorKind::conflict, "it showed 50000 already"};
  const auto answer = bench.commands.run(worker(), replacing());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::conflict);
  EXPECT_THAT(answer.error().message(), HasSubstr("50000"));
}

}  // namespace
}  // namespace jidian::command

#include "command/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "command/answers.hpp"
#include "tests/unit/command/declared.hpp"
#include "tests/unit/command/fakes.hpp"

namespace jidian::command {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

const Caller stranger{.name = "stranger", .may_read = false, .may_operate = false};
const Caller reader{.name = "lin", .may_read = true, .may_operate = false};
const Caller operating{.name = "user-1", .may_read = true, .may_operate = true};

ErrorKind refusal(Bench& bench, const Caller& caller, const std::string& request) {
  const auto answer = bench.commands.run(caller, request);
  EXPECT_FALSE(answer) << request;
  return answer ? ErrorKind::io : answer.error().kind();
}

TEST(Commands, AStrangerLearnsNothing) {
  Bench bench;
  for (const char* request : {R"({"op":"status"})", R"({"op":"live"})", R"({"op":"read","meter":"press-1"})", "{"})
    EXPECT_EQ(refusal(bench, stranger, request), ErrorKind::denied);
}

TEST(Commands, AReaderLooksButDoesNotOperate) {
  Bench bench;
  EXPECT_TRUE(bench.commands.run(reader, R"({"op":"status"})"));
  EXPECT_TRUE(bench.commands.run(reader, R"({"op":"live"})"));
  EXPECT_EQ(refusal(bench, reader, R"({"op":"read","meter":"press-1"})"), ErrorKind::denied);
  EXPECT_EQ(refusal(bench, reader, R"({"op":"retry","uplink":"province"})"), ErrorKind::denied);
  EXPECT_EQ(refusal(bench, reader, R"({"op":"signoff","meter":"press-1","display":"23.1"})"), ErrorKind::denied);
  EXPECT_TRUE(bench.recorder.statements.empty());
  EXPECT_EQ(bench.uplink.retries, 0);
}

TEST(Commands, WhoMayOperateMayHaveTheSiteFileReadAnew) {
  Bench bench;
  EXPECT_EQ(refusal(bench, reader, R"({"op":"reload"})"), ErrorKind::denied);
  EXPECT_TRUE(bench.reloaded_by.empty());
  const auto answer = bench.commands.run(operating, R"({"op":"reload"})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, R"({"taken":true})");
  EXPECT_EQ(bench.reloaded_by, std::vector<std::string>{"user-1"}) << "by the kernel's word";
}

TEST(Commands, StatusSaysWhyTheFileOnTheDiskIsNotWhatRuns) {
  Bench bench;
  bench.configuration = {"/etc/jidian/site.toml", bench.clock.utc_now(), "site.toml:4:1: no", "jidian check"};
  const auto status = Json::parse(*bench.commands.run(reader, R"({"op":"status"})"));
  EXPECT_EQ(status["configuration"]["trouble"], "site.toml:4:1: no");
  EXPECT_EQ(status["configuration"]["file"], "/etc/jidian/site.toml");
  Json finding;
  for (const auto& found : status["findings"])
    if (found["about"] == "configuration") finding = found;
  ASSERT_TRUE(finding.is_object());
  EXPECT_EQ(finding["what"], "the file on disk is not what runs: site.toml:4:1: no");
  EXPECT_EQ(finding["do"], "jidian check");
}

TEST(Commands, StatusIsMadeFromTheBoard) {
  Bench bench;
  health::MeterHealth meter;
  meter.id = "press-9";
  bench.board.post(meter);
  const auto answer = bench.commands.run(reader, R"({"op":"status"})");
  ASSERT_TRUE(answer);
  const auto status = Json::parse(*answer);
  EXPECT_EQ(status["gateway"], "gw-1");
  EXPECT_EQ(status["version"], "1.2.3");
  EXPECT_EQ(status["time"], "2026-03-01T08:00:00.100Z");
  EXPECT_THAT(*answer, HasSubstr("press-9"));
}

TEST(Commands, StatusHasTheLoadAsTheRecorderKnowsIt) {
  Bench bench;
  bench.manifest.site = declared_plant().site;
  bench.recorder.plant.demands = taken();
  const auto answer = bench.commands.run(reader, R"({"op":"status"})");
  ASSERT_TRUE(answer);
  const auto load = Json::parse(*answer)["load"];
  EXPECT_EQ(load["contract_capacity_kva"], 2000);
  EXPECT_EQ(load["accounts"][0]["demand"], 812.4);
  EXPECT_EQ(load["accounts"][0]["age_s"], 180);
  bench.recorder.plant.refusals = {0, 2, 0, 0, 0, 0};
  EXPECT_THAT(bench.commands.metrics(), HasSubstr("jidian_directives_refused_total{why=\"unknown_issuer\"} 2\n"));
}

TEST(Commands, LiveIsTheRecordersView) {
  Bench bench;
  const auto answer = bench.commands.run(reader, R"({"op":"live"})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, R"({"meters":{}})");
}

TEST(Commands, ReadBringsAFreshValueFromTheBus) {
  Bench bench;
  const auto answer = bench.commands.run(operating, R"({"op":"read","meter":"press-1"})");
  ASSERT_TRUE(answer) << answer.error().message();
  const auto read = Json::parse(*answer);
  EXPECT_EQ(read["meter"], "press-1");
  ASSERT_EQ(read["points"].size(), 2U);
  EXPECT_EQ(read["points"][0]["point"], "voltage_ln.l1");
  EXPECT_EQ(read["points"][0]["value"], "231");
  EXPECT_EQ(read["points"][0]["unit"], "V");
  EXPECT_EQ(read["points"][0]["words"], Json::array({231}));
  EXPECT_EQ(read["points"][0]["quality"], "ok");
}

TEST(Commands, ReadOfAMuteMeterSaysWhyThereIsNoValue) {
  Bench bench;
  const auto answer = bench.commands.run(operating, R"({"op":"read","meter":"mute-1"})");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(Json::parse(*answer)["points"][0]["quality"], "no_answer");
  EXPECT_THAT(*answer, HasSubstr("no answer"));
}

TEST(Commands, ReadDoesNotWaitForABusForever) {
  Bench bench(Millis{5});
  bench.gate.close();
  EXPECT_EQ(refusal(bench, operating, R"({"op":"read","meter":"press-1"})"), ErrorKind::timeout);
  bench.gate.open();
}

TEST(Commands, StatusIsAnsweredWhileAReadWaitsForItsBus) {
  Bench bench;
  bench.gate.close();
  std::jthread other([&bench] { EXPECT_TRUE(bench.commands.run(operating, R"({"op":"read","meter":"press-1"})")); });
  bench.gate.wait_for_visitor();
  EXPECT_TRUE(bench.commands.run(reader, R"({"op":"status"})"));
  bench.gate.open();
}

TEST(Commands, RetryReachesTheUplinkThatIsNamed) {
  Bench bench;
  EXPECT_TRUE(bench.commands.run(operating, R"({"op":"retry","uplink":"province"})"));
  EXPECT_EQ(bench.uplink.retries, 1);
  EXPECT_EQ(refusal(bench, operating, R"({"op":"retry","uplink":"bureau"})"), ErrorKind::not_found);
}

TEST(Commands, WhatDoesNotExistIsNamedAsSuch) {
  Bench bench;
  EXPECT_EQ(refusal(bench, operating, R"({"op":"read","meter":"press-2"})"), ErrorKind::not_found);
  EXPECT_EQ(refusal(bench, operating, R"({"op":"read","meter":"orphan-1"})"), ErrorKind::unreachable);
}

TEST(Commands, MalformedRequestsAreInvalid) {
  Bench bench;
  for (const char* request :
       {"", "{", "[]", "null", "\"status\"", "{}", R"({"op":1})", R"({"op":"reboot"})", R"({"op":"read"})",
        R"({"op":"read","meter":7})", R"({"op":"read","meter":"../etc"})", R"({"op":"signoff"})",
        R"({"op":"signoff","meter":"press-1"})", R"({"op":"signoff","meter":"press-1","display":7})",
        R"({"op":"retry","uplink":null})", "{\"op\":\"status\",\"x\":\"\xff\"}"})
    EXPECT_EQ(refusal(bench, operating, request), ErrorKind::invalid) << request;
}

TEST(Commands, AHugeOrDeepRequestIsInvalid) {
  Bench bench;
  EXPECT_EQ(refusal(bench, operating, std::string(70'000, ' ') + R"({"op":"status"})"), ErrorKind::invalid);
  EXPECT_EQ(refusal(bench, operating, std::string(60'000, '[')), ErrorKind::invalid);
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  EXPECT_EQ(refusal(bench, operating, deep), ErrorKind::invalid);
  const auto started = bench.commands.run(operating, R"({"op":"start","what":"scan","args":{"a":)" + deep + "}}");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(started.error().message(), HasSubstr("16 levels"));
}

TEST(Commands, MetricsAreMadeFromTheBoard) {
  Bench bench;
  EXPECT_THAT(bench.commands.metrics(), HasSubstr("jidian_info{gateway=\"gw-1\",version=\"1.2.3\""));
}

TEST(MeterAnswer, WithBytesThatAreNoTextIsStillJson) {
  acquire::MeterAnswer answer;
  answer.meter = "press-1";
  answer.points.resize(1);
  answer.points[0].error = "\xff";
  EXPECT_FALSE(Json::parse(to_json(answer), nullptr, false).is_discarded());
}

}  // namespace
}  // namespace jidian::command

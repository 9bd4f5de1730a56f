#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "command/command.hpp"
#include "tests/unit/command/fakes.hpp"

namespace jidian::command {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

const Caller signer{.name = "user-1", .may_read = true, .may_operate = true};

Json signoff(const std::string& display) {
  return {{"op", "signoff"}, {"meter", "press-1"}, {"display", display}};
}

std::string fact(const domain::Event& event, const std::string& name) {
  for (const auto& [key, value] : event.facts)
    if (key == name) return value;
  return {};
}

TEST(Statements, AMeterThatAgreesIsSignedOffByTheUserAtTheSocket) {
  Bench bench;  // every register holds 231: 23.1 kWh, 231 V
  const auto answer = bench.commands.run(signer, signoff("23.1").dump());
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(Json::parse(*answer)["recorded"], true);
  ASSERT_EQ(bench.recorder.statements.size(), 1u);
  const auto& event = bench.recorder.statements[0];
  EXPECT_EQ(event.kind, domain::EventKind::signoff);
  EXPECT_EQ(event.subject, "press-1");
  EXPECT_EQ(fact(event, "reading"), "23.1");
  EXPECT_EQ(fact(event, "user"), "user-1");
  EXPECT_EQ(fact(event, "by"), "user-1");
}

TEST(Statements, NobodyCanSayThatHeIsAnotherUser) {
  Bench bench;
  Json request = signoff("23.1");
  request["user"] = "root";
  request["by"] = "shift electrician";
  ASSERT_TRUE(bench.commands.run(signer, request.dump()));
  EXPECT_EQ(fact(bench.recorder.statements.at(0), "user"), "user-1");
  EXPECT_EQ(fact(bench.recorder.statements.at(0), "by"), "shift electrician");
}

TEST(Statements, AMeterThatDiffersIsNotRecorded) {
  Bench bench;
  const auto answer = bench.commands.run(signer, signoff("77.7").dump());
  ASSERT_TRUE(answer);
  EXPECT_EQ(Json::parse(*answer)["recorded"], false);
  EXPECT_EQ(Json::parse(*answer)["checks"][0]["verdict"], "failed");
  EXPECT_TRUE(bench.recorder.statements.empty());
}

TEST(Statements, UnlessSomebodySaysWhy) {
  Bench bench;
  Json request = signoff("77.7");
  request["accept"] = "display defective";
  const auto answer = bench.commands.run(signer, request.dump());
  ASSERT_TRUE(answer);
  EXPECT_EQ(Json::parse(*answer)["recorded"], true);
  EXPECT_EQ(fact(bench.recorder.statements.at(0), "accepted"), "display defective");
}

TEST(Statements, BlanksAreNoReason) {
  Bench bench;
  Json request = signoff("77.7");
  request["accept"] = "   ";
  ASSERT_TRUE(bench.commands.run(signer, request.dump()));
  EXPECT_TRUE(bench.recorder.statements.empty());
}

TEST(Statements, AMuteMeterIsNotSignedOff) {
  Bench bench;
  const auto answer = bench.commands.run(signer, R"({"op":"signoff","meter":"mute-1","display":"1"})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::unreachable);
  EXPECT_TRUE(bench.recorder.statements.empty());
}

TEST(Statements, WhatTheStoreDoesNotTakeIsNotCalledRecorded) {
  Bench bench;
  bench.recorder.outcome = Error{ErrorKind::io, "the store takes nothing now"};
  auto answer = bench.commands.run(signer, signoff("23.1").dump());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::io);
  bench.recorder.is_prompt = false;
  answer = bench.commands.run(signer, signoff("23.1").dump());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
  EXPECT_THAT(answer.error().message(), HasSubstr("store is slow"));
}

TEST(Statements, TextsAreOneLineWithinBounds) {
  for (const auto& note : {std::string("two\nlines"), std::string(501, 'x')}) {
    Bench bench;
    Json request = signoff("23.1");
    request["note"] = note;
    const auto answer = bench.commands.run(signer, request.dump());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::invalid);
    EXPECT_THAT(answer.error().message(), HasSubstr("note"));
    EXPECT_TRUE(bench.recorder.statements.empty());
  }
}

TEST(Statements, APointThatIsNoCounterIsRefusedWithTheNamesThereAre) {
  Bench bench;
  Json request = signoff("23.1");
  request["point"] = "voltage_ln.l1";
  const auto answer = bench.commands.run(signer, request.dump());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(answer.error().message(), HasSubstr("active_energy_import.total"));
}

}  // namespace
}  // namespace jidian::command

#include "command/mark.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "command/command.hpp"
#include "tests/unit/command/fakes.hpp"

namespace jidian::command {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

const Caller marker{.name = "user-1", .may_read = true, .may_operate = true};

Json mark() {
  return {{"op", "mark"},
          {"subject", "press-1"},
          {"as", "maintenance"},
          {"from", "2026-03-01T16:00:00+08:00"},
          {"reason", "bearings"}};
}

TEST(Marking, GoesOnRecordInTheNameOfTheUserAtTheSocket) {
  Bench bench;
  Json request = mark();
  request["user"] = "root";
  request["by"] = "shift electrician";
  const auto answer = bench.commands.run(marker, request.dump());
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(Json::parse(*answer)["recorded"], true);
  ASSERT_EQ(bench.recorder.mark_requests.size(), 1u);
  const auto& asked = bench.recorder.mark_requests[0];
  EXPECT_EQ(asked.subject, "press-1");
  EXPECT_EQ(asked.as, domain::Quality::maintenance);
  EXPECT_EQ(asked.from, parse_time("2026-03-01T08:00:00Z"));
  EXPECT_EQ(asked.until, std::nullopt);
  EXPECT_EQ(asked.by, "shift electrician");
  EXPECT_EQ(asked.user, "user-1");
}

TEST(Marking, TheWholeSiteIsSaidOnPurpose) {
  Bench bench;
  Json request = mark();
  request["subject"] = "";
  EXPECT_TRUE(bench.commands.run(marker, request.dump()));
  request.erase("subject");
  const auto refused = bench.commands.run(marker, request.dump());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("whole site"));
}

TEST(Marking, WhatIsMissingOrWrongIsNamed) {
  const auto refused = [](const char* key, const Json& value) {
    Bench bench;
    Json request = mark();
    request[key] = value;
    const auto answer = bench.commands.run(marker, request.dump());
    EXPECT_TRUE(bench.recorder.mark_requests.empty());
    return answer ? std::string("taken") : answer.error().message();
  };
  EXPECT_THAT(refused("subject", "press-9"), HasSubstr("press-9"));
  EXPECT_THAT(refused("as", "holiday"), HasSubstr("calibration"));
  EXPECT_THAT(refused("as", "implausible"), HasSubstr("calibration"));
  EXPECT_THAT(refused("from", "yesterday"), HasSubstr("\"from\""));
  EXPECT_THAT(refused("until", "2026-03-01T16:00:00"), HasSubstr("\"until\""));
  EXPECT_THAT(refused("reason", " "), HasSubstr("\"reason\""));
  EXPECT_THAT(refused("reason", "two\nlines"), HasSubstr("one line"));
  EXPECT_THAT(refused("end", "260301-080000"), HasSubstr("the end of a mark"));
}

TEST(Marking, AnEndNamesTheMarkOnly) {
  Bench bench;
  const auto answer = bench.commands.run(marker, R"({"op":"mark","end":"260301-080000","reason":"done"})");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(bench.recorder.mark_requests.at(0).ends, "260301-080000");
}

TEST(Marking, ThoseWhoMayOnlyLookSeeWhatIsInForce) {
  Bench bench;
  const Caller looker{.name = "guest", .may_read = true, .may_operate = false};
  const auto denied = bench.commands.run(looker, mark().dump());
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind(), ErrorKind::denied);
  domain::Mark known;
  known.id = "260301-075900";
  known.subject = "press-1";
  known.from = *parse_time("2026-03-01T07:59:00Z");
  known.told_at = known.from;
  known.reason = "bearings";
  bench.recorder.marks_in_force = {known};
  const auto listed = bench.commands.run(looker, R"({"op":"marks"})");
  ASSERT_TRUE(listed);
  const auto marks = Json::parse(*listed)["marks"];
  ASSERT_EQ(marks.size(), 1u);
  EXPECT_EQ(marks[0]["id"], "260301-075900");
  EXPECT_EQ(marks[0]["in_force"], true);
  EXPECT_TRUE(marks[0]["until"].is_null());
  const auto status = Json::parse(*bench.commands.run(looker, R"({"op":"status"})"));
  EXPECT_EQ(status["marks"], marks);
}

}  // namespace
}  // namespace jidian::command

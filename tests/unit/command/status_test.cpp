#include "command/status.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/command/healthy.hpp"

namespace jidian::command {
namespace {

using std::chrono_literals::operator""s;

nlohmann::json status_of(const Snapshot& snapshot) {
  return nlohmann::json::parse(status_json(snapshot));
}

TEST(Status, SaysWhoWhenAndWhetherItRecords) {
  const auto status = status_of(healthy());
  EXPECT_EQ(status["gateway"], "gw-1");
  EXPECT_EQ(status["version"], "1.2.3");
  EXPECT_EQ(status["time"], "2026-03-01T08:00:00.000Z");
  EXPECT_EQ(status["started"], "2026-03-01T06:00:00.000Z");
  EXPECT_EQ(status["uptime_s"], 7200);
  EXPECT_EQ(status["clock"], "synchronised");
  EXPECT_EQ(status["recording"], true);
  EXPECT_TRUE(status["findings"].empty());
}

TEST(Status, ListsEveryBusMeterAndUplink) {
  const auto status = status_of(healthy());
  ASSERT_EQ(status["buses"].size(), 2U);
  EXPECT_EQ(status["buses"][0]["load"], 0.41);
  ASSERT_EQ(status["meters"].size(), 3U);
  EXPECT_EQ(status["meters"][0]["id"], "furnace-1");
  EXPECT_EQ(status["meters"][0]["unit"], 3);
  EXPECT_EQ(status["meters"][0]["age_s"], 1);
  EXPECT_TRUE(status["meters"][0]["error"].is_null());
  EXPECT_TRUE(status["meters"][0]["next_try"].is_null());
  EXPECT_EQ(status["uplinks"][0]["oldest_pending_age_s"], 12);
  EXPECT_EQ(status["uplinks"][0]["last_receipt_age_s"], 6);
  EXPECT_TRUE(status["uplinks"][0]["certificate_days"].is_null());
  EXPECT_EQ(status["store"]["days_left"], 160.5);
}

TEST(Status, SaysWhatWasLostBecauseNobodyLookedAtIt) {
  auto snapshot = healthy();
  snapshot.buses[0].dropped_events = 3;
  snapshot.uplinks[0].dropped_messages = 7;
  const auto status = status_of(snapshot);
  EXPECT_EQ(status["buses"][0]["dropped_events"], 3);
  EXPECT_EQ(status["buses"][1]["dropped_events"], 0);
  EXPECT_EQ(status["uplinks"][0]["dropped_messages"], 7);
}

TEST(Status, SaysWhenTheBacklogOfALongOutageBegins) {
  auto snapshot = healthy();
  EXPECT_TRUE(status_of(snapshot)["uplinks"][0]["backlog_from"].is_null());
  EXPECT_TRUE(status_of(snapshot)["uplinks"][0]["backlog_in_s"].is_null());
  snapshot.uplinks[0].backlog_from = morning + 250s;
  EXPECT_EQ(status_of(snapshot)["uplinks"][0]["backlog_from"], "2026-03-01T08:04:10.000Z");
  EXPECT_EQ(status_of(snapshot)["uplinks"][0]["backlog_in_s"], 250);
  snapshot.uplinks[0].certificate_until = morning + std::chrono::days{12} + std::chrono::hours{1};
  EXPECT_EQ(status_of(snapshot)["uplinks"][0]["certificate_days"], 12);
  EXPECT_EQ(status_of(snapshot)["uplinks"][0]["certificate_until"], "2026-03-13T09:00:00.000Z");
}

TEST(Status, AMeterGivenUpForATimeSaysWhenItIsTriedAgain) {
  auto snapshot = healthy();
  snapshot.meters[1].last_error = "no answer";
  snapshot.meters[1].misses_in_row = 9;
  snapshot.meters[1].next_try = morning + 40s;
  const auto status = status_of(snapshot);
  EXPECT_EQ(status["meters"][1]["next_try_in_s"], 40);
  EXPECT_EQ(status["meters"][1]["error"], "no answer");
  ASSERT_EQ(status["findings"].size(), 1U);
  EXPECT_EQ(status["findings"][0]["level"], "error");
  EXPECT_EQ(status["findings"][0]["about"], "meter press-1");
  EXPECT_TRUE(status["findings"][0]["do"].is_string());
}

TEST(Status, SaysHowLongRoomAndFlashLast) {
  auto snapshot = healthy();
  EXPECT_TRUE(status_of(snapshot)["store"]["flash_years"].is_null());
  snapshot.store.autonomy_days = 161;
  snapshot.store.written_bytes_per_day = 260e6;
  snapshot.store.flash_years = 12.5;
  const auto store = status_of(snapshot)["store"];
  EXPECT_EQ(store["autonomy_days"], 161);
  EXPECT_EQ(store["written_bytes_per_day"], 260e6);
  EXPECT_EQ(store["flash_years"], 12.5);
}

TEST(Status, ShowsTheBackfillsThatAreRunning) {
  auto snapshot = healthy();
  EXPECT_EQ(status_of(snapshot)["uplinks"][0]["backfills"], nlohmann::json::array());
  snapshot.uplinks[0].backfilled = 12;
  snapshot.uplinks[0].backfills = {{"b-1", "reading", 40, 30, morning}};
  const auto uplink = status_of(snapshot)["uplinks"][0];
  EXPECT_EQ(uplink["backfilled"], 12);
  EXPECT_EQ(uplink["backfills"][0].dump(),
            R"({"batches":40,"id":"b-1","left":30,"since":"2026-03-01T08:00:00.000Z","stream":"reading"})");
}

TEST(Status, WhatIsNotKnownIsNull) {
  Snapshot snapshot;
  snapshot.meters.resize(1);
  snapshot.uplinks.resize(1);
  const auto status = status_of(snapshot);
  EXPECT_EQ(status["recording"], false);
  EXPECT_TRUE(status["meters"][0]["last_good"].is_null());
  EXPECT_TRUE(status["meters"][0]["age_s"].is_null());
  EXPECT_TRUE(status["store"]["days_left"].is_null());
  EXPECT_TRUE(status["store"]["last_commit"].is_null());
  EXPECT_TRUE(status["uplinks"][0]["last_receipt"].is_null());
}

TEST(Status, AClockThatStepsBackMakesNoNegativeAge) {
  auto snapshot = healthy();
  snapshot.meters[0].last_good = morning + 3600s;
  EXPECT_EQ(status_of(snapshot)["meters"][0]["age_s"], 0);
}

TEST(Status, BytesThatAreNoTextAreReplaced) {
  auto snapshot = healthy();
  snapshot.meters[0].last_error = "model \xff\xfe";
  EXPECT_EQ(status_of(snapshot)["meters"][0]["error"], "model \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Status, IsNotRecordingWhileTheStoreTakesNothingOrALoopIsStuck) {
  auto snapshot = healthy();
  snapshot.store.takes_writes = false;
  EXPECT_EQ(status_of(snapshot)["recording"], false);
  snapshot = healthy();
  snapshot.stuck = "recorder";
  EXPECT_EQ(status_of(snapshot)["recording"], false);
}

}  // namespace
}  // namespace jidian::command

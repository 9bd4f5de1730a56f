#include "command/findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/command/healthy.hpp"

namespace jidian::command {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using testing::HasSubstr;
using Level = Finding::Level;

/// The only finding; fails the test if there is none or another.
Finding only(const Snapshot& snapshot) {
  const auto findings = find_faults(snapshot);
  EXPECT_EQ(findings.size(), 1U);
  for (std::size_t i = 1; i < findings.size(); ++i) ADD_FAILURE() << findings[i].about << ": " << findings[i].what;
  return findings.empty() ? Finding{} : findings.front();
}

void silence(health::MeterHealth& meter) {
  meter.misses_in_row = 40;
  meter.timeouts = 40;
  meter.last_good = before(12min);
  meter.next_try = morning + 40s;
  meter.last_error = "no answer within 500 ms";
}

TEST(Findings, ACertificateIsToldThirtyDaysBeforeItsEnd) {
  auto snapshot = healthy();
  snapshot.uplinks[0].certificate_until = morning + std::chrono::days{30};
  EXPECT_TRUE(find_faults(snapshot).empty());
  snapshot.uplinks[0].certificate_until = morning + std::chrono::days{30} - 1s;
  auto finding = only(snapshot);
  EXPECT_EQ(finding.level, Level::warning);
  EXPECT_EQ(finding.about, "uplink province");
  EXPECT_EQ(finding.what, "the certificate of this box ends in 29 days, on 2026-03-31");
  EXPECT_THAT(finding.advice, HasSubstr("jidian identity request"));
  snapshot.uplinks[0].certificate_until = morning - 1s;
  finding = only(snapshot);
  EXPECT_EQ(finding.level, Level::error);
  EXPECT_EQ(finding.what, "the certificate of this box has expired on 2026-03-01");
}

TEST(Findings, AHealthyGatewayHasNone) {
  EXPECT_TRUE(find_faults(healthy()).empty());
}

TEST(Findings, OneMissedPollIsNone) {
  auto snapshot = healthy();
  snapshot.meters[1].misses_in_row = 1;
  snapshot.meters[1].last_error = "no answer within 500 ms";
  EXPECT_TRUE(find_faults(snapshot).empty());
}

TEST(Findings, ASilentMeterIsNamedWithPlaceTimeCauseAndAdvice) {
  auto snapshot = healthy();
  silence(snapshot.meters[1]);
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.level, Level::error);
  EXPECT_EQ(finding.about, "meter press-1");
  EXPECT_EQ(finding.what, "unit 4 on rtu-1 gave nothing for 12 min: no answer within 500 ms");
  EXPECT_THAT(finding.advice, HasSubstr("jidian read press-1"));
}

TEST(Findings, AMeterNeverHeardIsToldAsSuch) {
  auto snapshot = healthy();
  silence(snapshot.meters[1]);
  snapshot.meters[1].last_good.reset();
  EXPECT_THAT(only(snapshot).what, HasSubstr("has not answered since the start"));
}

TEST(Findings, AdviceFollowsWhatTheMeterDid) {
  auto snapshot = healthy();
  silence(snapshot.meters[1]);
  snapshot.meters[1].last_error_kind = ErrorKind::corrupt;
  EXPECT_THAT(only(snapshot).advice, HasSubstr("termination"));
  snapshot.meters[1].last_error_kind = ErrorKind::refused;
  EXPECT_THAT(only(snapshot).advice, HasSubstr("profile"));
}

TEST(Findings, AMeterThatIsDeadNowIsNotJudgedByWhatItOnceRefused) {
  auto snapshot = healthy();
  silence(snapshot.meters[1]);
  snapshot.meters[1].exceptions = 500;
  snapshot.meters[1].last_error_kind = ErrorKind::timeout;
  EXPECT_THAT(only(snapshot).advice, HasSubstr("check its power"));
}

TEST(Findings, WhatIsBeingLearntIsNoFault) {
  auto snapshot = healthy();
  auto& meter = snapshot.meters[0];
  meter.last_error = "Modbus exception 2";
  meter.last_error_kind = ErrorKind::refused;
  meter.exceptions = 7;
  meter.learning = true;
  EXPECT_TRUE(find_faults(snapshot).empty());
  EXPECT_EQ(state_of(snapshot, meter), "learning");
  meter.learning = false;
  EXPECT_EQ(state_of(snapshot, meter), "fault");
  meter = {};
  EXPECT_EQ(state_of(snapshot, meter), "new");
}

TEST(Findings, AnotherMeterThanExpectedIsAnError) {
  auto snapshot = healthy();
  snapshot.meters[1].foreign = "it tells the serial number '4711', not '1234'";
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.level, Level::error);
  EXPECT_EQ(finding.about, "meter press-1");
  EXPECT_THAT(finding.what, HasSubstr("it tells the serial number '4711', not '1234'"));
  EXPECT_THAT(finding.advice, HasSubstr("jidian replace press-1"));
  EXPECT_EQ(state_of(snapshot, snapshot.meters[1]), "fault");
}

TEST(Findings, PointsThatAMeterHasNotGotAreAWarning) {
  auto snapshot = healthy();
  snapshot.meters[1].refused = {"a", "b", "c", "d", "e"};
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.level, Level::warning);
  EXPECT_EQ(finding.what, "has not got a, b, c and 2 more");
  EXPECT_EQ(state_of(snapshot, snapshot.meters[1]), "doubtful");
}

TEST(Findings, AContradictionThatGoesOnIsTold) {
  auto snapshot = healthy();
  snapshot.records = {
      {"press-1", {{"ct_reversed", "active_power.l2", "A phase has the other sign.", before(600s)}}, std::nullopt, ""}};
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.level, Level::warning);
  EXPECT_EQ(finding.what, "A phase has the other sign (active_power.l2), for 10 min");
  EXPECT_THAT(finding.advice, HasSubstr("S1 and S2"));
  EXPECT_EQ(state_of(snapshot, snapshot.meters[1]), "doubtful");
  EXPECT_EQ(state_of(snapshot, snapshot.meters[0]), "well");
}

TEST(Findings, ALineOnWhichNothingAnswersIsOneFault) {
  auto snapshot = healthy();
  silence(snapshot.meters[0]);
  silence(snapshot.meters[1]);
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.about, "bus rtu-1");
  EXPECT_EQ(finding.what, "none of its 2 meters answers");
  EXPECT_THAT(finding.advice, HasSubstr("A and B"));
}

TEST(Findings, APortThatCannotBeOpenedHidesItsMeters) {
  auto snapshot = healthy();
  snapshot.buses[0].open = false;
  snapshot.buses[0].last_error = "no such file";
  silence(snapshot.meters[0]);
  silence(snapshot.meters[1]);
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.about, "bus rtu-1");
  EXPECT_EQ(finding.what, "/dev/ttyUSB0 9600 8N1 cannot be opened: no such file");
  EXPECT_THAT(finding.advice, HasSubstr("plugged in"));
}

TEST(Findings, ALineThatIsLeftToItsMasterIsNoBrokenPort) {
  auto snapshot = healthy();
  snapshot.buses[0].open = false;
  snapshot.buses[0].other_master = true;
  snapshot.buses[0].last_error = "another master speaks on this line: 4 frames heard in 10 s, units 1";
  silence(snapshot.meters[0]);
  silence(snapshot.meters[1]);
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.about, "bus rtu-1");
  EXPECT_THAT(finding.what, HasSubstr("nothing is sent on /dev/ttyUSB0"));
  EXPECT_THAT(finding.advice, HasSubstr("other_master"));
}

TEST(Findings, TheLoneMeterOfABusIsNamedItself) {
  auto snapshot = healthy();
  silence(snapshot.meters[2]);
  EXPECT_EQ(only(snapshot).about, "meter gas-1");
}

TEST(Findings, AMeterThatRefusesSomePointsIsAWarning) {
  auto snapshot = healthy();
  snapshot.meters[0].last_error = "illegal data address 342+2";
  snapshot.meters[0].last_error_kind = ErrorKind::refused;
  snapshot.meters[0].exceptions = 500;
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.level, Level::warning);
  EXPECT_THAT(finding.what, HasSubstr("answers, but not everything: illegal data address 342+2"));
}

TEST(Findings, AReplyLostNowAndThenIsNone) {
  auto snapshot = healthy();
  snapshot.meters[0].last_error = "no answer within 500 ms";
  snapshot.meters[0].timeouts = 9;
  EXPECT_TRUE(find_faults(snapshot).empty());
}

TEST(Findings, ABusyBusAndDroppedPollsAreTold) {
  auto snapshot = healthy();
  snapshot.buses[0].load = 0.97;
  EXPECT_EQ(only(snapshot).what, "the bus is busy 97 % of the time");
  snapshot.buses[0].load = 0.4;
  snapshot.buses[0].dropped_polls = 12;
  EXPECT_THAT(only(snapshot).what, HasSubstr("12 polls were dropped"));
  snapshot.buses[0].dropped_polls = 0;
  snapshot.buses[0].dropped_events = 3;
  EXPECT_EQ(only(snapshot).level, Level::error);
  EXPECT_THAT(only(snapshot).what, HasSubstr("3 events were lost"));
}

TEST(Findings, ALocalInterfaceThatIsNotAsConfiguredIsAWarning) {
  auto snapshot = healthy();
  snapshot.interface = {{"there is no group 'x'", "create it"}};
  EXPECT_EQ(only(snapshot).level, Level::warning);
  EXPECT_EQ(only(snapshot).about, "local interface");
  EXPECT_EQ(only(snapshot).what, "there is no group 'x'");
  EXPECT_EQ(only(snapshot).advice, "create it");
}

TEST(Findings, AnUplinkInTroubleSaysWhyAndThatRecordingGoesOn) {
  auto snapshot = healthy();
  snapshot.uplinks[0].trouble = "the broker does not allow publishing to this topic (0x87)";
  snapshot.uplinks[0].pending = 90;
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.about, "uplink province");
  EXPECT_EQ(finding.what, "the broker does not allow publishing to this topic (0x87)");
  EXPECT_THAT(finding.advice, HasSubstr("recording goes on, 90 batches wait"));
}

TEST(Findings, AnUplinkHasAMomentToConnectAfterTheStart) {
  auto snapshot = healthy();
  snapshot.uplinks[0].connected = false;
  EXPECT_THAT(only(snapshot).what, HasSubstr("not connected"));
  snapshot.uptime = 20s;
  snapshot.uplinks[0].trouble = "not connected yet";
  EXPECT_TRUE(find_faults(snapshot).empty());
}

TEST(Findings, ReceiptsThatStayAwayAreTold) {
  auto snapshot = healthy();
  snapshot.uplinks[0].oldest_pending = before(20min);
  snapshot.uplinks[0].last_receipt = before(15min);
  EXPECT_EQ(only(snapshot).what, "connected, but nothing was confirmed for 15 min");
}

TEST(Findings, ABacklogThatIsBeingReceiptedIsNone) {
  auto snapshot = healthy();
  snapshot.uplinks[0].oldest_pending = before(600min);
  snapshot.uplinks[0].pending = 5000;
  EXPECT_TRUE(find_faults(snapshot).empty());
}

TEST(Findings, RejectedBatchesNameTheCommandThatSendsThemAgain) {
  auto snapshot = healthy();
  snapshot.uplinks[0].rejected = 3;
  EXPECT_THAT(only(snapshot).advice, HasSubstr("jidian uplink retry province"));
}

TEST(Findings, RejectionsThatAreTheTroubleAreToldOnceWithTheirReason) {
  auto snapshot = healthy();
  snapshot.uplinks[0].rejected = 3;
  snapshot.uplinks[0].trouble = "3 batches are rejected and kept (last: too_large)";
  const auto finding = only(snapshot);
  EXPECT_THAT(finding.what, HasSubstr("too_large"));
  EXPECT_THAT(finding.advice, HasSubstr("jidian uplink retry province"));
}

TEST(Findings, ReceiptsThatDoNotMatchAreTold) {
  auto snapshot = healthy();
  snapshot.uplinks[0].receipts_refused = 1;
  EXPECT_THAT(only(snapshot).advice, HasSubstr("two boxes"));
}

TEST(Findings, AStoreInTroubleIsTheGravest) {
  auto snapshot = healthy();
  snapshot.clock = ClockQuality::unsynchronised;
  snapshot.store.trouble = "the disk is full";
  const auto findings = find_faults(snapshot);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].what, "the disk is full");
  EXPECT_EQ(findings[1].about, "clock");
}

TEST(Findings, AQuotaThatComesNearMattersOnlyWhileSomethingIsUnconfirmed) {
  auto snapshot = healthy();
  snapshot.store.days_left = 1.5;
  EXPECT_TRUE(find_faults(snapshot).empty());
  snapshot.uplinks[0].trouble = "no route to host";
  snapshot.uplinks[0].oldest_pending = before(120min);
  const auto findings = find_faults(snapshot);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].about, "store");
  EXPECT_THAT(findings[0].what, HasSubstr("room for 36 h is left"));
}

TEST(Findings, AStoreFullOfConfirmedBatchesHasRoom) {
  auto snapshot = healthy();
  snapshot.store.days_left = 0;
  snapshot.store.autonomy_days = 160;
  snapshot.uplinks[0].oldest_pending = before(120min);
  for (const auto& finding : find_faults(snapshot)) EXPECT_NE(finding.about, "store");
  snapshot.store.autonomy_days = 2;
  EXPECT_THAT(find_faults(snapshot)[0].what, HasSubstr("room for 2 days is left"));
}

TEST(Findings, CommitsThatStopWhileMetersAnswerAreTold) {
  auto snapshot = healthy();
  snapshot.store.last_commit = before(20min);
  EXPECT_THAT(only(snapshot).what, HasSubstr("nothing was committed for 20 min"));
}

TEST(Findings, AStuckLoopIsNamed) {
  auto snapshot = healthy();
  snapshot.stuck = "recorder";
  EXPECT_THAT(only(snapshot).what, HasSubstr("'recorder' makes no progress"));
}

TEST(Findings, EvictedBatchesAndALostTimeReferenceAreWarnings) {
  auto snapshot = healthy();
  snapshot.store.evicted = 5;
  EXPECT_EQ(only(snapshot).level, Level::warning);
  snapshot.store.evicted = 0;
  snapshot.clock = ClockQuality::holdover;
  EXPECT_EQ(only(snapshot).about, "clock");
}

TEST(Findings, AClockThatNobodyKnowsIsAWarningThatNamesWhoAsks) {
  auto snapshot = healthy();
  snapshot.clock = ClockQuality::unknown;
  const auto finding = only(snapshot);
  EXPECT_EQ(finding.level, Level::warning);
  EXPECT_EQ(finding.about, "clock");
  EXPECT_THAT(finding.advice, HasSubstr("systemctl status jidian-clock"));
}

}  // namespace
}  // namespace jidian::command

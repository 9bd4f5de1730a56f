#include "commission/diagnosis.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace jidian::commission {
namespace {

UnitStatistics clean(std::uint8_t unit) {
  return {.unit = unit, .meter = "m-" + std::to_string(unit), .short_requests = 50, .long_requests = 50, .good = 100};
}

UnitStatistics silent(std::uint8_t unit) {
  auto statistics = clean(unit);
  statistics.good = 0;
  statistics.silent = 100;
  return statistics;
}

UnitStatistics garbled(std::uint8_t unit, std::uint64_t in_short, std::uint64_t in_long) {
  auto statistics = clean(unit);
  statistics.short_corrupt = in_short;
  statistics.long_corrupt = in_long;
  statistics.good = 100 - in_short - in_long;
  return statistics;
}

std::vector<Cause> causes(const LineStatistics& line) {
  std::vector<Cause> all;
  for (const auto& diagnosis : diagnose(line)) all.push_back(diagnosis.cause);
  return all;
}

using Causes = std::vector<Cause>;

TEST(Diagnosis, ACleanLineHasNone) {
  EXPECT_EQ(causes({.units = {clean(1), clean(2)}}), Causes{});
}

TEST(Diagnosis, NoMeterNoVerdict) {
  EXPECT_EQ(causes({}), Causes{Cause::nothing_asked});
}

TEST(Diagnosis, ForeignFramesAreAnotherMaster) {
  EXPECT_EQ(causes({.units = {clean(1)}, .idle_frames = 3}), Causes{Cause::other_master});
}

TEST(Diagnosis, RequestsThatComeBackAreAnEchoAndNothingElse) {
  LineStatistics line{.units = {garbled(1, 50, 50)}};
  line.counted.echoes = 100;
  line.counted.corrupt = 100;
  EXPECT_EQ(causes(line), Causes{Cause::echo});
}

TEST(Diagnosis, NoByteFromAnywhereIsASilentLine) {
  EXPECT_EQ(causes({.units = {silent(1), silent(2)}}), Causes{Cause::line_silent});
}

TEST(Diagnosis, NoiseWhileNobodySpeaksAndNoReplyIsSwappedWires) {
  LineStatistics line{.units = {silent(1), garbled(2, 50, 50)}, .idle_bytes = 40};
  line.counted.stray_bytes = 90;
  EXPECT_EQ(causes(line), Causes{Cause::wires_swapped});
}

TEST(Diagnosis, GarbageOnlyInRepliesIsWrongSettings) {
  LineStatistics line{.units = {garbled(1, 50, 50), silent(2)}};
  line.counted.corrupt = 100;
  line.counted.framing_errors = 80;
  EXPECT_EQ(causes(line), Causes{Cause::wrong_settings});
}

TEST(Diagnosis, OneSilentUnitAmongOthersIsDead) {
  const auto found = diagnose({.units = {clean(1), silent(7)}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].cause, Cause::dead_unit);
  EXPECT_EQ(found[0].evidence.at("unit"), "7");
  EXPECT_EQ(found[0].evidence.at("meter"), "m-7");
}

TEST(Diagnosis, AUnitThatAnswersSometimesIsSlow) {
  auto slow = clean(3);
  slow.silent = 20;
  slow.good = 80;
  EXPECT_EQ(causes({.units = {clean(1), slow}}), Causes{Cause::slow_unit});
}

TEST(Diagnosis, OneGarbledUnitAmongCleanOnesIsADuplicateAddress) {
  EXPECT_EQ(causes({.units = {clean(1), garbled(5, 20, 25), clean(9)}}), Causes{Cause::duplicate_address});
}

TEST(Diagnosis, ErrorsThatGrowWithLengthAreAMissingTermination) {
  EXPECT_EQ(causes({.units = {garbled(1, 1, 9), garbled(2, 2, 11)}}), Causes{Cause::missing_termination});
}

TEST(Diagnosis, ErrorsAtOneEndOfTheCableAreAMissingTermination) {
  EXPECT_EQ(causes({.units = {clean(1), clean(2), garbled(5, 5, 6), garbled(6, 5, 5)}}),
            Causes{Cause::missing_termination});
}

TEST(Diagnosis, OneUnitWhoseLongRepliesAloneAreGarbledIsNotADuplicate) {
  EXPECT_EQ(causes({.units = {clean(1), garbled(6, 1, 20)}}), Causes{Cause::missing_termination});
}

TEST(Diagnosis, ErrorsOnAllUnitsAlikeAreNoise) {
  EXPECT_EQ(causes({.units = {garbled(1, 5, 6), garbled(2, 6, 5)}}), Causes{Cause::noise});
}

TEST(Diagnosis, ASlowLatencyTimerIsAnAdviceAndNoFault) {
  const auto found = diagnose({.units = {clean(1)}, .latency_ms = 16});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].cause, Cause::usb_latency);
  EXPECT_FALSE(found[0].is_fault);
  EXPECT_EQ(causes({.units = {clean(1)}, .latency_ms = 1}), Causes{});
}

TEST(Diagnosis, OneBadFrameInAHundredIsNoFinding) {
  EXPECT_EQ(causes({.units = {garbled(1, 1, 0), clean(2)}}), Causes{});
}

TEST(Diagnosis, EveryCauseHasItsOwnWord) {
  EXPECT_EQ(name_of(Cause::nothing_asked), "nothing_asked");
  EXPECT_EQ(name_of(Cause::duplicate_address), "duplicate_address");
  EXPECT_EQ(name_of(Cause::usb_latency), "usb_latency");
}

}  // namespace
}  // namespace jidian::commission

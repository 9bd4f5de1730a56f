#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/recorder/takeover.hpp"

/// What a change of the configuration must not lose, and must not miss: around a store that fails, and a restart.
namespace jidian::recorder {
namespace {

using domain::GapCause;
using plant::morning;
using std::chrono::seconds;

TEST_F(Takeover, WhatTheStoreDidNotTakeIsStoredUnderTheManifestThatItWasMadeUnder) {
  poll_both(0, 10);
  commit();
  store_fails_ = true;
  poll_both(10, 20);
  auto other = plant::manifest(2);
  other.meters[0].id = "m-2";
  change(other, {"bus-0"});
  store_fails_ = false;
  for (int s = 20; s < 90; ++s) poll("m-1", s);
  commit();
  std::map<std::string, int> polls;
  for (const auto& batch : record_.decoded(record::Stream::reading))
    for (const auto& one : std::get<record::Polls>(batch.body))
      ++polls[record_.made_under(batch.header.manifest).meters[one.meter].id];
  EXPECT_EQ(polls, (std::map<std::string, int>{{"m-0", 20}, {"m-1", 90}}));
  EXPECT_TRUE(gaps().empty());
}

TEST_F(Takeover, ADiskThatFillsDuringAChangeLosesNoValueOfAPointThatIsGone) {
  poll_both(0, 10);
  commit();
  store_fails_ = true;
  poll_both(10, 70);  // with a row of the first minute
  auto fewer = plant::manifest(2);
  fewer.meters[0].points.erase(fewer.meters[0].points.begin());
  change(fewer, {"bus-0"});
  change(plant::manifest(1), {"bus-0"});  // and once more, without m-1
  store_fails_ = false;
  commit();
  std::map<std::string, std::size_t> values;
  for (const auto& batch : record_.decoded(record::Stream::reading))
    for (const auto& one : std::get<record::Polls>(batch.body))
      for (const auto& sample : one.samples)
        values[record_.made_under(batch.header.manifest).meters[one.meter].id] += has_value(sample.quality) ? 1u : 0u;
  EXPECT_EQ(values, (std::map<std::string, std::size_t>{{"m-0", 210}, {"m-1", 210}}));
  std::map<std::string, std::size_t> minutes;
  for (const auto& [meter, told] : rows())
    for (const auto& row : told)
      if (row.start == morning && row.length == seconds(60)) minutes[meter] += row.points.size();
  EXPECT_EQ(minutes, (std::map<std::string, std::size_t>{{"m-0", 3}, {"m-1", 3}}));
  EXPECT_TRUE(gaps().empty());
}

TEST_F(Takeover, AnEpochBegunWhileSomethingWaitsTellsTheManifestsThatItWasMadeUnder) {
  poll_both(0, 10);
  commit();
  store_fails_ = true;
  poll_both(10, 70);  // with a row of the first minute
  const Hash before = core_->manifest().hash;
  change(first_alone(), {"bus-0"});
  ASSERT_EQ(core_->held_manifests().size(), 1u);
  EXPECT_EQ(core_->held_manifests()[0].hash, before);
  plant::MemoryRecord fresh(plant::manifest(2));
  fresh.know(first_alone());
  store::Opening opening;
  opening.epoch = 8;
  core_->begin_epoch(opening, clock_.now);
  fresh.commit(core_->build(Flush::all, 8, fresh.heads(), clock_.now));
  std::set<Hash> told;
  for (const auto& event : fresh.events(domain::EventKind::manifest)) told.insert(record::sha256(event.manifest));
  EXPECT_EQ(told.count(before), 1u);
  std::size_t made_before = 0;
  for (const auto stream : {record::Stream::interval, record::Stream::reading})
    for (const auto& batch : fresh.decoded(stream)) {
      EXPECT_TRUE(told.contains(batch.header.manifest));
      made_before += batch.header.manifest == before ? 1u : 0u;
    }
  EXPECT_GE(made_before, 2u);
  const auto events = fresh.events();
  ASSERT_GE(events.size(), 3u);
  EXPECT_EQ(fact(events[1], "sha256"), to_hex(before));
  EXPECT_EQ(fact(events[2], "sha256"), to_hex(core_->manifest().hash)) << "the one in force stands last";
}

/// Room for a single poll of each of two meters.
class TakeoverWithoutRoom : public Takeover {
 protected:
  TakeoverWithoutRoom() {
    limits_.samples_max = 6;
    core_.reset();
    record_ = plant::MemoryRecord(plant::manifest(2));
    begin(plant::manifest(2));
  }
  void poll_one(const std::string& id, int s) {
    poll(id, s);
    commit();
  }
};

TEST_F(TakeoverWithoutRoom, WhatOverflowsBehindAChangeIsDeclaredOfTheMeterThatItIsOf) {
  for (int s = 0; s < 10; ++s)
    for (const char* id : {"m-0", "m-1"}) poll_one(id, s);
  store_fails_ = true;
  for (const char* id : {"m-0", "m-1"}) poll(id, 10);
  auto other = with_one_in_front(plant::manifest(2));
  other.meters.erase(other.meters.begin() + 1);  // m-new, m-1
  change(other, {"bus-0"});
  for (int s = 11; s < 14; ++s) poll("m-1", s);
  store_fails_ = false;
  for (int s = 14; s < 90; ++s) poll_one("m-1", s);
  const auto found = gaps();
  EXPECT_EQ(found.size(), 2u);
  EXPECT_EQ(found.at("m-0"), (domain::Gap{GapCause::queue_full, second_of_change(10), second_of_change(11), 1}));
  EXPECT_EQ(found.at("m-1").cause, GapCause::queue_full);
  EXPECT_EQ(found.at("m-1").from, second_of_change(10));
}

TEST_F(Takeover, AMeterThatCameBackWasNotMissingAfterARestartEither) {
  auto alone = plant::manifest(2);
  alone.meters.erase(alone.meters.begin() + 1);
  poll_both(0, 90);
  change(alone, {"bus-0"});
  for (int s = 90; s < 1890; ++s) poll("m-0", s);
  change(plant::manifest(2), {"bus-0"});
  poll_both(1890, 1900);
  commit();
  begin(plant::manifest(2));  // in the minute, and the quarter hour, in which it came back
  poll_both(1900, 2760);
  commit();
  EXPECT_FALSE(gaps().contains("m-1"));
  std::map<std::pair<UtcTime, std::int64_t>, std::uint32_t> polls;
  const auto told = rows();
  for (const auto& row : told.at("m-1")) {
    EXPECT_GT(row.polls_made, 0u) << format_utc(row.start);
    EXPECT_TRUE(polls.emplace(std::pair(row.start, row.length.count()), row.polls_made).second) << "told twice";
  }
  EXPECT_EQ(polls.at({second_of_change(1860), 60}), 30u);
  EXPECT_EQ(polls.at({second_of_change(1800), 900}), 810u);
}

TEST_F(Takeover, AMeterThatComesBackWithAStartWasNotMissing) {
  auto alone = plant::manifest(2);
  alone.meters.erase(alone.meters.begin() + 1);
  poll_both(0, 90);
  change(alone, {"bus-0"});
  for (int s = 90; s < 1890; ++s) poll("m-0", s);
  core_->stop(clock_.now);
  commit();
  clock_.pass(seconds(5));
  begin(plant::manifest(2));
  poll_both(1897, 2760);  // the slots 1895 and 1896 were missed by both
  commit();
  const auto found = gaps();
  const domain::Gap late{GapCause::clean_stop, second_of_change(1895), second_of_change(1897), 2};
  EXPECT_EQ(found.at("m-1"), late);
  EXPECT_EQ(found.at("m-0"), late);
  const auto told = rows();
  for (const auto& row : told.at("m-1")) EXPECT_GT(row.polls_made, 0u) << format_utc(row.start);
}

/// A meter that was away from 90 s to 1890 s, and what is told of it around its return.
class ReturnOfAMeter : public Takeover {
 protected:
  void expect_no_row_without_polls() const {
    const auto told = rows();
    for (const auto& row : told.at("m-1"))
      EXPECT_GT(row.polls_made, 0u) << format_utc(row.start) << " of " << row.length.count() << " s";
  }
};

TEST_F(ReturnOfAMeter, BeforeItsFirstPollIsKnownAfterARestart) {
  lose_second_meter();
  change(plant::manifest(2), {"bus-0"});
  begin(plant::manifest(2));
  poll_both(1890, 2760);
  commit();
  EXPECT_TRUE(gaps_of("m-1").empty());
  expect_no_row_without_polls();
}

TEST_F(ReturnOfAMeter, WithAStartIsKnownAfterAnotherOneAtOnce) {
  lose_second_meter();
  core_->stop(clock_.now);
  commit();
  clock_.pass(seconds(5));
  begin(plant::manifest(2));
  begin(plant::manifest(2));
  poll_both(1897, 2760);  // the slots 1895 and 1896 were missed by both
  commit();
  ASSERT_EQ(gaps_of("m-1").size(), 1u);
  EXPECT_EQ(gaps_of("m-1"), gaps_of("m-0"));
  expect_no_row_without_polls();
}

TEST_F(ReturnOfAMeter, IsKnownAfterAnotherChangeOfItsPointsAtOnce) {
  lose_second_meter();
  change(plant::manifest(2), {"bus-0"});
  auto other = plant::manifest(2);
  for (auto& point : other.meters[1].points) point.name += "_2";
  change(other, {"bus-0"});
  poll_both(1890, 2760);
  commit();
  EXPECT_TRUE(gaps_of("m-1").empty());
  expect_no_row_without_polls();
}

TEST_F(ReturnOfAMeter, WhoseLastPollsAreTooOldToBeReadBackMakesNoRowWithoutPolls) {
  lose_second_meter();
  core_->stop(clock_.now);
  commit();
  clock_.pass(seconds(5));
  record_.shown_since = second_of_change(1000);
  begin(plant::manifest(2));
  poll_both(1897, 2760);
  commit();
  EXPECT_TRUE(gaps_of("m-1").empty());
  expect_no_row_without_polls();
}

TEST_F(Takeover, AMeterThatIsGoneWithAStartHasItsRowsToldByThatStart) {
  poll_both(0, 90);
  core_->stop(clock_.now);
  commit();
  clock_.pass(seconds(5));  // 08:01:34.020
  begin(first_alone());
  const auto told = rows().at("m-1");
  ASSERT_EQ(told.size(), 3u) << "the first minute, and two in progress";
  std::map<std::pair<UtcTime, std::int64_t>, std::pair<std::uint32_t, std::uint32_t>> polls;
  for (const auto& row : told) polls[{row.start, row.length.count()}] = {row.polls_made, row.polls_expected};
  EXPECT_EQ(polls.at({second_of_change(60), 60}), std::pair(30u, 35u));
  EXPECT_EQ(polls.at({morning, 900}), std::pair(90u, 95u));
  EXPECT_TRUE(gaps_of("m-1").empty()) << "the gap of the box has all that it missed";
  for (int s = 95; s < 120; ++s) poll("m-0", s);
  EXPECT_EQ(rows().at("m-1"), told);
  change(plant::manifest(2), {"bus-0"});
  poll_both(120, 910);
  commit();
  std::vector<domain::IntervalRow> quarter;
  const auto all = rows();
  for (const auto& row : all.at("m-1"))
    if (row.start == morning && row.length == seconds(900)) quarter.push_back(row);
  ASSERT_EQ(quarter.size(), 2u);
  EXPECT_EQ(quarter[1].polls_made, 780u);
  EXPECT_EQ(quarter[1].polls_expected, 780u);
  EXPECT_EQ(quarter[1].points[1].first, quarter[0].points[1].last);
  EXPECT_TRUE(gaps_of("m-1").empty());
}

TEST_F(Takeover, AMeterThatIsGoneWithANewEpochHasItsManifestToldBeforeItsRows) {
  poll_both(0, 30);
  commit();
  const Hash before = core_->manifest().hash;
  const Options alone = plant::options(first_alone());
  Core next(alone);
  record_.know(alone.manifest);
  record_.remember(next, alone.manifest, [](record::Stream) {});
  const auto had_it = next.manifest_of_gone();
  ASSERT_TRUE(had_it);
  const Options of_last = plant::options(*had_it);
  Core last(of_last);
  record_.remember(last, of_last.manifest, [](record::Stream) {});
  store::Opening opening;
  opening.epoch = 8;
  opening.predecessor = 7;
  opening.began_epoch = true;
  next.begin(opening, clock_.now, &last);
  ASSERT_EQ(next.held_manifests().size(), 1u);
  plant::MemoryRecord fresh(plant::manifest(2));
  fresh.know(first_alone());
  fresh.commit(next.build(Flush::all, 8, fresh.heads(), clock_.now));
  const auto manifests = fresh.events(domain::EventKind::manifest);
  ASSERT_EQ(manifests.size(), 2u);
  EXPECT_EQ(fact(manifests[0], "sha256"), to_hex(before));
  EXPECT_EQ(fact(manifests[1], "sha256"), to_hex(next.manifest().hash)) << "the one in force stands last";
  const auto batches = fresh.decoded(record::Stream::interval);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].header.manifest, before);
}

/// A run in which "m-1" misses polls, and that is killed; the next one does not have the meter.
class CrashAndStartWithoutAMeter : public Takeover {
 protected:
  void run_without(int silent_from, int killed_at) {
    poll_both(0, 10);
    poll("m-0", 10);
    poll_both(11, 20);  // the hole of 10 is told at once
    poll("m-0", 20);
    poll_both(21, silent_from);  // the next one would be told a minute later
    for (int s = silent_from; s < killed_at; ++s) poll("m-0", s);
    commit();
    clock_.pass(seconds(5));
    begin(first_alone());
    for (int s = killed_at + 5; s < 80; ++s) poll("m-0", s);
  }
  static domain::Gap gap(GapCause cause, int from, UtcTime until, std::uint64_t missed) {
    return {cause, second_of_change(from), until, missed};
  }
  const domain::Gap told_ = gap(GapCause::bus_fault, 10, second_of_change(11), 1);
  const domain::Gap untold_ = gap(GapCause::crash, 20, second_of_change(21), 1);
};

TEST_F(CrashAndStartWithoutAMeter, ThatStartTellsWhatItMissedAndItsRows) {
  run_without(30, 35);
  const auto last = gap(GapCause::crash, 30, second_of_change(34) + Millis{20}, 5);
  EXPECT_EQ(gaps_of("m-1"), (std::vector{told_, untold_, last}));
  const auto told = rows().at("m-1");
  ASSERT_EQ(told.size(), 2u);
  for (const auto& row : told) {
    EXPECT_EQ(row.start, morning);
    EXPECT_EQ(row.polls_made, 28u);
    EXPECT_EQ(row.polls_expected, 40u) << "up to the start without it";
  }
}

TEST_F(CrashAndStartWithoutAMeter, NothingOfItIsToldAgainByTheStartThatHasItAgain) {
  run_without(30, 35);
  begin(plant::manifest(2));
  poll_both(80, 150);
  commit();
  begin(plant::manifest(2));
  poll_both(150, 220);
  commit();
  const auto last = gap(GapCause::crash, 30, second_of_change(34) + Millis{20}, 5);
  EXPECT_EQ(gaps_of("m-1"), (std::vector{told_, untold_, last}));
}

TEST_F(CrashAndStartWithoutAMeter, NothingOfItIsToldAgainByTheChangeThatBringsItBack) {
  run_without(30, 35);
  change(plant::manifest(2), {"bus-0"});
  poll_both(80, 150);
  commit();
  const auto last = gap(GapCause::crash, 30, second_of_change(34) + Millis{20}, 5);
  EXPECT_EQ(gaps_of("m-1"), (std::vector{told_, untold_, last}));
}

TEST_F(CrashAndStartWithoutAMeter, ALongHoleBeforeWasSilence) {
  run_without(30, 55);
  begin(plant::manifest(2));
  poll_both(80, 150);
  commit();
  const auto last = gap(GapCause::meter_silent, 30, second_of_change(54) + Millis{20}, 25);
  EXPECT_EQ(gaps_of("m-1"), (std::vector{told_, untold_, last}));
}

}  // namespace
}  // namespace jidian::recorder

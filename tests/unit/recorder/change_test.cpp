#include "recorder/change.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "record/manifest.hpp"
#include "recorder/core.hpp"
#include "recorder/inbox.hpp"
#include "recorder/read_back.hpp"
#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/recorder/takeover.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::GapCause;
using plant::morning;
using std::chrono::seconds;

TEST_F(Takeover, MetersThatStayAsTheyWereHaveTheRowsThatTheyWouldHaveHad) {
  poll_both(0, 1000);
  commit();
  const auto expected = rows();
  core_.reset();
  record_ = plant::MemoryRecord(plant::manifest(2));
  clock_ = {};
  begin(plant::manifest(2));
  poll_both(0, 150);
  change(with_one_in_front(plant::manifest(2)));
  poll_both(150, 607);
  change(plant::manifest(2));
  poll_both(607, 1000);
  commit();
  auto found = rows();
  found.erase("m-new");
  EXPECT_EQ(found, expected);
  EXPECT_TRUE(gaps().empty());
  EXPECT_TRUE(record_.events(EventKind::counter_step).empty());
}

TEST_F(Takeover, TheChangeNamesBothManifestsAndTheNewOneIsThereBeforeItsFirstUse) {
  const auto before = record::encode(options_->manifest).hash;
  poll_both(0, 30);
  change(with_one_in_front(plant::manifest(2)));
  const auto after = record::encode(options_->manifest).hash;
  poll_both(30, 60);
  commit();
  const auto changes = record_.events(EventKind::configuration);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(fact(changes[0], "before"), to_hex(before));
  EXPECT_EQ(fact(changes[0], "after"), to_hex(after));
  const auto manifests = record_.events(EventKind::manifest);
  ASSERT_EQ(manifests.size(), 2u);
  EXPECT_EQ(fact(manifests[1], "sha256"), to_hex(after));
  std::map<Hash, std::size_t> polls;
  for (const auto& batch : record_.decoded(record::Stream::reading))
    polls[batch.header.manifest] += std::get<record::Polls>(batch.body).size();
  EXPECT_EQ(polls, (std::map<Hash, std::size_t>{{before, 60}, {after, 60}}));
}

TEST_F(Takeover, SlotsThatAPausedBusMissesAreGapsOfItsConfiguration) {
  poll_both(0, 30);
  auto alone = plant::manifest(2);
  alone.meters.erase(alone.meters.begin() + 1);
  change(alone, {"bus-0"});
  for (int s = 33; s < 110; ++s) poll("m-0", s);
  commit();
  const auto found = gaps();
  ASSERT_EQ(found.size(), 1u) << "a meter that is gone has no slots";
  EXPECT_EQ(found.at("m-0"), (domain::Gap{GapCause::configuration, second_of_change(30), second_of_change(33), 3}));
}

TEST_F(Takeover, SlotsOfAMeterThatIsGoneAreDeclaredUpToTheChange) {
  poll_both(0, 30);
  clock_.pass(seconds(2));  // at 08:00:31.020: the slots 30 and 31 of m-1 are past
  auto alone = plant::manifest(2);
  alone.meters.erase(alone.meters.begin() + 1);
  change(alone, {"bus-0"});
  const UtcTime changed = clock_.now.utc;
  for (int s = 32; s < 110; ++s) poll("m-0", s);
  commit();
  const auto found = gaps();
  EXPECT_EQ(found.at("m-1"), (domain::Gap{GapCause::configuration, second_of_change(30), changed, 2}));
  EXPECT_EQ(found.at("m-0"), (domain::Gap{GapCause::configuration, second_of_change(30), second_of_change(32), 2}));
}

TEST_F(Takeover, AMeterThatComesBackHadNoSlotsWhileItWasGone) {
  auto alone = plant::manifest(2);
  alone.meters.erase(alone.meters.begin() + 1);
  poll_both(0, 90);
  change(alone, {"bus-0"});
  for (int s = 90; s < 1890; ++s) poll("m-0", s);
  change(plant::manifest(2), {"bus-0"});
  poll_both(1890, 2730);
  change(alone, {"bus-0"});
  for (int s = 2730; s < 3600; ++s) poll("m-0", s);
  change(plant::manifest(2), {"bus-0"});
  poll_both(3600, 3720);
  commit();
  EXPECT_TRUE(gaps().empty());
  std::map<int, std::uint32_t> expected{{0, 60}, {60, 30}, {1860, 30}, {2700, 30}, {3600, 60}};
  for (int at = 1920; at < 2700; at += 60) expected[at] = 60;
  std::map<int, std::uint32_t> minutes;
  const auto told = rows();
  for (const auto& row : told.at("m-1")) {
    EXPECT_GT(row.polls_made, 0u) << format_utc(row.start);
    if (row.length != seconds(60)) continue;
    const auto at = static_cast<int>((row.start - morning) / seconds(1));
    EXPECT_TRUE(minutes.emplace(at, row.polls_made).second) << at << " is told twice";
  }
  minutes.erase(3660);  // may be in progress
  EXPECT_EQ(minutes, expected);
}

TEST_F(Takeover, WhatAMeterHadOfItsRowsIsToldWhenItGoes) {
  poll_both(0, 90);
  change(first_alone(), {"bus-0"});
  const auto told = rows().at("m-1");
  ASSERT_EQ(told.size(), 3u) << "the first minute, and two in progress";
  std::map<std::pair<UtcTime, std::int64_t>, std::uint32_t> polls;
  for (const auto& row : told) polls[{row.start, row.length.count()}] = row.polls_made;
  EXPECT_EQ(polls.at({second_of_change(60), 60}), 30u);
  EXPECT_EQ(polls.at({morning, 900}), 90u);
  for (int s = 90; s < 1000; ++s) poll("m-0", s);
  commit();
  EXPECT_EQ(rows().at("m-1"), told) << "nothing of it afterwards";
}

/// "m-1" is away from 90 s to 300 s, within a quarter hour.
class ReturnWithinAnInterval : public Takeover {
 protected:
  using Told = std::map<std::pair<UtcTime, std::int64_t>, std::vector<domain::IntervalRow>>;

  void go_and_come_back() {
    poll_both(0, 90);
    change(first_alone(), {"bus-0"});
    for (int s = 90; s < 300; ++s) poll("m-0", s);
    change(plant::manifest(2), {"bus-0"});
  }
  Told told() const {
    Told told;
    const auto all = rows();
    for (const auto& row : all.at("m-1")) told[{row.start, row.length.count()}].push_back(row);
    return told;
  }
};

TEST_F(ReturnWithinAnInterval, HasARowOfEachPartOfItAndItsCountsGoOn) {
  go_and_come_back();
  poll_both(300, 1860);
  commit();
  auto all = told();
  const auto quarter = all.extract({morning, 900}).mapped();
  ASSERT_EQ(quarter.size(), 2u);
  EXPECT_EQ(quarter[0].polls_made, 90u);
  EXPECT_EQ(quarter[0].polls_expected, 90u);
  EXPECT_EQ(quarter[1].polls_made, 600u);
  EXPECT_EQ(quarter[1].polls_expected, 600u);
  for (const auto& [label, rows_of] : all) EXPECT_EQ(rows_of.size(), 1u) << format_utc(label.first);
  constexpr std::size_t energy = 1;
  EXPECT_EQ(quarter[0].points[energy].last, 1890u);
  EXPECT_EQ(quarter[1].points[energy].first, quarter[0].points[energy].last);
  EXPECT_EQ(quarter[1].points[energy].first_at, quarter[0].points[energy].last_at);
  const auto& next = all.at({second_of_change(900), 900}).front().points[energy];
  EXPECT_EQ(next.first, quarter[1].points[energy].last);
  EXPECT_EQ(all.at({second_of_change(300), 60}).front().polls_made, 60u);
  EXPECT_TRUE(gaps_of("m-1").empty());
}

TEST_F(ReturnWithinAnInterval, HasTheSameRowsWhereTheGatewayIsKilledBehindIt) {
  go_and_come_back();
  poll_both(300, 1860);
  commit();
  const auto expected = told();
  core_.reset();
  record_ = plant::MemoryRecord(plant::manifest(2));
  clock_ = {};
  begin(plant::manifest(2));
  go_and_come_back();
  poll_both(300, 400);
  commit();
  begin(plant::manifest(2));  // at once, so that no slot is missed
  poll_both(400, 1860);
  commit();
  EXPECT_EQ(told(), expected);
}

TEST_F(Takeover, SlotsAreAccountedForAcrossOtherPoints) {
  poll_both(0, 30);
  auto other = plant::manifest(2);
  for (auto& point : other.meters[0].points) point.name += "_2";
  change(other, {"bus-0"});
  poll_both(33, 110);
  commit();
  const domain::Gap paused{GapCause::configuration, second_of_change(30), second_of_change(33), 3};
  EXPECT_EQ(gaps(), (std::map<std::string, domain::Gap>{{"m-0", paused}, {"m-1", paused}}));
  EXPECT_EQ(record_.events(EventKind::gap).size(), 2u);
}

TEST_F(Takeover, AnotherPeriodBeginsWithTheNextOfItsSlots) {
  poll_both(0, 31);
  auto slower = plant::manifest(2);
  slower.meters[0].period = seconds(5);
  change(slower, {"bus-0"});
  for (int s = 31; s < 200; ++s) {
    poll("m-1", s);
    if (s % 5 == 0) poll("m-0", s);
  }
  commit();
  EXPECT_TRUE(gaps().empty());
}

TEST_F(Takeover, AStepOverAStopIsTakenWhenTheMeterComesBackBehindTheChange) {
  poll_both(0, 30);  // m-1 stands at 1290
  core_->stop(clock_.now);
  commit();
  clock_.pass(seconds(300));
  begin(options_->manifest);
  for (int s = 331; s < 340; ++s) poll("m-0", s);
  auto named = options_->manifest;
  named.meters[0].name = "Press";
  change(named);
  poll_both(340, 345);
  commit();
  std::map<std::string, std::string> steps;
  for (const auto& event : record_.events(EventKind::counter_step)) {
    EXPECT_FALSE(steps.contains(event.subject)) << "told twice";
    steps[event.subject] = fact(event, "energy");
  }
  EXPECT_EQ(steps, (std::map<std::string, std::string>{{"m-0", "3020"}, {"m-1", "3110"}}));
}

/// One facility that runs from 2 kW on.
class TakeoverOfFacility : public Takeover {
 protected:
  static domain::Manifest shop(std::int64_t start_at_mw = 2'000'000) {
    auto manifest = plant::manifest(2);
    for (auto& meter : manifest.meters) {
      meter.points[0].quantity = "active_power";
      meter.points[0].phase = "total";
      meter.points[0].unit = "W";
    }
    domain::FacilityEntry facility;
    facility.id = "shop";
    facility.meters = {"m-0", "m-1"};
    facility.run = {domain::RunSource::power, {"m-0", "m-1"}, 1'000'000, start_at_mw};
    manifest.facilities = {facility};
    return manifest;
  }
  TakeoverOfFacility() : Takeover(shop()) {}

  void run(int from, int until) {
    for (int s = from; s < until; ++s)
      for (std::size_t i = 0; i < options_->manifest.meters.size(); ++i) {
        if (options_->manifest.meters[i].id == "m-new") continue;
        auto one = plant::poll(i, second_of_change(s));
        one.samples[0].bits = 1'500;
        take(std::move(one));
      }
  }
  std::vector<std::string> told() const {
    std::vector<std::string> states;
    for (const auto& event : record_.events(EventKind::facility_state)) states.push_back(fact(event, "state"));
    return states;
  }
};

TEST_F(TakeoverOfFacility, AStateThatGoesOnIsNotToldAgain) {
  run(0, 30);
  ASSERT_EQ(told(), std::vector<std::string>{"running"});
  const auto since = core_->facilities()[0].since;
  change(with_one_in_front(shop()));
  EXPECT_EQ(core_->facilities()[0].since, since);
  run(30, 60);
  EXPECT_EQ(told(), std::vector<std::string>{"running"});
}

TEST_F(TakeoverOfFacility, AFacilityWithOtherLevelsIsToldAnew) {
  run(0, 30);
  change(shop(2'500'000));
  run(30, 60);
  EXPECT_EQ(told(), (std::vector<std::string>{"running", "running"}));
}

TEST(MovedPolls, KeepTheInstantsOfCountersThatWereReadFirst) {
  const auto before = plant::manifest(3);
  auto after = before;
  after.meters.erase(after.meters.begin());
  auto& points = after.meters[1].points;
  std::rotate(points.begin(), points.begin() + 1, points.end());  // energy, flow, power
  auto poll = plant::poll(2, morning, 4711);
  poll.early = {{1, morning + Millis{6}}};
  const auto moved = move_poll(poll, before, after);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->meter, 1u);
  EXPECT_EQ(moved->samples[0].bits, 4711u);
  EXPECT_EQ(domain::end_of(*moved, 0), morning + Millis{6});
  EXPECT_EQ(domain::end_of(*moved, 1), poll.end);
  EXPECT_FALSE(move_poll(plant::poll(0, morning), before, after)) << "a meter that is gone";
  const auto same = move_poll(plant::poll(1, morning), before, after);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->meter, 0u);
}

TEST(Doors, AChangeRenumbersWhatComesBehindItAndNothingElse) {
  Inbox inbox;
  Door door(inbox, {4, 5});
  EXPECT_TRUE(door.offer(plant::poll(1, morning)));
  inbox.change({}, {{&door, {2, 3}}});
  EXPECT_TRUE(door.offer(plant::poll(1, morning)));
  const auto items = inbox.take_all({}, SteadyTime{});
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(std::get<domain::Poll>(items[0]).meter, 5u);
  EXPECT_TRUE(std::holds_alternative<ChangeOrder>(items[1]));
  EXPECT_EQ(std::get<domain::Poll>(items[2]).meter, 3u);
}

TEST(Doors, AChangeIsNeverRefused) {
  Inbox inbox(1);
  Door door(inbox, {0});
  EXPECT_TRUE(door.offer(plant::poll(0, morning)));
  EXPECT_FALSE(door.offer(plant::poll(0, morning)));
  inbox.change({}, {});
  EXPECT_EQ(inbox.take_all({}, SteadyTime{}).size(), 2u);
}

}  // namespace
}  // namespace jidian::recorder

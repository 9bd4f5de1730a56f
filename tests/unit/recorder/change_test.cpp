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

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::GapCause;
using plant::morning;
using std::chrono::seconds;

UtcTime second_of_change(int s) {
  return morning + seconds(s);
}

/// A core, and others that take over from it while polls go on.
class Takeover : public testing::Test {
 protected:
  explicit Takeover(domain::Manifest first = plant::manifest(2)) : record_(first) { begin(std::move(first)); }

  void begin(domain::Manifest manifest) {
    options_ = std::make_unique<Options>(plant::options(std::move(manifest)));
    core_ = std::make_unique<Core>(*options_, limits_);
    record_.know(options_->manifest);
    record_.remember(*core_, options_->manifest, [](record::Stream) {});
    store::Opening opening;
    opening.epoch = 7;
    opening.began_epoch = record_.commits == 0;
    core_->begin(opening, clock_.now);
    commit();
  }
  void change(domain::Manifest manifest, std::vector<std::string> paused = {}) {
    core_->settle(clock_.now);
    commit();
    auto options = std::make_unique<Options>(plant::options(std::move(manifest)));
    record_.know(options->manifest);
    auto core = std::make_unique<Core>(*options);
    core->take_over(*core_);
    record_.remember(*core, options->manifest, [&](record::Stream stream) { core->remember_waiting(stream); });
    Change change;
    change.event = {clock_.now.utc, EventKind::configuration, {}, "Another one.", std::nullopt, {}, {}};
    change.paused = std::move(paused);
    core->go_on(*core_, std::move(change), clock_.now);
    core_ = std::move(core);
    options_ = std::move(options);
    commit();
  }
  void take(domain::Poll poll) {
    while (clock_.now.utc < poll.end) pass(std::min(poll.end - clock_.now.utc, Millis{1000}));
    core_->observe(clock_.now);
    core_->judge(poll, clock_.now);
    core_->accept(std::move(poll), clock_.now);
    round();
  }
  /// The meters "m-0" and "m-1", under the numbers that they have now.
  void poll_both(int from, int until) {
    for (int s = from; s < until; ++s)
      for (const char* id : {"m-0", "m-1"}) poll(id, s);
  }
  void poll(const std::string& id, int s) {
    const auto& meters = options_->manifest.meters;
    const auto meter = std::ranges::find(meters, id, &domain::MeterEntry::id);
    if (meter == meters.end()) return;
    take(plant::poll(static_cast<std::size_t>(meter - meters.begin()), second_of_change(s),
                     1000u + 10u * static_cast<unsigned>(s)));
  }
  void pass(Millis time) {
    clock_.pass(time);
    core_->observe(clock_.now);
    round();
  }
  void round() {
    core_->advance(clock_.now);
    if (core_->due(clock_.now)) commit();
  }
  void commit() {
    const auto batches = core_->build(Flush::all, 7, record_.heads(), clock_.now);
    if (store_fails_) return core_->failed(clock_.now);
    for (const auto& note : core_->take_notes()) record_.note(note);
    if (!batches.empty()) record_.commit(batches);
    core_->committed(Flush::all, clock_.now);
  }
  /// The rows of each meter, whatever number it had.
  std::map<std::string, std::vector<domain::IntervalRow>> rows() const {
    std::map<std::string, std::vector<domain::IntervalRow>> all;
    for (const auto& batch : record_.decoded(record::Stream::interval))
      for (const auto& row : std::get<record::Rows>(batch.body)) {
        auto it = std::get<domain::IntervalRow>(row);
        const auto id = record_.made_under(batch.header.manifest).meters[it.meter].id;
        it.meter = 0;
        all[id].push_back(std::move(it));
      }
    return all;
  }
  std::map<std::string, domain::Gap> gaps() const {
    std::map<std::string, domain::Gap> all;
    for (const auto& event : record_.events(EventKind::gap)) all.emplace(event.subject, *event.gap);
    return all;
  }
  static domain::Manifest with_one_in_front(domain::Manifest manifest) {
    domain::MeterEntry one = manifest.meters.front();
    one.id = "m-new";
    one.bus = "bus-1";
    manifest.meters.insert(manifest.meters.begin(), one);
    return manifest;
  }
  static std::string fact(const domain::Event& event, const std::string& name) {
    for (const auto& [key, value] : event.facts)
      if (key == name) return value;
    return "none";
  }

  std::unique_ptr<Options> options_;
  plant::MemoryRecord record_;
  plant::HandClock clock_;
  std::unique_ptr<Core> core_;
  PendingLimits limits_;
  bool store_fails_ = false;
};

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

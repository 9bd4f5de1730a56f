#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "recorder/lost_manifests.hpp"
#include "tests/integration/recorder/recorder_on_disk.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using record::Stream;

TEST_F(RecorderOnDisk, StartIsInTheStoreBeforeItReturns) {
  start();
  EXPECT_EQ(events(EventKind::start).size(), 1u);
  EXPECT_EQ(events(EventKind::epoch).size(), 1u);
  auto reader = store_->reader();
  const auto manifest = record::encode(options_.manifest);
  ASSERT_TRUE(reader);
  EXPECT_TRUE((*reader)->manifest(manifest.hash));
}

TEST_F(RecorderOnDisk, EverythingOfferedFromSeveralThreadsIsStoredWhenItStops) {
  start();
  {
    std::vector<std::jthread> pollers;
    const UtcTime first = slot(0);
    for (std::size_t meter = 0; meter < 4; ++meter)
      pollers.emplace_back([this, meter, first] {
        for (int i = 0; i < 500; ++i)
          EXPECT_TRUE(recorder_->inbox().offer(plant::poll(meter, first + std::chrono::seconds(i))));
        recorder_->live();
      });
  }
  stop();
  EXPECT_TRUE(store_->is_watched) << "long work in the store is known to go on";
  EXPECT_EQ(readings(), 4u * 500 * 3);
  EXPECT_EQ(events(EventKind::stop).size(), 1u);
  EXPECT_EQ(events(EventKind::gap).size(), 0u);
  EXPECT_EQ(board_.store().readings_recorded, 4u * 500 * 3);
}

TEST_F(RecorderOnDisk, SecondRunContinuesSeqAndChainAndDeclaresWhatLiesBetween) {
  start();
  recorder_->inbox().offer(plant::poll(0, slot(0), 100));
  stop();
  store_.reset();
  open();
  start();
  recorder_->inbox().offer(plant::poll(0, slot(0), 142));
  stop();
  EXPECT_EQ(readings(), 6u);
  const auto gaps = events(EventKind::gap);
  ASSERT_GE(gaps.size(), 1u);
  EXPECT_EQ(gaps.front().gap->cause, domain::GapCause::clean_stop);
  const auto steps = events(EventKind::counter_step);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].facts[2], std::pair(std::string("energy"), std::string("42")));
  EXPECT_EQ(events(EventKind::manifest).size(), 1u);
}

TEST_F(RecorderOnDisk, FullDiskIsShownHeldOutAndForgottenWhenThereIsRoomAgain) {
  start();
  store_->is_full = true;
  recorder_->inbox().offer(plant::poll(0, slot(0)));
  EXPECT_TRUE(wait_for([&] { return store_->refusals > 0 && !board_.store().trouble.empty(); }));
  recorder_->inbox().offer(plant::poll(0, slot(1)));
  store_->is_full = false;
  EXPECT_TRUE(wait_for([&] { return board_.store().readings_recorded == 6 && board_.store().trouble.empty(); }));
  stop();
  EXPECT_EQ(readings(), 6u);
}

TEST_F(RecorderOnDisk, GoesOnInAnotherEpochEachTimeItsFileIsDeleted) {
  start();
  for (int time = 0; time < 2; ++time) {
    const auto before = store_->opening().epoch;
    const auto recorded = board_.store().readings_recorded;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "store"))
      if (entry.path().filename().string().starts_with("epoch-")) std::filesystem::remove(entry.path());
    recorder_->inbox().offer(plant::poll(0, slot(time)));
    EXPECT_TRUE(wait_for([&] { return board_.store().readings_recorded == recorded + 3; }));
    EXPECT_NE(store_->opening().epoch, before);
  }
  stop();
  const auto begun = events(EventKind::epoch);
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_NE(begun[0].text.find("deleted"), std::string::npos) << begun[0].text;
  EXPECT_EQ(readings(), 3u);
}

TEST_F(RecorderOnDisk, StopOnAFullDiskEnds) {
  start();
  store_->is_full = true;
  recorder_->inbox().offer(plant::poll(0, slot(0)));
  recorder_.reset();
  EXPECT_EQ(readings(), 0u);
}

TEST_F(RecorderOnDisk, EpochOnRequestKeepsWhatWaitsInTheOldOne) {
  options_.commit_interval = std::chrono::hours(1);
  start();
  const auto before = store_->opening().epoch;
  recorder_->inbox().offer(plant::poll(0, slot(0)));
  EXPECT_TRUE(wait_for([&] { return recorder_->live().find("m-0") != std::string::npos; }));
  recorder_->request_epoch(before, "a conflict");
  EXPECT_TRUE(wait_for([&] { return commits_ >= 2; }));
  recorder_->inbox().offer(plant::poll(1, slot(0)));
  stop();
  const auto begun = events(EventKind::epoch);
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_EQ(begun[0].text, "a conflict");
  EXPECT_EQ(begun[0].facts[1].second, to_hex(before));
  EXPECT_EQ(readings(), 3u);
  auto reader = store::open_reader(folder_ / "store");
  ASSERT_TRUE(reader);
  EXPECT_TRUE((*reader)->extent(before, Stream::reading).value());
}

TEST_F(RecorderOnDisk, RejectedBatchIsCopiedIntoTheEpochThatBeginsForIt) {
  start();
  const auto before = store_->opening().epoch;
  recorder_->inbox().offer(plant::poll(0, slot(0)));
  EXPECT_TRUE(wait_for([&] { return board_.store().readings_recorded == 3; }));
  const auto acknowledged = [&](Stream stream) { return store_->acknowledged("province", before, stream).contains(1); };
  EXPECT_TRUE(recorder_->request_copy({before, Stream::reading, 1}, "province"));
  EXPECT_TRUE(recorder_->request_copy({before, Stream::event, 1}, "province"));
  recorder_->request_epoch(before, "a conflict");
  EXPECT_TRUE(wait_for([&] { return acknowledged(Stream::reading) && acknowledged(Stream::event); }));
  recorder_->request_epoch(before, "the same conflict, told late");
  stop();
  const auto batches = read(Stream::event);
  ASSERT_GE(batches.size(), 2U);
  EXPECT_EQ(std::get<record::Events>(batches[0].body)[0].text, "a conflict");
  EXPECT_FALSE(batches[0].header.copy_of) << "the epoch's own first event comes first";
  EXPECT_EQ(events(EventKind::epoch).size(), 2U) << "one of them in the copy";
  const auto readings = read(Stream::reading);
  ASSERT_EQ(readings.size(), 1U);
  EXPECT_EQ(readings[0].header.copy_of->epoch, before);
}

TEST_F(RecorderOnDisk, AManifestThatADestinationLacksIsToldAnew) {
  const auto earlier = record::encode(plant::manifest(3));
  store_->add_manifest(earlier.hash, earlier.bytes);
  start();
  recorder_->request_manifest(Hash{});  // nobody has it
  recorder_->request_manifest(earlier.hash);
  EXPECT_TRUE(wait_for([&] { return commits_ >= 2; }));
  recorder_->request_manifest(earlier.hash);
  stop();
  const auto manifests = events(EventKind::manifest);
  ASSERT_EQ(manifests.size(), 3u);
  EXPECT_EQ(manifests[1].manifest, earlier.bytes);
  EXPECT_EQ(manifests[2].manifest, record::encode(options_.manifest).bytes) << "that is in force";
}

TEST_F(RecorderOnDisk, AManifestIsToldAnewOnceAnHour) {
  start();
  const Hash hash = record::encode(options_.manifest).hash;
  LostManifests lost(*store_);
  const auto told_at = [&](std::chrono::minutes at) {
    lost.request(hash);
    return lost.take(SteadyTime{std::chrono::hours(5) + at}).size();
  };
  EXPECT_EQ(told_at(std::chrono::minutes(0)), 1u);
  EXPECT_EQ(told_at(std::chrono::minutes(59)), 0u);
  EXPECT_EQ(told_at(std::chrono::minutes(60)), 1u);
}

TEST_F(RecorderOnDisk, LiveViewShowsTheNewestPollOfEveryMeter) {
  start();
  recorder_->inbox().offer(plant::poll(0, slot(0), 1234));
  recorder_->inbox().offer(plant::hole(3, slot(0)));
  EXPECT_TRUE(wait_for([&] {
    const std::string json = recorder_->live();
    return json.find("1234") != std::string::npos && json.find("no_answer") != std::string::npos;
  }));
  EXPECT_TRUE(wait_for([&] { return views_ > 1; }));
}

TEST_F(RecorderOnDisk, TheFirstViewGoesOutWithEveryMeterInIt) {
  options_.live_interval = std::chrono::hours(1);
  start();
  for (std::size_t meter = 0; meter < 3; ++meter) recorder_->inbox().offer(plant::poll(meter, slot(0)));
  EXPECT_TRUE(wait_for([&] { return commits_ > 1; }));
  EXPECT_TRUE(wait_for([&] { return views_ == 0; })) << "it would take the place of a better one at the broker";
  recorder_->inbox().offer(plant::hole(3, slot(0)));
  EXPECT_TRUE(wait_for([&] { return views_ == 1; }));
}

TEST_F(RecorderOnDisk, AnotherConfigurationIsDurableWhenItIsAnsweredAndPollsGoOnAroundIt) {
  options_.commit_interval = std::chrono::hours(1);
  start();
  Door door(recorder_->inbox(), {1});
  const UtcTime first = slot(0);
  EXPECT_TRUE(door.offer(plant::poll(0, first)));
  recorder_->inbox().offer(domain::Note{"meter/m-1", "what it taught"});
  Change change;
  change.manifest = options_.manifest;
  change.manifest.meters.erase(change.manifest.meters.begin());
  change.event = {clock_.utc_now(), EventKind::configuration, {}, "Another one.", std::nullopt, {}, {}};
  const auto before = record::encode(options_.manifest).hash;
  const auto after = record::encode(change.manifest).hash;
  auto answer = recorder_->change(change, {{&door, {0}}});
  EXPECT_TRUE(door.offer(plant::poll(0, first + std::chrono::seconds(1))));
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  const Changed changed = answer.get();
  EXPECT_TRUE(changed.stored);
  EXPECT_EQ(changed.before, before);
  EXPECT_EQ(changed.after, after);
  EXPECT_EQ(changed.notes.at("meter/m-1"), "what it taught");
  EXPECT_EQ(*recorder_->manifest(), change.manifest);
  const auto told = events(EventKind::configuration);  // by a reader of its own, before the recorder stops
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].facts,
            (std::vector<std::pair<std::string, std::string>>{{"before", to_hex(before)}, {"after", to_hex(after)}}));
  ASSERT_EQ(events(EventKind::manifest).size(), 2u);
  auto reader = store_->reader();
  ASSERT_TRUE(reader);
  EXPECT_TRUE((*reader)->manifest(after));
  stop();
  EXPECT_EQ(readings(), 6u) << "one poll under each manifest";
  EXPECT_TRUE(events(EventKind::gap).empty());
}

TEST_F(RecorderOnDisk, AnotherConfigurationOnAFullDiskIsAnsweredAndStoredLater) {
  start();
  store_->is_full = true;
  Change change{options_.manifest, {clock_.utc_now(), EventKind::configuration, {}, "", std::nullopt, {}, {}}, {}};
  change.manifest.meters[0].name = "Press";
  auto answer = recorder_->change(change, {});
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  const Changed changed = answer.get();
  ASSERT_FALSE(changed.stored);
  EXPECT_EQ(changed.stored.error().kind(), ErrorKind::io);
  store_->is_full = false;
  stop();
  EXPECT_EQ(events(EventKind::configuration).size(), 1u);
  EXPECT_EQ(events(EventKind::manifest).size(), 2u);
}

TEST_F(RecorderOnDisk, AStatementIsDurableWhenItIsAnswered) {
  options_.commit_interval = std::chrono::hours(1);
  start();
  auto answer = recorder_->attest({{clock_.utc_now(), EventKind::signoff, "m-0", "Right.", std::nullopt, {}, {}}});
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  ASSERT_TRUE(answer.get());
  const auto stored = events(EventKind::signoff);  // by a reader of its own, before the recorder stops
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].subject, "m-0");
  stop();
}

TEST_F(RecorderOnDisk, WhoSignedAMeterOffIsKnownAfterARestart) {
  start();
  const auto now = clock_.utc_now();
  auto answer = recorder_->attest({{now, EventKind::signoff, "m-0", "Right.", std::nullopt, {}, {{"by", "Li"}}}});
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  ASSERT_TRUE(answer.get());
  stop();
  board_.post(health::MeterRecord{"m-0", {}, {}, {}});
  start();
  const auto records = board_.records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].signed_off, now);
  EXPECT_EQ(records[0].signed_by, "Li");
  stop();
}

TEST_F(RecorderOnDisk, AStatementThatTheStoreDoesNotTakeIsNotCalledRecorded) {
  start();
  store_->is_full = true;
  auto answer = recorder_->attest({{clock_.utc_now(), EventKind::signoff, "m-0", "Right.", std::nullopt, {}, {}}});
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  const auto outcome = answer.get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::io);
  store_->is_full = false;
  stop();
  EXPECT_EQ(events(EventKind::signoff).size(), 1u) << "it waits, and is stored with what comes next";
}

}  // namespace
}  // namespace jidian::recorder

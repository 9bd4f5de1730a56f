#include "recorder/core.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::GapCause;
using plant::morning;

struct Site {
  explicit Site(std::size_t meters = 2, Millis period = Millis{1000})
      : options(plant::options(plant::manifest(meters, period))), record(options.manifest) {}

  Options options;
  plant::HandClock clock;
  plant::MemoryRecord record;
};

TEST(Core, NewEpochBeginsWithItsEventThenStartThenManifest) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  const auto events = site.record.events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].kind, EventKind::epoch);
  EXPECT_EQ(events[1].kind, EventKind::start);
  EXPECT_EQ(events[1].facts.front(), std::pair(std::string("version"), std::string("1.2.3")));
  EXPECT_EQ(events[2].kind, EventKind::manifest);
  EXPECT_EQ(record::sha256(events[2].manifest), run.core.manifest().hash);
}

TEST(Core, BatchesAfterTheManifestEventNameIt) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  run.take(plant::poll(0, morning));
  run.take(domain::Event{morning, EventKind::bus_down, "bus-0", "gone", std::nullopt, {}, {}});
  run.flush();
  const auto events = site.record.decoded(record::Stream::event);
  EXPECT_EQ(events.front().header.manifest, Hash{});
  EXPECT_EQ(events.back().header.manifest, run.core.manifest().hash);
  EXPECT_EQ(site.record.decoded(record::Stream::reading).front().header.manifest, run.core.manifest().hash);
}

TEST(Core, EventIsCommittedAtOnceAndReadingsAfterTheInterval) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  run.take(plant::poll(0, morning));
  run.take(domain::Event{morning, EventKind::bus_down, "bus-0", "gone", std::nullopt, {}, {}});
  EXPECT_EQ(site.record.events(EventKind::bus_down).size(), 1u);
  EXPECT_TRUE(site.record.polls().empty());
  run.pass(Millis{9'900});
  EXPECT_TRUE(site.record.polls().empty());
  run.pass(Millis{100});
  EXPECT_EQ(site.record.polls().size(), 1u);
}

TEST(Core, ReadingsOfAFlushStandMeterByMeterInTimeOrder) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  for (int s = 0; s < 3; ++s)
    for (std::size_t meter : {1u, 0u}) run.take(plant::poll(meter, morning + std::chrono::seconds(s)));
  run.flush();
  const auto polls = site.record.polls();
  ASSERT_EQ(polls.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(polls[i].meter, i / 3);
    EXPECT_EQ(polls[i].slot, morning + std::chrono::seconds(i % 3));
  }
}

TEST(Core, AFlushTooLargeForOneBatchBecomesSeveralInOneCommit) {
  Site site(250);
  plant::Run run(site.options, site.record, site.clock, true);
  const auto commits = site.record.commits;
  std::mt19937_64 noise(1);
  for (std::size_t s = 0; s < 20; ++s)
    for (std::size_t meter = 0; meter < 250; ++meter) {
      auto poll = plant::poll(meter, morning + std::chrono::seconds(s), 7919 * s * meter);
      poll.samples[0].bits = noise();
      poll.samples[1].bits = noise() % 1'000'000;
      poll.samples[2].bits = noise() >> 32;  // so that the bytes bind first
      run.core.accept(std::move(poll), site.clock.now);
    }
  run.flush();
  EXPECT_EQ(site.record.polls().size(), 5'000u);
  EXPECT_GT(site.record.decoded(record::Stream::reading).size(), 1u);
  EXPECT_EQ(site.record.commits, commits + 1);
}

TEST(Core, PartialPollIsAReadingWithItsQualities) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  auto partial = plant::poll(0, morning);
  partial.samples[1] = {0, domain::Quality::refused};
  run.take(partial);
  run.flush();
  EXPECT_EQ(site.record.polls(), record::Polls{partial});
}

TEST(Core, SilentMeterIsAGapThatEndsWithItsReturn) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  run.take(plant::poll(0, morning));
  for (int s = 1; s < 5; ++s) run.take(plant::hole(0, morning + std::chrono::seconds(s)));
  run.take(plant::poll(0, morning + std::chrono::seconds(5)));
  run.pass(Millis{12'000});
  EXPECT_EQ(site.record.polls().size(), 2u);
  const auto gaps = site.record.events(EventKind::gap);
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].subject, "m-0");
  EXPECT_EQ(gaps[0].gap, (domain::Gap{GapCause::meter_silent, morning + std::chrono::seconds(1),
                                      morning + std::chrono::seconds(5), 4}));
}

TEST(Core, SilenceThatLastsIsToldAfterAMinuteAndThenEveryHourUntilTheStop) {
  Site site(1, Millis{10'000});
  plant::Run run(site.options, site.record, site.clock, true);
  run.take(plant::poll(0, morning));
  for (int i = 1; i <= 3 * 360; ++i) run.take(plant::hole(0, morning + i * Millis{10'000}));
  EXPECT_EQ(site.record.events(EventKind::gap).size(), 3u);
  run.stop();
  const auto gaps = site.record.events(EventKind::gap);
  ASSERT_EQ(gaps.size(), 4u);
  std::uint64_t missed = 0;
  UtcTime from = morning + Millis{10'000};
  for (const auto& event : gaps) {
    EXPECT_EQ(event.gap->from, from);
    from = event.gap->until;
    missed += event.gap->missed;
  }
  EXPECT_EQ(missed, 3u * 360);
  EXPECT_EQ(from, morning + Millis{10'000} + std::chrono::hours(3));
}

TEST(Core, PassedOverSlotsAreAGapUnlessTheQueueWasFullWhichIsItsCause) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  const auto at = [](int s) { return morning + std::chrono::seconds(s); };
  for (std::size_t meter : {0u, 1u}) run.take(plant::poll(meter, at(0)));
  run.take(plant::poll(0, at(4)));
  run.take(
      domain::Event{at(4), EventKind::gap, "bus-0", "", domain::Gap{GapCause::queue_full, at(1), at(4), 6}, {}, {}});
  run.take(plant::poll(1, at(4)));
  run.take(plant::poll(1, at(90)));
  run.stop();
  const auto gaps = site.record.events(EventKind::gap);
  ASSERT_EQ(gaps.size(), 3u);
  EXPECT_EQ(gaps[0].gap, (domain::Gap{GapCause::queue_full, at(1), at(4), 3}));
  EXPECT_EQ(gaps[1].gap, (domain::Gap{GapCause::queue_full, at(1), at(4), 3}));
  EXPECT_EQ(gaps[2].gap, (domain::Gap{GapCause::bus_fault, at(5), at(90), 85}));
}

TEST(Core, FailedCommitKeepsEverythingAndIsTriedAgainMoreAndMoreRarely) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  run.store_fails = true;
  for (int s = 0; s < 100; ++s) run.take(plant::poll(0, morning + std::chrono::seconds(s)));
  EXPECT_FALSE(run.core.due(site.clock.now));
  run.store_fails = false;
  run.pass(Millis{60'000});
  EXPECT_EQ(site.record.polls().size(), 100u);
  EXPECT_EQ(site.record.events(EventKind::gap).size(), 0u);
}

TEST(Core, BeyondTheBoundTheOldestPollsBecomeACountedGap) {
  Site site(1);
  plant::Run run(site.options, site.record, site.clock, true, {9'000, 1'000, 100'000});
  run.store_fails = true;
  const std::size_t polls = 3'600;  // of three samples
  for (std::size_t s = 0; s < polls; ++s) {
    site.clock.now.utc = morning + s * Millis{1000};
    site.clock.now.steady += Millis{1000};
    run.core.observe(site.clock.now);
    run.core.accept(plant::poll(0, site.clock.now.utc), site.clock.now);
  }
  run.store_fails = false;
  run.stop();
  const auto gaps = site.record.events(EventKind::gap);
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].gap->cause, GapCause::queue_full);
  EXPECT_EQ(gaps[0].gap->from, morning);
  EXPECT_EQ(site.record.polls().size() + gaps[0].gap->missed, polls);
  EXPECT_EQ(site.record.polls().front().slot, gaps[0].gap->until);
  EXPECT_EQ(run.core.polls_dropped(), gaps[0].gap->missed);
}

TEST(Core, ClockSetForwardIsAnEventWithTheJumpedOverTimeAndNoMissedPolls) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  run.take(plant::poll(0, morning));
  site.clock.now.utc += std::chrono::hours(5);
  run.take(plant::poll(0, morning + std::chrono::hours(5) + Millis{1000}));
  run.stop();
  const auto clocks = site.record.events(EventKind::clock);
  ASSERT_EQ(clocks.size(), 1u);
  EXPECT_EQ(clocks[0].facts.front(), std::pair(std::string("offset_ms"), std::string("18000000")));
  EXPECT_EQ(clocks[0].gap->from, morning + Millis{20});
  EXPECT_EQ(clocks[0].gap->until, morning + std::chrono::hours(5) + Millis{1020});
  EXPECT_TRUE(site.record.events(EventKind::gap).empty());
}

TEST(Core, ClockSetBackClosesTheBatchAndIsNoGap) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  run.take(plant::poll(0, morning + std::chrono::hours(1)));
  site.clock.now.utc -= std::chrono::hours(1);
  run.take(plant::poll(0, morning + Millis{1000}));
  run.stop();
  EXPECT_EQ(site.record.decoded(record::Stream::reading).size(), 2u);
  EXPECT_EQ(site.record.events(EventKind::clock).size(), 1u);
  EXPECT_TRUE(site.record.events(EventKind::gap).empty());
}

TEST(Core, ClockThatBecomesSynchronisedIsAnEvent) {
  Site site;
  site.clock.now.clock = ClockQuality::unsynchronised;
  plant::Run run(site.options, site.record, site.clock, true);
  site.clock.now.clock = ClockQuality::synchronised;
  site.clock.now.utc += Millis{400};
  run.pass(Millis{1000});
  const auto clocks = site.record.events(EventKind::clock);
  ASSERT_EQ(clocks.size(), 1u);
  EXPECT_EQ(clocks[0].facts[0].second, "400");
  EXPECT_EQ(clocks[0].facts[1].second, "synchronised");
}

TEST(Core, StopIsTheLastWord) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  run.take(plant::poll(0, morning));
  run.take(plant::hole(0, morning + Millis{1000}));
  run.stop();
  EXPECT_EQ(site.record.polls().size(), 1u);
  EXPECT_EQ(site.record.events(EventKind::gap).size(), 1u);
  EXPECT_EQ(site.record.events().back().kind, EventKind::stop);
  EXPECT_FALSE(run.core.has_pending());
}

TEST(Core, NewEpochOnRequestBeginsWithItsEventAndTheManifest) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  plant::MemoryRecord fresh(site.options.manifest);
  store::Opening opening;
  opening.epoch = 8;
  opening.predecessor = 7;
  opening.reason = "a conflict";
  run.core.begin_epoch(opening, site.clock.now);
  run.core.accept(plant::poll(0, morning), site.clock.now);
  fresh.commit(run.core.build(Flush::all, 8, fresh.heads(), site.clock.now));
  const auto events = fresh.events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, EventKind::epoch);
  EXPECT_EQ(events[0].facts[1].second, "0000000000000007");
  EXPECT_EQ(events[1].kind, EventKind::manifest);
  EXPECT_EQ(fresh.decoded(record::Stream::event).front().header.manifest, Hash{});
  EXPECT_EQ(fresh.polls().size(), 1u);
}

TEST(Core, EvictionIsALineOfTheLedger) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  store::Eviction eviction;
  eviction.epoch = 7;
  eviction.range = {3, 9};
  eviction.from = morning;
  eviction.until = morning + std::chrono::hours(1);
  eviction.unconfirmed = {"energy", "environment"};
  run.core.accept(eviction, site.clock.now);
  run.flush();
  const auto evicted = site.record.events(EventKind::evicted);
  ASSERT_EQ(evicted.size(), 1u);
  EXPECT_EQ(evicted[0].gap->cause, GapCause::evicted);
  EXPECT_EQ(evicted[0].facts[2].second, "9");
  EXPECT_EQ(evicted[0].facts[4].second, "energy environment");
}

TEST(Core, DamagedBatchesAreAnEventAndAGapWhereSomebodyLacksThem) {
  Site site;
  plant::Run run(site.options, site.record, site.clock, true);
  store::Eviction damage;
  damage.range = {3, 9};
  damage.from = morning;
  damage.until = morning + std::chrono::minutes(1);
  damage.damaged = true;
  run.core.accept(damage, site.clock.now);
  damage.unconfirmed = {"energy"};
  run.core.accept(damage, site.clock.now);
  run.flush();
  EXPECT_TRUE(site.record.events(EventKind::evicted).empty());
  const auto told = site.record.events(EventKind::store_damaged);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_FALSE(told[0].gap);
  EXPECT_EQ(told[1].gap->cause, GapCause::damaged);
  EXPECT_EQ(told[1].gap->until, damage.until);
}

}  // namespace
}  // namespace jidian::recorder

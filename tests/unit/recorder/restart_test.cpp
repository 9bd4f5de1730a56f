#include <gtest/gtest.h>

#include <optional>

#include "recorder/core.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::Gap;
using domain::GapCause;
using plant::morning;
using std::chrono::seconds;

UtcTime at(int s) {
  return morning + seconds(s);
}

/// Two lives of one site: the first from 08:00:00, the second from 08:05:00.3.
class Restart : public testing::Test {
 protected:
  Restart() { first_.emplace(options_, record_, clock_, true); }

  void poll(plant::Run& run, std::size_t meter, int from, int until) {
    for (int s = from; s < until; ++s) run.take(plant::poll(meter, at(s), 999'000u + 10u * static_cast<unsigned>(s)));
  }
  void poll_both(plant::Run& run, int from, int until) {
    for (int s = from; s < until; ++s)
      for (std::size_t meter : {0u, 1u}) run.take(plant::poll(meter, at(s), 999'000u + 10u * static_cast<unsigned>(s)));
  }
  plant::Run& start_again() {
    first_.reset();
    clock_.pass(at(300) + Millis{300} - clock_.now.utc);
    second_.emplace(options_, record_, clock_);
    return *second_;
  }
  /// A hole of m-0 that is told at once, and one that would be told a minute later.
  void record_two_holes() {
    poll_both(*first_, 0, 10);
    first_->take(plant::hole(0, at(10)));
    poll(*first_, 1, 10, 11);
    poll_both(*first_, 11, 20);
    first_->flush();
    first_->take(plant::hole(0, at(20)));
    poll(*first_, 1, 20, 21);
    poll_both(*first_, 21, 30);
    first_->flush();
  }
  std::uint64_t missed_of(const std::string& meter) {
    std::uint64_t missed = 0;
    for (const auto& [subject, gap] : gaps())
      if (subject == meter) missed += gap.missed;
    return missed;
  }
  std::vector<std::pair<std::string, Gap>> gaps() const {
    std::vector<std::pair<std::string, Gap>> gaps;
    for (const auto& event : record_.events(EventKind::gap)) gaps.emplace_back(event.subject, *event.gap);
    return gaps;
  }

  Options options_ = plant::options(plant::manifest(2));
  plant::HandClock clock_;
  plant::MemoryRecord record_{options_.manifest};
  std::optional<plant::Run> first_;
  std::optional<plant::Run> second_;
};

using Named = std::pair<std::string, Gap>;

TEST_F(Restart, AfterAGoodbyeTheGapIsACleanStop) {
  poll_both(*first_, 0, 30);
  first_->stop();
  start_again();
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0],
            Named("", Gap{GapCause::clean_stop, at(29) + Millis{20}, at(300) + Millis{300}, 2 * (301 - 30)}));
}

TEST_F(Restart, WithAnotherBootIdTheBoxWasOff) {
  poll_both(*first_, 0, 30);
  first_->flush();
  options_.boot.fill(9);
  start_again();
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0].second.cause, GapCause::box_off);
}

TEST_F(Restart, WhereTheWatchdogEndedItTheGapSaysSo) {
  poll_both(*first_, 0, 30);
  first_->flush();
  options_.ended_by_watchdog = true;
  start_again();
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0].second.cause, GapCause::watchdog);
  EXPECT_EQ(gaps()[0].second.missed, 2u * (301 - 30));
}

TEST_F(Restart, WithAnotherBootTheBoxWasOffWhateverTheWatchdogDidBefore) {
  poll_both(*first_, 0, 30);
  first_->flush();
  options_.ended_by_watchdog = true;
  options_.boot.fill(9);
  start_again();
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0].second.cause, GapCause::box_off);
}

TEST_F(Restart, WithoutAGoodbyeItCrashedAndTheGapBeginsWithTheFirstLostSlot) {
  poll_both(*first_, 0, 30);
  first_->flush();
  poll_both(*first_, 30, 35);  // lost
  first_->take(domain::Event{at(35), EventKind::bus_down, "bus-0", "", std::nullopt, {}, {}});
  start_again();
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0], Named("", Gap{GapCause::crash, at(30), at(300) + Millis{300}, 2 * (301 - 30)}));
}

TEST_F(Restart, MeterWhoseLastSlotsMissedTheCommitHasAGapOfItsOwn) {
  poll_both(*first_, 0, 30);
  poll(*first_, 0, 30, 32);
  first_->flush();
  start_again();
  ASSERT_EQ(gaps().size(), 2u);
  EXPECT_EQ(gaps()[0].second.missed, 2u * (301 - 32));
  EXPECT_EQ(gaps()[1], Named("m-1", Gap{GapCause::crash, at(30), at(31) + Millis{20}, 2}));
}

TEST_F(Restart, SlotsOfBatchesThatCannotBeReadHaveThatCause) {
  Holes holes(options_.manifest);
  for (int s : {0, 1}) holes.note(plant::poll(0, at(s)));
  holes.explain({}, {GapCause::damaged, at(1) + Millis{20}, at(3), 0});  // as the batches are read back
  for (int s : {3, 4}) holes.note(plant::poll(0, at(s)));
  holes.explain({}, {GapCause::damaged, at(4) + Millis{20}, at(7), 0});  // the last ones
  holes.end_recall();
  const auto last = declare_restart(options_.manifest, holes, {GapCause::crash, at(60)}, Millis{10'000}, at(300));
  ASSERT_EQ(last.size(), 2u);
  EXPECT_EQ(last[1].gap->cause, GapCause::damaged);
  EXPECT_EQ(last[1].gap->from, at(5));
  const auto told = holes.take_due(at(300), true);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(*told[0].gap, (Gap{GapCause::damaged, at(2), at(3), 1}));
}

TEST_F(Restart, SlotsThatMayBeOnRecordAndCannotBeReadJustNowAreNotToldAsMissing) {
  Holes holes(options_.manifest);
  for (int s : {0, 1}) holes.note(plant::poll(0, at(s)));
  holes.declare({}, {GapCause::damaged, at(1) + Millis{20}, at(3), 0});  // as the batches are read back
  for (int s : {3, 4}) holes.note(plant::poll(0, at(s)));
  holes.declare({}, {GapCause::damaged, at(4) + Millis{20}, at(60), 0});  // the last ones
  holes.end_recall();
  const auto last = declare_restart(options_.manifest, holes, {GapCause::crash, at(60)}, Millis{10'000}, at(300));
  EXPECT_EQ(last.size(), 1u) << "the gap of the box, from then on";
  EXPECT_TRUE(holes.take_due(at(300), true).empty());
}

TEST_F(Restart, MeterThatHadFallenSilentIsNotBlamedOnTheCrash) {
  poll_both(*first_, 0, 10);
  for (int s = 10; s < 60; ++s) {
    poll(*first_, 0, s, s + 1);
    first_->take(plant::hole(1, at(s)));
  }
  first_->flush();
  start_again();
  ASSERT_EQ(gaps().size(), 2u);
  EXPECT_EQ(gaps()[1], Named("m-1", Gap{GapCause::meter_silent, at(10), at(59) + Millis{20}, 50}));
}

TEST_F(Restart, BoxThatRecordedNothingForSilenceWasStillAliveUntilItsLastCommit) {
  poll_both(*first_, 0, 10);
  for (int s = 10; s < 40; ++s)
    for (std::size_t meter : {0u, 1u}) first_->take(plant::hole(meter, at(s)));
  first_->take(domain::Event{at(40), EventKind::bus_down, "bus-0", "", std::nullopt, {}, {}});
  start_again();
  ASSERT_EQ(gaps().size(), 3u);
  EXPECT_EQ(gaps()[0].second.from, at(29) + Millis{20});
  EXPECT_EQ(gaps()[0].second.cause, GapCause::crash);
  EXPECT_EQ(gaps()[1], Named("m-0", Gap{GapCause::meter_silent, at(10), at(29) + Millis{20}, 20}));
}

TEST_F(Restart, HoleThatWasNotToldYetIsFoundInTheRecord) {
  record_two_holes();
  start_again().pass(seconds(30));
  EXPECT_EQ(missed_of("m-0"), 2u);
}

TEST_F(Restart, HoleThatWasNotToldYetIsFoundUnderAnotherManifestToo) {
  record_two_holes();
  options_.manifest.meters[0].serial = "another";
  start_again().pass(seconds(30));
  EXPECT_EQ(record_.events(EventKind::manifest).size(), 2u);
  EXPECT_EQ(missed_of("m-0"), 2u);
}

TEST_F(Restart, ManifestIsToldAgainOnlyIfItChanged) {
  first_->flush();
  start_again();
  EXPECT_EQ(record_.events(EventKind::manifest).size(), 1u);
  second_.reset();
  options_.manifest.meters[0].name = "press";
  first_.emplace(options_, record_, clock_);
  EXPECT_EQ(record_.events(EventKind::manifest).size(), 2u);
  second_.emplace(options_, record_, clock_);
  EXPECT_EQ(record_.events(EventKind::manifest).size(), 2u);
}

/// What a destination lacks and is told again, with a meter less than the one in force has.
class ToldAgain : public Restart {
 protected:
  ToldAgain() {
    auto earlier = options_.manifest;
    earlier.meters.pop_back();
    lost_ = record::encode(earlier);
    first_->core.tell_again({lost_}, clock_.now);
    first_->flush();
  }

  record::EncodedManifest lost_;
};

TEST_F(ToldAgain, AManifestStandsBeforeTheOneInForceWhichStaysInForce) {
  const auto manifests = record_.events(EventKind::manifest);
  ASSERT_EQ(manifests.size(), 3u);
  EXPECT_EQ(record::sha256(manifests[1].manifest), lost_.hash);
  EXPECT_EQ(manifests[2].manifest, first_->core.manifest().bytes);
  start_again();
  EXPECT_EQ(record_.events(EventKind::manifest).size(), 3u);
}

TEST_F(ToldAgain, TheOneInForceStaysSoWhereItWentIntoAnotherBatch) {
  auto batch = record_.decoded(record::Stream::event).back();
  std::get<record::Events>(batch.body).pop_back();
  Core core(options_);
  record_.remember(core);
  core.remember(batch, &options_.manifest);
  store::Opening opening;
  opening.epoch = 7;
  core.begin(opening, clock_.now);
  record_.commit(core.build(Flush::all, 7, record_.heads(), clock_.now));
  EXPECT_EQ(record_.events(EventKind::manifest).size(), 3u);
}

TEST_F(ToldAgain, TheOneInForceNeedsNoOther) {
  first_->core.tell_again({first_->core.manifest()}, clock_.now);
  first_->flush();
  const auto manifests = record_.events(EventKind::manifest);
  ASSERT_EQ(manifests.size(), 4u);
  EXPECT_EQ(manifests[3].manifest, first_->core.manifest().bytes);
}

TEST_F(Restart, EpochThatAnEarlierRunNeverWroteToBeginsLikeANewOne) {
  poll_both(*first_, 0, 30);
  first_->stop();
  first_.reset();
  plant::MemoryRecord fresh(options_.manifest);
  Core core(options_);
  record_.remember(core);
  store::Opening opening;
  opening.epoch = 8;
  opening.predecessor = 7;
  core.begin(opening, clock_.now);
  fresh.commit(core.build(Flush::all, 8, fresh.heads(), clock_.now));
  ASSERT_EQ(fresh.events().size(), 4u);
  EXPECT_EQ(fresh.events()[0].kind, EventKind::epoch);
  EXPECT_EQ(fresh.events(EventKind::manifest).size(), 1u);
  EXPECT_EQ(fresh.events(EventKind::gap).front().gap->cause, GapCause::clean_stop);
}

TEST_F(Restart, CounterStepIsExactAcrossARollover) {
  poll_both(*first_, 0, 30);  // 999,290
  first_->flush();
  auto& second = start_again();
  second.take(plant::hole(0, at(301)));
  second.take(plant::poll(0, at(302), 1'002'020));
  second.take(plant::poll(0, at(303), 1'002'030));
  second.flush();
  const auto steps = record_.events(EventKind::counter_step);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].subject, "m-0");
  const std::vector<std::pair<std::string, std::string>> facts{{"from", "2026-03-01T08:00:29.020Z"},
                                                               {"until", "2026-03-01T08:05:02.020Z"},
                                                               {"energy", "2730"},
                                                               {"flow.before", "124911.25"},
                                                               {"flow.after", "125252.5"}};
  EXPECT_EQ(steps[0].facts, facts);
}

TEST_F(Restart, CounterOfAnotherMeterMakesNoStep) {
  const auto doubted = [](domain::Poll poll) {
    for (auto& sample : poll.samples) sample.quality = domain::Quality::implausible;
    return poll;
  };
  poll_both(*first_, 0, 30);
  first_->take(doubted(plant::poll(0, at(30), 5)));
  poll(*first_, 1, 30, 31);
  first_->flush();
  auto& second = start_again();
  second.take(plant::poll(0, at(302), 50));
  second.take(doubted(plant::poll(1, at(302), 50)));
  second.flush();
  EXPECT_TRUE(record_.events(EventKind::counter_step).empty());
}

TEST_F(Restart, SlotsMissedWhileBusesAreOpenedHaveTheCauseOfTheRestart) {
  poll_both(*first_, 0, 30);
  first_->stop();
  auto& second = start_again();
  second.take(plant::poll(0, at(304)));
  second.stop();
  const auto all = gaps();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1], Named("m-0", Gap{GapCause::clean_stop, at(301), at(304), 3}));
}

TEST_F(Restart, SlotsMissedWhileANewLineIsHeardHaveTheCauseOfTheRestart) {
  poll_both(*first_, 0, 30);
  first_->stop();
  auto& second = start_again();
  second.take(plant::poll(0, at(312)));
  second.stop();
  const auto all = gaps();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1], Named("m-0", Gap{GapCause::clean_stop, at(301), at(312), 11}));
}

TEST_F(Restart, ClockBehindTheRecordMakesNoGapThatEndsBeforeItBegins) {
  poll_both(*first_, 0, 30);
  first_->flush();
  first_.reset();
  clock_.now.utc = UtcTime{Millis{5'000}};
  clock_.now.clock = ClockQuality::unsynchronised;
  second_.emplace(options_, record_, clock_);
  second_->take(plant::poll(0, UtcTime{Millis{6'000}}));
  clock_.now.utc = at(300);
  clock_.now.clock = ClockQuality::synchronised;
  second_->take(plant::poll(0, at(301)));
  second_->stop();
  for (const auto& [subject, gap] : gaps()) {
    EXPECT_LE(gap.from, gap.until);
    EXPECT_LT(gap.missed, 2u);
  }
  EXPECT_EQ(record_.events(EventKind::clock).size(), 1u);
}

TEST_F(Restart, MinuteCutInTwoHasARowOfWhatWasRecorded) {
  poll_both(*first_, 0, 90);
  first_->flush();
  auto& second = start_again();
  second.flush();
  std::vector<domain::IntervalRow> of_meter;
  for (const auto& row : record_.rows())
    if (row.meter == 0 && row.length == seconds(60)) of_meter.push_back(row);
  ASSERT_EQ(of_meter.size(), 2u);
  EXPECT_EQ(of_meter[0].polls_made, 60u);
  EXPECT_EQ(of_meter[1].start, at(60));
  EXPECT_EQ(of_meter[1].polls_made, 30u);
  EXPECT_EQ(of_meter[1].points[1].first, of_meter[0].points[1].last);
}

}  // namespace
}  // namespace jidian::recorder

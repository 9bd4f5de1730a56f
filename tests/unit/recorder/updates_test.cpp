#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "recorder/changeover.hpp"
#include "recorder/core.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::GapCause;
using domain::UpdateState;
using plant::morning;
using std::chrono::minutes;
using std::chrono::seconds;

domain::UpdateReport update_of(std::vector<UpdateState> states) {
  domain::UpdateReport report{"u-1", "1.4.0", "1.5.0", "b", {}};
  for (const UpdateState state : states) report.steps.push_back({report.steps.size(), state, morning, ""});
  return report;
}

/// One box through its starts; each of another boot has another id.
class Updates : public testing::Test {
 protected:
  Updates() { start(1, {}, true); }

  void start(std::uint8_t boot, std::optional<domain::UpdateReport> report, bool new_epoch = false) {
    run_.reset();
    options_.boot.fill(boot);
    if (!new_epoch) clock_.pass(minutes(1));
    run_.emplace(options_, record_, clock_, new_epoch, PendingLimits{}, std::move(report));
  }
  void record(int polls) {
    for (int i = 0; i < polls; ++i) {
      const auto past = clock_.now.utc.time_since_epoch() % seconds(1);
      run_->take(plant::poll(0, clock_.now.utc - past + seconds(1)));
    }
    run_->flush();
  }
  void hear(domain::UpdateReport report) {
    run_->core.hear(std::move(report));
    run_->pass(seconds(2));
  }
  std::string told() const {
    std::string states;
    for (const auto& event : record_.events(EventKind::update)) states += event.facts[1].second + " ";
    return states;
  }
  GapCause cause_of_last_gap() const { return record_.events(EventKind::gap).back().gap->cause; }
  std::string ended() const {
    const auto starts = record_.events(EventKind::start);
    for (const auto& [name, value] : starts.back().facts)
      if (name == "ended") return value;
    return "none";
  }

  Options options_ = plant::options(plant::manifest(1));
  plant::HandClock clock_;
  plant::MemoryRecord record_{options_.manifest};
  std::optional<plant::Run> run_;
};

using enum UpdateState;

TEST_F(Updates, EveryStepIsOnRecordAtOnceAndOnceOverKills) {
  hear(update_of({installing}));
  EXPECT_EQ(told(), "installing ") << "it does not wait for the next regular commit";
  start(1, update_of({installing}));  // kill -9
  EXPECT_EQ(told(), "installing ");
  start(1, update_of({installing, installed}));  // it was away when that happened
  EXPECT_EQ(told(), "installing installed ");
  start(1, {});  // the file cannot be read this time
  hear(update_of({installing, installed}));
  EXPECT_EQ(told(), "installing installed ");
}

TEST_F(Updates, AStepThatTheStoreDidNotTakeIsToldByTheNextRun) {
  run_->store_fails = true;
  hear(update_of({installing}));
  start(1, update_of({installing}));  // kill -9 before anything was stored
  EXPECT_EQ(told(), "installing ");
}

TEST_F(Updates, TheRestartIntoTheNewSystemIsAGapOfThatCause) {
  record(5);
  hear(update_of({installing, installed}));
  run_->stop();
  start(2, update_of({installing, installed, trying}));
  EXPECT_EQ(cause_of_last_gap(), GapCause::update);
  EXPECT_EQ(ended(), "update");
  EXPECT_EQ(told(), "installing installed trying ");
}

TEST_F(Updates, SoIsTheWayBackHoweverTheTrialEnded) {
  record(5);
  hear(update_of({installing, installed}));
  run_->stop();
  start(2, update_of({installing, installed, trying}));
  record(5);
  start(3, update_of({installing, installed, trying, rolled_back}));  // without a goodbye
  EXPECT_EQ(cause_of_last_gap(), GapCause::update);
  EXPECT_EQ(told(), "installing installed trying rolled_back ");
}

TEST_F(Updates, AnyOtherRestartKeepsItsCause) {
  record(5);
  hear(update_of({installing, installed}));
  start(1, update_of({installing, installed}));
  EXPECT_EQ(cause_of_last_gap(), GapCause::crash) << "the gateway alone ended";
  record(5);
  start(2, update_of({installing, installed, trying}));
  record(5);
  start(2, update_of({installing, installed, trying}));
  EXPECT_EQ(cause_of_last_gap(), GapCause::crash) << "a crash while it is on trial";
  record(5);
  start(3, update_of({installing, installed, trying, trying}));
  EXPECT_EQ(cause_of_last_gap(), GapCause::box_off) << "the power failed while it was on trial";
  record(5);
  run_->stop();
  start(3, update_of({installing, installed, trying, trying, good}));
  EXPECT_EQ(cause_of_last_gap(), GapCause::clean_stop);
}

TEST_F(Updates, WhereTheNotesAreLostAnUpdateOfMonthsAgoIsNeitherToldAgainNorACause) {
  record(5);
  const auto report = update_of({installing, installed, trying, good});
  hear(report);
  for (const bool is_new_epoch : {false, true}) {
    record_.notes.clear();
    clock_.pass(std::chrono::hours(24 * 60));
    start(is_new_epoch ? 3 : 2, report, is_new_epoch);
    EXPECT_EQ(told(), "installing installed trying good ");
    EXPECT_EQ(cause_of_last_gap(), GapCause::box_off);
    EXPECT_TRUE(record_.notes.contains("update")) << "the next start knows it by that";
    record(5);
  }
}

TEST_F(Updates, WhereTheNotesAreLostOneSinceTheLastLifeIsToldAndTheCause) {
  record(5);
  hear(update_of({installing, installed}));
  run_->stop();
  record_.notes.clear();
  auto report = update_of({installing, installed, trying});
  report.steps[2].at = clock_.now.utc + seconds(30);
  start(2, report);
  EXPECT_EQ(told(), "installing installed trying ");
  EXPECT_EQ(cause_of_last_gap(), GapCause::update);
}

TEST_F(Updates, AnIntactStoreThatKnowsOfNoUpdateIsToldOfItsFirst) {
  record(5);
  run_->stop();
  auto report = update_of({installing, installed, trying});
  for (auto& step : report.steps) step.at = clock_.now.utc + seconds(10);  // the gateway was down for all of it
  start(2, report);
  EXPECT_EQ(told(), "installing installed trying ");
  EXPECT_EQ(cause_of_last_gap(), GapCause::update);
}

TEST_F(Updates, TheFirstStartOfAllTellsNothingOfWhatCameBeforeTheRecord) {
  run_.reset();
  record_ = plant::MemoryRecord(options_.manifest);
  clock_.pass(minutes(1));
  start(1, update_of({installing, installed, trying, good}), true);
  EXPECT_EQ(told(), "");
  auto next = update_of({refused});
  next.id = "u-2";
  hear(next);
  EXPECT_EQ(told(), "refused ");
}

TEST_F(Updates, AnotherConfigurationChangesNothingInWhatWasTold) {
  hear(update_of({installing, installed}));
  auto wider = plant::options(plant::manifest(2));
  wider.boot = options_.boot;
  Core after(wider);
  after.take_over(run_->core);
  for (const auto& [name, text] : record_.notes) after.remember(domain::Note{name, text});
  after.go_on(run_->core, {}, clock_.now);
  clock_.pass(seconds(2));
  after.advance(clock_.now);
  std::array<store::Head, 3> heads = record_.heads();
  record_.commit(after.build(Flush::all, 7, heads, clock_.now));
  EXPECT_EQ(told(), "installing installed ");
}

}  // namespace
}  // namespace jidian::recorder

#include "domain/update_watch.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace jidian::domain {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr UtcTime update_day{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

UpdateReport report_of(std::vector<UpdateState> states, std::string id = "u-1") {
  UpdateReport report{std::move(id), "1.4.0", "1.5.0", "b", {}};
  for (const UpdateState state : states)
    report.steps.push_back({report.steps.size(), state, update_day + seconds(report.steps.size()), ""});
  return report;
}

/// The states that are told, by blanks.
std::string told_by(UpdateWatch& watch, UtcTime now = update_day) {
  std::string states;
  for (const auto& event : watch.take(now).events) states += event.facts[1].second + " ";
  return states;
}

TEST(UpdateWatch, TellsEachStepOnceAlsoThoseThatItDidNotSeeComing) {
  UpdateWatch watch;
  watch.hear(report_of({UpdateState::installing}));
  EXPECT_EQ(told_by(watch), "installing ");
  EXPECT_EQ(told_by(watch), "");
  watch.hear(report_of({UpdateState::installing, UpdateState::installed, UpdateState::trying}));
  EXPECT_EQ(told_by(watch), "installed trying ");
  watch.hear(report_of({UpdateState::installing, UpdateState::installed, UpdateState::trying}));
  EXPECT_EQ(told_by(watch), "");
}

TEST(UpdateWatch, KnowsAfterARestartWhatWasTold) {
  UpdateWatch before;
  before.hear(report_of({UpdateState::installing, UpdateState::installed}));
  const auto note = before.take(update_day).note;
  ASSERT_TRUE(note);
  UpdateWatch after;
  EXPECT_TRUE(after.restore(*note));
  after.hear(report_of({UpdateState::installing, UpdateState::installed}));
  EXPECT_EQ(told_by(after), "");
  after.hear(report_of({UpdateState::installing, UpdateState::installed, UpdateState::rolled_back}));
  EXPECT_EQ(told_by(after), "rolled_back ");
}

TEST(UpdateWatch, ANoteOfSomebodyElseIsNotItsOwnAndADamagedOneIsNone) {
  UpdateWatch watch;
  EXPECT_FALSE(watch.restore({"alive", "1"}));
  for (const char* text : {"", "u-1", "u-1\nmany\ngood\n", "u-1\n-1\ngood\n", "u-1\n99999999999999999999\ngood\n"})
    EXPECT_TRUE(watch.restore({"update", text}));
  watch.hear(report_of({UpdateState::refused}));
  EXPECT_EQ(told_by(watch), "refused ");
  UpdateWatch of_old;
  EXPECT_TRUE(of_old.restore({"update", "u-1\nmany\ngood\n"}));
  of_old.hear(report_of({UpdateState::refused}));
  of_old.begin({update_day + hours(9), update_day + hours(8), true});
  EXPECT_EQ(told_by(of_old, update_day + hours(9)), "") << "it was refused before the last run ended";
}

/// What `watch` tells of `report` at a start of which it is known when the last run before lived.
std::string told_at_start(UpdateReport report, std::optional<UtcTime> alive, UtcTime now, UpdateWatch watch = {}) {
  watch.hear(std::move(report));
  watch.begin({now, alive, false});
  return told_by(watch, now);
}

TEST(UpdateWatch, WithoutANoteOnlyWhatCameSinceTheLastLifeIsNews) {
  using enum UpdateState;
  const auto report = report_of({installing, installed, trying, good});  // one a second, the first at the day's begin
  const UtcTime now = update_day + hours(1);
  EXPECT_EQ(told_at_start(report, update_day + hours(1), now), "") << "months ago";
  EXPECT_EQ(told_at_start(report, update_day + seconds(2), now), "trying good ") << "it was away for these";
  EXPECT_EQ(told_at_start(report, update_day, now), "installing installed trying good ");
  EXPECT_EQ(told_at_start(report, {}, now), "") << "nothing is known of any run: nor is it of the update";
}

TEST(UpdateWatch, WithoutANoteAStepOfAWrongClockIsOldAndSoIsAllBeforeIt) {
  using enum UpdateState;
  const UtcTime alive = update_day - hours(1);
  const UtcTime now = update_day + hours(1);
  auto report = report_of({installing, installed, trying, good});
  report.steps[2].at = UtcTime{};  // the box started without a clock
  EXPECT_EQ(told_at_start(report, alive, now), "good ");
  report = report_of({installing, installed, trying, good});
  report.steps[1].at = now + hours(1);
  EXPECT_EQ(told_at_start(report, alive, now), "trying good ");
  report = report_of({installing, installed, trying, good});
  EXPECT_EQ(told_at_start(report, alive, UtcTime{}), "") << "the clock of this start is wrong";
  EXPECT_EQ(told_at_start(report, now + hours(1), now), "") << "that of the last life was";
}

TEST(UpdateWatch, ANoteThatGoesOnNeedsNoClock) {
  using enum UpdateState;
  UpdateWatch before;
  before.hear(report_of({installing, installed}));
  const auto note = before.take(update_day).note;
  ASSERT_TRUE(note);
  auto report = report_of({installing, installed, trying});
  report.steps[2].at = UtcTime{};
  UpdateWatch after;
  after.restore(*note);
  after.hear(report);
  after.begin({UtcTime{}, update_day + seconds(1), true});
  EXPECT_TRUE(after.started_another_system());
  EXPECT_EQ(told_by(after, UtcTime{}), "trying ");
}

TEST(UpdateWatch, ANoteOfAnotherEpochMayBeOldAndTheClockDecidesWithIt) {
  using enum UpdateState;
  UpdateWatch before;
  before.hear(report_of({installing, installed}));
  const auto note = before.take(update_day).note;
  ASSERT_TRUE(note);
  const auto report = report_of({installing, installed, trying, good});
  const UtcTime now = update_day + hours(1);
  UpdateWatch after;
  after.restore(*note);
  EXPECT_EQ(told_at_start(report, update_day - hours(1), now, after), "trying good ") << "what it says was told, was";
  EXPECT_EQ(told_at_start(report, update_day + seconds(3), now, after), "good ") << "an older copy was put back";
}

TEST(UpdateWatch, WhatIsPassedOverIsNotedSoThatItStaysOld) {
  using enum UpdateState;
  UpdateWatch watch;
  watch.hear(report_of({installing, installed, trying, good}));
  watch.begin({update_day + hours(1), {}, false});
  const auto news = watch.take(update_day + hours(1));
  EXPECT_TRUE(news.events.empty());
  ASSERT_TRUE(news.note);
  EXPECT_FALSE(watch.take(update_day + hours(1)).note) << "once";
  UpdateWatch next;
  next.restore(*news.note);
  next.hear(report_of({installing, installed, trying, good}));
  next.begin({update_day + hours(2), update_day - hours(1), true});
  EXPECT_EQ(told_by(next, update_day + hours(2)), "");
}

TEST(UpdateWatch, WhatIsHeardFirstWhileItRunsIsJudgedOnceAndThenNothingIsOldAnyMore) {
  using enum UpdateState;
  UpdateWatch watch;
  watch.begin({update_day, {}, false});
  watch.hear(report_of({installing}));
  EXPECT_EQ(told_by(watch, update_day + seconds(4)), "installing ") << "a first update";
  UpdateWatch late;
  late.begin({update_day + hours(1), update_day + hours(1), false});
  late.hear(report_of({installing, installed, trying, good}));
  EXPECT_EQ(told_by(late, update_day + hours(2)), "") << "the file could not be read at the start";
  late.hear(report_of({refused}, "u-2"));
  EXPECT_EQ(told_by(late, update_day + hours(2)), "refused ") << "the clock was set back meanwhile";
}

TEST(UpdateWatch, AnotherUpdateBeginsAnewWithTheSameSteps) {
  UpdateWatch watch;
  watch.hear(report_of({UpdateState::refused}, "u-1"));
  EXPECT_EQ(told_by(watch), "refused ");
  watch.hear(report_of({UpdateState::refused}, "u-2"));
  EXPECT_EQ(told_by(watch), "refused ");
}

TEST(UpdateWatch, WhoKeepsNoListIsToldStepByStep) {
  UpdateWatch watch;
  watch.hear(report_of({UpdateState::installing}));
  EXPECT_EQ(told_by(watch), "installing ");
  watch.hear(report_of({UpdateState::failed}));
  EXPECT_EQ(told_by(watch), "failed ");
  EXPECT_EQ(told_by(watch), "");
}

TEST(UpdateWatch, AFileThatKeepsChangingFillsNoStore) {
  UpdateWatch watch;
  std::size_t told = 0;
  for (int i = 0; i < 1000; ++i) {
    watch.hear(report_of({UpdateState::refused}, "u-" + std::to_string(i)));
    told += watch.take(update_day + seconds(i)).events.size();
  }
  EXPECT_EQ(told, UpdateWatch::an_hour);
  EXPECT_EQ(told_by(watch, update_day + std::chrono::hours(1)), "refused ") << "what is there then";
  EXPECT_EQ(told_by(watch, update_day + std::chrono::hours(1)), "");
}

TEST(UpdateWatch, AnotherSystemIsStartedByTheFirstTryAndByTheWayBack) {
  const auto started = [](UpdateReport seen, UpdateReport now) {
    UpdateWatch watch;
    watch.hear(std::move(seen));
    (void)watch.take(update_day);
    watch.hear(std::move(now));
    return watch.started_another_system();
  };
  using enum UpdateState;
  EXPECT_TRUE(started(report_of({installing, installed}), report_of({installing, installed, trying})));
  EXPECT_TRUE(started(report_of({installing}), report_of({installing, installed, trying, good})));
  EXPECT_TRUE(
      started(report_of({installing, installed, trying}), report_of({installing, installed, trying, rolled_back})));
  EXPECT_TRUE(started(report_of({installing, installed}), report_of({installing, installed, rolled_back})));
  EXPECT_FALSE(started(report_of({installing}), report_of({installing, installed}))) << "nothing was started";
  EXPECT_FALSE(started(report_of({installing}), report_of({installing, failed})));
  EXPECT_FALSE(started(report_of({installing, trying}), report_of({installing, trying, good}))) << "it was told before";
  EXPECT_FALSE(started(report_of({installing, trying}), report_of({installing, trying, trying})))
      << "the same once more: nobody knows why it ended";
  EXPECT_FALSE(started(report_of({installing, trying, good}), report_of({installing, trying, good, rolled_back})))
      << "it was good: power failed three times";
  EXPECT_FALSE(UpdateWatch().started_another_system());
}

TEST(UpdateWatch, WithoutANoteAnotherSystemWasStartedIfItWasSinceTheLastLife) {
  using enum UpdateState;
  const auto started = [](std::vector<UpdateState> states, std::optional<UtcTime> alive) {
    UpdateWatch watch;
    watch.hear(report_of(std::move(states)));
    watch.begin({update_day + hours(1), alive, false});
    return watch.started_another_system();
  };
  EXPECT_TRUE(started({installing, installed, trying, good}, update_day + seconds(2)));
  EXPECT_TRUE(started({installing, installed, trying, rolled_back}, update_day + seconds(3)));
  EXPECT_FALSE(started({installing, installed, trying, good}, update_day + seconds(3)));
  EXPECT_FALSE(started({installing, installed, trying, good}, update_day + hours(1)));
  EXPECT_FALSE(started({installing, installed, trying, good}, {}));
}

TEST(UpdateWatch, TheEventNamesVersionsSlotTimeAndReasonAndLeavesOutWhatIsEmpty) {
  UpdateWatch watch;
  auto report = report_of({UpdateState::rolled_back});
  report.steps[0].reason = "it did not come up";
  watch.hear(report);
  const auto told = watch.take(update_day + seconds(9)).events;
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, EventKind::update);
  EXPECT_EQ(told[0].time, update_day + seconds(9));
  EXPECT_EQ(told[0].subject, "");
  EXPECT_EQ(told[0].text, "Version 1.5.0 was taken back: the version before it runs.");
  const std::vector<std::pair<std::string, std::string>> facts{{"id", "u-1"},
                                                               {"state", "rolled_back"},
                                                               {"from", "1.4.0"},
                                                               {"to", "1.5.0"},
                                                               {"slot", "b"},
                                                               {"at", "2026-03-01T00:00:00.000Z"},
                                                               {"reason", "it did not come up"}};
  EXPECT_EQ(told[0].facts, facts);
  report.id = "u-2";
  report.to.clear();
  report.steps = {{0, UpdateState::refused, update_day, ""}};
  watch.hear(report);
  const auto refused = watch.take(update_day).events;
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].text, "An update was refused.");
  EXPECT_EQ(refused[0].facts.size(), 5u);
}

TEST(UpdateWatch, EveryStateHasOneWord) {
  std::string words;
  for (const UpdateState state : all_update_states) words += std::string(name_of(state)) + " ";
  EXPECT_EQ(words, "installing installed trying good rolled_back failed refused ");
}

}  // namespace
}  // namespace jidian::domain

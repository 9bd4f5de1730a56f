#include "uplink/pace.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace jidian::uplink {
namespace {

using std::chrono::seconds;

constexpr SteadyTime start{Millis(1'000'000)};

TEST(TokenBucket, LetsABurstPassAndThenTheRate) {
  TokenBucket bucket(20);
  int passed = 0;
  for (auto now = start; now < start + seconds(10); now += Millis(1))
    if (bucket.ready(now)) {
      bucket.take();
      ++passed;
    }
  EXPECT_GE(passed, 20 + 198);
  EXPECT_LE(passed, 20 + 200);
}

TEST(TokenBucket, SaysWhenTheNextMayPass) {
  TokenBucket bucket(20);
  while (bucket.ready(start)) bucket.take();
  EXPECT_EQ(bucket.next(start), start + Millis(50));
  EXPECT_TRUE(bucket.ready(start + Millis(50)));
}

/// Attempts that fail at once, each after the pause before it, until the outage has lasted `outage`. The instants of
/// the attempts.
std::vector<SteadyTime> attempts_of(ReconnectPace& pace, Millis outage) {
  std::vector<SteadyTime> attempts;
  for (auto now = start; now < start + outage; attempts.push_back(now)) now += pace.next(now);
  return attempts;
}

TEST(ReconnectPace, ABusyBrokerIsAskedLessAndLess) {
  ReconnectPace pace("box-1", Millis(60'000), [] { return 0.0; });
  Millis longest{0};
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto pause = pace.next(start, Obstacle::busy);
    EXPECT_GE(pause, Millis(1000));
    EXPECT_LE(pause, std::min(Millis(60'000), Millis(Millis(3000) * (1LL << std::min(attempt, 10)))));
    longest = std::max(longest, pause);
  }
  EXPECT_GE(longest, Millis(50'000));
  pace.reset();
  EXPECT_LE(pace.next(start, Obstacle::busy), Millis(3000));
}

// After an outage of 20 s the doubling alone paused for up to 48 s.
TEST(ReconnectPace, AnOutageOfTwentySecondsEndsWithinFive) {
  for (int box = 0; box < 200; ++box) {
    ReconnectPace pace("box-" + std::to_string(box), Millis(60'000), [] { return 0.999; });
    auto before = start;
    for (const auto attempt : attempts_of(pace, seconds(20))) {
      EXPECT_LE(attempt - before, ReconnectPace::short_ceiling) << box;
      before = attempt;
    }
  }
}

TEST(ReconnectPace, NoOutageIsMadeLongerByMoreThanAQuarter) {
  for (int box = 0; box < 50; ++box) {
    ReconnectPace pace("box-" + std::to_string(box), Millis(60'000), [] { return 0.5; });
    auto before = start;
    for (const auto attempt : attempts_of(pace, std::chrono::minutes(20))) {
      const auto most = std::max(ReconnectPace::short_ceiling, (before - start) / 4);
      EXPECT_LE(attempt - before, std::min(most, Millis(60'000))) << box;
      before = attempt;
    }
  }
}

TEST(ReconnectPace, AnOutageEndsWithAGoodConnection) {
  ReconnectPace pace("box-1", Millis(60'000), [] { return 0.5; });
  (void)attempts_of(pace, seconds(600));
  EXPECT_EQ(pace.outage(start + seconds(700)), seconds(700));
  pace.reset();
  EXPECT_EQ(pace.outage(start + seconds(700)), Millis(0));
  EXPECT_LE(pace.next(start + seconds(800)), Millis(3000));
  EXPECT_EQ(pace.outage(start + seconds(810)), seconds(10));
}

TEST(ReconnectPace, SpreadsAHerdWhoseRandomNumbersAreTheSame) {
  std::map<std::int64_t, int> per_second;
  for (int box = 0; box < 6000; ++box) {
    ReconnectPace pace("box-" + std::to_string(box), Millis(60'000), [] { return 0.25; });
    for (int attempt = 0; attempt < 6; ++attempt) (void)pace.next(start);
    ++per_second[pace.next(start + std::chrono::hours(6)).count() / 1000];
  }
  ASSERT_GE(per_second.size(), 59U);
  for (const auto& [second, boxes] : per_second) EXPECT_LE(boxes, 150) << second;
}

TEST(ReconnectPace, WaitsAtLeastAMinuteAfterATakeover) {
  ReconnectPace pace("box-1", Millis(1000), [] { return 0.0; });
  EXPECT_GE(pace.after_takeover(), Millis(60'000));
}

TEST(BacklogOffset, IsTheGatewaysOwnAndGrowsWithTheOutage) {
  const std::chrono::hours outage(1);
  EXPECT_EQ(backlog_offset("box-1", outage), backlog_offset("box-1", outage));
  EXPECT_NE(backlog_offset("box-1", outage), backlog_offset("box-2", outage));
  EXPECT_EQ(backlog_offset("box-1", seconds(299)), Millis(0));
  std::map<std::int64_t, int> per_minute;
  for (int box = 0; box < 10'000; ++box) {
    const auto id = "box-" + std::to_string(box);
    EXPECT_LE(backlog_offset(id, seconds(600)), Millis(600'000) / 16);
    ++per_minute[backlog_offset(id, std::chrono::hours(24 * 7)) / std::chrono::minutes(1)];
  }
  ASSERT_EQ(per_minute.size(), 10U);
  for (const auto& [minute, boxes] : per_minute) EXPECT_LE(boxes, 1150) << minute;
}

TEST(AnswerWatch, EachTripDoublesTheLimitAndHalvesTheWindow) {
  AnswerWatch watch;
  EXPECT_EQ(watch.limit(), seconds(15));
  EXPECT_EQ(watch.window(), 10U);
  watch.trip();
  EXPECT_EQ(watch.limit(), seconds(30));
  EXPECT_EQ(watch.window(), 5U);
  for (int trip = 0; trip < 10; ++trip) watch.trip();
  EXPECT_EQ(watch.limit(), seconds(300));
  EXPECT_EQ(watch.window(), 1U);
}

TEST(AnswerWatch, APromptAnswerBringsTheLimitBack) {
  AnswerWatch watch;
  watch.begin_connection(start);
  watch.trip();
  watch.answered(start, start + seconds(1));
  EXPECT_EQ(watch.limit(), seconds(15));
  EXPECT_EQ(watch.window(), 6U);
}

TEST(AnswerWatch, ASlowAnswerKeepsTheLongLimit) {
  AnswerWatch watch;
  watch.begin_connection(start);
  watch.trip();
  watch.answered(start, start + seconds(20));
  EXPECT_EQ(watch.limit(), seconds(30));
  EXPECT_EQ(watch.window(), 5U);
}

TEST(AnswerWatch, AnswersToOthersDoNotExcuseOneForever) {
  AnswerWatch watch;
  watch.begin_connection(start);
  EXPECT_EQ(watch.deadline(start), start + seconds(15));
  watch.answered(start, start + seconds(10));
  EXPECT_EQ(watch.deadline(start), start + seconds(25));
  for (int answer = 2; answer < 30; ++answer) watch.answered(start, start + seconds(10) * answer);
  EXPECT_EQ(watch.deadline(start), start + seconds(150));
}

TEST(AnswerWatch, ALinkThatTakesTwentySecondsForABatchIsNotReconnectedForever) {
  AnswerWatch watch;
  int trips = 0;
  int answers = 0;
  auto now = start;
  // The link carries one batch in 20 s, one after the other; a broken connection loses what was on its way.
  while (now < start + std::chrono::hours(2)) {
    watch.begin_connection(now);
    std::deque<SteadyTime> open;
    auto done = now;
    while (true) {
      while (open.size() < watch.window()) open.push_back(now);
      done = std::max(done, open.front()) + seconds(20);
      if (watch.deadline(open.front()) < done) {
        now = watch.deadline(open.front());
        watch.trip();
        ++trips;
        break;
      }
      now = done;
      watch.answered(open.front(), now);
      open.pop_front();
      ++answers;
      if (now >= start + std::chrono::hours(2)) break;
    }
  }
  EXPECT_LE(trips, 3);
  EXPECT_GE(answers, 340);
}

}  // namespace
}  // namespace jidian::uplink

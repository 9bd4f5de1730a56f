#include "uplink/pace.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>

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

TEST(ReconnectPace, GrowsFromOneSecondToTheCeiling) {
  ReconnectPace pace("box-1", Millis(60'000), [] { return 0.0; });
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto pause = pace.next();
    EXPECT_GE(pause, Millis(1000));
    EXPECT_LE(pause, std::min(Millis(60'000), Millis(Millis(3000) * (1LL << std::min(attempt, 10)))));
  }
  pace.reset();
  EXPECT_LE(pace.next(), Millis(3000));
}

TEST(ReconnectPace, SpreadsAHerdWhoseRandomNumbersAreTheSame) {
  std::map<std::int64_t, int> per_second;
  for (int box = 0; box < 6000; ++box) {
    ReconnectPace pace("box-" + std::to_string(box), Millis(60'000), [] { return 0.25; });
    for (int attempt = 0; attempt < 6; ++attempt) (void)pace.next();
    ++per_second[pace.next().count() / 1000];
  }
  ASSERT_GE(per_second.size(), 59U);
  for (const auto& [second, boxes] : per_second) EXPECT_LE(boxes, 150) << second;
}

TEST(ReconnectPace, WaitsAtLeastAMinuteAfterATakeover) {
  ReconnectPace pace("box-1", Millis(1000), [] { return 0.0; });
  EXPECT_GE(pace.after_takeover(), Millis(60'000));
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

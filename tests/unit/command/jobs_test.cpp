#include "command/jobs.hpp"

#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "tests/unit/command/fakes.hpp"

namespace jidian::command {
namespace {

using Json = nlohmann::json;

class MovingClock final : public Clock {
 public:
  UtcTime utc_now() override { return UtcTime{}; }
  SteadyTime steady_now() override { return SteadyTime{now.load()}; }
  ClockQuality quality() override { return ClockQuality::synchronised; }
  std::atomic<Millis> now{Millis{0}};
};

Jobs::Work wait_for_stop() {
  return [](std::stop_token stop, const Jobs::Emit&) -> Status {
    std::promise<void> stopped;
    const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
    stopped.get_future().wait();
    return Error{ErrorKind::cancelled, "asked to stop"};
  };
}

/// All lines of a job, once it has ended.
Jobs::News all_news(Jobs& jobs, const std::string& id) {
  Jobs::News all;
  for (;;) {
    auto news = jobs.news(id, all.next);
    if (!news) return all;
    all.lines.insert(all.lines.end(), news->lines.begin(), news->lines.end());
    all.next = news->next;
    all.done = news->done;
    all.error = news->error;
    if (all.done) return all;
    std::this_thread::yield();
  }
}

TEST(Jobs, LinesAreFetchedPiecemealAndInOrder) {
  MovingClock clock;
  Jobs jobs(clock);
  const auto id = jobs.start([](std::stop_token, const Jobs::Emit& emit) -> Status {
    for (int i = 0; i < 1'000; ++i) emit(std::to_string(i));
    return {};
  });
  ASSERT_TRUE(id);
  const auto news = all_news(jobs, *id);
  ASSERT_EQ(news.lines.size(), 1'000U);
  EXPECT_EQ(news.lines[999], "999");
  EXPECT_FALSE(news.error);
}

TEST(Jobs, AnEndlessTeaserCostsBoundedMemoryAndKeepsTheNewest) {
  MovingClock clock;
  Jobs jobs(clock);
  std::promise<void> told;
  const auto id = jobs.start([&told](std::stop_token, const Jobs::Emit& emit) -> Status {
    for (int i = 0; i < 10'000; ++i) emit(std::to_string(i));
    told.set_value();
    return {};
  });
  told.get_future().wait();
  const auto news = all_news(jobs, *id);
  EXPECT_EQ(news.lines.size(), 4'096U);
  EXPECT_EQ(news.lines.back(), "9999");
}

TEST(Jobs, WhatACancelledJobFoundStays) {
  MovingClock clock;
  Jobs jobs(clock);
  const auto id = jobs.start([](std::stop_token stop, const Jobs::Emit& emit) -> Status {
    emit("1");
    return wait_for_stop()(std::move(stop), emit);
  });
  ASSERT_TRUE(jobs.cancel(*id));
  const auto news = all_news(jobs, *id);
  EXPECT_EQ(news.lines, std::vector<std::string>{"1"});
  ASSERT_TRUE(news.error);
  EXPECT_EQ(news.error->kind(), ErrorKind::cancelled);
}

TEST(Jobs, TheFifthIsRefused) {
  MovingClock clock;
  Jobs jobs(clock);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(jobs.start(wait_for_stop()));
  const auto fifth = jobs.start(wait_for_stop());
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().kind(), ErrorKind::full);
}

TEST(Jobs, AreForgottenTenMinutesAfterTheirEnd) {
  MovingClock clock;
  Jobs jobs(clock);
  const auto nothing = [](std::stop_token, const Jobs::Emit&) -> Status { return {}; };
  const auto first = jobs.start(nothing);
  all_news(jobs, *first);
  clock.now = std::chrono::minutes{9};
  all_news(jobs, *jobs.start(nothing));
  EXPECT_TRUE(jobs.news(*first, 0));
  clock.now = std::chrono::minutes{10};
  all_news(jobs, *jobs.start(nothing));
  EXPECT_FALSE(jobs.news(*first, 0));
}

TEST(Jobs, NothingStartsAfterTheStop) {
  MovingClock clock;
  Jobs jobs(clock);
  ASSERT_TRUE(jobs.start(wait_for_stop()));
  jobs.stop_all();
  EXPECT_FALSE(jobs.start(wait_for_stop()));
}

TEST(Jobs, OnlyWhoMayOperateStartsOrSeesThem) {
  Bench bench;
  const Caller onlooker{.name = "lin", .may_read = true, .may_operate = false};
  for (const char* request :
       {R"({"op":"start","what":"scan"})", R"({"op":"job","id":"1"})", R"({"op":"cancel","id":"1"})"}) {
    const auto answer = bench.commands.run(onlooker, request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::denied) << request;
  }
}

TEST(Jobs, StartedFetchedAndCancelledByRequests) {
  MovingClock clock;
  Commands::Parts parts;
  parts.clock = &clock;
  parts.make_work = [](const std::string& what, const std::string& args) -> Result<Jobs::Work> {
    if (what != "count") return Error{ErrorKind::invalid, "no such job"};
    return Jobs::Work([args](std::stop_token stop, const Jobs::Emit& emit) -> Status {
      emit(args);
      return wait_for_stop()(std::move(stop), emit);
    });
  };
  Commands commands(std::move(parts));
  const Caller worker{.name = "user-1", .may_read = true, .may_operate = true};
  EXPECT_FALSE(commands.run(worker, R"({"op":"start","what":"other"})"));
  EXPECT_FALSE(commands.run(worker, R"({"op":"start","what":"count","args":7})"));
  const auto started = commands.run(worker, R"({"op":"start","what":"count","args":{"a":1}})");
  ASSERT_TRUE(started);
  const auto id = Json::parse(*started)["job"].get<std::string>();
  ASSERT_TRUE(commands.run(worker, Json{{"op", "cancel"}, {"id", id}}.dump()));
  Json news;
  do news = Json::parse(*commands.run(worker, Json{{"op", "job"}, {"id", id}, {"after", 0}}.dump()));
  while (!news["done"].get<bool>());
  EXPECT_EQ(news["lines"], Json::parse(R"([{"a":1}])"));
  EXPECT_EQ(news["error"]["kind"], "cancelled");
}

}  // namespace
}  // namespace jidian::command

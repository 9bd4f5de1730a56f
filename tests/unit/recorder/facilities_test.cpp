#include <gtest/gtest.h>

#include <optional>

#include "recorder/core.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::FacilityState;
using plant::morning;
using std::chrono::seconds;

/// Two meters whose powers are those of one facility: stopped below 1 kW, running from 2 kW on.
domain::Manifest works() {
  domain::Manifest manifest = plant::manifest();
  for (domain::MeterEntry& meter : manifest.meters) {
    meter.points[0].quantity = "active_power";
    meter.points[0].phase = "total";
    meter.points[0].unit = "W";
  }
  domain::FacilityEntry shop;
  shop.id = "shop";
  shop.meters = {"m-0", "m-1"};
  shop.run = {domain::RunSource::power, {"m-0", "m-1"}, 1'000'000, 2'000'000};
  manifest.facilities = {shop};
  return manifest;
}

class Facilities : public testing::Test {
 protected:
  Facilities() { run_.emplace(options_, record_, clock_, true); }

  void show(int from, int until, std::int64_t watts) {
    for (int s = from; s < until; ++s)
      for (std::size_t meter : {0U, 1U}) {
        auto poll = plant::poll(meter, morning + seconds(s));
        poll.samples[0].bits = static_cast<std::uint64_t>(watts);
        run_->take(std::move(poll));
      }
  }
  void kill_and_start_at(int s) {
    run_.reset();
    clock_.pass(morning + seconds(s) - clock_.now.utc);
    run_.emplace(options_, record_, clock_);
  }
  std::vector<std::string> told(const char* fact = "state") const {
    std::vector<std::string> values;
    for (const auto& event : record_.events(EventKind::facility_state))
      for (const auto& [name, value] : event.facts)
        if (name == fact) values.push_back(value);
    return values;
  }

  const Options options_ = plant::options(works());
  plant::MemoryRecord record_{works()};
  plant::HandClock clock_;
  std::optional<plant::Run> run_;
};

TEST_F(Facilities, AChangeIsOnRecordAtOnce) {
  show(1, 4, 100);
  EXPECT_EQ(told(), (std::vector<std::string>{"stopped"}));
  show(4, 6, 5'000);
  EXPECT_EQ(told(), (std::vector<std::string>{"stopped", "running"})) << "with the poll that made it sure";
  EXPECT_EQ(told("power_kw").back(), "10.000000");
  const auto now = run_->core.facilities().at(0);
  EXPECT_EQ(now.state, FacilityState::running);
  EXPECT_EQ(now.since, morning + seconds(4));
}

TEST_F(Facilities, WhatWasToldIsNotToldAgainByTheNextRun) {
  show(1, 10, 100);
  show(10, 20, 5'000);
  run_->flush();
  kill_and_start_at(25);
  EXPECT_EQ(told(), (std::vector<std::string>{"stopped", "running"}));
  EXPECT_EQ(run_->core.facilities().at(0).state, FacilityState::unknown) << "until it is seen again";
  show(26, 30, 5'000);
  EXPECT_EQ(told(), (std::vector<std::string>{"stopped", "running", "running"})) << "anew after each start";
  EXPECT_EQ(told("before").back(), "unknown");
  kill_and_start_at(300);
  kill_and_start_at(310);
  EXPECT_EQ(told().size(), 3u);
}

TEST_F(Facilities, NoPollForAWhileIsUnknown) {
  show(1, 5, 5'000);
  run_->pass(seconds(11));
  EXPECT_EQ(told(), (std::vector<std::string>{"running"}));
  run_->pass(seconds(10));
  EXPECT_EQ(told(), (std::vector<std::string>{"running", "unknown"}));
  EXPECT_EQ(told("since").back(), format_utc(morning + seconds(5)));
  EXPECT_EQ(told("missing").back(), "m-0 m-1");
}

TEST_F(Facilities, PollsUnderWayWhenTheClockIsSetBackTellNothingOfTheTimeThatComesAgain) {
  show(3'600, 3'610, 5'000);
  clock_.now.utc -= std::chrono::hours(1);
  for (std::size_t meter : {0U, 1U}) run_->deliver(plant::poll(meter, morning + seconds(3'610)));
  EXPECT_EQ(told(), (std::vector<std::string>{"unknown", "running"}));
  show(11, 20, 5'000);
  EXPECT_EQ(told(), (std::vector<std::string>{"unknown", "running", "running"})) << "anew by the clock as it is now";
  EXPECT_EQ(told("since").back(), format_utc(morning + seconds(11)));
  show(20, 22, 100);
  EXPECT_EQ(told().back(), "stopped");
}

TEST_F(Facilities, AnotherRuleTellsNothingOfTheTimeBefore) {
  show(1, 10, 100);
  show(10, 20, 5'000);
  run_->flush();
  run_.reset();
  auto changed = works();
  changed.facilities[0].run.stop_below = 20'000'000;
  changed.facilities[0].run.start_at = 30'000'000;
  const Options other = plant::options(changed);
  clock_.pass(seconds(5));
  run_.emplace(other, record_, clock_);
  EXPECT_EQ(told(), (std::vector<std::string>{"stopped", "running"}));
  run_->pass(seconds(1));
  EXPECT_EQ(told().size(), 2u);
  run_.reset();
}

}  // namespace
}  // namespace jidian::recorder

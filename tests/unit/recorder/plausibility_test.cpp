#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::Quality;
using plant::morning;

constexpr std::size_t energy_point = 1;

UtcTime second_at(int second) {
  return morning + std::chrono::seconds(second);
}

/// The plant's polls with an energy that counts one a second, and a run that records them.
class Doubts : public ::testing::Test {
 protected:
  Doubts() { start(); }

  void start() {
    run_.reset();
    run_ = std::make_unique<plant::Run>(options_, record_, clock_, record_.commits == 0);
  }
  void start_again(std::chrono::seconds later) {
    run_.reset();
    clock_.now.utc = morning + later;
    clock_.now.steady += std::chrono::minutes(10);
    auto next = std::make_unique<plant::Run>(options_, record_, clock_);
    run_ = std::move(next);
  }
  void take(int from, int until, std::uint64_t offset = 0) {
    for (int s = from; s < until; ++s)
      run_->take(plant::poll(0, second_at(s), 10'000 + offset + static_cast<std::uint64_t>(s)));
  }
  void take_energy(int second, std::uint64_t energy) {
    auto poll = plant::poll(0, second_at(second), 10'000 + static_cast<std::uint64_t>(second));
    poll.samples[energy_point].bits = energy;
    run_->take(std::move(poll));
  }
  std::vector<Quality> qualities() const {
    std::vector<Quality> found;
    for (const auto& poll : record_.polls()) found.push_back(poll.samples[energy_point].quality);
    return found;
  }

  Options options_ = plant::options(plant::manifest(1));
  plant::HandClock clock_;
  plant::MemoryRecord record_{options_.manifest};
  std::unique_ptr<plant::Run> run_;
};

TEST_F(Doubts, ADoubtedValueIsRecordedAsItIsWithItsQuality) {
  take(0, 3);
  take_energy(3, 0);
  take(4, 6);
  run_->flush();
  const auto polls = record_.polls();
  ASSERT_EQ(polls.size(), 6u);
  EXPECT_EQ(polls[3].samples[energy_point], (domain::Sample{0, Quality::implausible}));
  EXPECT_EQ(polls[3].samples[0].quality, Quality::ok);
  EXPECT_EQ(std::ranges::count(qualities(), Quality::implausible), 1);
  EXPECT_TRUE(record_.events(EventKind::implausible).empty());
}

TEST_F(Doubts, AFallIsToldAtOnce) {
  take(0, 3);
  for (int s = 3; s < 6; ++s) take_energy(s, static_cast<std::uint64_t>(s));
  const auto events = record_.events(EventKind::implausible);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].subject, "m-0");
  EXPECT_EQ(events[0].time, second_at(5) + Millis{20});
}

TEST_F(Doubts, NoDifferenceOfARowGoesAcrossAFall) {
  take(0, 30);
  for (int s = 30; s < 150; ++s) take_energy(s, static_cast<std::uint64_t>(s));
  run_->pass(std::chrono::seconds(60));
  run_->flush();
  std::vector<std::uint64_t> steps;
  for (const auto& row : record_.rows())
    if (row.length == std::chrono::seconds(60) && row.points[energy_point].last_at != UtcTime{})
      steps.push_back(row.points[energy_point].last - row.points[energy_point].first);
  // From the fall's third poll, 08:00:32, to the poll nearest 08:01:00; then a whole minute.
  EXPECT_EQ(steps, (std::vector<std::uint64_t>{28, 60, 29}));
}

TEST_F(Doubts, AStepAcrossARestartWaitsForTheCounterToBeThere) {
  take(0, 30);
  run_->stop();
  start_again(std::chrono::seconds(300));
  take_energy(301, 0);
  take_energy(302, 0);
  take(303, 305, 700);
  run_->flush();
  const auto steps = record_.events(EventKind::counter_step);
  ASSERT_EQ(steps.size(), 1u);
  const auto& facts = steps[0].facts;
  EXPECT_EQ(facts[0], std::pair(std::string("from"), format_utc(second_at(29) + Millis{20})));
  EXPECT_EQ(facts[1], std::pair(std::string("until"), format_utc(second_at(303) + Millis{20})));
  EXPECT_EQ(facts[2], std::pair(std::string("energy"), std::string("974")));
  EXPECT_EQ(std::ranges::count(qualities(), Quality::implausible), 2);
  EXPECT_TRUE(record_.events(EventKind::implausible).empty());
}

TEST_F(Doubts, AFallAcrossARestartIsFound) {
  take(0, 30);
  run_->stop();
  start_again(std::chrono::seconds(300));
  for (int s = 301; s < 304; ++s) take_energy(s, 5);
  ASSERT_EQ(record_.events(EventKind::implausible).size(), 1u);
  EXPECT_EQ(record_.events(EventKind::implausible)[0].facts[4], std::pair(std::string("before"), std::string("10029")));
}

TEST_F(Doubts, ReadingsOfAClockThatWasNeverSetAreUnsynchronised) {
  auto poll = plant::poll(0, second_at(0));
  poll.clock = ClockQuality::unsynchronised;
  poll.samples[2].quality = Quality::out_of_range;
  run_->take(poll);
  poll = plant::poll(0, second_at(1));
  poll.clock = ClockQuality::holdover;
  run_->take(poll);
  run_->flush();
  const auto polls = record_.polls();
  EXPECT_EQ(polls[0].samples[0].quality, Quality::unsynchronised);
  EXPECT_EQ(polls[0].samples[2].quality, Quality::out_of_range);
  EXPECT_EQ(polls[1].samples[0].quality, Quality::ok);
}

TEST(Doubt, AFamilyThatDoesNotAddUpIsToldFromTheQuarterHours) {
  auto manifest = plant::manifest(2);
  manifest.meters[1].parent = "m-0";
  for (auto& meter : manifest.meters) {
    meter.points[0].quantity = "active_power";
    meter.points[0].phase = "total";
    meter.points[0].unit = "W";
  }
  const Options options = plant::options(manifest);
  plant::HandClock clock;
  plant::MemoryRecord record(manifest);
  plant::Run run(options, record, clock, true);
  for (int s = 0; s < 45 * 60 + 20; s += 1)
    for (std::size_t meter = 0; meter < 2; ++meter) {
      auto poll = plant::poll(meter, second_at(s));
      poll.samples[0].bits = meter == 0 ? 20'000 : 17'000;
      run.take(std::move(poll));
    }
  const auto events = record.events(EventKind::implausible);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].facts[0], std::pair(std::string("check"), std::string("parent_sum")));
}

}  // namespace
}  // namespace jidian::recorder

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "recorder/core.hpp"
#include "tests/unit/recorder/plant.hpp"

// A poll is under way when the clock is set back: its slot lies ahead of the clock by then.
namespace jidian::recorder {
namespace {

using domain::EventKind;
using plant::morning;
using std::chrono::hours;
using std::chrono::seconds;

class ClockSetBack : public testing::Test {
 protected:
  void begin_at(UtcTime time) {
    clock_.now.utc = time;
    run_.emplace(options_, record_, clock_, true);
  }

  void show(UtcTime from, int count) {
    for (int s = 0; s < count; ++s) run_->take(plant::poll(0, from + seconds(s), ++energy_));
  }

  /// The poll of `slot` was under way when the clock was set back.
  void set_back(Millis by, UtcTime slot) {
    clock_.now.utc -= by;
    run_->deliver(plant::poll(0, slot, ++energy_));
  }

  /// By start, the polls in the minute rows from `from` on that start before `until`.
  std::map<UtcTime, std::uint32_t> minutes_in(UtcTime from, UtcTime until) const {
    std::map<UtcTime, std::uint32_t> polls;
    for (const auto& row : record_.rows())
      if (row.length == seconds(60) && row.start >= from && row.start < until) polls[row.start] += row.polls_made;
    return polls;
  }

  std::ptrdiff_t readings_of(UtcTime slot) const {
    return std::ranges::count(record_.polls(), slot, &domain::Poll::slot);
  }

  const Options options_ = plant::options(plant::manifest(1));
  plant::MemoryRecord record_{options_.manifest};
  plant::HandClock clock_;
  std::optional<plant::Run> run_;
  std::uint64_t energy_ = 1'000;
};

TEST_F(ClockSetBack, ByAnHourWhatWasUnderWayIsAReadingAndRowsGoOnFromNow) {
  begin_at(morning + hours(1));
  show(morning + hours(1), 90);
  const UtcTime under_way = morning + hours(1) + seconds(90);
  set_back(hours(1), under_way);
  show(morning + seconds(91), 180);
  run_->stop();
  EXPECT_EQ(minutes_in(morning, morning + hours(1)),
            (std::map<UtcTime, std::uint32_t>{
                {morning + seconds(60), 29}, {morning + seconds(120), 60}, {morning + seconds(180), 60}}));
  EXPECT_EQ(minutes_in(morning + hours(1), morning + hours(24)),
            (std::map<UtcTime, std::uint32_t>{{morning + hours(1), 60}, {morning + hours(1) + seconds(60), 30}}));
  EXPECT_EQ(readings_of(under_way), 1);
  EXPECT_TRUE(record_.events(EventKind::gap).empty());
}

TEST_F(ClockSetBack, OverAnEdgeWhatWasUnderWayDoesNotEndTheQuarterThatComesAgain) {
  begin_at(morning + seconds(890));
  show(morning + seconds(890), 20);
  set_back(seconds(900), morning + seconds(910));
  show(morning + seconds(11), 900);
  run_->stop();
  std::vector<std::pair<UtcTime, std::uint32_t>> quarters;
  for (const auto& row : record_.rows())
    if (row.length == seconds(900)) quarters.emplace_back(row.start, row.polls_made);
  EXPECT_EQ(quarters, (std::vector<std::pair<UtcTime, std::uint32_t>>{
                          {morning, 10}, {morning + seconds(900), 10}, {morning, 889}}));
}

TEST_F(ClockSetBack, ByHalfAMinuteNoSlotComesAgainAndWhatWasUnderWayIsInItsRow) {
  begin_at(morning);
  show(morning, 45);
  set_back(seconds(30), morning + seconds(45));
  show(morning + seconds(46), 20);
  run_->stop();
  EXPECT_EQ(minutes_in(morning, morning + hours(1)), (std::map<UtcTime, std::uint32_t>{{morning, 60}}));
}

}  // namespace
}  // namespace jidian::recorder

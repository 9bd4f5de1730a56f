#include <gtest/gtest.h>

#include "tests/integration/recorder/recorder_on_disk.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::GapCause;

/// Starts of a box whose runs end without a goodbye.
class StartStored : public RecorderOnDisk {
 protected:
  void record_something() {
    start();
    recorder_->inbox().offer(plant::poll(0, slot(0)));
    ASSERT_TRUE(wait_for([&] { return board_.store().readings_recorded == 3; }));
  }
  void end_without_a_goodbye() {
    store_->is_full = true;
    recorder_.reset();
    store_.reset();
    open();
  }
};

TEST_F(StartStored, IsToldOnceAndBeforeTheRecorderIsThere) {
  start();
  EXPECT_EQ(starts_stored_, 1);
  recorder_->inbox().offer(plant::poll(0, slot(0)));
  stop();
  EXPECT_EQ(starts_stored_, 1);
}

TEST_F(StartStored, IsNotToldWhileTheStoreTakesNothingSoThatTheNextStartKnowsTheCause) {
  record_something();
  end_without_a_goodbye();
  options_.ended_by_watchdog = true;
  store_->is_full = true;
  start();
  end_without_a_goodbye();
  EXPECT_EQ(starts_stored_, 1) << "the gap is told nowhere: the word of the watchdog has to stay";
  start();
  EXPECT_EQ(starts_stored_, 2);
  stop();
  const auto gaps = events(EventKind::gap);
  ASSERT_FALSE(gaps.empty());
  EXPECT_EQ(gaps.front().gap->cause, GapCause::watchdog);
}

TEST_F(StartStored, IsToldLateIfTheStoreTakesItLate) {
  record_something();
  end_without_a_goodbye();
  options_.ended_by_watchdog = true;
  store_->is_full = true;
  start();
  store_->is_full = false;
  EXPECT_TRUE(wait_for([&] { return starts_stored_ == 2; }));
  const auto gaps = events(EventKind::gap);
  ASSERT_FALSE(gaps.empty()) << "it is on record by then";
  EXPECT_EQ(gaps.front().gap->cause, GapCause::watchdog);
  stop();
}

}  // namespace
}  // namespace jidian::recorder

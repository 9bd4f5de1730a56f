#include "recorder/live_pace.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "recorder/live_view.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using plant::morning;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// The views that went out, of a plant of two meters.
class Views {
 public:
  explicit Views(Millis interval) : pace_(interval) {}
  bool goes_out_after(Millis time) {
    clock_.pass(time);
    return pace_.take_due(clock_.now.steady, view_.is_whole());
  }
  void put(const domain::Poll& poll) { view_.put(poll); }

 private:
  plant::HandClock clock_;
  LiveView view_{std::make_shared<const domain::Manifest>(plant::manifest(2))};
  LivePace pace_;
};

TEST(LivePace, TheFirstViewWaitsForAPollOfEveryMeterWhetherItAnsweredOrNot) {
  Views views(minutes(1));
  EXPECT_FALSE(views.goes_out_after(Millis{0})) << "an empty view would take the place of the retained one";
  views.put(plant::poll(0, morning));
  EXPECT_FALSE(views.goes_out_after(seconds(5)));
  views.put(plant::hole(1, morning));
  EXPECT_TRUE(views.goes_out_after(seconds(1)));
  EXPECT_FALSE(views.goes_out_after(seconds(59)));
  EXPECT_TRUE(views.goes_out_after(seconds(1)));
}

TEST(LivePace, TheFirstViewWaitsNoLongerThanHalfAMinuteOrAnInterval) {
  Views hourly(hours(1));
  EXPECT_FALSE(hourly.goes_out_after(Millis{0}));
  EXPECT_FALSE(hourly.goes_out_after(Millis{29'999}));
  EXPECT_TRUE(hourly.goes_out_after(Millis{1}));
  hourly.put(plant::poll(0, morning));
  hourly.put(plant::poll(1, morning));
  EXPECT_FALSE(hourly.goes_out_after(minutes(59)));
  EXPECT_TRUE(hourly.goes_out_after(minutes(1)));
  Views often(seconds(5));
  EXPECT_FALSE(often.goes_out_after(Millis{0}));
  EXPECT_FALSE(often.goes_out_after(Millis{4'999}));
  EXPECT_TRUE(often.goes_out_after(Millis{1}));
}

TEST(LivePace, OffIsNever) {
  Views views(Millis{0});
  views.put(plant::poll(0, morning));
  views.put(plant::poll(1, morning));
  EXPECT_FALSE(views.goes_out_after(Millis{0}));
  EXPECT_FALSE(views.goes_out_after(hours(2)));
}

}  // namespace
}  // namespace jidian::recorder

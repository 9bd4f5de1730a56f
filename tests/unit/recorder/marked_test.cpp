#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "recorder/core.hpp"
#include "recorder/marks.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::Quality;
using plant::morning;
using std::chrono::seconds;

constexpr std::size_t power_at = 0;
constexpr std::size_t energy_at = 1;

UtcTime at(int s) {
  return morning + seconds(s);
}

std::string fact(const domain::Event& event, const std::string& name) {
  for (const auto& [key, value] : event.facts)
    if (key == name) return value;
  return "none";
}

domain::MarkRequest request(std::string subject, Quality as = Quality::maintenance) {
  domain::MarkRequest request;
  request.subject = std::move(subject);
  request.as = as;
  request.by = "shift electrician";
  request.user = "user-1";
  request.reason = "bearings";
  return request;
}

domain::MarkRequest ending(std::string id) {
  auto ending = request("");
  ending.ends = std::move(id);
  ending.reason.clear();
  return ending;
}

/// Two meters that count 10 a second; m-1 is the meter of facility "furnace".
class Marked : public testing::Test {
 protected:
  Marked() {
    domain::FacilityEntry furnace;
    furnace.id = "furnace";
    furnace.meters = {"m-1"};
    options_.manifest.facilities.push_back(furnace);
    start(true);
  }
  void start(bool new_epoch = false) {
    run_.reset();
    run_.emplace(options_, record_, clock_, new_epoch);
  }

  void polls(int from, int until) {
    for (int s = from; s < until; ++s)
      for (std::size_t meter = 0; meter < 2; ++meter)
        run_->take(plant::poll(meter, at(s), 500'000 + 10u * static_cast<unsigned>(s)));
  }
  /// The qualities that a meter's energy has had, first second and quality of each run.
  std::vector<std::pair<int, Quality>> qualities(domain::MeterIndex meter) const {
    std::vector<std::pair<int, Quality>> runs;
    for (const auto& poll : record_.polls())
      if (poll.meter == meter && (runs.empty() || runs.back().second != poll.samples[energy_at].quality))
        runs.emplace_back(static_cast<int>((poll.slot - morning) / seconds(1)), poll.samples[energy_at].quality);
    return runs;
  }

  Options options_ = plant::options(plant::manifest(2));
  plant::HandClock clock_;
  plant::MemoryRecord record_{options_.manifest};
  std::optional<plant::Run> run_;
};

using Runs = std::vector<std::pair<int, Quality>>;

TEST_F(Marked, ReadingsStandUnderItFromThenOnAndKeepTheirValues) {
  polls(0, 10);
  const auto told = run_->mark(request("m-0"));
  ASSERT_TRUE(told) << told.error().message();
  polls(10, 20);
  ASSERT_TRUE(run_->mark(ending(fact(*told, "id"))));
  polls(20, 30);
  run_->stop();
  EXPECT_EQ(qualities(0), (Runs{{0, Quality::ok}, {10, Quality::maintenance}, {20, Quality::ok}}));
  EXPECT_EQ(qualities(1), (Runs{{0, Quality::ok}}));
  for (const auto& poll : record_.polls())
    EXPECT_EQ(poll.samples[energy_at].bits,
              500'000u + static_cast<std::uint64_t>((poll.slot - morning) / seconds(1)) * 10);
  const auto events = record_.events(EventKind::mark);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].subject, "m-0");
  EXPECT_EQ(fact(events[0], "mark"), "maintenance");
  EXPECT_EQ(fact(events[0], "state"), "told");
  EXPECT_EQ(fact(events[0], "until"), "none");
  EXPECT_EQ(fact(events[0], "user"), "user-1");
  EXPECT_EQ(fact(events[0], "late_s"), "0");
  EXPECT_EQ(fact(events[1], "state"), "ended");
}

TEST_F(Marked, AFacilityMeansItsMetersAndNothingTheWholeSite) {
  ASSERT_TRUE(run_->mark(request("furnace", Quality::stopped)));
  polls(0, 10);
  ASSERT_TRUE(run_->mark(request("", Quality::calibration)));
  polls(10, 20);
  run_->stop();
  EXPECT_EQ(qualities(0), (Runs{{0, Quality::ok}, {10, Quality::calibration}}));
  EXPECT_EQ(qualities(1), (Runs{{0, Quality::stopped}, {10, Quality::calibration}})) << "the one told last";
}

TEST_F(Marked, IntervalsCountThemAndEnergiesAreExact) {
  polls(0, 60);
  ASSERT_TRUE(run_->mark(request("m-0")));
  polls(60, 240);
  run_->pass(seconds(20));
  run_->stop();
  std::optional<std::uint64_t> edge;
  for (const auto& row : record_.rows()) {
    if (row.meter != 0 || row.length != seconds(60)) continue;
    EXPECT_EQ(row.points[power_at].samples, 60u);
    EXPECT_EQ(row.points[energy_at].quality, row.start < at(60) ? Quality::ok : Quality::maintenance);
    EXPECT_EQ(row.points[energy_at].first, edge.value_or(row.points[energy_at].first)) << "energies telescope";
    edge = row.points[energy_at].last;
  }
  ASSERT_TRUE(edge);
  EXPECT_GE(*edge, 500'000u + 10 * 239);
}

TEST_F(Marked, ACounterThatFallsInsideIsStillDoubted) {
  polls(0, 30);
  ASSERT_TRUE(run_->mark(request("m-0", Quality::calibration)));
  run_->take(plant::poll(0, at(30), 3));
  polls(31, 40);
  run_->stop();
  EXPECT_EQ(qualities(0), (Runs{{0, Quality::ok}, {30, Quality::implausible}, {31, Quality::calibration}}));
}

TEST_F(Marked, WhatComesLateChangesNothingThatIsRecorded) {
  polls(0, 30);
  auto late = request("m-0");
  late.from = at(5);
  late.until = at(20);
  const auto event = run_->mark(late);
  ASSERT_TRUE(event);
  EXPECT_EQ(fact(*event, "late_s"), "24");
  EXPECT_EQ(fact(*event, "told_at"), "2026-03-01T08:00:29.020Z");
  polls(30, 40);
  run_->stop();
  EXPECT_EQ(qualities(0), (Runs{{0, Quality::ok}}));
  EXPECT_TRUE(run_->core.marks(clock_.now.utc).empty());
  EXPECT_TRUE(record_.notes.empty());
}

TEST_F(Marked, WhatIsAheadWaitsAndCanBeWithdrawn) {
  auto ahead = request("m-0");
  ahead.from = at(10);
  ahead.until = at(20);
  const auto told = run_->mark(ahead);
  ASSERT_TRUE(told);
  EXPECT_EQ(fact(*told, "late_s"), "0");
  auto later = request("m-0", Quality::stopped);
  later.from = at(1000);
  const auto other = run_->mark(later);
  ASSERT_TRUE(other);
  EXPECT_NE(fact(*told, "id"), fact(*other, "id")) << "told in the same second";
  polls(0, 30);
  const auto withdrawn = run_->mark(ending(fact(*other, "id")));
  ASSERT_TRUE(withdrawn);
  EXPECT_EQ(fact(*withdrawn, "state"), "withdrawn");
  EXPECT_FALSE(run_->mark(ending(fact(*told, "id")))) << "it is over";
  run_->stop();
  EXPECT_EQ(qualities(0), (Runs{{0, Quality::ok}, {10, Quality::maintenance}, {20, Quality::ok}}));
  EXPECT_TRUE(record_.notes.empty());
}

TEST_F(Marked, ARestartKnowsIt) {
  auto open = request("furnace");
  const auto told = run_->mark(open);
  ASSERT_TRUE(told);
  const auto before = run_->core.marks(clock_.now.utc);
  polls(0, 10);
  run_->flush();
  start();  // kill -9
  EXPECT_EQ(run_->core.marks(clock_.now.utc), before);
  polls(20, 30);
  ASSERT_TRUE(run_->mark(ending(fact(*told, "id"))));
  start();
  EXPECT_TRUE(run_->core.marks(clock_.now.utc).empty());
  polls(40, 50);
  run_->stop();
  EXPECT_EQ(qualities(1), (Runs{{0, Quality::maintenance}, {40, Quality::ok}}));
}

TEST_F(Marked, AClockThatWasNeverSetDoesNotHideIt) {
  ASSERT_TRUE(run_->mark(request("m-0")));
  auto poll = plant::poll(0, at(0));
  poll.clock = ClockQuality::unsynchronised;
  run_->take(poll);
  run_->stop();
  EXPECT_EQ(qualities(0), (Runs{{0, Quality::maintenance}}));
  EXPECT_EQ(record_.polls().at(0).clock, ClockQuality::unsynchronised);
}

TEST_F(Marked, WhatMakesNoSenseIsRefused) {
  auto backwards = request("m-0");
  backwards.from = at(100);
  backwards.until = at(50);
  const auto refused = run_->mark(backwards);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::invalid);
  EXPECT_EQ(run_->mark(ending("260301-000000")).error().kind(), ErrorKind::not_found);
  EXPECT_TRUE(record_.events(EventKind::mark).empty());
}

TEST_F(Marked, MoreThanAreKeptAreRefused) {
  for (std::size_t i = 0; i < Marks::marks_max; ++i) ASSERT_TRUE(run_->mark(request("m-0")));
  const auto refused = run_->mark(request("m-0"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::full);
  ASSERT_TRUE(run_->mark(ending(run_->core.marks(clock_.now.utc).front().id)));
  EXPECT_TRUE(run_->mark(request("m-0")));
}

TEST(Marks, WhatIsNoNoteOfAMarkIsPassedOver) {
  const auto manifest = plant::manifest(1);
  Marks marks(manifest);
  const std::string good = "maintenance\n0\n-\n0\nm-0\nchen\nchen\nbearings\n";
  for (const std::string& text : {std::string(), std::string("x"), std::string("ok\n0\n-\n0\nm-0\na\nb\nc\n"),
                                  good.substr(0, good.size() - 1), "maintenance\nx" + good.substr(13)})
    marks.restore({"mark/260301-080000", text});
  marks.restore({"meter/m-0", good});
  EXPECT_TRUE(marks.list(morning).empty());
  marks.restore({"mark/260301-080000", good});
  EXPECT_EQ(marks.list(morning).size(), 1u);
}

}  // namespace
}  // namespace jidian::recorder

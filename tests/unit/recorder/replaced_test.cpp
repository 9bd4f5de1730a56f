#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <optional>

#include "recorder/core.hpp"
#include "recorder/swaps.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using plant::morning;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr std::uint16_t energy_at = 1;
constexpr std::uint16_t flow_at = 2;

UtcTime at(int s) {
  return morning + seconds(s);
}

std::string fact(const domain::Event& event, const std::string& name) {
  for (const auto& [key, value] : event.facts)
    if (key == name) return value;
  return "none";
}

/// A meter that counts 10 a second and is exchanged. Energy has the modulus 1,000,000, flow is a float.
class Replaced : public testing::Test {
 protected:
  Replaced() { start(true); }

  void start(bool new_epoch = false) {
    run_.reset();
    run_.emplace(options_, record_, clock_, new_epoch);
  }
  /// kill -9 after everything was committed that had to be: what waits for the next regular commit is lost.
  void kill() { start(); }

  void polls(int from, int until, std::uint64_t first) {
    for (int s = from; s < until; ++s) run_->take(plant::poll(0, at(s), first + 10u * static_cast<unsigned>(s - from)));
  }
  void move_to(int s) { run_->pass(at(s) - clock_.now.utc); }

  static domain::Replacement stated(std::uint64_t old_final, std::uint64_t new_start, std::uint64_t after,
                                    UtcTime now) {
    domain::Replacement replacement;
    replacement.point = energy_at;
    replacement.old_final = old_final;
    replacement.new_start = new_start;
    replacement.after = {after, now};
    replacement.counts_per_hour = 72'000;  // twice what it counts
    return replacement;
  }
  Result<domain::Event> replace(std::uint64_t old_final, std::uint64_t new_start, std::uint64_t after) {
    return run_->replace(stated(old_final, new_start, after, clock_.now.utc));
  }

  /// The contract's rule, on edges in order of time: between two on different sides of `at`, (old_final − before) +
  /// (after − new_start), else the difference; modulo 1,000,000.
  std::uint64_t total_of(const std::vector<domain::Count>& edges) const {
    std::uint64_t total = 0;
    for (std::size_t i = 1; i < edges.size(); ++i) {
      std::uint64_t before = edges[i - 1].bits;
      for (const auto& event : record_.events(EventKind::replaced)) {
        const UtcTime swapped = *parse_time(fact(event, "at"));
        if (!(edges[i - 1].at < swapped && swapped <= edges[i].at)) continue;
        total += (std::stoull(fact(event, "old_final_raw")) + 1'000'000 - before) % 1'000'000;
        before = std::stoull(fact(event, "new_start_raw"));
      }
      total += (edges[i].bits + 1'000'000 - before) % 1'000'000;
    }
    return total;
  }
  std::uint64_t total_of_readings() const {
    std::vector<domain::Count> edges;
    for (const auto& poll : record_.polls())
      if (poll.samples[energy_at].quality == domain::Quality::ok)
        edges.push_back({poll.samples[energy_at].bits, poll.end});
    return total_of(edges);
  }
  std::uint64_t total_of_rows() const {
    std::vector<domain::Count> edges;
    for (const auto& row : record_.rows()) {
      const auto& point = row.points[energy_at];
      if (row.length != seconds(60) || point.last_at == UtcTime{}) continue;
      edges.push_back({point.first, point.first_at});
      edges.push_back({point.last, point.last_at});
    }
    return total_of(edges);
  }
  /// No row compares two meters.
  bool no_row_crosses(UtcTime when) const {
    for (const auto& row : record_.rows())
      for (const std::uint16_t i : {energy_at, flow_at})
        if (row.points[i].last_at != UtcTime{} && row.points[i].first_at < when && row.points[i].last_at >= when)
          return false;
    return true;
  }

  Options options_ = plant::options(plant::manifest(1));
  plant::HandClock clock_;
  plant::MemoryRecord record_{options_.manifest};
  std::optional<plant::Run> run_;
};

TEST_F(Replaced, TotalsGoOn) {
  polls(0, 90, 500'000);  // up to 500,890
  move_to(100);
  const auto event = replace(500'930, 7, 27);
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(fact(*event, "before"), "500890");
  EXPECT_EQ(fact(*event, "before_at"), "2026-03-01T08:01:29.020Z");
  EXPECT_EQ(fact(*event, "after"), "27");
  EXPECT_EQ(fact(*event, "gained"), "60");
  EXPECT_EQ(fact(*event, "at"), "2026-03-01T08:01:40.000Z");
  polls(101, 300, 37);
  move_to(330);
  run_->stop();
  EXPECT_EQ(total_of_readings(), 890u + 40 + 30 + 1'980);
  EXPECT_TRUE(no_row_crosses(at(100)));
  // From the first sample that ended a row to the last one: 500,600 - 500,010 … on the old, the rest on the new meter.
  EXPECT_EQ(total_of_rows() % 10, 0u);
  EXPECT_GT(total_of_rows(), 2'000u);
}

TEST_F(Replaced, RowsAndReadingsTellTheSameTotal) {
  polls(0, 90, 500'000);
  move_to(100);
  ASSERT_TRUE(replace(500'930, 7, 27));
  polls(101, 300, 37);
  move_to(330);
  run_->stop();
  std::vector<domain::Count> ends;
  for (const auto& row : record_.rows())
    if (row.length == seconds(60) && row.points[energy_at].last_at != UtcTime{}) {
      if (ends.empty()) ends.push_back({row.points[energy_at].first, row.points[energy_at].first_at});
      ends.push_back({row.points[energy_at].last, row.points[energy_at].last_at});
    }
  ASSERT_GE(ends.size(), 3u);
  std::vector<domain::Count> readings;
  for (const auto& poll : record_.polls())
    if (poll.end >= ends.front().at && poll.end <= ends.back().at)
      readings.push_back({poll.samples[energy_at].bits, poll.end});
  EXPECT_EQ(total_of(ends), total_of(readings));
}

TEST_F(Replaced, NothingIsBookedAsAStepOfTheOldCounter) {
  polls(0, 30, 500'000);
  move_to(40);
  ASSERT_TRUE(replace(500'300, 0, 5));
  polls(41, 50, 15);
  run_->stop();
  EXPECT_TRUE(record_.events(EventKind::counter_step).empty());
  EXPECT_TRUE(record_.events(EventKind::implausible).empty()) << "nothing fell";
  for (const auto& poll : record_.polls()) EXPECT_EQ(poll.samples[energy_at].quality, domain::Quality::ok);
}

TEST_F(Replaced, KilledBeforeTheNewMetersFirstPollItStillKnows) {
  polls(0, 30, 500'000);
  run_->flush();
  move_to(40);
  ASSERT_TRUE(replace(500'310, 7, 17));
  kill();
  move_to(60);
  polls(61, 70, 27);
  move_to(130);
  run_->stop();
  const auto steps = record_.events(EventKind::counter_step);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(fact(steps[0], "energy"), "40") << "(500,310 - 500,290) + (27 - 7)";
  EXPECT_EQ(fact(steps[0], "replaced"), "2026-03-01T08:00:40.000Z");
  EXPECT_EQ(fact(steps[0], "flow.before"), "none") << "nobody read that counter at the displays";
  EXPECT_TRUE(no_row_crosses(at(40)));
  EXPECT_EQ(total_of_readings(), 290u + 40 + 80);
}

TEST_F(Replaced, KilledAfterItsFirstPollWasTakenAndLostItStillKnows) {
  polls(0, 30, 500'000);
  run_->flush();
  move_to(40);
  ASSERT_TRUE(replace(500'310, 7, 17));
  polls(41, 43, 27);  // not committed
  kill();
  move_to(60);
  polls(61, 70, 227);
  run_->stop();
  const auto steps = record_.events(EventKind::counter_step);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(fact(steps[0], "energy"), "240");
  EXPECT_EQ(total_of_readings(), 290u + 240 + 80);
}

TEST_F(Replaced, TwiceWhileNothingWasRecorded) {
  polls(0, 30, 500'000);
  run_->flush();
  move_to(40);
  ASSERT_TRUE(replace(500'310, 7, 17));
  move_to(50);
  EXPECT_FALSE(replace(5, 3, 13)) << "less than it began with";
  const auto second = replace(87, 3, 13);
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(fact(*second, "gained"), "90");
  kill();
  polls(61, 70, 23);
  run_->stop();
  const auto steps = record_.events(EventKind::counter_step);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(fact(steps[0], "energy"), "120") << "(500,310 - 500,290) + (87 - 7) + (23 - 3)";
  EXPECT_EQ(total_of_readings(), 290u + 120 + 80);
}

TEST_F(Replaced, TheOldMeterMayHaveRolledOver) {
  polls(0, 30, 999'700);  // up to 999,990
  move_to(40);
  const auto event = replace(60, 0, 5);
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(fact(*event, "gained"), "75");
}

TEST_F(Replaced, ADisplayWithFewerDigitsIsNoFall) {
  polls(0, 30, 500'000);
  move_to(40);
  auto statement = stated(500'200, 10, 4, clock_.now.utc);
  statement.old_unsure = 100;
  statement.new_unsure = 10;
  const auto event = run_->replace(statement);
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(fact(*event, "old_final_raw"), "500290") << "the register knew better";
  EXPECT_EQ(fact(*event, "new_start_raw"), "4");
}

TEST_F(Replaced, WhatCannotBeIsRefusedWithTheNumbers) {
  polls(0, 30, 500'000);
  move_to(40);
  const auto less = replace(400'000, 0, 5);
  ASSERT_FALSE(less);
  EXPECT_EQ(less.error().kind(), ErrorKind::conflict);
  EXPECT_THAT(less.error().message(), HasSubstr("400000"));
  EXPECT_THAT(less.error().message(), HasSubstr("500290"));
  const auto much = replace(900'000, 0, 5);
  ASSERT_FALSE(much);
  EXPECT_THAT(much.error().message(), HasSubstr("decimal point"));
  const auto start = replace(500'300, 10, 5);
  ASSERT_FALSE(start);
  EXPECT_THAT(start.error().message(), HasSubstr("shows 5"));
  const auto ahead = replace(500'300, 0, 300'000);
  ASSERT_FALSE(ahead);
  EXPECT_THAT(ahead.error().message(), HasSubstr("300000"));
  EXPECT_TRUE(record_.events(EventKind::replaced).empty());
  EXPECT_TRUE(record_.notes.empty());
  polls(41, 45, 500'310);
  run_->stop();
  EXPECT_EQ(total_of_readings(), 340u) << "a refusal changes nothing";
}

TEST_F(Replaced, TheFallThatWasPolledBeforeItWasToldIsTheExchange) {
  polls(0, 30, 500'000);
  polls(50, 60, 100);  // no serial number: two are doubted, then the counter is taken to have fallen
  auto statement = stated(500'330, 0, 200, clock_.now.utc);
  statement.at = at(45);
  const auto event = run_->replace(statement);
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(fact(*event, "before"), "500290");
  EXPECT_EQ(fact(*event, "after"), "120");
  EXPECT_EQ(fact(*event, "at"), "2026-03-01T08:00:52.020Z");
  EXPECT_EQ(fact(*event, "told_at"), "2026-03-01T08:00:45.000Z");
  EXPECT_EQ(fact(*event, "gained"), "160");
  polls(60, 70, 200);
  run_->stop();
  EXPECT_EQ(total_of_readings(), 290u + 160 + 170);
}

TEST_F(Replaced, AnInstantAtWhichTheOldMeterStillCountedIsRefused) {
  polls(0, 30, 500'000);
  move_to(40);
  auto statement = stated(500'330, 0, 20, clock_.now.utc);
  statement.at = at(10);
  const auto event = run_->replace(statement);
  ASSERT_FALSE(event);
  EXPECT_THAT(event.error().message(), HasSubstr("none fell"));
}

TEST_F(Replaced, TheSameExchangeIsNotTakenTwice) {
  polls(0, 30, 500'000);
  move_to(40);
  auto statement = stated(500'310, 0, 5, clock_.now.utc);
  statement.at = at(35);
  ASSERT_TRUE(run_->replace(statement));
  const auto again = run_->replace(statement);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message(), HasSubstr("on record already"));
}

TEST_F(Replaced, AMeterThatCountsInOtherStepsIsRefused) {
  polls(0, 30, 500'000);
  move_to(40);
  auto statement = stated(500'310, 0, 5, clock_.now.utc);
  statement.factors = {{0, 40}};  // the point "power" stands for a ratio: it showed -250
  const auto event = run_->replace(statement);
  ASSERT_FALSE(event);
  EXPECT_THAT(event.error().message(), HasSubstr("power = 40"));
  EXPECT_THAT(event.error().message(), HasSubstr("-250"));
}

TEST_F(Replaced, FloatCountersGoOnToo) {
  polls(0, 30, 500'000);  // flow is an eighth: 62,536.25 at the end
  move_to(40);
  domain::Replacement statement;
  statement.point = flow_at;
  const auto bits = [](float value) -> std::uint64_t { return std::bit_cast<std::uint32_t>(value); };
  statement.old_final = bits(62'540.0F);
  statement.new_start = bits(0);
  statement.after = {bits(2.5F), clock_.now.utc};
  statement.counts_per_hour = 9'000;
  const auto event = run_->replace(statement);
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(fact(*event, "before"), "62536.25");
  EXPECT_EQ(fact(*event, "gained"), "6.25");
  statement.old_final = bits(62'000.0F);
  move_to(50);
  polls(51, 53, 100);
  EXPECT_FALSE(run_->replace(statement)) << "the new one showed 13.75 already";
}

TEST_F(Replaced, AMeterThatWasNeverRecordedBeginsWithTheNewOne) {
  move_to(40);
  const auto event = replace(500'310, 0, 5);
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(fact(*event, "before"), "none");
  EXPECT_EQ(fact(*event, "gained"), "none");
}

TEST(Swaps, ANoteSurvivesAndKnowsTheSerialNumbers) {
  const auto manifest = plant::manifest(2);
  Swaps first(manifest);
  domain::Replacement replacement;
  replacement.meter = 1;
  replacement.point = energy_at;
  replacement.old_final = 500;
  replacement.new_start = 3;
  replacement.after = {9, at(1)};
  replacement.old_serial = "SN 1";
  replacement.new_serial = "SN 2";
  domain::Event event;
  event.time = at(1);
  ASSERT_TRUE(first.take(replacement, event));
  const auto note = first.note_of(1);
  EXPECT_EQ(note.name, "swap/m-1");
  Swaps second(manifest);
  second.restore(note);
  EXPECT_EQ(second.between(1, at(0), at(2)), first.between(1, at(0), at(2)));
  EXPECT_EQ(second.since(1), at(1));
  EXPECT_EQ(second.since(0), UtcTime{});
  EXPECT_EQ(last_serials_of(note.text), (std::pair<std::string, std::string>("SN 1", "SN 2")));
  EXPECT_TRUE(second.between(1, at(1), at(2)).empty()) << "the exchange is not behind itself";
}

TEST(Swaps, WhatIsNoNoteOfAnExchangeIsPassedOver) {
  const auto manifest = plant::manifest(1);
  Swaps swaps(manifest);
  for (const char* text : {"", "x", "1 2", "1 2 3", "1 2 3 nosuchpoint\n", "\n\n", "old=\nnew="})
    swaps.restore({"swap/m-0", text});
  swaps.restore({"swap/gone", "1 2 3 energy\n"});
  swaps.restore({"meter/m-0", "1 2 3 energy\n"});
  EXPECT_EQ(swaps.since(0), UtcTime{});
}

}  // namespace
}  // namespace jidian::recorder

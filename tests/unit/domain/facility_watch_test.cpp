#include "domain/facility_watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "facility_plant.hpp"

namespace jidian::domain {
namespace {

using namespace facility_plant;
using std::chrono::seconds;
using enum FacilityState;

constexpr Millis tick{3'000};

/// Both meters for `count` ticks from `from`, with these powers.
void show(Bench& bench, UtcTime from, int count, std::int64_t saw, std::int64_t fan, std::int64_t decivolts = 2'300) {
  for (int i = 0; i < 3 * count; ++i) {
    const UtcTime slot = from + seconds(i);
    bench.add(poll(0, slot, saw, decivolts));
    if (i % 3 == 0) bench.add(poll(1, slot, fan, decivolts));
  }
}

TEST(FacilityWatch, TellsStatesFromTheSumOfItsMeters) {
  const Manifest manifest = two_meters();
  Bench bench(manifest);
  show(bench, noon, 4, 100, 200);
  show(bench, noon + 4 * tick, 4, 9'000, 1'500);
  show(bench, noon + 8 * tick, 4, 2'500, 1'000);
  ASSERT_EQ(bench.events.size(), 3u);
  const std::vector<Stretch> wanted{{0, noon, noon + 4 * tick, stopped, false},
                                    {0, noon + 4 * tick, noon + 8 * tick, running, true},
                                    {0, noon + 8 * tick, noon + 12 * tick, idle, false}};
  Bench merged(manifest);
  for (const Stretch& it : bench.stretches) {
    const bool goes_on = !merged.stretches.empty() && merged.stretches.back().state == it.state;
    if (goes_on)
      merged.stretches.back().until = it.until;
    else
      merged.stretches.push_back(it);
  }
  EXPECT_EQ(merged.stretches, wanted);
}

TEST(FacilityWatch, GivesTheEvidenceWithEachChange) {
  const Manifest manifest = two_meters();
  Bench bench(manifest);
  show(bench, noon, 2, 100, 200);
  show(bench, noon + 2 * tick, 2, 9'000, 1'500);
  ASSERT_EQ(bench.events.size(), 2u);
  EXPECT_EQ(bench.fact(0, "before"), "unknown");
  const Event& event = bench.events[1];
  EXPECT_EQ(event.kind, EventKind::facility_state);
  EXPECT_EQ(event.subject, "line");
  EXPECT_EQ(event.text, "The facility runs.");
  EXPECT_EQ(event.time, noon + 3 * tick) << "the tick that made it sure";
  const std::vector<std::pair<std::string, std::string>> facts{
      {"before", "stopped"},       {"state", "running"},          {"since", "2026-03-01T08:00:06.000Z"},
      {"held_ticks", "2"},         {"tick_s", "3.000"},           {"power_kw", "10.500000"},
      {"kw.saw", "9.000000"},      {"kw.fan", "1.500000"},        {"stop_below_kw", "1.000000"},
      {"start_at_kw", "2.000000"}, {"idle_below_kw", "8.000000"}, {"run_at_kw", "10.000000"}};
  EXPECT_EQ(event.facts, facts);
  const auto now = bench.watch.now().at(0);
  EXPECT_EQ(now.state, running);
  EXPECT_EQ(now.since, noon + 2 * tick);
  EXPECT_EQ(now.total, 10'500'000);
}

TEST(FacilityWatch, WaitsForASlowMeterAndThenTakesItAsMissing) {
  const Manifest manifest = two_meters();
  Bench bench(manifest);
  show(bench, noon, 2, 100, 200);
  for (int i = 0; i < 12; ++i) bench.add(poll(0, noon + 2 * tick + seconds(i), 100));
  EXPECT_EQ(bench.seconds()[stopped], 6) << "the other meter may still come";
  bench.close(noon + 2 * tick + seconds(10));
  EXPECT_EQ(bench.seconds()[unknown], 0);
  bench.close(noon + 2 * tick + seconds(11));
  bench.close(noon + 2 * tick + seconds(14));
  EXPECT_EQ(bench.seconds()[unknown], 6);
  EXPECT_EQ(bench.events.size(), 1u) << "two ticks are no news";
  Poll late = poll(1, noon + 2 * tick, 200);
  late.end = noon + 2 * tick + seconds(20);
  bench.add(late);
  bench.close(noon + 4 * tick + seconds(11));
  EXPECT_EQ(bench.seconds()[unknown], 9);
  ASSERT_EQ(bench.events.size(), 2u);
  EXPECT_EQ(bench.fact(1, "state"), "unknown");
  EXPECT_EQ(bench.fact(1, "since"), "2026-03-01T08:00:06.000Z");
  EXPECT_EQ(bench.fact(1, "missing"), "fan");
  EXPECT_EQ(bench.fact(1, "kw.saw"), "0.100000");
}

TEST(FacilityWatch, TakesNoPollThatEndedTooLate) {
  const Manifest manifest = two_meters();
  const auto state_with_end = [&](Millis after) {
    Bench bench(manifest);
    show(bench, noon, 2, 100, 200);
    Poll slow = poll(1, noon + 2 * tick, 200);
    slow.end = slow.slot + after;
    bench.add(slow);
    for (int i = 0; i < 3; ++i) bench.add(poll(0, noon + 2 * tick + seconds(i), 100));
    return bench.seconds()[stopped];
  };
  EXPECT_EQ(state_with_end(seconds(10)), 9);
  EXPECT_EQ(state_with_end(seconds(10) + Millis{1}), 6) << "whether it is here before the patience is over or not";
}

TEST(FacilityWatch, TellsDeadFromStoppedAndUnknown) {
  const Manifest manifest = two_meters();
  Bench dead(manifest);
  show(dead, noon, 3, 0, 0, 461);
  EXPECT_EQ(dead.seconds()[de_energised], 9) << "20 % of 400 V / √3 is 46.2 V";
  EXPECT_EQ(dead.fact(0, "v.saw"), "46.100");
  Bench alive(manifest);
  show(alive, noon, 3, 0, 0, 462);
  EXPECT_EQ(alive.seconds()[stopped], 9);
  Bench contradictory(manifest);
  show(contradictory, noon, 3, 9'000, 9'000, 0);
  EXPECT_EQ(contradictory.seconds()[unknown], 9) << "power without voltage cannot be";
  Bench silent(manifest);
  for (int i = 0; i < 4; ++i) {
    silent.add(failed(0, noon + i * tick));
    silent.add(failed(1, noon + i * tick));
  }
  EXPECT_EQ(silent.seconds()[unknown], 12) << "a meter that its own supply feeds is silent without it";
}

TEST(FacilityWatch, DoesNotCallStoppedWhatMayBeWithoutVoltage) {
  const Manifest manifest = two_meters();
  const auto state_of = [&](std::int64_t saw_watts) {
    Bench bench(manifest);
    for (int i = 0; i < 4; ++i) {
      Poll saw = poll(0, noon + i * tick, saw_watts);
      Poll fan = poll(1, noon + i * tick, 0);
      saw.samples[1].quality = fan.samples[1].quality = Quality::refused;
      bench.add(saw);
      bench.add(fan);
    }
    return bench.stretches.back().state;
  };
  EXPECT_EQ(state_of(100), unknown);
  EXPECT_EQ(state_of(20'000), running) << "who takes power has voltage";
}

TEST(FacilityWatch, DoesNotBelieveDoubtfulValues) {
  const Manifest manifest = two_meters();
  for (const Quality quality : {Quality::implausible, Quality::out_of_range, Quality::refused, Quality::corrupt}) {
    Bench bench(manifest);
    for (int i = 0; i < 4; ++i) {
      bench.add(poll(0, noon + i * tick, 20'000));
      Poll fan = poll(1, noon + i * tick, 0);
      fan.samples[0].quality = quality;
      bench.add(fan);
    }
    EXPECT_EQ(bench.seconds()[unknown], 12) << name_of(quality);
  }
  Bench unset_clock(manifest);
  for (int i = 0; i < 4; ++i) {
    unset_clock.add(poll(0, noon + i * tick, 20'000, 2'300, Quality::unsynchronised));
    unset_clock.add(poll(1, noon + i * tick, 0, 2'300, Quality::unsynchronised));
  }
  EXPECT_EQ(unset_clock.seconds()[running], 12);
}

TEST(FacilityWatch, CountsTheAmountOfAGeneratorAndDoubtsAConsumerThatGives) {
  Manifest manifest = two_meters();
  Bench consumer(manifest);
  show(consumer, noon, 3, -20'000, 0);
  EXPECT_EQ(consumer.seconds()[unknown], 9) << "reversed transformers are no standstill";
  manifest.facilities[0].kind = FacilityKind::generation;
  Bench generator(manifest);
  show(generator, noon, 3, -20'000, 0);
  EXPECT_EQ(generator.seconds()[running], 9);
  EXPECT_EQ(generator.fact(0, "power_kw"), "20.000000");
}

TEST(FacilityWatch, ReadsRatiosScalesFloatsPhasesAndCurrents) {
  Manifest manifest;
  MeterEntry scaled = meter("scaled", Millis{1'000});
  scaled.points[0] = point("active_power.total", "kW", -2);
  scaled.points[0].ratio_points = {2};
  scaled.points[0].scale_point = 3;
  scaled.points.push_back(point("ct_ratio", "", 0, ValueType::unsigned_integer));
  scaled.points.push_back(point("scale", "", 0));
  MeterEntry phases = meter("phases", Millis{1'000});
  phases.points[0] = point("active_power.l1", "kW", 0, ValueType::float32);
  phases.points.push_back(point("active_power.l2", "kW", 0, ValueType::float32));
  phases.points.push_back(point("current.l1", "A", -1));
  phases.points.push_back(point("current.l2", "A", -1));
  manifest.meters = {scaled, phases};
  FacilityEntry by_power;
  by_power.id = "by-power";
  by_power.run = {RunSource::power, {"scaled", "phases"}, 1'000'000, 2'000'000};
  FacilityEntry by_current;
  by_current.id = "by-current";
  by_current.run = {RunSource::current, {"phases"}, 1'000, 2'000};
  manifest.facilities = {by_power, by_current};
  Bench bench(manifest);
  const auto bits = [](float value) { return std::uint64_t{std::bit_cast<std::uint32_t>(value)}; };
  for (int i = 0; i < 2; ++i) {
    Poll one = poll(0, noon + seconds(i), 12);
    one.samples.push_back({40, Quality::ok});
    one.samples.push_back({static_cast<std::uint64_t>(-1), Quality::ok});
    Poll other = poll(1, noon + seconds(i), 0);
    other.samples[0].bits = bits(1.25F);
    other.samples.push_back({bits(0.5F), Quality::ok});
    other.samples.push_back({15, Quality::ok});
    other.samples.push_back({static_cast<std::uint64_t>(-23), Quality::ok});
    bench.add(one);
    bench.add(other);
  }
  EXPECT_EQ(bench.watch.now()[0].total, 480'000 + 1'750'000) << "12 × 10^-3 × 40 = 0.48 kW, and 1.75 kW";
  EXPECT_EQ(bench.watch.now()[1].total, 2'300) << "the greatest phase, whatever its sign";
  EXPECT_EQ(bench.watch.now()[0].state, running);
  EXPECT_EQ(bench.watch.now()[1].state, running);
  EXPECT_EQ(bench.fact(1, "current_a"), "2.300");

  Poll broken = poll(0, noon + seconds(2), 12);
  broken.samples.push_back({0, Quality::no_answer});
  broken.samples.push_back({0, Quality::ok});
  bench.add(broken);
  Poll other = poll(1, noon + seconds(2), 0);
  other.samples.resize(5);
  bench.add(other);
  bench.close(noon + seconds(20));
  EXPECT_EQ(bench.watch.now()[0].total, 2'230'000) << "without its ratio there is no power";
}

TEST(FacilityWatch, TellsAStatusByItsValues) {
  Manifest manifest;
  manifest.meters = {meter("plc", Millis{1'000})};
  manifest.meters[0].points = {point("line_state", "", 0, ValueType::unsigned_integer)};
  FacilityEntry line;
  line.id = "line";
  line.run.source = RunSource::status;
  line.run.meters = {"plc"};
  line.run.point = "line_state";
  line.run.stopped = {0, 3};
  line.run.running = {1};
  manifest.facilities = {line};
  Bench bench(manifest);
  int at = 0;
  for (const int value : {1, 1, 3, 3, 7, 7, 7, 1, 1}) {
    Poll one = poll(0, noon + seconds(at++), value);
    one.samples.resize(1);
    bench.add(one);
  }
  EXPECT_EQ(bench.seconds()[running], 4);
  EXPECT_EQ(bench.seconds()[stopped], 2);
  EXPECT_EQ(bench.seconds()[unknown], 3) << "7 means nothing";
  ASSERT_EQ(bench.events.size(), 4u);
  EXPECT_EQ(bench.fact(1, "status"), "3");
  EXPECT_EQ(bench.fact(2, "state"), "unknown");
  EXPECT_EQ(bench.fact(2, "status"), "7");
}

TEST(FacilityWatch, DrawsTheChangesOfAFlappingFacilityTogether) {
  Manifest manifest = two_meters();
  manifest.facilities[0].run.hold = 1;
  Bench bench(manifest);
  UtcTime at = noon;
  for (int i = 0; i < 100; ++i, at += tick) show(bench, at, 1, i % 2 == 0 ? 0 : 20'000, 0);
  EXPECT_EQ(bench.events.size(), FacilityTelling::events_an_hour_max);
  EXPECT_EQ(bench.seconds()[running], 150) << "the rows know all of it";
  while (at < noon + std::chrono::minutes(70)) {
    show(bench, at, 1, 20'000, 0);
    at += tick;
  }
  ASSERT_EQ(bench.events.size(), FacilityTelling::events_an_hour_max + 1);
  EXPECT_EQ(bench.fact(20, "passed_over"), "80");
  EXPECT_EQ(bench.fact(20, "state"), "running");
  EXPECT_EQ(bench.fact(20, "since"), format_utc(noon + 99 * tick));
}

TEST(FacilityWatch, ToldTwiceCountsOnce) {
  const Manifest manifest = two_meters();
  Bench bench(manifest);
  for (int i = 0; i < 3; ++i) {
    bench.add(poll(0, noon + i * tick, 0));
    bench.add(poll(0, noon + i * tick, 20'000));
    bench.add(poll(1, noon + i * tick, 0));
    bench.add(poll(1, noon + i * tick, 20'000));
  }
  EXPECT_EQ(bench.seconds()[stopped], 9);
}

TEST(FacilityWatch, HasNothingToSayOfAFacilityWithoutARule) {
  Manifest manifest = two_meters();
  FacilityEntry office;
  office.id = "office";
  office.meters = {"saw"};
  manifest.facilities.insert(manifest.facilities.begin(), office);
  Bench bench(manifest);
  show(bench, noon, 4, 100, 200);
  for (const Stretch& it : bench.stretches) EXPECT_EQ(it.facility, 1);
  EXPECT_EQ(bench.watch.now().size(), 2u);
  EXPECT_EQ(bench.watch.now()[0], FacilityNow{});
  EXPECT_EQ(bench.watch.now()[1].state, stopped);
}

TEST(FacilityWatch, GoesOnAfterTheClockWasSet) {
  const Manifest manifest = two_meters();
  Bench bench(manifest);
  show(bench, noon, 4, 20'000, 0);
  bench.skip(noon + std::chrono::hours(1));
  show(bench, noon + std::chrono::hours(1), 4, 1'500, 0);
  EXPECT_EQ(bench.seconds()[running], 12);
  EXPECT_EQ(bench.seconds()[unknown], 12) << "between two levels, and nothing is known of before";
  bench.skip(noon - std::chrono::hours(1));
  show(bench, noon - std::chrono::hours(1), 4, 20'000, 0);
  EXPECT_EQ(bench.seconds()[running], 24);
  EXPECT_EQ(bench.events.back().time, noon - std::chrono::hours(1) + tick);

  Bench unannounced(manifest);
  show(unannounced, noon, 4, 20'000, 0);
  show(unannounced, noon - std::chrono::hours(1), 4, 20'000, 0);
  EXPECT_EQ(unannounced.seconds()[running], 24);
}

TEST(FacilityWatch, JudgesNoYearOfTicksBecauseAClockIsAYearAhead) {
  const Manifest manifest = two_meters();
  const UtcTime ahead = noon + std::chrono::hours(24 * 365);
  Bench by_polls(manifest);
  show(by_polls, noon, 4, 20'000, 0);
  show(by_polls, ahead, 4, 20'000, 0);
  EXPECT_EQ(by_polls.seconds()[running], 24);
  EXPECT_EQ(by_polls.seconds()[unknown], 0) << "nothing is said of the time between";
  EXPECT_EQ(by_polls.events.size(), 2u) << "told anew";

  Bench by_time(manifest);
  show(by_time, noon, 4, 20'000, 0);
  by_time.close(ahead);
  EXPECT_LE(by_time.seconds()[unknown], 3);
  EXPECT_EQ(by_time.watch.now()[0].state, unknown);
  show(by_time, ahead, 4, 20'000, 0);
  EXPECT_EQ(by_time.seconds()[running], 24);
}

TEST(FacilityWatch, JudgesWhatCanBeJudgedInOneGo) {
  const Manifest manifest = two_meters();
  Bench bench(manifest);
  show(bench, noon, 4, 20'000, 0);
  bench.close(noon + std::chrono::hours(24));
  EXPECT_NEAR(static_cast<double>(bench.seconds()[unknown]), 86'400 - 12, 30);
}

}  // namespace
}  // namespace jidian::domain

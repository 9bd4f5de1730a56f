#include <gtest/gtest.h>

#include "tests/unit/domain/doubtful_meter.hpp"

namespace jidian::domain {
namespace {

using doubtful::Bench;

constexpr const char* energy = "active_energy_import.total";

/// One energy counter in 0.01 kWh that rolls over at 1,000,000 kWh, behind 200/5 A transformers: 138.6 kVA.
Bench counter_bench(const std::string& ct = "200/5", ValueType type = ValueType::unsigned_integer) {
  Bench bench({doubtful::point(energy, "kWh", type == ValueType::float32 ? 0 : -2, type)}, ct);
  bench.set(energy, 5'000);
  return bench;
}

TEST(Counter, CountsOn) {
  Bench bench = counter_bench();
  for (int i = 0; i < 500; ++i) {
    bench.set(energy, 5'000 + 0.03 * i);
    EXPECT_EQ(bench.marked(bench.next()), "");
  }
  EXPECT_EQ(bench.told(), "");
}

TEST(Counter, ATransientZeroIsMarkedAndNotTold) {
  Bench bench = counter_bench();
  bench.next(3);
  bench.set(energy, 0);
  EXPECT_EQ(bench.marked(bench.next()), energy);
  EXPECT_EQ(bench.marked(bench.next()), energy);
  bench.set(energy, 5'000.01);
  EXPECT_EQ(bench.marked(bench.next(10)), "");
  EXPECT_EQ(bench.told(), "");
  EXPECT_EQ(bench.restarted, 0u);
  EXPECT_TRUE(bench.unchanged);
}

TEST(Counter, AFallIsTakenAfterSomePollsAndTold) {
  Bench bench = counter_bench();
  bench.next(3);
  bench.set(energy, 4'987.25);  // the value saved last before its power was lost
  EXPECT_EQ(bench.marked(bench.next(2)), energy);
  bench.set(energy, 4'987.26);
  EXPECT_EQ(bench.marked(bench.next()), "");
  EXPECT_EQ(bench.restarted, 1u);
  ASSERT_EQ(bench.told(), "counter_decrease accepted");
  const std::vector<std::pair<std::string, std::string>> facts{{"check", "counter_decrease"},
                                                               {"state", "accepted"},
                                                               {"since", "2026-03-01T12:00:00.040Z"},
                                                               {"point", energy},
                                                               {"before", "5000.00"},
                                                               {"after", "4987.26"},
                                                               {"polls", "3"}};
  EXPECT_EQ(bench.events[0].facts, facts);
  EXPECT_EQ(bench.marked(bench.next(10)), "");
  EXPECT_EQ(bench.told(), "counter_decrease accepted");
}

TEST(Counter, LowValuesThatDoNotGoOnFromEachOtherAreNoNewLevel) {
  Bench bench = counter_bench();
  bench.next(3);
  for (int i = 0; i < 20; ++i) {
    bench.set(energy, i % 2 == 0 ? 700 : 300);
    EXPECT_EQ(bench.marked(bench.next()), energy);
  }
  EXPECT_EQ(bench.told(), "");
}

TEST(Counter, RollingOverIsNoFall) {
  Bench bench = counter_bench();
  bench.set(energy, 999'999.98);
  bench.next();
  bench.set(energy, 0.01);
  EXPECT_EQ(bench.marked(bench.next()), "");
  EXPECT_EQ(bench.told(), "");
}

TEST(Counter, RollingOverWithoutAKnownCapacityIsSoNearTheModulus) {
  Bench bench = counter_bench("");
  bench.set(energy, 999'000);
  bench.next();
  bench.set(energy, 3);
  EXPECT_EQ(bench.marked(bench.next()), "");
  Bench far = counter_bench("");
  far.set(energy, 900'000);
  far.next();
  far.set(energy, 3);
  EXPECT_EQ(far.marked(far.next()), energy);
}

TEST(Counter, AJumpAboveTheCapacityIsDoubtedAndTakenIfItStays) {
  Bench bench = counter_bench();
  bench.next(3);
  bench.set(energy, 9'000);
  EXPECT_EQ(bench.marked(bench.next(2)), energy);
  EXPECT_EQ(bench.marked(bench.next()), "");
  ASSERT_EQ(bench.told(), "capacity_step accepted");
  EXPECT_EQ(Bench::fact(bench.events[0], "before"), "5000.00");
  EXPECT_EQ(Bench::fact(bench.events[0], "after"), "9000.00");
  // 1.5 x 138.6 kVA for 5 s and a minute more, and two units: 3.77 kWh.
  EXPECT_EQ(Bench::fact(bench.events[0], "most"), "3.77");
}

TEST(Counter, AJumpThatIsTakenBackIsMarkedOnly) {
  Bench bench = counter_bench();
  bench.next(3);
  bench.set(energy, 5'065.36);  // one bit too many
  EXPECT_EQ(bench.marked(bench.next()), energy);
  bench.set(energy, 5'000);
  EXPECT_EQ(bench.marked(bench.next()), "");
  EXPECT_EQ(bench.told(), "");
}

TEST(Counter, WhatWasCountedWhileNothingWasReadIsNoJump) {
  Bench bench = counter_bench();
  bench.next(3);
  bench.polls += 3'600;
  bench.set(energy, 5'130);  // an hour at full load
  EXPECT_EQ(bench.marked(bench.next()), "");
}

TEST(Counter, ThatIsBroughtUpToDateOnceAMinuteIsNoJump) {
  Bench bench = counter_bench();
  for (int minute = 0; minute < 30; ++minute) {
    bench.set(energy, 5'000 + 2.31 * minute);  // full load
    EXPECT_EQ(bench.marked(bench.next(60)), "") << minute;
  }
}

TEST(Counter, WithoutTransformersNothingIsTooFar) {
  Bench bench = counter_bench("");
  bench.next(3);
  bench.set(energy, 9'000);
  EXPECT_EQ(bench.marked(bench.next()), "");
}

TEST(Counter, ARatioRegisterOfOneSaysNothingOfTheCapacity) {
  for (const double ratio : {1.0, 40.0}) {
    auto ct = doubtful::point("ct_ratio", "");
    auto counter = doubtful::point(energy, "kWh", -2);
    counter.ratio_points = {0};
    Bench bench({ct, counter}, "");
    bench.set("ct_ratio", ratio);
    bench.set(energy, 5'000);
    bench.next(3);
    bench.set(energy, 9'000);
    EXPECT_EQ(bench.marked(bench.next()), ratio == 1.0 ? "" : energy);
  }
}

TEST(Counter, OfFloatsMayLoseItsLastDigit) {
  Bench bench = counter_bench("200/5", ValueType::float32);
  bench.set(energy, 5'000.0005);
  bench.next();
  bench.set(energy, 5'000);
  EXPECT_EQ(bench.marked(bench.next()), "");
  bench.set(energy, 4'999);
  EXPECT_EQ(bench.marked(bench.next()), energy);
  bench.next(2);
  ASSERT_EQ(bench.told(), "counter_decrease accepted");
  EXPECT_EQ(Bench::fact(bench.events[0], "after"), "4999");
}

/// A gas meter in 0.1 m³.
Bench gas_bench(double volume) {
  PointEntry point = doubtful::point("volume", "m3", -1, ValueType::unsigned_integer);
  point.kind = PointKind::counter;
  point.carrier = Carrier::gas;
  point.modulus = 1'000'000'000;
  Bench bench({point});
  bench.set("volume", volume);
  return bench;
}

TEST(Counter, WithoutABoundThatShowsZeroForLongAndComesBackHasCountedNothing) {
  Bench bench = gas_bench(48'213.5);
  bench.next(2);
  bench.set("volume", 0);
  bench.next(10);
  bench.set("volume", 48'213.6);
  EXPECT_EQ(bench.marked(bench.next(2)), "volume");
  bench.set("volume", 48'213.8);
  EXPECT_EQ(bench.marked(bench.next()), "");
  EXPECT_EQ(bench.restarted, 2u);
  ASSERT_EQ(bench.told(), "counter_decrease accepted, capacity_step accepted");
  EXPECT_EQ(Bench::fact(bench.events[1], "before"), "0.0");
  EXPECT_EQ(Bench::fact(bench.events[1], "after"), "48213.8");
  EXPECT_EQ(Bench::fact(bench.events[1], "most"), "(none)");
  bench.set("volume", 90'000);
  EXPECT_EQ(bench.marked(bench.next()), "") << "it is where it was";
}

TEST(Counter, WithoutABoundThatShowsItsOldLevelForAPollHasNotJumped) {
  Bench bench = gas_bench(48'213.5);
  bench.next(2);
  bench.set("volume", 0);
  bench.next(3);
  bench.set("volume", 48'213.5);
  EXPECT_EQ(bench.marked(bench.next()), "volume");
  bench.set("volume", 0.1);
  EXPECT_EQ(bench.marked(bench.next(3)), "");
  EXPECT_EQ(bench.restarted, 1u);
}

TEST(Counter, WithoutABoundThatCountsPastTheLevelItFellFromIsNotDoubted) {
  for (const int fell_to : {0, 900}) {  // a new meter; the value saved last
    Bench bench = gas_bench(100);
    bench.next(2);
    bench.set("volume", fell_to / 10.0);
    bench.next(3);
    for (int units = fell_to; units < 1'100; units += 7) {
      bench.set("volume", units / 10.0);
      EXPECT_EQ(bench.marked(bench.next()), "") << units;
    }
    bench.set("volume", 90'000);
    EXPECT_EQ(bench.marked(bench.next()), "");
    EXPECT_EQ(bench.told(), "counter_decrease accepted");
  }
}

TEST(Counter, WithoutABoundComesBackUndoubtedWhereJumpsAreLeftOut) {
  Bench bench = gas_bench(48'213.5);
  bench.manifest.meters[0].unchecked = {"capacity_step"};
  bench.next(2);
  bench.set("volume", 0);
  bench.next(3);
  bench.set("volume", 48'213.6);
  EXPECT_EQ(bench.marked(bench.next()), "");
}

TEST(Counter, WithoutABoundThatFellInAnEarlierRunAndComesBackHasCountedNothing) {
  Bench bench = gas_bench(48'213.6);
  bench.watch.emplace(bench.manifest);
  const auto remember = [&](std::uint64_t bits, Quality quality) {
    bench.watch->remember({0, doubtful::noon, doubtful::noon, doubtful::noon, {}, {{bits, quality}}, {}});
  };
  remember(482'135, Quality::ok);
  remember(0, Quality::implausible);
  remember(0, Quality::implausible);
  remember(0, Quality::ok);
  EXPECT_EQ(bench.marked(bench.next()), "volume");
}

TEST(Counter, OtherCarriersAreBoundedByNothingAndMayNotFall) {
  Bench bench = gas_bench(100);
  bench.next(2);
  bench.set("volume", 90'000);
  EXPECT_EQ(bench.marked(bench.next()), "");
  bench.set("volume", 10);
  EXPECT_EQ(bench.marked(bench.next()), "volume");
}

TEST(Counter, AnotherExponentBeginsAnew) {
  auto scale = doubtful::point("scale_exponent", "");
  scale.kind = PointKind::state;
  auto counter = doubtful::point(energy, "Wh");
  counter.scale_point = 0;
  Bench bench({scale, counter});
  bench.set("scale_exponent", 0);
  bench.set(energy, 5'000'000);
  bench.next(2);
  bench.set("scale_exponent", 1);
  bench.set(energy, 500'000);
  EXPECT_EQ(bench.marked(bench.next()), "");
  EXPECT_EQ(bench.told(), "");
}

TEST(Counter, GoesOnFromTheRecordOfAnEarlierRun) {
  Bench bench = counter_bench();
  bench.watch.emplace(bench.manifest);
  Poll recorded{0, doubtful::noon, doubtful::noon, doubtful::noon, {}, {{500'000, Quality::ok}}, {}};
  bench.watch->remember(recorded);
  bench.set(energy, 0);
  EXPECT_EQ(bench.marked(bench.next()), energy);
  recorded.samples[0] = {600'000, Quality::implausible};
  bench.watch->remember(recorded);  // what was doubted then is no level
  bench.set(energy, 5'000);
  EXPECT_EQ(bench.marked(bench.next()), "");
}

TEST(Counter, OnRecordWasTakenAtAnotherLevelWhereItFellOrJumpedBehindDoubts) {
  Bench bench = counter_bench();
  bench.watch.emplace(bench.manifest);
  const auto restarted_by = [&](std::uint64_t bits, Quality quality) {
    return bench.watch->remember({0, doubtful::noon, doubtful::noon, doubtful::noon, {}, {{bits, quality}}, {}});
  };
  const std::vector<std::uint16_t> none;
  const std::vector<std::uint16_t> it{0};
  EXPECT_EQ(restarted_by(500'000, Quality::ok), none) << "nothing is known from before";
  EXPECT_EQ(restarted_by(500'003, Quality::ok), none);
  EXPECT_EQ(restarted_by(900'000, Quality::ok), none) << "other bounds may have held";
  EXPECT_EQ(restarted_by(5, Quality::implausible), none);
  EXPECT_EQ(restarted_by(900'001, Quality::ok), none) << "it came back";
  EXPECT_EQ(restarted_by(1'300'000, Quality::implausible), none);
  EXPECT_EQ(restarted_by(1'300'001, Quality::ok), it);
  EXPECT_EQ(restarted_by(1'700'000, Quality::ok), none) << "the doubts are over";
  EXPECT_EQ(restarted_by(7, Quality::ok), it);
  EXPECT_EQ(restarted_by(8, Quality::ok), none);
}

TEST(Counter, WithoutAPollOnRecordGoesOnFromItsLastQuarterHour) {
  const auto restarted_by_zero = [](UtcTime last_at, UtcTime since) {
    Bench bench = counter_bench();
    bench.watch.emplace(bench.manifest);
    const PointInterval counted{900,     0,          0, 0, 499'000, 500'000, last_at - std::chrono::minutes(15),
                                last_at, Quality::ok};
    bench.watch->remember({0, last_at - std::chrono::minutes(15), std::chrono::seconds(900), 900, 900, {counted}},
                          since);
    std::vector<std::uint16_t> restarted;
    for (const Quality quality : {Quality::implausible, Quality::implausible, Quality::ok})
      restarted = bench.watch->remember({0, doubtful::noon, doubtful::noon, doubtful::noon, {}, {{0, quality}}, {}});
    return restarted.size();
  };
  const UtcTime before = doubtful::noon - std::chrono::hours(3);
  EXPECT_EQ(restarted_by_zero(before, UtcTime::min()), 1u);
  EXPECT_EQ(restarted_by_zero(before, before + Millis{1}), 0u) << "it was another meter";
  EXPECT_EQ(restarted_by_zero(doubtful::noon + std::chrono::minutes(1), UtcTime::min()), 0u) << "the row is behind it";
}

TEST(Counter, ChecksThatDoNotFitAreLeftOut) {
  Bench falls = counter_bench();
  falls.manifest.meters[0].unchecked = {"counter_decrease"};
  falls.next();
  falls.set(energy, 10);
  EXPECT_EQ(falls.marked(falls.next()), "");
  Bench jumps = counter_bench();
  jumps.manifest.meters[0].unchecked = {"capacity_step"};
  jumps.next();
  jumps.set(energy, 9'000);
  EXPECT_EQ(jumps.marked(jumps.next()), "");
}

TEST(Counter, ThatIsResetAgainAndAgainIsToldOnceAnHour) {
  Bench bench = counter_bench();
  for (int i = 0; i < 100; ++i) {
    bench.set(energy, 5'000 - i);
    bench.next(4);
  }
  EXPECT_EQ(bench.told(), "counter_decrease accepted");
  EXPECT_EQ(bench.restarted, 99u);
}

TEST(Counter, ThatFellAndJumpsWithinTheHourIsToldOfBoth) {
  Bench bench = counter_bench();
  bench.next(3);
  bench.set(energy, 0);
  bench.next(3);
  bench.set(energy, 5'000);
  bench.next(3);
  EXPECT_EQ(bench.told(), "counter_decrease accepted, capacity_step accepted");
  bench.set(energy, 9'000);
  bench.next(3);
  EXPECT_EQ(bench.restarted, 3u);
  EXPECT_EQ(bench.told(), "counter_decrease accepted, capacity_step accepted") << "each once an hour";
}

}  // namespace
}  // namespace jidian::domain

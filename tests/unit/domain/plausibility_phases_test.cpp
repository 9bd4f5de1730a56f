#include <gtest/gtest.h>

#include "tests/unit/domain/doubtful_meter.hpp"

namespace jidian::domain {
namespace {

using doubtful::Bench;
using doubtful::three_phases;

TEST(PhaseSum, AHonestMeterIsNeverDoubted) {
  Bench bench(three_phases());
  for (int i = 0; i < 300; ++i) {
    bench.load(1'000 + 500 * (i % 11));
    EXPECT_EQ(bench.marked(bench.next()), "");
  }
  EXPECT_EQ(bench.told(), "");
}

TEST(PhaseSum, ThatOnceAgreedAndDoesNotAnyMoreIsToldOnceAndMarked) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.next(6);
  bench.set("active_power.l2", 1'000);
  EXPECT_EQ(bench.marked(bench.next(4)), "");
  EXPECT_EQ(bench.marked(bench.next()), "active_power.total active_power.l1 active_power.l2 active_power.l3");
  bench.next(50);
  ASSERT_EQ(bench.told(), "phase_sum begun");
  const Event& event = bench.events[0];
  EXPECT_EQ(event.kind, EventKind::implausible);
  EXPECT_EQ(event.subject, "press-1");
  const std::vector<std::pair<std::string, std::string>> facts{{"check", "phase_sum"},
                                                               {"state", "begun"},
                                                               {"since", "2026-03-01T12:00:10.040Z"},
                                                               {"point", "active_power.total"},
                                                               {"active_power.total", "15000"},
                                                               {"active_power.l1", "5000"},
                                                               {"active_power.l2", "1000"},
                                                               {"active_power.l3", "5000"},
                                                               {"allowed_percent", "5"}};
  EXPECT_EQ(event.facts, facts);
  bench.load(5'000);
  EXPECT_EQ(bench.marked(bench.next()), "");
  bench.next(4);
  EXPECT_EQ(bench.told(), "phase_sum begun, phase_sum ended");
  EXPECT_TRUE(bench.unchanged);
}

TEST(PhaseSum, ThatNeverAgreedIsAnotherWiringAndOnlyTold) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.set("active_power.l2", 1'000);
  EXPECT_EQ(bench.marked(bench.next(50)), "");
  EXPECT_EQ(bench.told(), "phase_sum begun");
}

TEST(PhaseSum, TwoWattmetersAddUpWithoutTheMiddleOne) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.set("active_power.l1", 9'000);
  bench.set("active_power.l2", 0);
  bench.set("active_power.l3", 6'000);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(PhaseSum, PhasesThatAreNotMeasuredSayNothing) {
  Bench zeros(three_phases());
  zeros.load(0);
  zeros.set("active_power.total", 15'000);
  for (const std::string phase : {"l1", "l2", "l3"}) zeros.set("current." + phase, 20);
  zeros.next(50);
  EXPECT_EQ(zeros.told(), "");

  Bench absent(three_phases());
  absent.load(5'000);
  absent.set("active_power.l2", 1'000);
  absent.spoil("active_power.l2", Quality::not_available);
  absent.next(50);
  EXPECT_EQ(absent.told(), "");
}

TEST(PhaseSum, ALoadThatChangesBetweenTwoRequestsIsNoContradiction) {
  Bench bench(three_phases());
  double before = 5'000;
  for (int i = 0; i < 200; ++i) {
    const double now = i % 4 < 2 ? 5'000 : 9'000;  // starts and stops every two seconds
    bench.load(now);
    bench.set("active_power.total", 3 * before);  // of the request before
    before = now;
    EXPECT_EQ(bench.marked(bench.next()), "");
  }
  EXPECT_EQ(bench.told(), "");
}

TEST(PhaseSum, RoundingOfSmallLoadsIsNoContradiction) {
  Bench bench(three_phases(), "");
  bench.load(7);
  bench.set("active_power.total", 19);  // 6.5 W a phase, each rounded up
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(PhaseSum, MetersThatAddMagnitudesAgree) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.set("active_power.l2", -5'000);
  bench.manifest.meters[0].unchecked = {"ct_reversed"};
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(PhaseSum, IsNotLookedAtWhereTheSiteFileSaysSo) {
  Bench bench(three_phases());
  bench.manifest.meters[0].unchecked = {"phase_sum"};
  bench.load(5'000);
  bench.next(6);
  bench.set("active_power.l2", 1'000);
  EXPECT_EQ(bench.marked(bench.next(50)), "");
  EXPECT_EQ(bench.told(), "");
}

TEST(PhaseSum, FlappingIsToldOnceAnHour) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.next(6);
  for (int i = 0; i < 120; ++i) {  // 40 min
    bench.set("active_power.l2", i % 2 == 0 ? 1'000 : 5'000);
    bench.next(20);
  }
  EXPECT_EQ(bench.told(), "phase_sum begun, phase_sum ended");
}

TEST(ReversedTransformer, IsToldAndItsValuesAreNotMarked) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.set("active_power.l2", -5'000);
  bench.set("reactive_power.l2", -2'500);
  bench.set("active_power.total", 5'000);
  EXPECT_EQ(bench.marked(bench.next(50)), "");
  ASSERT_EQ(bench.told(), "ct_reversed begun");
  EXPECT_EQ(Bench::fact(bench.events[0], "point"), "active_power.l2");
  EXPECT_EQ(Bench::fact(bench.events[0], "active_power.l2"), "-5000");
  EXPECT_EQ(Bench::fact(bench.events[0], "active_power.l3"), "5000");
  bench.load(0);  // no load says nothing
  bench.next(50);
  EXPECT_EQ(bench.told(), "ct_reversed begun");
  bench.load(5'000);
  bench.next(5);
  EXPECT_EQ(bench.told(), "ct_reversed begun, ct_reversed ended");
}

TEST(ReversedTransformer, TwoOfThemAreBothNamed) {
  Bench bench(three_phases());
  bench.load(5'000);
  for (const std::string phase : {"l1", "l3"}) {
    bench.set("active_power." + phase, -5'000);
    bench.set("reactive_power." + phase, -2'500);
  }
  bench.set("active_power.total", -5'000);
  bench.next(50);
  ASSERT_EQ(bench.told(), "ct_reversed begun");
  EXPECT_EQ(Bench::fact(bench.events[0], "point"), "active_power.l1 active_power.l3");
}

TEST(ReversedTransformer, ExportOfAllPhasesIsNone) {
  Bench bench(three_phases());
  bench.load(-5'000);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(ReversedTransformer, AGeneratorOnOnePhaseLeavesTheReactivePowerItsSign) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.set("active_power.l2", -3'000);
  bench.set("active_power.total", 7'000);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(ReversedTransformer, IsNotLookedForAtGeneratorsAndStorage) {
  Bench bench(three_phases());
  bench.manifest.facilities.push_back({"pv", "", FacilityKind::generation, {"press-1"}, {}, 0});
  bench.load(5'000);
  bench.set("active_power.l2", -5'000);
  bench.set("reactive_power.l2", -2'500);
  bench.set("active_power.total", 5'000);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(ReversedTransformer, ASinglePhaseLoadSaysNothing) {
  Bench bench(three_phases());
  bench.load(0);
  bench.set("active_power.l1", 5'000);
  bench.set("current.l1", 22);
  bench.set("active_power.total", 5'000);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(ReversedTransformer, TwoWattmetersBelowAPowerFactorOfAHalfSayNothing) {
  Bench bench(three_phases());
  bench.load(0);
  bench.set("active_power.l1", 8'000);
  bench.set("active_power.l3", -2'000);
  bench.set("active_power.total", 6'000);
  bench.set("current.l1", 40);
  bench.set("current.l3", 40);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(ReversedTransformer, ShowsInPowerFactorsWherePowersAreNotRecorded) {
  std::vector<PointEntry> points;
  for (const std::string phase : {"l1", "l2", "l3"}) {
    points.push_back(doubtful::point("power_factor." + phase, "", -3));
    points.push_back(doubtful::point("current." + phase, "A", -3));
  }
  for (const double factor : {-0.9, 0.9, -0.3, -1.2}) {
    Bench bench(points);
    for (const std::string phase : {"l1", "l2", "l3"}) {
      bench.set("power_factor." + phase, 0.9);
      bench.set("current." + phase, 20);
    }
    bench.set("power_factor.l3", factor);
    bench.next(50);
    EXPECT_EQ(bench.told(), factor == -0.9 ? "ct_reversed begun" : "") << factor;
  }
}

TEST(ZeroCurrent, UnderLoadIsToldAndMarked) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.set("current.l3", 0);
  EXPECT_EQ(bench.marked(bench.next(4)), "");
  EXPECT_EQ(bench.marked(bench.next()), "current.l3");
  ASSERT_EQ(bench.told(), "zero_current begun");
  EXPECT_EQ(Bench::fact(bench.events[0], "point"), "current.l3");
  EXPECT_EQ(Bench::fact(bench.events[0], "current.l3"), "0.000");
  EXPECT_EQ(Bench::fact(bench.events[0], "active_power.l3"), "5000");
  bench.load(5'000);
  EXPECT_EQ(bench.marked(bench.next(5)), "");
  EXPECT_EQ(bench.told(), "zero_current begun, zero_current ended");
}

TEST(ZeroCurrent, BelowWhatTheMeterCanShowIsRight) {
  auto points = three_phases();
  for (auto& entry : points)
    if (entry.quantity == "current") entry.exponent = 1;  // steps of 10 A: 2.3 kW a phase
  Bench bench(points, "2000/5");
  bench.load(2'000);
  for (const std::string phase : {"l1", "l2", "l3"}) bench.set("current." + phase, 0);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
}

TEST(ZeroCurrent, OfTheTotalNeedsEveryPhaseToBeZero) {
  const std::vector points{doubtful::point("active_power.total", "kW", -3), doubtful::point("current.l1", "A", -3),
                           doubtful::point("current.l2", "A", -3), doubtful::point("current.l3", "A", -3)};
  Bench bench(points);
  bench.set("active_power.total", 5);
  bench.set("current.l2", 21);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");  // one phase carries it all
  bench.set("current.l2", 0);
  EXPECT_EQ(bench.marked(bench.next(50)), "current.l1 current.l2 current.l3");
  EXPECT_EQ(bench.told(), "zero_current begun");
}

TEST(ZeroCurrent, OfAMeterOfOnePhase) {
  const std::vector points{doubtful::point("active_power.total", "W"), doubtful::point("current", "A", -3)};
  Bench bench(points, "");
  bench.set("active_power.total", 2'000);
  bench.set("current", 8.7);
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
  bench.set("current", 0);
  EXPECT_EQ(bench.marked(bench.next(5)), "current");
  EXPECT_EQ(Bench::fact(bench.events.at(0), "active_power.total"), "2000");
}

TEST(Constant, AValueThatStandsStillForHoursIsToldOnce) {
  Bench bench(three_phases());
  bench.period = Millis{10'000};
  for (int i = 0; i < 6 * 60 * 5; ++i) {  // 5 h
    bench.load(5'000 + i % 5);
    bench.set("current.l2", 21.5);
    EXPECT_EQ(bench.marked(bench.next()), "");
  }
  ASSERT_EQ(bench.told(), "constant_value begun");
  EXPECT_EQ(Bench::fact(bench.events[0], "point"), "current.l2");
  EXPECT_EQ(Bench::fact(bench.events[0], "current.l2"), "21.500");
  bench.set("current.l2", 21.6);
  bench.next(6);
  EXPECT_EQ(bench.told(), "constant_value begun, constant_value ended");
}

TEST(Constant, NothingIsNotStandingStill) {
  Bench bench(three_phases());
  bench.period = Millis{10'000};
  bench.manifest.plausibility.constant_after = std::chrono::minutes(10);
  for (int i = 0; i < 6 * 60; ++i) {
    bench.load(0);
    bench.next();
  }
  EXPECT_EQ(bench.told(), "");
}

TEST(Constant, ASilenceIsNotStandingStill) {
  Bench bench(three_phases());
  bench.manifest.plausibility.constant_after = std::chrono::minutes(10);
  bench.load(5'000);
  bench.next();
  bench.polls += 3 * 3'600;
  bench.next();
  EXPECT_EQ(bench.told(), "");
}

TEST(Constant, ACounterThatDoesNotCountUnderLoadIsTold) {
  Bench bench(three_phases());
  bench.period = Millis{10'000};
  bench.manifest.plausibility.constant_after = std::chrono::minutes(30);
  for (int i = 0; i < 6 * 60; ++i) {
    bench.load(i < 180 ? 0 : 5'000 + i % 5);  // without load first
    bench.set("active_energy_import.total", 1'234.5);
    bench.next();
  }
  ASSERT_EQ(bench.told(), "constant_value begun");
  EXPECT_EQ(Bench::fact(bench.events[0], "active_energy_import.total"), "1234.50");
}

TEST(Constant, ACounterTooCoarseForItsLoadIsNoFinding) {
  auto points = three_phases();
  points[1].exponent = 3;  // MWh
  Bench bench(points);
  bench.period = Millis{10'000};
  bench.manifest.plausibility.constant_after = std::chrono::minutes(30);
  for (int i = 0; i < 6 * 60 * 4; ++i) {
    bench.load(5'000 + i % 5);
    bench.next();
  }
  EXPECT_EQ(bench.told(), "");
}

TEST(Plausibility, OtherQualitiesAreLeftAlone) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.next(6);
  bench.set("active_power.l2", 1'000);
  bench.next(5);
  for (const auto quality : {Quality::out_of_range, Quality::not_available}) {
    bench.spoil("active_power.l1", quality);
    EXPECT_EQ(bench.quality(bench.next(), "active_power.l1"), quality);
  }
}

TEST(Plausibility, AMarkHidesNoContradiction) {
  Bench bench(three_phases());
  bench.load(5'000);
  bench.next(6);
  bench.set("active_power.l2", 1'000);
  bench.next(5);
  bench.spoil("active_power.l1", Quality::maintenance);
  EXPECT_EQ(bench.quality(bench.next(), "active_power.l1"), Quality::implausible);
}

TEST(Plausibility, FloatsAreJudgedLikeIntegers) {
  auto points = three_phases();
  for (auto& entry : points)
    if (entry.kind != PointKind::counter) {
      entry.type = ValueType::float32;
      entry.exponent = 0;
    }
  Bench bench(points);
  for (int i = 0; i < 30; ++i) {
    bench.load(4'000.25 + 300.5 * (i % 3));
    EXPECT_EQ(bench.marked(bench.next()), "");
  }
  bench.set("active_power.l2", std::nan(""));
  bench.next(50);
  EXPECT_EQ(bench.told(), "");
  bench.set("active_power.l2", 17.5);
  bench.next(5);
  EXPECT_EQ(bench.told(), "phase_sum begun");
  EXPECT_EQ(Bench::fact(bench.events[0], "active_power.l2"), "17.5");
}

}  // namespace
}  // namespace jidian::domain

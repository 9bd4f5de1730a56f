#include "domain/amount_steps.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace jidian::domain {
namespace {

using std::chrono::seconds;

constexpr UtcTime steps_start{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

/// A meter with an energy counter that a ratio register multiplies.
class Steps : public testing::Test {
 protected:
  Steps() {
    MeterEntry meter;
    meter.period = seconds{10};
    meter.points.resize(2);
    meter.points[0].kind = PointKind::counter;
    meter.points[0].exponent = -2;
    meter.points[0].modulus = 1'000'000;
    meter.points[1].kind = PointKind::attribute;
    manifest_.meters.push_back(meter);
    amount_.exponent = -6;
  }

  PointEntry& energy() { return manifest_.meters[0].points[0]; }

  IntervalRow row(std::uint64_t first, std::uint64_t last, Millis from = Millis{20}, Millis until = Millis{60'020}) {
    IntervalRow made{0, steps_start, seconds{60}, 6, 6, std::vector<PointInterval>(2)};
    made.points[0].first = first;
    made.points[0].last = last;
    made.points[0].first_at = steps_start + from;
    made.points[0].last_at = steps_start + until;
    return made;
  }

  static void set_ratio(IntervalRow& row, std::uint64_t first, std::uint64_t last) {
    row.points[1].first = first;
    row.points[1].last = last;
    row.points[1].first_at = row.points[1].last_at = steps_start + seconds{1};
  }

  AmountStep step(const IntervalRow& row) {
    AmountSteps steps(manifest_);
    steps.learn(row);
    return steps.step_of(row, source_, amount_);
  }

  Manifest manifest_;
  Amount amount_;
  AmountSource source_;
};

TEST_F(Steps, AreExactInTheUnitOfTheAmount) {
  EXPECT_EQ(step(row(100, 185)).value, 850'000);
  source_.factor_exponent = 3;
  EXPECT_EQ(step(row(100, 185)).value, 850'000'000);
  source_ = {0, 0, -36, -1};
  EXPECT_EQ(step(row(100, 185)).value, -3'060'000);
}

TEST_F(Steps, GoOverARollover) {
  EXPECT_EQ(step(row(999'990, 5)).value, 150'000);
  energy().modulus = 0;
  EXPECT_EQ(step(row(~std::uint64_t{0}, 5)).value, 60'000);
}

TEST_F(Steps, OfASignedCounterGoAcrossZeroWithoutARollover) {
  energy().type = ValueType::signed_integer;
  energy().modulus = std::uint64_t{1} << 32;
  const auto bits = [](std::int64_t count) { return static_cast<std::uint64_t>(count); };
  EXPECT_EQ(step(row(bits(-5), bits(3))).value, 80'000);
  EXPECT_EQ(step(row(bits(-5), bits(-2))).value, 30'000);
  EXPECT_EQ(step(row(bits(3), bits(-5))).value, std::nullopt) << "it fell";
  EXPECT_EQ(step(row(bits(10), bits(3))).value, std::nullopt);
  EXPECT_TRUE(step(row(bits(10), bits(3))).is_partial);
  EXPECT_EQ(step(row(bits(std::numeric_limits<std::int64_t>::min()), bits(3))).value, std::nullopt);
  energy().exponent = -8;
  EXPECT_EQ(step(row(bits(-250), bits(150))).value, 4) << "rounded counts";
}

TEST_F(Steps, OfACounterThatMayFallAreNoneWhereItFell) {
  manifest_.meters[0].unchecked = {"counter_decrease"};
  EXPECT_EQ(step(row(999'990, 5)).value, std::nullopt) << "a reset, or a rollover";
  EXPECT_EQ(step(row(5, 999'990)).value, 9'999'850'000);
  energy().modulus = 0;
  EXPECT_EQ(step(row(500, 5)).value, std::nullopt);
  energy().type = ValueType::float64;
  const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
  EXPECT_EQ(step(row(bits(500), bits(5))).value, std::nullopt);
  EXPECT_EQ(step(row(bits(5), bits(500))).value, 4'950'000);
}

TEST_F(Steps, OfAnIntegerCounterGoOverARolloverBehindARatioThatIsNoInteger) {
  energy().ratio_points = {1};
  manifest_.meters[0].points[1].type = ValueType::float64;
  auto shown = row(999'990, 6);
  set_ratio(shown, std::bit_cast<std::uint64_t>(2.5), std::bit_cast<std::uint64_t>(2.5));
  EXPECT_EQ(step(shown).value, 400'000);
}

TEST_F(Steps, OfFineCountersTelescopeByTheirRoundedCounts) {
  energy().exponent = -8;  // a hundredth of the amount's last digit
  EXPECT_EQ(step(row(149, 250)).value, 1);
  EXPECT_EQ(step(row(250, 301)).value, 1);
  EXPECT_EQ(step(row(149, 301)).value, 2);
}

TEST_F(Steps, OfFloatsTelescopeByTheirRoundedCounts) {
  energy().type = ValueType::float32;
  energy().exponent = 0;
  const auto bits = [](float value) { return std::uint64_t{std::bit_cast<std::uint32_t>(value)}; };
  const auto one = step(row(bits(0.1F), bits(1.7F))).value.value();
  const auto other = step(row(bits(1.7F), bits(123.3F))).value.value();
  EXPECT_EQ(step(row(bits(0.1F), bits(123.3F))).value, one + other);
  EXPECT_EQ(step(row(bits(0.1F), bits(std::numeric_limits<float>::infinity()))).value, std::nullopt);
}

TEST_F(Steps, AreMultipliedByTheRatioThatTheMeterShows) {
  energy().ratio_points = {1};
  auto shown = row(100, 185);
  set_ratio(shown, 40, 40);
  EXPECT_EQ(step(shown).value, 34'000'000);

  AmountSteps steps(manifest_);
  EXPECT_EQ(step(row(100, 185)).value, std::nullopt) << "not known yet";
  steps.learn(shown);
  EXPECT_EQ(steps.step_of(row(100, 185), source_, amount_).value, 34'000'000) << "known from before";
  set_ratio(shown, 40, 60);
  EXPECT_EQ(step(shown).value, std::nullopt) << "another one within the row";
}

TEST_F(Steps, AcrossAHoleInWhichTheRatioChangedAreNone) {
  energy().ratio_points = {1};
  AmountSteps steps(manifest_);
  const auto step_of = [&](const IntervalRow& shown) {
    steps.learn(shown);
    return steps.step_of(shown, source_, amount_);
  };
  auto before = row(100, 185);
  set_ratio(before, 40, 40);
  auto quarter = before;
  quarter.length = seconds{900};
  EXPECT_EQ(step_of(before).value, 34'000'000);
  EXPECT_EQ(step_of(quarter).value, 34'000'000);
  auto silent = row(0, 0);
  silent.points[0].first_at = silent.points[0].last_at = UtcTime{};
  EXPECT_EQ(step_of(silent).value, std::nullopt);

  auto behind = row(185, 300, -std::chrono::hours{2});
  set_ratio(behind, 80, 80);
  EXPECT_EQ(step_of(behind).value, std::nullopt) << "some of it was counted behind a ratio of 40";
  EXPECT_TRUE(step_of(silent).is_partial);
  auto next = row(300, 385);
  set_ratio(next, 80, 80);
  EXPECT_EQ(step_of(next).value, 68'000'000);
  auto next_quarter = behind;
  next_quarter.length = seconds{900};
  EXPECT_EQ(step_of(next_quarter).value, std::nullopt) << "rows of each length have their own before";
  EXPECT_EQ(step_of(next).value, 68'000'000);
}

TEST_F(Steps, SayWhereTheirEdgesAreBesideTheRow) {
  const auto marks = [&](Millis from, Millis until) {
    const auto made = step(row(1, 2, from, until));
    return std::pair{made.is_partial, made.is_spanning};
  };
  EXPECT_EQ(marks(Millis{20}, Millis{60'020}), (std::pair{false, false}));
  EXPECT_EQ(marks(Millis{-9'980}, Millis{50'020}), (std::pair{false, false})) << "one lost poll is no hole";
  EXPECT_EQ(marks(Millis{-19'980}, Millis{60'020}), (std::pair{false, true}));
  EXPECT_EQ(marks(Millis{20}, Millis{40'020}), (std::pair{true, false}));
  EXPECT_EQ(marks(Millis{20'020}, Millis{60'020}), (std::pair{true, false})) << "it begins within";
  manifest_.meters[0].period = seconds{900};
  EXPECT_EQ(marks(Millis{-870'000}, Millis{30'000}), (std::pair{false, true})) << "half a row at most";
}

TEST_F(Steps, AcrossAClockThatWasSetBackArePartialAndSpanningAndHaveOnlyTheirEnd) {
  for (const Millis ahead : {Millis{60'500}, Millis{3'600'000}, Millis{86'400'000}}) {
    const auto made = step(row(100, 185, ahead, Millis{60'020}));
    EXPECT_EQ(made.value, 850'000);
    EXPECT_TRUE(made.is_partial);
    EXPECT_TRUE(made.is_spanning);
    EXPECT_EQ(made.from, steps_start + Millis{60'020});
    EXPECT_EQ(made.until, steps_start + Millis{60'020});
  }
}

TEST_F(Steps, WithoutCountsAreNone) {
  auto empty = row(0, 0);
  empty.points[0].first_at = empty.points[0].last_at = UtcTime{};
  EXPECT_EQ(step(empty).value, std::nullopt);
  EXPECT_TRUE(step(empty).is_partial);
  source_.factor_exponent = 30;
  EXPECT_EQ(step(row(1, 2)).value, std::nullopt) << "more digits than 64 bits have";
  source_.factor_exponent = 14;
  EXPECT_EQ(step(row(0, 999'999)).value, std::nullopt);
}

}  // namespace
}  // namespace jidian::domain

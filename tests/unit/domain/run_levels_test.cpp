#include "domain/run_levels.hpp"

#include <gtest/gtest.h>

#include <random>

namespace jidian::domain {
namespace {

using Verdict = LearntLevels::Verdict;

/// `count` values around `kw`, scattered by `percent` of it.
void add_level(std::vector<std::int64_t>& values, std::mt19937& random, std::size_t count, double kw, double percent) {
  std::normal_distribution<double> scatter(kw * 1e6, kw * 1e6 * percent / 100 + 20);
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<std::int64_t>(scatter(random)));
}

TEST(RunLevels, FindsStoppedIdleAndRunning) {
  std::mt19937 random(1);
  std::vector<std::int64_t> values;
  add_level(values, random, 4'000, 0, 0);
  add_level(values, random, 1'000, 90, 4);
  add_level(values, random, 5'000, 800, 6);
  for (int i = 0; i < 60; ++i) values.push_back(10'000'000 * static_cast<std::int64_t>(i));  // on its way
  const auto learnt = learn_levels(values, RunSource::power);
  ASSERT_EQ(learnt.verdict, Verdict::found);
  ASSERT_EQ(learnt.levels.size(), 3u);
  EXPECT_EQ(learnt.levels[0].state, FacilityState::stopped);
  EXPECT_EQ(learnt.levels[1].state, FacilityState::idle);
  EXPECT_EQ(learnt.levels[2].state, FacilityState::running);
  EXPECT_NEAR(static_cast<double>(learnt.levels[1].median), 90e6, 2e6);
  EXPECT_NEAR(static_cast<double>(learnt.levels[2].ticks), 5'000, 60);
  const RunRule& rule = learnt.rule;
  EXPECT_GT(rule.stop_below, 1'000'000);
  EXPECT_LT(rule.start_at, 82'000'000);
  EXPECT_LT(rule.stop_below, rule.start_at);
  EXPECT_GT(rule.idle_below, 98'000'000);
  EXPECT_LT(rule.idle_below, rule.run_at);
  EXPECT_LT(rule.run_at, 720'000'000);
  EXPECT_LE(learnt.between_ticks, 60u);
  EXPECT_EQ(rule.stop_below % 10'000, 0) << "three digits";
}

TEST(RunLevels, ALoadThatIsOnOrOffHasNoIdle) {
  std::mt19937 random(2);
  std::vector<std::int64_t> values;
  add_level(values, random, 300, 0.04, 10);
  add_level(values, random, 700, 55, 3);
  const auto learnt = learn_levels(values, RunSource::power);
  ASSERT_EQ(learnt.verdict, Verdict::found);
  EXPECT_EQ(learnt.levels.size(), 2u);
  EXPECT_FALSE(learnt.rule.tells_idle());
  EXPECT_GT(learnt.rule.stop_below, 48'000);
  EXPECT_LT(learnt.rule.start_at, 52'000'000);
  EXPECT_GT(learnt.apart, 500);
}

TEST(RunLevels, SaysSoWhereItWasNeverSeenStopped) {
  std::mt19937 random(3);
  std::vector<std::int64_t> values;
  add_level(values, random, 500, 18, 4);
  add_level(values, random, 500, 52, 4);
  const auto learnt = learn_levels(values, RunSource::power);
  EXPECT_EQ(learnt.verdict, Verdict::no_standstill);
  EXPECT_EQ(learnt.rule.stop_below, 0);
  EXPECT_EQ(learnt.rule.start_at, 0);
  EXPECT_GT(learnt.rule.idle_below, 19'000'000);
  EXPECT_LT(learnt.rule.run_at, 49'000'000);
  EXPECT_EQ(learnt.levels[0].state, FacilityState::idle);
}

TEST(RunLevels, DoesNotCutWhatIsOne) {
  std::mt19937 random(4);
  std::vector<std::int64_t> steady;
  add_level(steady, random, 2'000, 40, 10);
  EXPECT_EQ(learn_levels(steady, RunSource::power).verdict, Verdict::one_level);
  EXPECT_EQ(learn_levels(steady, RunSource::power).levels.size(), 1u);

  std::vector<std::int64_t> ramp;
  for (std::int64_t i = 0; i < 2'000; ++i) ramp.push_back(i * 50'000);
  EXPECT_EQ(learn_levels(ramp, RunSource::power).verdict, Verdict::one_level) << "as much between as at the ends";

  const std::vector<std::int64_t> nothing(2'000, 0);
  EXPECT_EQ(learn_levels(nothing, RunSource::power).verdict, Verdict::one_level);

  std::vector<std::int64_t> noise;
  for (std::int64_t i = 0; i < 2'000; ++i) noise.push_back(i % 2 == 0 ? 0 : 400);
  EXPECT_EQ(learn_levels(noise, RunSource::power).verdict, Verdict::one_level) << "less than a watt is no level";
}

TEST(RunLevels, AFewTicksAreChance) {
  std::mt19937 random(5);
  std::vector<std::int64_t> values;
  add_level(values, random, 60, 0, 0);
  add_level(values, random, 59, 50, 3);
  EXPECT_EQ(learn_levels(values, RunSource::power).verdict, Verdict::too_few);
  EXPECT_EQ(learn_levels({}, RunSource::power).verdict, Verdict::too_few);
  values.clear();
  add_level(values, random, 5'000, 0, 0);
  add_level(values, random, 19, 50, 3);
  EXPECT_EQ(learn_levels(values, RunSource::power).verdict, Verdict::one_level) << "19 ticks are no level";
}

TEST(RunLevels, OfCurrentsAreInMilliamperes) {
  std::vector<std::int64_t> values(500, 0);
  values.insert(values.end(), 500, 14'200);
  const auto learnt = learn_levels(values, RunSource::current);
  ASSERT_EQ(learnt.verdict, Verdict::found);
  EXPECT_EQ(learnt.rule.source, RunSource::current);
  EXPECT_EQ(learnt.rule.stop_below, 4'740);
  EXPECT_EQ(learnt.rule.start_at, 9'470);
}

}  // namespace
}  // namespace jidian::domain

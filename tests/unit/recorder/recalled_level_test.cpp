#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using std::chrono::seconds;

constexpr std::size_t recalled_point = 1;
constexpr seconds recalled_minute{60};
constexpr seconds recalled_quarter{900};

UtcTime after_s(int s) {
  return plant::morning + seconds(s);
}

/// An energy counter behind 200/5 A, in 0.01 kWh, that rolls over at 2^32.
Options bounded_options() {
  auto manifest = plant::manifest(1);
  manifest.meters[0].ct_ratio = "200/5";
  auto& energy = manifest.meters[0].points[recalled_point];
  energy.quantity = "active_energy_import";
  energy.phase = "total";
  energy.unit = "kWh";
  energy.exponent = -2;
  energy.modulus = std::uint64_t{1} << 32U;
  return plant::options(manifest);
}

/// A counter that counts one a second, is taken at another level at 08:02:02, and a gateway that starts again behind
/// it.
class RecalledLevel : public testing::Test {
 protected:
  RecalledLevel() { run_.emplace(options_, record_, clock_, true); }

  /// Polls with `base` and one more for each second since `from`.
  void take(int from, int until, std::uint64_t base) {
    for (int s = from; s < until; ++s)
      run_->take(plant::poll(0, after_s(s), base + static_cast<std::uint64_t>(s - from)));
  }
  void start_again(int second) {
    run_->flush();
    run_.reset();
    clock_.pass(after_s(second) + Millis{300} - clock_.now.utc);
    run_.emplace(options_, record_, clock_);
  }
  /// The counter stands at `base` at 08:02:00; the restart takes the second before `restarted`.
  void take_all(std::uint64_t base, int restarted) {
    take(0, 120, 482'000);
    take(120, restarted, base);
    start_again(restarted);
    take(restarted + 1, 930, base + static_cast<std::uint64_t>(restarted + 1 - 120));
    run_->flush();
  }
  std::vector<domain::PointInterval> counted(seconds length) const {
    std::vector<domain::PointInterval> found;
    for (const auto& row : record_.rows())
      if (row.length == length && row.points[recalled_point].last_at != UtcTime{})
        found.push_back(row.points[recalled_point]);
    return found;
  }

  Options options_ = bounded_options();
  plant::HandClock clock_;
  plant::MemoryRecord record_{options_.manifest};
  std::optional<plant::Run> run_;
};

TEST_F(RecalledLevel, OfACounterThatFellHasNoStepAcrossItInTheQuarter) {
  take_all(0, 200);
  ASSERT_EQ(record_.events(domain::EventKind::implausible).size(), 2u) << "energy and flow, told once";
  const auto of_quarters = counted(recalled_quarter);
  ASSERT_EQ(of_quarters.size(), 1u);
  EXPECT_EQ(of_quarters[0].first, 2u);
  EXPECT_EQ(of_quarters[0].first_at, after_s(122) + Millis{20});
  EXPECT_EQ(of_quarters[0].last, 780u);
}

TEST_F(RecalledLevel, OfACounterThatFellHasNoStepAcrossItInTheMinute) {
  take_all(0, 150);
  const auto of_minutes = counted(recalled_minute);
  ASSERT_GE(of_minutes.size(), 3u);
  EXPECT_EQ(of_minutes[1].last, 482'119u);
  EXPECT_EQ(of_minutes[2].first, 2u);
  EXPECT_EQ(of_minutes[2].last, 60u);
}

TEST_F(RecalledLevel, LeavesTheRowsBehindItAsTheyAre) {
  take_all(0, 330);
  const auto of_minutes = counted(recalled_minute);
  ASSERT_GE(of_minutes.size(), 10u);
  for (std::size_t i = 3; i < of_minutes.size(); ++i) EXPECT_EQ(of_minutes[i].first, of_minutes[i - 1].last) << i;
}

TEST_F(RecalledLevel, OfACounterThatJumpedHasNoStepAcrossIt) {
  take_all(600'000, 200);
  const auto of_quarters = counted(recalled_quarter);
  ASSERT_EQ(of_quarters.size(), 1u);
  EXPECT_EQ(of_quarters[0].first, 600'002u);
  EXPECT_EQ(of_quarters[0].last, 600'780u);
}

TEST_F(RecalledLevel, OfACounterThatOnlyCountsChangesNothing) {
  take_all(482'120, 200);
  const auto of_quarters = counted(recalled_quarter);
  ASSERT_EQ(of_quarters.size(), 1u);
  EXPECT_EQ(of_quarters[0].first, 482'000u);
  EXPECT_EQ(of_quarters[0].last, 482'900u);
}

TEST_F(RecalledLevel, OfAValueThatCameBackIsNoOther) {
  take(0, 120, 482'000);
  take(120, 122, 0);
  take(122, 200, 482'122);
  start_again(200);
  take(201, 930, 482'201);
  run_->flush();
  const auto of_quarters = counted(recalled_quarter);
  ASSERT_EQ(of_quarters.size(), 1u);
  EXPECT_EQ(of_quarters[0].last - of_quarters[0].first, 900u);
}

}  // namespace
}  // namespace jidian::recorder

#include "meter/read_plan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>

namespace jidian::meter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Registers holding(std::uint32_t first, std::uint16_t count) {
  return {Table::holding, static_cast<std::uint16_t>(first), count};
}

Registers input(std::uint32_t first, std::uint16_t count) {
  return {Table::input, static_cast<std::uint16_t>(first), count};
}

TEST(ReadPlan, OfNothingIsNothing) {
  EXPECT_THAT(plan_reads({}, {}), IsEmpty());
}

TEST(ReadPlan, RunInsideAnotherDoesNotShrinkTheRead) {
  const std::vector needed{holding(100, 4), holding(101, 1)};
  EXPECT_THAT(plan_reads(needed, {}), ElementsAre(holding(100, 4)));
}

TEST(ReadPlan, TakesRunsInAnyOrderAndRepeated) {
  const std::vector needed{holding(4, 2), holding(0, 2), holding(2, 2), holding(0, 2)};
  EXPECT_THAT(plan_reads(needed, {}), ElementsAre(holding(0, 6)));
}

TEST(ReadPlan, BridgesAHoleOfExactlyTheGapAndNoneWider) {
  const std::vector narrow{holding(0, 2), holding(10, 2)};
  const std::vector wide{holding(0, 2), holding(11, 2)};
  EXPECT_THAT(plan_reads(narrow, {.count_max = 125, .gap_max = 8}), ElementsAre(holding(0, 12)));
  EXPECT_THAT(plan_reads(wide, {.count_max = 125, .gap_max = 8}), ElementsAre(holding(0, 2), holding(11, 2)));
}

TEST(ReadPlan, JoinsNeighboursWithoutAGap) {
  const std::vector needed{holding(0, 2), holding(2, 2), holding(5, 1)};
  EXPECT_THAT(plan_reads(needed, {.count_max = 125, .gap_max = 0}), ElementsAre(holding(0, 4), holding(5, 1)));
}

TEST(ReadPlan, FillsARequestToTheLastRegisterAndNotBeyond) {
  const std::vector needed{holding(0, 4), holding(4, 4), holding(8, 4)};
  EXPECT_THAT(plan_reads(needed, {.count_max = 12, .gap_max = 0}), ElementsAre(holding(0, 12)));
  EXPECT_THAT(plan_reads(needed, {.count_max = 11, .gap_max = 0}), ElementsAre(holding(0, 8), holding(8, 4)));
}

TEST(ReadPlan, NeverTearsAValueAtTheLimit) {
  const std::vector needed{holding(0, 2), holding(2, 4)};
  EXPECT_THAT(plan_reads(needed, {.count_max = 5, .gap_max = 8}), ElementsAre(holding(0, 2), holding(2, 4)));
}

TEST(ReadPlan, KeepsTablesApart) {
  const std::vector needed{input(0, 2), holding(0, 2), input(2, 2)};
  EXPECT_THAT(plan_reads(needed, {}), ElementsAre(holding(0, 2), input(0, 4)));
}

TEST(ReadPlan, ReachesTheLastRegister) {
  const std::vector needed{holding(65534, 2), holding(65530, 2), holding(0, 1)};
  EXPECT_THAT(plan_reads(needed, {}), ElementsAre(holding(0, 1), holding(65530, 6)));
}

TEST(ReadPlan, TheLastRegisterIsNoNeighbourOfTheFirst) {
  const std::vector needed{holding(65535, 1), holding(0, 1), holding(1, 1)};
  EXPECT_THAT(plan_reads(needed, {}), ElementsAre(holding(0, 2), holding(65535, 1)));
}

/// The least number of reads for few runs of one table, by trying every way to group them.
class BruteForce {
 public:
  BruteForce(std::span<const Registers> runs, ReadLimits limits) : runs_(runs), limits_(limits) {
    for (const Registers& run : runs)
      for (std::uint32_t address = run.first; address < run.end(); ++address) needed_.insert(address);
  }

  std::size_t fewest() {
    best_ = runs_.size();
    group(0);
    return best_;
  }

 private:
  struct Window {
    std::uint32_t first;
    std::uint32_t end;
  };

  bool is_allowed(const Window& window) const {
    if (window.end - window.first > limits_.count_max) return false;
    std::uint32_t hole = 0;
    for (std::uint32_t address = window.first; address < window.end; ++address) {
      hole = needed_.contains(address) ? 0 : hole + 1;
      if (hole > limits_.gap_max) return false;
    }
    return true;
  }

  void group(std::size_t next) {
    if (groups_.size() >= best_ && next < runs_.size()) return;
    if (next == runs_.size()) {
      if (std::ranges::all_of(groups_, [&](const Window& it) { return is_allowed(it); }))
        best_ = std::min(best_, groups_.size());
      return;
    }
    const Registers& run = runs_[next];
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const Window before = groups_[i];
      groups_[i] = {std::min(before.first, std::uint32_t{run.first}), std::max(before.end, run.end())};
      group(next + 1);
      groups_[i] = before;
    }
    groups_.push_back({run.first, run.end()});
    group(next + 1);
    groups_.pop_back();
  }

  std::span<const Registers> runs_;
  ReadLimits limits_;
  std::set<std::uint32_t> needed_;
  std::vector<Window> groups_;
  std::size_t best_ = 0;
};

void check_plan(std::span<const Registers> needed, ReadLimits limits) {
  const std::vector<Registers> reads = plan_reads(needed, limits);
  EXPECT_TRUE(std::ranges::is_sorted(reads));
  for (const Registers& run : needed) {
    EXPECT_TRUE(std::ranges::any_of(reads, [&](const Registers& read) {
      return read.table == run.table && read.first <= run.first && run.end() <= read.end();
    }));
  }
  for (const Registers& read : reads) {
    EXPECT_LE(read.count, limits.count_max);
    EXPECT_LE(read.end(), 65536U);
  }
  EXPECT_EQ(reads.size(), BruteForce(needed, limits).fewest());
}

TEST(ReadPlan, IsCompleteLegalAndSmallestForRandomRuns) {
  std::mt19937 random(20260301);
  const auto pick = [&](unsigned least, unsigned most) {
    return std::uniform_int_distribution<unsigned>(least, most)(random);
  };
  for (int round = 0; round < 3000; ++round) {
    const ReadLimits limits{static_cast<std::uint16_t>(pick(4, 12)), static_cast<std::uint16_t>(pick(0, 4))};
    const unsigned base = round % 2 == 0 ? 0 : 65536 - 28;
    std::vector<Registers> needed;
    for (unsigned runs = pick(1, 6); runs > 0; --runs) {
      const unsigned count = pick(1, 4);
      needed.push_back(holding(base + pick(0, 28 - count), static_cast<std::uint16_t>(count)));
    }
    check_plan(needed, limits);
    if (HasFailure()) FAIL() << "round " << round << ", limits " << limits.count_max << " and " << limits.gap_max;
  }
}

}  // namespace
}  // namespace jidian::meter

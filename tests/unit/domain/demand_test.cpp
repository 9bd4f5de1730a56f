#include "domain/demand.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "tests/unit/domain/summed_plant.hpp"

namespace jidian::domain::summed {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Counts of the meters' first counter: 0.01 kWh a second until `faster`, then twice that.
Poll polled(std::size_t meter, UtcTime slot, UtcTime faster) {
  Poll poll;
  poll.meter = static_cast<MeterIndex>(meter);
  poll.slot = poll.start = poll.end = slot;
  const auto passed = (slot - midnight) / Millis{1000};
  const auto ahead = std::max<std::int64_t>((slot - faster) / Millis{1000}, 0);
  poll.samples = {{static_cast<std::uint64_t>(passed + ahead) % 100'000, Quality::ok}, {0, Quality::ok}};
  return poll;
}

void live_through(Builders& builders, UtcTime from, UtcTime until, UtcTime faster, Told& told) {
  for (UtcTime slot = from; slot < until; slot += seconds{10}) {
    for (std::size_t meter = 0; meter < 2; ++meter) builders.add(polled(meter, slot, faster), told);
    builders.close_overdue(slot + Millis{500}, told);
  }
}

Manifest covered_plant() {
  Manifest manifest = plant();
  manifest.site.amounts = {{"energy.consumed", Carrier::electricity, "kWh", -6, {{0, 0, 1, 0}, {1, 0, 1, 0}}}};
  return manifest;
}

TEST(Demand, IsTheNewestQuarterHourAndTheMonthsGreatest) {
  const Manifest manifest = covered_plant();
  Builders builders(manifest);
  Told told;
  EXPECT_FALSE(builders.aggregates().demands().at(0).newest);
  live_through(builders, midnight, midnight + minutes{61}, midnight + minutes{30}, told);
  const auto demands = builders.aggregates().demands();
  ASSERT_EQ(demands.size(), 2U) << "the account and the site; facilities have none";
  EXPECT_EQ(demands[0].subject, grid);
  EXPECT_EQ(demands[0].newest, (QuarterTaken{{18'000'000, false, false}, midnight + minutes{45}}));
  EXPECT_EQ(demands[0].month_peak, (Peak{18'000'000, midnight + minutes{45}})) << "the first of equal ones";
  EXPECT_EQ(demands[1].newest, (QuarterTaken{{36'000'000, false, false}, midnight + minutes{45}}));
  EXPECT_EQ(hourly_of(18'000'000), 72'000'000);
  EXPECT_FALSE(hourly_of(INT64_MAX / 2));
}

TEST(Demand, IsKnownAfterARestart) {
  const Manifest manifest = covered_plant();
  Builders before(manifest);
  Told told;
  live_through(before, midnight, midnight + minutes{61}, midnight + minutes{30}, told);
  Builders after(manifest);
  for (const Note& note : before.aggregates().take_notes()) after.aggregates().restore(note);
  after.restore(told);
  EXPECT_EQ(after.aggregates().demands(), before.aggregates().demands());
}

TEST(Demand, AnAccountCalledSiteIsNotTheSite) {
  Manifest manifest = covered_plant();
  manifest.site.accounts[0].id = "site";
  Builders before(manifest);
  Told told;
  live_through(before, midnight, midnight + minutes{16}, midnight + minutes{30}, told);
  Builders after(manifest);
  for (const Note& note : before.aggregates().take_notes()) after.aggregates().restore(note);
  EXPECT_EQ(after.aggregates().demands().at(0).month_peak->value, 9'000'000);
  EXPECT_EQ(after.aggregates().demands().at(1).month_peak->value, 18'000'000);
}

TEST(Demand, SaysThatItsQuarterHourWasNotWhole) {
  const Manifest manifest = covered_plant();
  Builders builders(manifest);
  Told told;
  live_through(builders, midnight + minutes{5}, midnight + minutes{16}, midnight + minutes{30}, told);
  const auto demand = builders.aggregates().demands().at(0);
  ASSERT_TRUE(demand.newest);
  EXPECT_TRUE(demand.newest->amount.is_partial);
  EXPECT_FALSE(demand.month_peak);
}

/// A clock that shows the next month for half an hour and is set back.
class ClockAMonthAhead : public testing::Test {
 protected:
  ClockAMonthAhead() {
    live_through(builders_, midnight, midnight + minutes{61}, midnight + minutes{30}, told_);
    builders_.skip_to(ahead, told_);
    live_through(builders_, ahead, ahead + minutes{31}, ahead + minutes{60}, told_);
  }
  DemandNow demand() { return builders_.aggregates().demands().at(0); }

  static constexpr UtcTime ahead = midnight + std::chrono::days{31};
  static constexpr UtcTime back = midnight + minutes{70};
  static constexpr Peak of_march{18'000'000, midnight + minutes{45}};
  static constexpr Peak of_april{9'000'000, ahead + minutes{30}};
  const Manifest manifest_ = covered_plant();
  Builders builders_{manifest_};
  Told told_;
};

TEST(Demand, AMonthWithoutAWholeQuarterHourYetHasNoPeak) {
  const Manifest manifest = covered_plant();
  Builders builders(manifest);
  Told told;
  live_through(builders, midnight, midnight + minutes{31}, midnight + minutes{30}, told);
  const UtcTime april = midnight + std::chrono::days{31} + minutes{5};
  builders.skip_to(april, told);
  EXPECT_TRUE(builders.aggregates().demands().at(0).month_peak) << "March's, as its newest quarter hour is";
  live_through(builders, april, april + minutes{11}, april + minutes{60}, told);
  EXPECT_EQ(builders.aggregates().demands().at(0).newest->start, midnight + std::chrono::days{31});
  EXPECT_FALSE(builders.aggregates().demands().at(0).month_peak) << "it holds what was taken before, too";
}

TEST_F(ClockAMonthAhead, CostsTheMonthNoPeak) {
  EXPECT_EQ(demand().month_peak, of_april);
  for (const AggregateRow& row : told_.of(grid, seconds{900})) {
    if (row.start < ahead) continue;
    const bool is_first = row.start == ahead;  // it is no peak itself, and that of March is not April's
    EXPECT_EQ(row.month_peak, is_first ? std::nullopt : std::optional(of_april)) << format_utc(row.start);
  }
  builders_.skip_to(back, told_);
  EXPECT_EQ(demand().month_peak, of_march);
  told_.rows.clear();
  live_through(builders_, back, midnight + minutes{121}, midnight + minutes{600}, told_);
  const auto rows = told_.of(grid, seconds{900});
  ASSERT_EQ(rows.size(), 4U);
  for (const AggregateRow& row : rows) EXPECT_EQ(row.month_peak, of_march) << format_utc(row.start);
}

TEST_F(ClockAMonthAhead, CostsTheMonthNoPeakOverARestart) {
  Builders after(manifest_);
  for (const Note& note : builders_.aggregates().take_notes()) after.aggregates().restore(note);
  EXPECT_EQ(after.aggregates().demands().at(0).month_peak, of_april) << "the later one, until the clock is known";
  Told told;
  after.skip_to(back, told);
  EXPECT_EQ(after.aggregates().demands().at(0).month_peak, of_march);
  EXPECT_EQ(after.aggregates().demands().at(1).month_peak->value, 36'000'000) << "the site";
}

TEST_F(ClockAMonthAhead, HasNoNewestQuarterHourAheadOfItBehindThat) {
  ASSERT_TRUE(demand().newest);
  EXPECT_EQ(demand().newest->start, ahead + minutes{15});
  builders_.skip_to(back, told_);
  EXPECT_FALSE(demand().newest);
  live_through(builders_, back, midnight + minutes{91}, midnight + minutes{600}, told_);
  ASSERT_TRUE(demand().newest);
  EXPECT_EQ(demand().newest->start, midnight + minutes{75});
}

}  // namespace
}  // namespace jidian::domain::summed

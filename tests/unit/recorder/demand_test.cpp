#include <gtest/gtest.h>

#include <optional>

#include "recorder/core.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Account "grid" with meter m-0, which counts 1 kWh in ten seconds.
domain::Manifest supplied() {
  auto manifest = plant::manifest(1, seconds{10});
  manifest.site.accounts.push_back({"grid", Carrier::electricity, "1", "", "", {"m-0"}});
  manifest.site.accounts[0].amounts = {{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 1, 1, 0}}}};
  return manifest;
}

void supply(plant::Run& run, UtcTime from, UtcTime until) {
  for (UtcTime slot = from; slot < until; slot += seconds{10})
    run.take(plant::poll(0, slot, static_cast<std::uint64_t>((slot - plant::morning) / seconds{10})));
}

TEST(RecorderDemand, TheNewestQuarterHourIsKnownAfterAKill) {
  const Options options = plant::options(supplied());
  plant::MemoryRecord record(options.manifest);
  plant::HandClock clock;
  std::optional<plant::Run> run;
  run.emplace(options, record, clock, true);
  EXPECT_FALSE(run->core.plant_now().demands.at(0).newest);
  supply(*run, plant::morning, plant::morning + minutes{31});
  const auto told = run->core.plant_now().demands;
  ASSERT_TRUE(told.at(0).newest);
  EXPECT_EQ(told[0].newest->start, plant::morning + minutes{15});
  EXPECT_EQ(told[0].newest->amount.value, 90'000'000);
  EXPECT_EQ(told[0].month_peak->value, 90'000'000);
  run->flush();
  run.reset();
  clock.pass(seconds{5});
  run.emplace(options, record, clock);
  EXPECT_EQ(run->core.plant_now().demands, told);
}

}  // namespace
}  // namespace jidian::recorder

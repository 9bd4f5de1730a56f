#include "domain/family_watch.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/domain/doubtful_meter.hpp"

namespace jidian::domain {
namespace {

using std::chrono::seconds;

/// A transformer with two children, each with a power in W and energies in 0.01 kWh.
struct Family {
  Family() {
    for (const std::string id : {"feeder", "press", "fan"}) {
      MeterEntry meter;
      meter.id = id;
      if (id != "feeder") meter.parent = "feeder";
      meter.points = {doubtful::point("active_power.total", "W"),
                      doubtful::point("active_energy_import.total", "kWh", -2),
                      doubtful::point("active_energy_export.total", "kWh", -2)};
      manifest.meters.push_back(meter);
    }
  }

  /// A quarter hour of a meter with a mean power.
  void quarter(std::size_t meter, double watts, seconds length = seconds{900}) {
    IntervalRow row;
    row.meter = static_cast<MeterIndex>(meter);
    row.start = doubtful::noon + count * seconds{900};
    row.length = length;
    row.points.resize(manifest.meters[meter].points.size());
    row.polls_expected = 900;
    row.polls_made = made[meter];
    row.points[0].samples = 90;
    row.points[0].sum = static_cast<std::uint64_t>(std::llround(90 * watts));
    const std::size_t counter = watts < 0 ? 2 : 1;
    for (std::size_t i = 1; i < row.points.size(); ++i) {
      row.points[i].first = row.points[i].last = start_count;
      row.points[i].first_at = row.start + Millis{200} * static_cast<int>(meter) - before[meter];
      row.points[i].last_at = row.start + Millis{200} * static_cast<int>(meter) + seconds{900};
    }
    if (row.points.size() > 3) row.points[3].last = ratios[meter];
    if (counter < row.points.size()) {
      const std::uint64_t last = start_count + static_cast<std::uint64_t>(std::llround(std::abs(watts) / 40));
      const std::uint64_t modulus = manifest.meters[meter].points[counter].modulus;
      row.points[counter].last = modulus == 100'000'000 ? last % modulus : last;
    }
    if (!watch) watch.emplace(manifest);
    watch->add(row, events);
  }

  void quarters(double feeder, double press, double fan, int times = 1) {
    for (; times > 0; --times, ++count) {
      quarter(1, press);
      quarter(0, feeder);
      quarter(2, fan);
    }
  }

  std::string told() const {
    std::string text;
    for (const Event& event : events)
      text += (text.empty() ? "" : ", ") + doubtful::Bench::fact(event, "check") + " " +
              doubtful::Bench::fact(event, "state");
    return text;
  }

  Manifest manifest;
  std::optional<FamilyWatch> watch;
  std::vector<Event> events;
  std::uint64_t start_count = 99'999'990;  ///< It rolls over.
  std::array<std::uint64_t, 3> ratios{1, 1, 1};
  std::array<std::uint32_t, 3> made{900, 900, 900};
  std::array<seconds, 3> before{};  ///< That much earlier was the counters' edge.
  int count = 0;
};

TEST(Family, ThatAddsUpIsQuiet) {
  Family family;
  family.quarters(100'000, 60'000, 38'000, 20);
  EXPECT_EQ(family.told(), "");
}

TEST(Family, ThatDoesNotAddUpIsToldOnceAndWhenItDoesAgain) {
  Family family;
  family.quarters(100'000, 60'000, 30'000);
  EXPECT_EQ(family.told(), "");
  family.quarters(100'000, 60'000, 30'000, 9);
  ASSERT_EQ(family.told(), "parent_sum begun");
  EXPECT_EQ(family.events[0].subject, "feeder");
  const std::vector<std::pair<std::string, std::string>> facts{{"check", "parent_sum"},
                                                               {"state", "begun"},
                                                               {"since", "2026-03-01T12:15:00.000Z"},
                                                               {"quarter", "2026-03-01T12:15:00.000Z"},
                                                               {"parent_kw", "100.000"},
                                                               {"children_kw", "90.000"},
                                                               {"children", "press fan"},
                                                               {"allowed_percent", "5"},
                                                               {"kw.press", "60.000"},
                                                               {"kw.fan", "30.000"}};
  EXPECT_EQ(family.events[0].facts, facts);
  family.quarters(100'000, 60'000, 40'000, 9);
  EXPECT_EQ(family.told(), "parent_sum begun, parent_sum ended");
}

TEST(Family, ChildrenWithMoreThanTheirParentAreTold) {
  Family family;
  family.quarters(100'000, 90'000, 30'000, 3);
  ASSERT_EQ(family.told(), "parent_sum begun");
  EXPECT_NE(family.events[0].text.find("less than its children"), std::string::npos);
}

TEST(Family, TheToleranceIsAParameter) {
  Family family;
  family.manifest.plausibility.parent_percent = 12;
  family.quarters(100'000, 60'000, 30'000, 9);
  EXPECT_EQ(family.told(), "");
}

TEST(Family, AGeneratorAmongTheChildrenCountsNegative) {
  Family family;
  family.quarters(40'000, 60'000, -20'000, 9);
  EXPECT_EQ(family.told(), "");
}

TEST(Family, AnExporterWithoutAnExportCounterIsTakenByItsPower) {
  Family family;
  family.manifest.meters[2].points.pop_back();
  family.quarters(40'000, 60'000, -20'000, 9);
  EXPECT_EQ(family.told(), "");
}

TEST(Family, CountersTooCoarseForTheLoadAreNotTakenForIt) {
  Family family;
  for (auto& meter : family.manifest.meters)
    for (std::size_t i = 1; i < 3; ++i) meter.points[i].exponent = 1;  // 10 kWh: 40 kW for a quarter hour
  family.quarters(100'000, 60'000, 39'000, 9);
  EXPECT_EQ(family.told(), "");
  family.quarters(100'000, 60'000, 20'000, 3);
  EXPECT_EQ(family.told(), "parent_sum begun");
}

TEST(Family, RatiosInRegistersCount) {
  Family family;
  for (auto& meter : family.manifest.meters) {
    meter.points.push_back(doubtful::point("ct_ratio", ""));
    for (std::size_t i = 0; i < 3; ++i) meter.points[i].ratio_points = {3};
  }
  family.ratios = {2, 1, 1};
  family.quarters(50'000, 60'000, 39'000, 9);
  EXPECT_EQ(family.told(), "");
  family.ratios = {1, 1, 1};
  family.quarters(50'000, 60'000, 39'000, 9);
  EXPECT_EQ(family.told(), "parent_sum begun");
}

TEST(Family, AQuarterHourWithoutOneOfThemSaysNothing) {
  Family family;
  for (; family.count < 9; ++family.count) {
    family.quarter(0, 100'000);
    family.quarter(1, 50'000);
  }
  EXPECT_EQ(family.told(), "");
}

TEST(Family, AMeterThatWasSilentIsNotCompared) {
  Family family;
  family.made[2] = 700;
  family.before[2] = seconds{300};  // its edge lies before the silence
  family.quarters(100'000, 60'000, 10'000, 9);
  EXPECT_EQ(family.told(), "");
  family.before[2] = seconds{30};
  family.quarters(100'000, 60'000, 10'000, 9);
  EXPECT_EQ(family.told(), "parent_sum begun");
}

TEST(Family, SignedCountersThatCrossZeroAreNoRollovers) {
  Family family;
  for (std::size_t meter = 0; meter < 3; ++meter)
    for (std::size_t i = 1; i < 3; ++i) {
      family.manifest.meters[meter].points[i].type = ValueType::signed_integer;
      family.manifest.meters[meter].points[i].modulus = std::uint64_t{1} << 32;
    }
  family.start_count = static_cast<std::uint64_t>(std::int64_t{-2'000});  // the feeder alone crosses zero
  family.quarters(100'000, 60'000, 39'000, 9);
  EXPECT_EQ(family.told(), "");
  family.quarters(100'000, 60'000, 20'000, 3);
  EXPECT_EQ(family.told(), "parent_sum begun");
}

TEST(Family, MinutesSayNothing) {
  Family family;
  for (; family.count < 9; ++family.count)
    for (std::size_t meter = 0; meter < 3; ++meter) family.quarter(meter, 50'000, seconds{60});
  EXPECT_EQ(family.told(), "");
}

TEST(Family, IsNotLookedAtWhereTheSiteFileSaysSo) {
  Family family;
  family.manifest.meters[0].unchecked = {"parent_sum"};
  family.quarters(100'000, 60'000, 30'000, 9);
  EXPECT_EQ(family.told(), "");
}

}  // namespace
}  // namespace jidian::domain

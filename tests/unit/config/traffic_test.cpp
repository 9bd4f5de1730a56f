#include "config/traffic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::Not;

/// What `./dev bench thirty_two` measures: 32 meters with 1,000 points, 64 facilities and an account.
Site thirty_two_meters() {
  Site site = std::move(parse_small(small_site).site).value();
  Meter meter = site.meters[0];
  meter.period = std::chrono::seconds{10};
  meter.points.resize(31, meter.points.back());
  site.meters.assign(32, meter);
  for (std::size_t i = 0; i < 8; ++i) site.meters[i].points.push_back(meter.points.back());
  site.facilities.assign(64, site.facilities[0]);
  site.card.accounts.resize(1);
  return site;
}

auto about(double bytes) {
  return AllOf(Ge(0.97 * bytes), Le(1.03 * bytes));
}

TEST(Traffic, IsWhatTheBenchMeasured) {
  Site site = thirty_two_meters();
  Traffic traffic = traffic_of(site);
  EXPECT_EQ(traffic.points, 1'000U);
  EXPECT_THAT(traffic.live, about(4.2e9)) << "a minute is the default";
  EXPECT_THAT(traffic.batches, about(1.85e9));
  site.live_interval = std::chrono::seconds{5};
  site.store.commit_interval = std::chrono::minutes{1};
  traffic = traffic_of(site);
  EXPECT_THAT(traffic.live, about(51e9));
  EXPECT_THAT(traffic.batches, about(1.18e9));
  site.live_interval = std::chrono::hours{1};
  EXPECT_THAT(traffic_of(site).live, about(71e6));
  site.live_interval = Millis{0};
  EXPECT_EQ(traffic_of(site).live, 0);
}

TEST(Traffic, CommitsCostNothingWhileNothingHasCome) {
  Site site = thirty_two_meters();
  const auto with = [&site](Millis period, Millis commit_interval) {
    for (Meter& meter : site.meters) meter.period = period;
    site.store.commit_interval = commit_interval;
    return traffic_of(site).batches;
  };
  using std::chrono::minutes;
  using std::chrono::seconds;
  EXPECT_EQ(with(minutes{1}, seconds{10}), with(minutes{1}, minutes{1}));
  EXPECT_EQ(with(minutes{5}, seconds{10}), with(minutes{5}, minutes{1})) << "rows come each minute";
  site.uplinks[0].streams = {"reading"};
  EXPECT_EQ(with(minutes{5}, seconds{10}), with(minutes{5}, minutes{5}));
  for (Meter& meter : site.meters) meter.points.clear();
  EXPECT_THAT(with(minutes{1}, seconds{10}), about(40.5e6));
  EXPECT_THAT(with(seconds{10}, seconds{10}), about(243e6));
  EXPECT_THAT(with(seconds{1}, seconds{10}), about(243e6));
  with(minutes{1}, seconds{10});
  site.meters[0].period = seconds{20};
  EXPECT_THAT(traffic_of(site).batches, about(121.6e6)) << "the one that is asked most often fills them";
}

TEST(Traffic, EachDestinationCostsWhatItTakesAndABrokerOnTheBoxNothing) {
  Site site = thirty_two_meters();
  const Traffic one = traffic_of(site);
  site.uplinks.push_back(site.uplinks[0]);
  EXPECT_THAT(traffic_of(site).batches, about(2 * one.batches));
  EXPECT_THAT(traffic_of(site).live, about(2 * one.live));
  site.uplinks[1].streams = {"event"};
  EXPECT_EQ(traffic_of(site).batches, one.batches);
  site.uplinks[0].streams = {"interval"};
  EXPECT_THAT(traffic_of(site).batches, AllOf(Ge(0.3 * one.batches), Le(0.5 * one.batches)));
  for (auto& uplink : site.uplinks) uplink.url = "mqtt://127.0.0.1:1883";
  EXPECT_EQ(traffic_of(site).uplinks, 0U);
  EXPECT_EQ(traffic_of(site).live, 0);
}

TEST(Traffic, IsSaidWithTwoDigits) {
  EXPECT_EQ(format_traffic(51.2e9), "51 GB");
  EXPECT_EQ(format_traffic(4.24e9), "4.2 GB");
  EXPECT_EQ(format_traffic(9.96e9), "10 GB");
  EXPECT_EQ(format_traffic(999.8e6), "1.0 GB");
  EXPECT_EQ(format_traffic(70.7e6), "71 MB");
  EXPECT_EQ(format_traffic(350e3), "350 kB");
  EXPECT_EQ(format_traffic(0), "0 kB");
}

TEST(Traffic, ALiveViewThatCostsTooMuchIsWarnedOfWithWhatToWrite) {
  EXPECT_EQ(parse_small(small_site).site.value().live_interval, Millis{60'000});
  std::string points;
  for (int i = 0; i < 120; ++i)
    points += "  { name = \"pieces.n" + std::to_string(i) + "\", address = " + std::to_string(100 + 2 * i) +
              ", type = \"u32\", unit = \"pcs\" },\n";
  const std::string many = replace(small_site, "points = [\n", "points = [\n" + points);
  EXPECT_EQ(print(parse_small(many).mistakes), "") << "the default is silent";
  const std::string often = replace(many, "[gateway]", "[gateway]\nlive_interval = \"5s\"");
  const Parsed parsed = parse_small(often);
  EXPECT_TRUE(parsed.site);
  EXPECT_THAT(print(parsed.mistakes),
              AllOf(HasSubstr("2:17"), HasSubstr("live every 5s costs about 6."),
                    HasSubstr("write live_interval = \"1m\" (about 5"), HasSubstr("or \"off\"")));
  EXPECT_EQ(print(parse_small(replace(often, "mqtts://broker.example.org", "mqtt://127.0.0.1")).mistakes), "");
}

TEST(Traffic, LiveMayBeOff) {
  const auto with = [](const std::string& value) {
    return parse_small(replace(small_site, "[gateway]", "[gateway]\nlive_interval = " + value));
  };
  const Parsed off = with("\"off\"");
  EXPECT_EQ(print(off.mistakes), "");
  EXPECT_EQ(off.site.value().live_interval, Millis{0});
  for (const char* wrong : {"\"0s\"", "\"2h\"", "\"never\"", "0", "false"})
    EXPECT_THAT(print(with(wrong).mistakes),
                HasSubstr("write a duration from \"1s\" to \"1h\", in ms, s, m, h or d, or \"off\""));
  EXPECT_THAT(print(parse_small(replace(small_site, "period = \"1s\"", "period = \"off\"")).mistakes),
              Not(HasSubstr("or \"off\"")));
}

}  // namespace
}  // namespace jidian::config

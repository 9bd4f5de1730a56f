#include <gmock/gmock.h>

#include <numeric>

#include "tests/unit/acquire/core_fixture.hpp"

namespace jidian::acquire {
namespace {

using domain::EventKind;
using domain::Quality;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<std::uint16_t> addresses(std::uint16_t first, std::uint16_t count) {
  std::vector<std::uint16_t> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

bool covers(const meter::Registers& registers, std::uint16_t address) {
  return registers.first <= address && address < registers.end();
}

class Learning : public PollerCoreTest {
 protected:
  /// The meter has none of `holes` and takes at most `count_max` registers.
  void limit(std::vector<std::uint16_t> holes, std::uint16_t count_max = 125) {
    bus.fails = [holes = std::move(holes), count_max](std::uint8_t, meter::Registers asked) -> std::optional<Error> {
      if (asked.count > count_max) return refusal();
      for (const auto hole : holes)
        if (covers(asked, hole)) return refusal();
      return std::nullopt;
    };
  }
  std::vector<Quality> last_qualities() const {
    std::vector<Quality> qualities;
    for (const auto& sample : sink.polls.back().samples) qualities.push_back(sample.quality);
    return qualities;
  }
  static std::string fact(const domain::Event& event, const std::string& name) {
    for (const auto& [key, value] : event.facts)
      if (key == name) return value;
    return {};
  }
  /// Lets one poll pass and gives its requests.
  std::vector<meter::Registers> requests_of_one_poll() {
    bus.requests.clear();
    const auto polls = sink.polls.size();
    while (sink.polls.size() == polls) run(Millis{100});
    std::vector<meter::Registers> asked;
    for (const auto& request : bus.requests) asked.push_back(request.registers);
    return asked;
  }
};

TEST_F(Learning, ARefusedRegisterCostsOnlyItself) {
  limit({13});
  begin({make_meter(0, addresses(0, 40))});
  run(seconds{10});
  auto expected = std::vector<Quality>(40, Quality::ok);
  expected[13] = Quality::refused;
  EXPECT_EQ(last_qualities(), expected);
  EXPECT_EQ(requests_of_one_poll(),
            (std::vector<meter::Registers>{{meter::Table::holding, 0, 13}, {meter::Table::holding, 14, 26}}));
  ASSERT_EQ(sink.of(EventKind::learned).size(), 1U);
  EXPECT_EQ(fact(sink.of(EventKind::learned)[0], "refused"), "p13");
  EXPECT_EQ(sink.of(EventKind::learned)[0].subject, "meter-0");
}

TEST_F(Learning, HealthSaysWhatIsBeingLearntAndWhatIsNotThere) {
  limit({13});
  begin({make_meter(0, addresses(0, 40))});
  while (sink.polls.empty()) run(Millis{100});
  EXPECT_TRUE(health_of("meter-0").learning);
  EXPECT_EQ(health_of("meter-0").last_error_kind, ErrorKind::refused);
  run(seconds{10});
  EXPECT_FALSE(health_of("meter-0").learning);
  EXPECT_EQ(health_of("meter-0").refused, std::vector<std::string>{"p13"});
  EXPECT_EQ(health_of("meter-0").last_error_kind, std::nullopt);
}

TEST_F(Learning, TheGoodPointsComeInTheVeryFirstSlot) {
  limit({13});
  begin({make_meter(0, addresses(0, 40), minutes{15})});
  run(minutes{16});
  ASSERT_FALSE(sink.polls.empty());
  EXPECT_GE(std::ranges::count(sink.polls[0].samples, Quality::ok, &domain::Sample::quality), 38);
}

TEST_F(Learning, ARefusedRunIsAskedAgainOnceAnHour) {
  limit({13});
  begin({make_meter(0, addresses(0, 40), seconds{10})});
  run(minutes{1});
  bus.requests.clear();
  run(minutes{58});
  EXPECT_TRUE(std::ranges::none_of(bus.requests, [](const auto& r) { return covers(r.registers, 13); }));
  run(hours{2});
  EXPECT_EQ(std::ranges::count_if(bus.requests, [](const auto& r) { return covers(r.registers, 13); }), 2);
  EXPECT_EQ(sink.of(EventKind::learned).size(), 1U);

  bus.fails = nullptr;
  run(hours{1});
  EXPECT_THAT(last_qualities(), testing::Each(Quality::ok));
  EXPECT_EQ(requests_of_one_poll().size(), 1U);
  EXPECT_EQ(sink.of(EventKind::learned).size(), 2U);
}

TEST_F(Learning, TheTrueCountLimitIsFound) {
  for (const auto taken : std::vector<std::uint16_t>{10, 24, 33, 60}) {
    SCOPED_TRACE(taken);
    sink.events.clear();
    limit({}, taken);
    begin({make_meter(0, addresses(0, 100))});
    run(seconds{30});
    EXPECT_THAT(last_qualities(), testing::Each(Quality::ok));
    ASSERT_EQ(sink.of(EventKind::learned).size(), 1U);
    EXPECT_EQ(fact(sink.of(EventKind::learned)[0], "count_max"), std::to_string(taken));
    EXPECT_EQ(requests_of_one_poll().size(), (100U + taken - 1U) / taken);
  }
}

TEST_F(Learning, AHoleBetweenPointsIsNoLimitOfLength) {
  limit({4});
  begin({make_meter(0, {0, 1, 2, 3, 6, 7, 8, 9})});
  run(seconds{10});
  EXPECT_THAT(last_qualities(), testing::Each(Quality::ok));
  EXPECT_EQ(requests_of_one_poll().size(), 2U);
  ASSERT_EQ(sink.of(EventKind::learned).size(), 1U);
  EXPECT_EQ(fact(sink.of(EventKind::learned)[0], "count_max"), "");
  EXPECT_EQ(fact(sink.of(EventKind::learned)[0], "splits"), "6");
}

TEST_F(Learning, AValueIsNeverTorn) {
  auto meter = make_meter(0, {});
  for (std::uint16_t n = 0; n < 10; ++n) {
    auto point = holding_u16("e" + std::to_string(n), static_cast<std::uint16_t>(4 * n));
    point.type = meter::RawType::u64;
    point.place.count = 4;
    meter.points.push_back(point);
  }
  limit({17}, 10);
  begin({meter});
  run(seconds{10});
  for (const auto& request : bus.requests) {
    EXPECT_EQ(request.registers.first % 4, 0);
    EXPECT_EQ(request.registers.count % 4, 0);
  }
  auto expected = std::vector<Quality>(10, Quality::ok);
  expected[4] = Quality::refused;
  EXPECT_EQ(last_qualities(), expected);
}

TEST_F(Learning, WhatWasLearntIsKnownAtTheNextStart) {
  limit({13}, 20);
  begin({make_meter(0, addresses(0, 40))});
  run(seconds{10});
  ASSERT_EQ(sink.notes.count("meter/meter-0"), 1U);
  auto again = make_meter(0, addresses(0, 40));
  again.remembered = Learned::from_text(sink.notes.at("meter/meter-0"));
  ASSERT_TRUE(again.remembered);
  sink.events.clear();
  begin({again});
  (void)requests_of_one_poll();  // asks for what was refused, once
  EXPECT_EQ(requests_of_one_poll().size(), 3U);
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(Learning, AnotherChoiceOfPointsDiscardsIt) {
  Learned learned;
  learned.plan = 4711;
  learned.count_max = 5;
  learned.serial = "A 12";
  auto meter = make_meter(0, addresses(0, 40));
  meter.remembered = learned;
  begin({meter});
  EXPECT_EQ(requests_of_one_poll().size(), 1U);
}

TEST_F(Learning, AMeterThatRefusesEverythingForAWhileTeachesNothing) {
  bus.fails = [](std::uint8_t, meter::Registers) -> std::optional<Error> { return refusal(); };
  begin({make_meter(0, addresses(0, 40), seconds{5})});
  run(hours{1});
  EXPECT_LT(bus.requests.size(), 720U + 9 * 40);
  EXPECT_TRUE(sink.of(EventKind::learned).empty());
  bus.fails = nullptr;
  run(seconds{10});
  EXPECT_THAT(last_qualities(), testing::Each(Quality::ok));
  EXPECT_EQ(requests_of_one_poll().size(), 1U);
}

TEST_F(Learning, LongReadsWithoutAnAnswerBecomeShort) {
  bus.fails = [](std::uint8_t, meter::Registers asked) -> std::optional<Error> {
    if (asked.count > 48) return silence();
    return std::nullopt;
  };
  auto meter = make_meter(0, addresses(0, 90), seconds{5});
  meter.short_count_max = 40;
  begin({meter});
  run(minutes{10});
  EXPECT_THAT(last_qualities(), testing::Each(Quality::ok));
  ASSERT_EQ(sink.of(EventKind::learned).size(), 1U);
  EXPECT_EQ(fact(sink.of(EventKind::learned)[0], "count_max"), "40");
}

TEST_F(Learning, LongReadsAreTriedAgainOnceADayAndCostNoSlot) {
  bool is_slow = true;
  bus.fails = [&](std::uint8_t, meter::Registers asked) -> std::optional<Error> {
    if (is_slow && asked.count > 48) return silence();
    return std::nullopt;
  };
  begin({make_meter(0, addresses(0, 90), minutes{5})});
  run(hours{2});
  ASSERT_EQ(sink.of(EventKind::learned).size(), 1U);
  const auto from = sink.polls.size();
  const auto long_requests = [&] {
    return std::ranges::count_if(bus.requests, [](const auto& request) { return request.registers.count > 48; });
  };
  bus.requests.clear();
  run(hours{49});
  EXPECT_EQ(long_requests(), 2);
  EXPECT_EQ(sink.polls.size() - from, 49U * 12);
  for (std::size_t n = from; n < sink.polls.size(); ++n)
    EXPECT_TRUE(std::ranges::all_of(sink.polls[n].samples, [](const auto& s) { return s.quality == Quality::ok; }));
  EXPECT_EQ(sink.of(EventKind::learned).size(), 1U);

  is_slow = false;
  run(hours{24});
  ASSERT_EQ(sink.of(EventKind::learned).size(), 2U);
  EXPECT_TRUE(sink.of(EventKind::learned)[1].facts.empty());
  EXPECT_EQ(requests_of_one_poll().size(), 1U);
}

TEST_F(Learning, AMeterThatWasOffIsReadAsBefore) {
  begin({make_meter(0, addresses(0, 90), seconds{5})});
  run(minutes{1});
  for (int n = 0; n < 5; ++n) {
    silence_units({1});
    run(minutes{5});
    bus.fails = nullptr;
    run(minutes{6});
  }
  EXPECT_TRUE(sink.of(EventKind::learned).empty());
  EXPECT_EQ(requests_of_one_poll().size(), 1U);
}

TEST(LearnedText, ComesBackAsItWas) {
  Learned learned;
  learned.plan = 0x1234;
  learned.count_max = 10;
  learned.splits = {{meter::Table::holding, 6, 1}};
  learned.refused = {{meter::Table::input, 13, 2}, {meter::Table::input, 65'535, 1}};
  learned.serial = "A 12";
  learned.ratios = {{"ct_ratio", "40.0"}, {"pt_ratio", "1"}};
  EXPECT_EQ(Learned::from_text(learned.to_text()), learned);
  EXPECT_EQ(Learned::from_text(Learned{}.to_text()), Learned{});
  for (const auto* text : {"", "plan=", "plan=1 splits=9:1+1 serial=", "plan=1 refused=3:65535+2 serial=", "serial"})
    EXPECT_FALSE(Learned::from_text(text)) << text;
}

}  // namespace
}  // namespace jidian::acquire

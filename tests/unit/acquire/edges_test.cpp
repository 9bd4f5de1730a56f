#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/acquire/core_fixture.hpp"

// How near to the edge of a quarter hour the energies of a serial line are read.
namespace jidian::acquire {
namespace {

using domain::Quality;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint16_t energy_address = 400;
constexpr std::uint16_t export_address = 500;

meter::Point counter_at(std::uint16_t address, const std::string& quantity) {
  meter::Point point;
  point.name = point.quantity = quantity;
  point.kind = PointKind::counter;
  point.place = {meter::Table::holding, address, 2};
  point.type = meter::RawType::u32;
  return point;
}

/// A three-phase meter: voltages, currents, powers and frequency in one place, energy in another one, behind them.
PolledMeter energy_meter(domain::MeterIndex index) {
  std::vector<std::uint16_t> addresses;
  for (std::uint16_t n = 0; n < 32; ++n) addresses.push_back(n);
  PolledMeter meter = make_meter(index, addresses, seconds{10});
  meter.points.push_back(counter_at(energy_address, "active_energy_import"));
  return meter;
}

constexpr std::size_t energy_point = 32;

std::vector<PolledMeter> eight_meters() {
  std::vector<PolledMeter> meters;
  for (domain::MeterIndex n = 0; n < 8; ++n) meters.push_back(energy_meter(n));
  return meters;
}

/// What a transaction takes at 9600 baud, 8N1: 8 bytes there and 5 + 2n back at 10 bits, twice 3.5 characters of
/// silence, and 30 ms until the meter answers.
Millis at_9600_baud(meter::Registers registers) {
  const int bytes = 8 + 5 + 2 * registers.count + 7;
  return Millis{30 + (bytes * 10'000 + 9'599) / 9'600};
}

class Edges : public PollerCoreTest {
 protected:
  Edges() { bus.read_cost_of = at_9600_baud; }

  /// Begins so long before the edge.
  void begin_before(Millis time, std::vector<PolledMeter> meters) {
    clock.advance(minutes{15} - time);
    edge = clock.steady + time;
    edge_utc = clock.utc + time;
    begin(std::move(meters));
  }

  /// When each meter's energy was there, behind the slot that begins at `slot`.
  std::map<std::uint8_t, Millis> energies_behind(SteadyTime slot) const {
    std::map<std::uint8_t, Millis> behind;
    for (const auto& request : bus.requests)
      if (request.registers.first == energy_address && request.at >= slot && request.at < slot + seconds{10})
        behind[request.unit] = request.at + at_9600_baud(request.registers) - slot;
    return behind;
  }

  static Millis last_of(const std::map<std::uint8_t, Millis>& behind) {
    Millis last{0};
    for (const auto& [unit, time] : behind) last = std::max(last, time);
    return last;
  }

  /// The polls of a meter's slot on the edge.
  std::vector<domain::Poll> polls_at_edge(domain::MeterIndex meter) const {
    auto polls = sink.of(meter);
    std::erase_if(polls, [&](const domain::Poll& poll) { return poll.slot != edge_utc; });
    return polls;
  }

  /// Lets the polls of the edge `at` begin, and sets the clock to the next quarter hour before they are over.
  void set_clock_in_the_middle(SteadyTime at) {
    run(at - clock.steady - Millis{1});
    clock.advance(at - clock.steady);
    core->step({});
    clock.step_wall_clock(minutes{15} - (clock.steady - at));
  }

  SteadyTime edge;
  UtcTime edge_utc;
};

/// A meter that is known to have no register 13 when the edge comes, and is asked for it again on the edge an hour
/// later: that poll has one read more than the next one.
class EdgesWithAHole : public Edges {
 protected:
  EdgesWithAHole() {
    bus.fails = [](std::uint8_t, meter::Registers asked) -> std::optional<Error> {
      if (has_hole(asked)) return refusal();
      return std::nullopt;
    };
    begin_before(seconds{35}, {energy_meter(0)});
    trial = edge + std::chrono::hours{1};
    trial_utc = edge_utc + std::chrono::hours{1};
  }

  static bool has_hole(const meter::Registers& asked) { return asked.first <= hole && hole < asked.end(); }

  static constexpr std::uint16_t hole = 13;
  SteadyTime trial;
  UtcTime trial_utc;
};

TEST_F(Edges, OfEightMetersAt9600BaudAreReadWithinASecond) {
  std::vector<PolledMeter> meters = eight_meters();
  meters.insert(meters.begin(), make_meter(8, {0, 1, 2, 3}, seconds{10}));  // a PLC without counters
  begin_before(seconds{15}, std::move(meters));
  run(seconds{40});

  const auto at_edge = energies_behind(edge);
  const auto elsewhere = energies_behind(edge + seconds{10});
  ASSERT_EQ(at_edge.size(), 8U);
  ASSERT_EQ(elsewhere.size(), 8U);
  RecordProperty("edge_last_ms", std::to_string(last_of(at_edge).count()));
  std::printf("energies of 8 meters at 9600 baud: the last %lld ms behind the edge, %lld ms behind other slots\n",
              static_cast<long long>(last_of(at_edge).count()), static_cast<long long>(last_of(elsewhere).count()));
  EXPECT_EQ(last_of(at_edge), 8 * at_9600_baud({meter::Table::holding, energy_address, 2}));
  EXPECT_LE(last_of(at_edge), Millis{1'000});
  EXPECT_GT(last_of(elsewhere), Millis{1'000}) << "else there would be nothing to do";
}

TEST_F(Edges, APollInTwoPassesRemainsOneWithTheInstantOfItsEnergy) {
  begin_before(seconds{15}, eight_meters());
  run(seconds{40});
  const auto behind = energies_behind(edge);
  for (domain::MeterIndex n = 0; n < 8; ++n) {
    EXPECT_EQ(sink.of(n).size(), 4U) << "at -10, 0, 10, 20 s";
    const auto polls = polls_at_edge(n);
    ASSERT_EQ(polls.size(), 1U) << n;
    const domain::Poll& poll = polls[0];
    for (const auto& sample : poll.samples) EXPECT_EQ(sample.quality, Quality::ok) << n;
    EXPECT_EQ(poll.samples[5].bits, register_value(static_cast<std::uint8_t>(n + 1), 5));
    EXPECT_EQ(domain::end_of(poll, energy_point), edge_utc + behind.at(static_cast<std::uint8_t>(n + 1)));
    EXPECT_EQ(domain::end_of(poll, 0), poll.end);
    EXPECT_LE(poll.start, edge_utc + Millis{1'000});
    EXPECT_GT(poll.end, edge_utc + Millis{8 * 55}) << "the rest comes behind the energies of all";
  }
  for (const auto& poll : sink.polls) EXPECT_EQ(poll.early.empty(), poll.slot != edge_utc);
}

TEST_F(Edges, AnHourHasEverySlotOfEveryMeterOnce) {
  begin_before(minutes{15}, eight_meters());
  run(minutes{60});
  for (domain::MeterIndex n = 0; n < 8; ++n) {
    const auto polls = sink.of(n);
    ASSERT_EQ(polls.size(), 360U) << n;
    for (std::size_t i = 1; i < polls.size(); ++i) ASSERT_EQ(polls[i].slot - polls[i - 1].slot, seconds{10}) << i;
    EXPECT_EQ(std::ranges::count_if(polls, [](const auto& poll) { return !poll.early.empty(); }), 4) << n;
    EXPECT_EQ(health_of("meter-" + std::to_string(n)).polls_good, 360U);
    EXPECT_EQ(health_of("meter-" + std::to_string(n)).slots_skipped, 0U);
  }
}

TEST_F(Edges, AMeterThatFellSilentIsAskedLast) {
  begin_before(seconds{15}, eight_meters());
  silence_units({1, 4});
  run(seconds{24});
  auto of_the_others = energies_behind(edge);
  EXPECT_EQ(of_the_others.size(), 8U);
  of_the_others.erase(1);
  of_the_others.erase(4);
  EXPECT_LE(last_of(of_the_others), Millis{1'000});
  const auto polls = polls_at_edge(3);
  ASSERT_EQ(polls.size(), 1U);
  EXPECT_FALSE(domain::has_any_value(polls[0]));
  EXPECT_EQ(polls[0].cause, domain::GapCause::meter_silent);
  EXPECT_EQ(health_of("meter-3").timeouts, 2U) << "one a poll";
}

TEST_F(Edges, OneThatIsDeadForLongCostsNothing) {
  begin_before(minutes{5}, eight_meters());
  silence_units({1});
  run(minutes{5} + seconds{25});
  EXPECT_EQ(energies_behind(edge).count(1), 0U);
  EXPECT_EQ(energies_behind(edge).size(), 7U);
  EXPECT_LE(last_of(energies_behind(edge)), Millis{1'000});
  EXPECT_EQ(polls_at_edge(0).size(), 1U);
}

TEST_F(Edges, NoProbeReachesIntoAnEdge) {
  std::vector<PolledMeter> meters = eight_meters();
  for (PolledMeter& meter : meters) meter.period = seconds{2};  // hardly a pause, so that probes are late
  bus.timeout_cost = Millis{1'500};
  silence_units({1});
  clock.advance(minutes{8});
  begin(std::move(meters));
  run(minutes{120});
  std::size_t probes = 0;
  for (const auto& request : bus.requests) {
    if (request.unit != 1) continue;
    ++probes;
    const UtcTime at = clock.utc - (clock.steady - request.at);
    const Millis left = minutes{15} - at.time_since_epoch() % minutes{15};
    EXPECT_GE(left, bus.timeout_cost) << probes;
  }
  EXPECT_GT(probes, 20U);
}

TEST_F(Edges, OtherCountersComeBeforeAllThatIsNone) {
  std::vector<PolledMeter> meters = eight_meters();
  for (PolledMeter& meter : meters)
    meter.points.insert(meter.points.begin(), counter_at(export_address, "active_energy_export"));
  begin_before(seconds{5}, std::move(meters));
  run(seconds{14});
  std::vector<std::uint32_t> addresses;
  for (const auto& request : bus.requests) addresses.push_back(request.registers.first);
  ASSERT_EQ(addresses.size(), 24U);
  for (std::size_t n = 0; n < 24; ++n)
    EXPECT_EQ(addresses[n], n < 8 ? energy_address : n < 16 ? export_address : 0U) << n;
  const auto polls = polls_at_edge(7);
  ASSERT_EQ(polls.size(), 1U);
  EXPECT_EQ(polls[0].early.size(), 2U);
  EXPECT_LT(domain::end_of(polls[0], 33), domain::end_of(polls[0], 0));
}

TEST_F(Edges, AnEnergyThatIsGarbledTakesNothingWithIt) {
  bus.fails = [](std::uint8_t unit, meter::Registers registers) -> std::optional<Error> {
    if (unit == 2 && registers.first == energy_address) return garbage();
    return std::nullopt;
  };
  begin_before(seconds{5}, eight_meters());
  run(seconds{14});
  const auto polls = polls_at_edge(1);
  ASSERT_EQ(polls.size(), 1U);
  EXPECT_EQ(polls[0].samples[energy_point].quality, Quality::corrupt);
  EXPECT_EQ(polls[0].samples[0].quality, Quality::ok);
  EXPECT_TRUE(polls[0].early.empty());
  EXPECT_EQ(energies_behind(edge).size(), 8U);
}

TEST_F(Edges, ALineThatBreaksInBetweenLeavesTheEnergiesThatWereRead) {
  begin_before(seconds{5}, eight_meters());
  bus.fails = [&](std::uint8_t, meter::Registers registers) -> std::optional<Error> {
    if (registers.first != energy_address) bus.open_error = broken();
    if (bus.open_error) return broken();
    return std::nullopt;
  };
  run(seconds{14});
  for (domain::MeterIndex n = 0; n < 8; ++n) {
    const auto polls = polls_at_edge(n);
    ASSERT_EQ(polls.size(), 1U) << n;
    EXPECT_EQ(polls[0].samples[energy_point].quality, Quality::ok);
    EXPECT_EQ(polls[0].samples[0].quality, Quality::no_answer);
  }
}

TEST_F(Edges, AStopInTheMiddleRecordsNoHalfPolls) {
  begin_before(seconds{5}, eight_meters());
  run(Millis{4'999});
  clock.advance(edge - clock.steady);
  std::stop_source stop;
  bus.on_read = [&] {
    if (bus.requests.size() == 3) stop.request_stop();
  };
  for (int n = 0; n < 3; ++n) core->step(stop.get_token());
  EXPECT_EQ(bus.requests.size(), 3U);
  EXPECT_TRUE(sink.polls.empty());
  const UtcTime slot = clock.utc - (clock.steady - edge);
  for (const auto& [meter, left] : core->hand_over().meters) {
    ASSERT_TRUE(left.last_slot) << meter;
    EXPECT_LT(*left.last_slot, slot) << meter << ": whoever goes on with it is still to serve the edge";
  }
}

TEST_F(Edges, AStopInTheMiddleLeavesTheEdgeWhereNoSlotLiesOnTheQuarterHour) {
  std::vector<PolledMeter> meters = eight_meters();
  for (PolledMeter& meter : meters) meter.offset = seconds{3};
  begin_before(seconds{5}, meters);
  run(Millis{7'999});
  clock.advance(edge + seconds{3} - clock.steady);
  std::stop_source stop;
  bus.on_read = [&] {
    if (bus.requests.size() == 3) stop.request_stop();
  };
  for (int n = 0; n < 3; ++n) core->step(stop.get_token());
  ASSERT_TRUE(sink.polls.empty());
  const auto left = core->hand_over();
  for (const PolledMeter& meter : meters) {
    Schedule next({{meter.period, meter.offset, true, left.meters.at(meter.id).last_slot}}, clock.utc);
    const auto slot = next.take_edge(edge_utc + seconds{13});
    ASSERT_TRUE(slot) << meter.id;
    EXPECT_EQ(slot->due, edge_utc + seconds{13});
  }
}

TEST_F(Edges, TheLineIsNotGivenAwayShortlyBefore) {
  begin_before(seconds{8}, eight_meters());
  EXPECT_FALSE(core->is_at_edge());
  run(Millis{6'500});
  EXPECT_TRUE(core->is_at_edge());
  clock.advance(edge - clock.steady);
  int steps = 0;
  for (; core->is_at_edge(); ++steps) core->step({});
  EXPECT_EQ(steps, 9) << "the energies, and eight times the rest";
  EXPECT_EQ(sink.polls.size(), 8U);
}

TEST_F(Edges, AMeterWithAnOffsetIsReadWhenItIsDueWhateverIsUnderWay) {
  std::vector<PolledMeter> meters = eight_meters();
  meters[2].offset = Millis{700};
  begin_before(seconds{5}, std::move(meters));
  run(seconds{14});
  const Millis longest_read = at_9600_baud({meter::Table::holding, 0, 32});
  EXPECT_LE(energies_behind(edge).at(3), Millis{700} + longest_read + Millis{55});
}

TEST_F(Edges, AMeterThatDoesNotAnswerItsEnergyIsAskedForTheRestFirst) {
  bus.fails = [](std::uint8_t, meter::Registers registers) -> std::optional<Error> {
    if (registers.first == energy_address) return silence();
    return std::nullopt;
  };
  clock.advance(minutes{14} + seconds{55});
  begin({energy_meter(0)});
  run(minutes{15} + seconds{30});
  const auto polls = sink.of(0);
  ASSERT_FALSE(polls.empty());
  const auto good = std::ranges::count_if(polls, [](const domain::Poll& poll) { return domain::has_any_value(poll); });
  EXPECT_GE(good + 1, static_cast<std::ptrdiff_t>(polls.size())) << "at most the first edge is lost";
}

TEST_F(Edges, AClockSetIntoTheNextQuarterHourLetsWhatIsOpenEndFirst) {
  begin_before(seconds{5}, eight_meters());
  set_clock_in_the_middle(edge);
  ASSERT_EQ(bus.requests.size(), 8U);
  ASSERT_TRUE(sink.polls.empty());
  const UtcTime set_to = clock.utc;
  ASSERT_EQ(set_to, edge_utc + minutes{15});
  core->step({});
  EXPECT_EQ(sink.polls.size(), 1U) << "no second poll of a meter begins while one is open";
  run(seconds{5});
  for (domain::MeterIndex n = 0; n < 8; ++n) {
    const auto polls = sink.of(n);
    ASSERT_EQ(polls.size(), 2U) << n;
    EXPECT_EQ(polls[0].slot, edge_utc);
    EXPECT_EQ(polls[1].slot, set_to);
    for (const domain::Poll& poll : polls) {
      EXPECT_GE(poll.start, set_to) << "by the clock that it ended by";
      EXPECT_GE(domain::end_of(poll, energy_point), poll.start);
      for (const auto& sample : poll.samples) EXPECT_EQ(sample.quality, Quality::ok) << n;
    }
  }
}

TEST_F(EdgesWithAHole, ItIsAskedForOnAnEdge) {
  run(trial + seconds{5} - clock.steady);
  const auto is_trial = [&](const auto& request) { return request.at >= trial && has_hole(request.registers); };
  EXPECT_EQ(std::ranges::count_if(bus.requests, is_trial), 1);
}

TEST_F(EdgesWithAHole, AClockSetMeanwhileLeavesNoReadOfAPlanThatIsGone) {
  set_clock_in_the_middle(trial);
  const std::size_t before = sink.polls.size();
  core->step({});
  EXPECT_EQ(sink.polls.size(), before + 1);
  run(seconds{5});
  ASSERT_EQ(sink.polls.size(), before + 2);
  const std::vector<UtcTime> slots{trial_utc, trial_utc + minutes{15}};
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const domain::Poll& poll = sink.polls[before + i];
    EXPECT_EQ(poll.slot, slots[i]);
    for (std::size_t n = 0; n < poll.samples.size(); ++n)
      EXPECT_EQ(poll.samples[n].quality, n == hole ? Quality::refused : Quality::ok) << n;
  }
}

}  // namespace
}  // namespace jidian::acquire

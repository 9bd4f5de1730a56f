#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/unit/acquire/core_fixture.hpp"

// How near to the edge of a quarter hour the energies of a serial line are read.
namespace jidian::acquire {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint16_t energy_address = 400;

/// A three-phase meter: voltages, currents, powers and frequency in one place, energy in another one, behind them.
PolledMeter energy_meter(domain::MeterIndex index) {
  std::vector<std::uint16_t> addresses;
  for (std::uint16_t n = 0; n < 32; ++n) addresses.push_back(n);
  PolledMeter meter = make_meter(index, addresses, seconds{10});
  meter::Point energy = meter.points.front();
  energy.name = energy.quantity = "active_energy_import";
  energy.kind = PointKind::counter;
  energy.place = {meter::Table::holding, energy_address, 2};
  energy.type = meter::RawType::u32;
  meter.points.push_back(energy);
  return meter;
}

/// What a transaction takes at 9600 baud, 8N1: 8 bytes there and 5 + 2n back at 10 bits, twice 3.5 characters of
/// silence, and 20 ms until the meter answers.
Millis at_9600_baud(meter::Registers registers) {
  const int bytes = 8 + 5 + 2 * registers.count + 7;
  return Millis{20 + bytes * 10'000 / 9'600};
}

class Edges : public PollerCoreTest {
 protected:
  /// When each meter's energy was read behind the slot that begins at `slot`.
  std::map<std::uint8_t, Millis> energies_behind(SteadyTime slot) const {
    std::map<std::uint8_t, Millis> behind;
    for (const auto& request : bus.requests)
      if (request.registers.first == energy_address && request.at >= slot && request.at < slot + seconds{10})
        behind[request.unit] = request.at + at_9600_baud(request.registers) - slot;
    return behind;
  }
};

TEST_F(Edges, OfEightMetersAt9600BaudLieWithinTheTimeOfTheirPolls) {
  bus.read_cost_of = at_9600_baud;
  std::vector<PolledMeter> meters;
  meters.push_back(make_meter(8, {0, 1, 2, 3}, seconds{10}));  // a PLC without counters, first in the file
  for (domain::MeterIndex n = 0; n < 8; ++n) meters.push_back(energy_meter(n));
  clock.advance(minutes{14} + seconds{55});
  begin(std::move(meters));
  run(seconds{30});

  const SteadyTime edge = clock.steady - seconds{25};
  const auto at_edge = energies_behind(edge);
  const auto elsewhere = energies_behind(edge + seconds{10});
  ASSERT_EQ(at_edge.size(), 8U);
  ASSERT_EQ(elsewhere.size(), 8U);
  const auto last = [](const auto& behind) {
    return std::ranges::max_element(behind, {}, [](const auto& it) { return it.second; })->second;
  };
  const auto first = [](const auto& behind) {
    return std::ranges::min_element(behind, {}, [](const auto& it) { return it.second; })->second;
  };
  RecordProperty("edge_first_ms", std::to_string(first(at_edge).count()));
  RecordProperty("edge_last_ms", std::to_string(last(at_edge).count()));
  std::printf("energies of 8 meters at 9600 baud: %lld … %lld ms behind the edge, %lld … %lld ms behind other slots\n",
              static_cast<long long>(first(at_edge).count()), static_cast<long long>(last(at_edge).count()),
              static_cast<long long>(first(elsewhere).count()), static_cast<long long>(last(elsewhere).count()));
  EXPECT_LE(first(at_edge), Millis{60}) << "the PLC waits, and so does the rest of the first meter";
  EXPECT_LT(last(at_edge), last(elsewhere));
  EXPECT_LE(last(at_edge), Millis{1'300});
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
  EXPECT_GE(good + 2, static_cast<std::ptrdiff_t>(polls.size())) << "at most the edges are lost";
}

}  // namespace
}  // namespace jidian::acquire

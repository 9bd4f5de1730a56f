#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "acquire/core.hpp"
#include "tests/unit/acquire/fakes.hpp"

namespace jidian::acquire {

/// A poller's core over a fake bus; time passes only where the core waits or the bus works.
class PollerCoreTest : public testing::Test {
 protected:
  void begin(std::vector<PolledMeter> meters, LineManners manners = {}, std::optional<UtcTime> down_since = {}) {
    core = std::make_unique<PollerCore>(
        "bus-1", bus, std::move(meters), sink, clock, board, [this](Millis time) { clock.advance(time); }, manners,
        down_since);
  }

  /// Lets the poller live for `time`.
  void run(Millis time) {
    const SteadyTime end = clock.steady + time;
    while (clock.steady < end) clock.advance(std::min(core->step({}), end - clock.steady));
  }

  health::MeterHealth health_of(const std::string& id) {
    core->post_health();
    for (const auto& meter : board.meters())
      if (meter.id == id) return meter;
    ADD_FAILURE() << "no health of " << id;
    return {};
  }

  std::size_t requests_of(std::uint8_t unit) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(bus.requests, [&](const auto& request) { return request.unit == unit; }));
  }

  /// Makes `units` silent and nobody else.
  void silence_units(std::vector<std::uint8_t> units) {
    bus.fails = [units = std::move(units)](std::uint8_t unit, meter::Registers) -> std::optional<Error> {
      if (std::ranges::find(units, unit) == units.end()) return std::nullopt;
      return silence();
    };
  }

  FakeClock clock;
  FakeBus bus{clock};
  FakeSink sink;
  health::Board board;
  std::unique_ptr<PollerCore> core;
};

}  // namespace jidian::acquire

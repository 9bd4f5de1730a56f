#include "commission/job.hpp"

#include <utility>

namespace jidian::commission {
namespace {

Status tune(acquire::Bus& bus, const Tuning& tuning, std::stop_token stop) {
  if (!bus.is_open())
    if (auto opened = bus.open(std::move(stop)); !opened) return opened.error().during("opening " + bus.address());
  if (tuning.wanted && *tuning.wanted != tuning.home) return bus.retune(*tuning.wanted);
  return {};
}

}  // namespace

Status in_turns(JobIo& io, const Tuning& tuning, const std::function<Result<bool>(acquire::Bus& bus)>& step) {
  bool done = false;
  const auto turn = [&](acquire::Bus& bus, std::stop_token stop) -> Status {
    const SteadyTime end = io.clock.steady_now() + io.lender.turn();
    Status outcome;
    while (!done && outcome && !io.stop.stop_requested() && !stop.stop_requested() && io.clock.steady_now() < end) {
      if (outcome = tune(bus, tuning, stop); !outcome) break;
      const auto stepped = step(bus);
      if (!stepped) outcome = stepped.error();
      done = stepped && *stepped;
    }
    if (tuning.wanted && *tuning.wanted != tuning.home && bus.is_open())
      if (auto back = bus.retune(tuning.home); !back && outcome) outcome = back;
    return outcome;
  };
  while (!done) {
    if (io.stop.stop_requested()) return Error{ErrorKind::cancelled, "asked to stop"};
    if (auto lent = io.lender.lend(turn); !lent) return lent;
  }
  return {};
}

}  // namespace jidian::commission

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "acquire/bus.hpp"
#include "acquire/poller.hpp"
#include "base/time.hpp"

namespace jidian::acquire {

/// A clock that moves when told.
class FakeClock final : public Clock {
 public:
  UtcTime utc_now() override { return utc; }
  SteadyTime steady_now() override { return steady; }
  ClockQuality quality() override { return ClockQuality::synchronised; }

  void advance(Millis time) {
    utc += time;
    steady += time;
  }
  void step_wall_clock(Millis by) { utc += by; }

  UtcTime utc{std::chrono::hours{490'000}};  // a whole hour of 2025
  SteadyTime steady{Millis{1'000'000}};
};

/// What every register of the fake plant holds.
constexpr std::uint16_t register_value(std::uint8_t unit, std::uint32_t address) {
  return static_cast<std::uint16_t>(unit * 1'000U + address);
}

/// A bus whose units answer, refuse, stay silent or garble; every transaction takes time of the fake clock.
class FakeBus final : public Bus {
 public:
  explicit FakeBus(FakeClock& clock) : clock_(clock) {}

  Status open(std::stop_token) override {
    ++opens;
    clock_.advance(open_cost);
    if (open_error) return *open_error;
    open_ = true;
    return {};
  }
  bool is_open() const override { return open_; }

  Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) override {
    requests.push_back({clock_.steady, unit, registers});
    if (on_read) on_read();
    const auto failure = fails ? fails(unit, registers) : std::nullopt;
    const Millis cost = read_cost_of ? read_cost_of(registers) : read_cost;
    clock_.advance(failure && failure->kind() == ErrorKind::timeout ? timeout_cost : cost);
    if (failure && failure->kind() == ErrorKind::unreachable) open_ = false;
    if (failure) return *failure;
    for (std::uint32_t n = 0; n < registers.count; ++n) {
      const auto special = held.find(registers.first + n);
      into[n] = special == held.end() ? register_value(unit, registers.first + n) : special->second;
    }
    return {};
  }

  std::uint8_t last_exception() const override { return exception; }
  void close() override { open_ = false; }
  std::string address() const override { return "fake:502"; }
  bool is_shared_line() const override { return shared; }
  Result<Heard> listen(Millis duration, std::stop_token) override {
    listened.push_back(duration);
    clock_.advance(duration);
    return heard_once ? std::exchange(heard, {}) : heard;
  }
  BusCounters counters() const override {
    BusCounters counted;
    counted.foreign = foreign;
    return counted;
  }

  struct Request {
    SteadyTime at;
    std::uint8_t unit;
    meter::Registers registers;
  };
  std::vector<Request> requests;
  std::map<std::uint32_t, std::uint16_t> held;  ///< What registers hold instead of `register_value`, in all units.
  int opens = 0;
  bool shared = false;
  Heard heard;              ///< By whoever listens.
  bool heard_once = false;  ///< `heard` is gone after the first time.
  std::vector<Millis> listened;
  std::uint64_t foreign = 0;
  std::uint8_t exception = 2;  ///< What refusals are.
  Millis read_cost{20};
  std::function<Millis(meter::Registers)> read_cost_of;  ///< Instead of `read_cost`.
  Millis timeout_cost{500};
  Millis open_cost{0};
  std::optional<Error> open_error;
  std::function<std::optional<Error>(std::uint8_t, meter::Registers)> fails;
  std::function<void()> on_read;

 private:
  FakeClock& clock_;
  bool open_ = false;
};

inline Error silence() {
  return {ErrorKind::timeout, "no answer within 500 ms"};
}
inline Error refusal() {
  return {ErrorKind::refused, "Modbus exception 2 (illegal data address)"};
}
inline Error garbage() {
  return {ErrorKind::corrupt, "the reply's checksum is wrong"};
}
inline Error broken() {
  return {ErrorKind::unreachable, "the other end closed the connection"};
}

/// Keeps what it is offered while it has room.
class FakeSink final : public Sink {
 public:
  bool offer(domain::Poll poll) override {
    if (full) return false;
    polls.push_back(std::move(poll));
    return true;
  }
  bool offer(domain::Event event) override {
    if (full) return false;
    events.push_back(std::move(event));
    return true;
  }

  bool offer(domain::Note note) override {
    if (full) return false;
    notes[note.name] = note.text;
    return true;
  }

  std::vector<domain::Poll> of(domain::MeterIndex meter) const {
    std::vector<domain::Poll> found;
    std::ranges::copy_if(polls, std::back_inserter(found), [&](const auto& poll) { return poll.meter == meter; });
    return found;
  }
  std::vector<domain::Event> of(domain::EventKind kind) const {
    std::vector<domain::Event> found;
    std::ranges::copy_if(events, std::back_inserter(found), [&](const auto& event) { return event.kind == kind; });
    return found;
  }

  bool full = false;
  std::vector<domain::Poll> polls;
  std::vector<domain::Event> events;
  std::map<std::string, std::string> notes;
};

inline meter::Point holding_u16(const std::string& name, std::uint16_t address) {
  meter::Point point;
  point.name = name;
  point.place = {meter::Table::holding, address, 1};
  return point;
}

/// A meter with one u16 point at each of `addresses`.
inline PolledMeter make_meter(domain::MeterIndex index, std::vector<std::uint16_t> addresses,
                              Millis period = Millis{1'000}) {
  PolledMeter meter;
  meter.id = "meter-" + std::to_string(index);
  meter.index = index;
  meter.unit = static_cast<std::uint8_t>(index + 1);
  meter.period = period;
  for (const auto address : addresses) meter.points.push_back(holding_u16("p" + std::to_string(address), address));
  return meter;
}

}  // namespace jidian::acquire

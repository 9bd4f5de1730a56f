#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "acquire/bus.hpp"
#include "commission/job.hpp"

/// A bus with one meter on it, and what a job needs beside it.
namespace jidian::commission {

/// Holding registers of one unit; every other unit is silent.
class OneUnit final : public acquire::Bus {
 public:
  std::map<std::uint16_t, std::uint16_t> registers;
  int silences = 0;  ///< Requests that get no answer first.
  int requests = 0;
  bool gone = false;

  Status open(std::stop_token) override {
    if (gone) return Error{ErrorKind::unreachable, "no such port"};
    return {};
  }
  bool is_open() const override { return !gone; }
  Status read(std::uint8_t unit, meter::Registers place, std::span<std::uint16_t> into) override {
    ++requests;
    if (unit != 7 || silences-- > 0) return Error{ErrorKind::timeout, "no reply"};
    for (std::size_t i = 0; i < into.size(); ++i) {
      const auto found = registers.find(static_cast<std::uint16_t>(place.first + i));
      if (found == registers.end()) return Error{ErrorKind::refused, "exception 2"};
      into[i] = found->second;
    }
    return {};
  }
  std::uint8_t last_exception() const override { return 0; }
  void close() override {}
  std::string address() const override { return "port"; }
};

class Lending final : public Lender {
 public:
  explicit Lending(acquire::Bus& bus) : bus_(bus) {}
  Status lend(Task task) override { return task(bus_, {}); }
  Millis turn() const override { return Millis{3'600'000}; }
  bool is_polled() const override { return false; }

 private:
  acquire::Bus& bus_;
};

class StillClock final : public Clock {
 public:
  UtcTime utc_now() override { return {}; }
  SteadyTime steady_now() override { return {}; }
  ClockQuality quality() override { return ClockQuality::unknown; }
};

}  // namespace jidian::commission

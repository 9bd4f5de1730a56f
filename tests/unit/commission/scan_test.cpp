#include "commission/scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/commission/one_unit.hpp"

namespace jidian::commission {
namespace {

/// Unit 7 answers; `noise` bytes are heard with the first question. Counts what is asked.
class CountingUnits final : public acquire::Bus {
 public:
  explicit CountingUnits(std::size_t noise) : noise_(noise) {}
  std::map<std::uint8_t, int> asked;

  Status open(std::stop_token) override { return {}; }
  bool is_open() const override { return true; }
  Status read(std::uint8_t, meter::Registers, std::span<std::uint16_t>) override {
    return Error{ErrorKind::refused, "exception 2"};
  }
  std::uint8_t last_exception() const override { return 2; }
  void close() override {}
  std::string address() const override { return "port"; }
  Result<acquire::Probe> probe(std::uint8_t unit, meter::Registers, Millis) override {
    ++asked[unit];
    acquire::Probe probe;
    probe.answered = unit == 7;
    probe.noise_bytes = std::exchange(noise_, 0);
    return probe;
  }

 private:
  std::size_t noise_;
};

std::map<std::uint8_t, int> asked_by(ScanDepth depth, std::size_t noise) {
  CountingUnits bus(noise);
  Lending lender(bus);
  StillClock clock;
  JobIo io{lender, clock, {}, [](const std::string&) {}};
  ScanOptions options;
  options.request = {.depth = depth, .unit_first = 1, .unit_last = 9};
  EXPECT_TRUE(scan(options)(io));
  return bus.asked;
}

TEST(Scan, AsksSilentUnitsAgainUnlessItIsQuick) {
  const auto thorough = asked_by(ScanDepth::normal, 0);
  EXPECT_EQ(thorough.at(7), 1);
  EXPECT_EQ(thorough.at(3), 2);
  const auto quick = asked_by(ScanDepth::quick, 0);
  EXPECT_EQ(quick.at(7), 1);
  EXPECT_EQ(quick.at(3), 1);
}

TEST(Scan, AsksSilentUnitsAgainWhereNoiseWasHeardEvenIfItIsQuick) {
  EXPECT_EQ(asked_by(ScanDepth::quick, 5).at(3), 2);
}

}  // namespace
}  // namespace jidian::commission

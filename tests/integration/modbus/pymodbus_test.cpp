#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "acquire/poller.hpp"
#include "modbus/bus.hpp"
#include "tests/integration/modbus/child.hpp"
#include "tests/integration/modbus/scripted_endpoint.hpp"
#include "tests/integration/modbus/scripted_line.hpp"

namespace jidian::test {
namespace {

using meter::Registers;
using meter::Table;

std::vector<std::string> server(const std::string& kind, const std::string& where) {
  return {JIDIAN_PYTHON, "tests/integration/modbus/pymodbus_server.py", kind, where};
}

void expect_read(const Status& done) {
  ASSERT_TRUE(done) << done.error().message();
}

void expect_its_registers(acquire::Bus& bus) {
  std::vector<std::uint16_t> words(100);
  for (const auto unit : std::vector<std::uint8_t>{1, 2, 5, 1}) {
    expect_read(bus.read(unit, {Table::holding, 800, 100}, words));
    for (std::uint32_t n = 0; n < 100; ++n) EXPECT_EQ(words[n], unit * 2'000U + 800 + n);
    expect_read(bus.read(unit, {Table::input, 3'000, 100}, words));
    for (std::uint32_t n = 0; n < 100; ++n) EXPECT_EQ(words[n], unit * 1'000U + 3'000 + n);
    for (const Table table : {Table::coil, Table::discrete_input}) {
      expect_read(bus.read(unit, {table, 20, 100}, words));
      for (std::uint32_t n = 0; n < 100; ++n) EXPECT_EQ(words[n], (20 + n + unit) % 3 == 0 ? 1 : 0);
    }
    const auto refused = bus.read(unit, {Table::holding, 60'000, 100}, words);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::refused);
    EXPECT_EQ(bus.last_exception(), 2);
  }
}

TEST(Pymodbus, IsReadOverTcp) {
  const auto port = free_port();
  const Child child(server("tcp", std::to_string(port)));
  const auto bus = modbus::make_tcp_bus({"127.0.0.1", port, Millis{2'000}, Millis{2'000}});
  ASSERT_TRUE(bus->open({}));
  expect_its_registers(*bus);

  std::vector<std::uint16_t> words(1);  // it says nothing for a unit it does not have
  EXPECT_EQ(bus->read(9, {Table::holding, 0, 1}, words).error().kind(), ErrorKind::timeout);
  ASSERT_TRUE(bus->open({}));
  expect_read(bus->read(2, {Table::input, 7, 1}, words));
  EXPECT_EQ(words[0], 2'007);
}

TEST(Pymodbus, IsReadOverALine) {
  const Cable cable;
  const Child child(server("rtu", cable.there()));
  const auto bus =
      modbus::make_serial_bus({cable.here(), {{19'200, meter::Parity::none, 1}, Millis{1'000}, Millis{1'200}}});
  ASSERT_TRUE(bus->open({}));
  expect_its_registers(*bus);
  std::vector<std::uint16_t> words(1);
  EXPECT_EQ(bus->read(9, {Table::holding, 0, 1}, words).error().kind(), ErrorKind::timeout);
  expect_read(bus->read(2, {Table::input, 7, 1}, words));
  EXPECT_EQ(words[0], 2'007);
}

TEST(Pymodbus, IsReadThroughADeviceServer) {
  const auto port = free_port();
  const Child child(server("rtu-over-tcp", std::to_string(port)));
  const auto bus = modbus::make_rtu_over_tcp_bus(
      {"127.0.0.1", port, Millis{2'000}, {{115'200, meter::Parity::none, 1}, Millis{1'000}, Millis{1'200}}});
  ASSERT_TRUE(bus->open({}));
  expect_its_registers(*bus);
  std::vector<std::uint16_t> words(1);
  EXPECT_EQ(bus->read(9, {Table::holding, 0, 1}, words).error().kind(), ErrorKind::timeout);
  EXPECT_TRUE(bus->is_open());  // another connection would not silence the line behind the server
  expect_read(bus->read(2, {Table::input, 7, 1}, words));
  EXPECT_EQ(words[0], 2'007);
}

void expect_its_identity(acquire::Bus& bus) {
  const auto objects = bus.device_identification(1);
  ASSERT_TRUE(objects) << objects.error().message();
  EXPECT_EQ(objects->at(0), "Independent");
  EXPECT_EQ(objects->at(1), "PM-1");
  EXPECT_EQ(objects->at(2), "3.0");
  const auto id = bus.server_id(1);
  ASSERT_TRUE(id) << id.error().message();
  EXPECT_THAT(*id, testing::Not(testing::IsEmpty()));
  std::vector<std::uint16_t> words(1);
  expect_read(bus.read(2, {Table::input, 7, 1}, words));
  EXPECT_EQ(words[0], 2'007);
}

TEST(Pymodbus, SaysWhatItIsOverTcp) {
  const auto port = free_port();
  const Child child(server("tcp", std::to_string(port)));
  const auto bus = modbus::make_tcp_bus({"127.0.0.1", port, Millis{2'000}, Millis{2'000}});
  ASSERT_TRUE(bus->open({}));
  expect_its_identity(*bus);
}

TEST(Pymodbus, SaysWhatItIsOverALine) {
  const Cable cable;
  const Child child(server("rtu", cable.there()));
  const auto bus =
      modbus::make_serial_bus({cable.here(), {{19'200, meter::Parity::none, 1}, Millis{1'000}, Millis{1'200}}});
  ASSERT_TRUE(bus->open({}));
  expect_its_identity(*bus);
}

class SystemClock final : public Clock {
 public:
  UtcTime utc_now() override { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }
  SteadyTime steady_now() override { return std::chrono::floor<Millis>(std::chrono::steady_clock::now()); }
  ClockQuality quality() override { return ClockQuality::unknown; }
};

/// Keeps polls and lets a test wait for them.
class WaitingSink final : public acquire::Sink {
 public:
  bool offer(domain::Poll poll) override {
    const std::scoped_lock lock(mutex_);
    polls_.push_back(std::move(poll));
    grown_.notify_all();
    return true;
  }
  bool offer(domain::Event event) override {
    const std::scoped_lock lock(mutex_);
    events_.push_back(std::move(event));
    return true;
  }
  bool offer(domain::Note) override { return true; }
  /// The polls, once there are at least `count`; or what there is after `patience`.
  std::vector<domain::Poll> wait_for(std::size_t count, std::chrono::seconds patience) {
    std::unique_lock lock(mutex_);
    grown_.wait_for(lock, patience, [&] { return polls_.size() >= count; });
    return polls_;
  }
  std::vector<domain::Event> events() {
    const std::scoped_lock lock(mutex_);
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable grown_;
  std::vector<domain::Poll> polls_;
  std::vector<domain::Event> events_;
};

acquire::PolledMeter meter_with_unit(domain::MeterIndex index, std::uint8_t unit) {
  acquire::PolledMeter meter;
  meter.id = "meter-" + std::to_string(index);
  meter.index = index;
  meter.unit = unit;
  meter.period = Millis{200};
  for (const auto address : std::vector<std::uint16_t>{0, 1, 300}) {
    meter::Point point;
    point.name = "r" + std::to_string(address);
    point.place = {Table::input, address, 1};
    meter.points.push_back(point);
  }
  return meter;
}

TEST(Pymodbus, IsPolledByThePoller) {
  const auto port = free_port();
  const Child child(server("tcp", std::to_string(port)));
  SystemClock clock;
  WaitingSink sink;
  health::Board board;
  acquire::Poller poller("plc", modbus::make_tcp_bus({"127.0.0.1", port, Millis{2'000}, Millis{2'000}}),
                         {meter_with_unit(0, 1), meter_with_unit(1, 2), meter_with_unit(2, 5)}, sink, clock, board);
  const auto answer = poller.read_meter("meter-2").get();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->points.at(2).value, "5300");
  constexpr std::array<std::uint64_t, 3> units{1, 2, 5};
  constexpr std::array<std::uint64_t, 3> addresses{0, 1, 300};
  const auto polls = sink.wait_for(9, std::chrono::seconds{20});
  ASSERT_GE(polls.size(), 9U);
  for (const auto& poll : polls) {
    EXPECT_EQ(poll.slot.time_since_epoch() % Millis{200}, Millis{0});
    EXPECT_LE(poll.start, poll.end);
    for (std::size_t n = 0; n < 3; ++n) {
      EXPECT_EQ(poll.samples.at(n).quality, domain::Quality::ok);
      EXPECT_EQ(poll.samples.at(n).bits, units.at(poll.meter) * 1'000 + addresses.at(n));
    }
  }
  EXPECT_TRUE(sink.events().empty());
}

}  // namespace
}  // namespace jidian::test

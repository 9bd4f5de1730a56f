#include <gtest/gtest.h>
#include <modbus/modbus.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <thread>
#include <vector>

#include "modbus/bus.hpp"
#include "tests/integration/modbus/scripted_endpoint.hpp"
#include "tests/integration/modbus/scripted_line.hpp"

namespace jidian::test {
namespace {

using meter::Registers;
using meter::Table;

constexpr int size = 3'000;

/// A slave of libmodbus on a thread: register a holds a + 7 (inputs a + 9), bit a is set where a is divisible by 3.
class LibmodbusSlave {
 public:
  explicit LibmodbusSlave(modbus_t* context) : context_(context), mapping_(modbus_mapping_new(size, size, size, size)) {
    for (int n = 0; n < size; ++n) {
      mapping_->tab_registers[n] = static_cast<std::uint16_t>(n + 7);
      mapping_->tab_input_registers[n] = static_cast<std::uint16_t>(n + 9);
      mapping_->tab_bits[n] = mapping_->tab_input_bits[n] = n % 3 == 0 ? 1 : 0;
    }
    modbus_set_indication_timeout(context_, 0, 20'000);
  }
  ~LibmodbusSlave() {
    thread_.request_stop();
    thread_.join();
    modbus_close(context_);
    modbus_free(context_);
    modbus_mapping_free(mapping_);
  }
  void serve() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> request{};
      while (!stop.stop_requested()) {
        const int length = modbus_receive(context_, request.data());
        if (length > 0) modbus_reply(context_, request.data(), length, mapping_);
      }
    });
  }

 private:
  modbus_t* context_;
  modbus_mapping_t* mapping_;
  std::jthread thread_;
};

void expect_its_registers(acquire::Bus& bus, std::uint8_t unit) {
  std::vector<std::uint16_t> words(125);
  for (const auto first : std::vector<std::uint16_t>{0, 1'000, 2'875}) {
    ASSERT_TRUE(bus.read(unit, {Table::holding, first, 125}, words));
    for (std::uint32_t n = 0; n < 125; ++n) EXPECT_EQ(words[n], first + n + 7);
    ASSERT_TRUE(bus.read(unit, {Table::input, first, 125}, words));
    for (std::uint32_t n = 0; n < 125; ++n) EXPECT_EQ(words[n], first + n + 9);
  }
  for (const Table table : {Table::coil, Table::discrete_input}) {
    words.resize(77);
    ASSERT_TRUE(bus.read(unit, {table, 5, 77}, words));
    for (std::uint32_t n = 0; n < 77; ++n) EXPECT_EQ(words[n], (n + 5) % 3 == 0 ? 1 : 0);
  }
  words.resize(2);
  const auto refused = bus.read(unit, {Table::holding, size - 1, 2}, words);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::refused);
  EXPECT_EQ(bus.last_exception(), 2);
}

TEST(LibmodbusSlave, IsReadOverTcp) {
  const std::uint16_t port = free_port();
  modbus_t* context = modbus_new_tcp("127.0.0.1", port);
  int listener = modbus_tcp_listen(context, 1);
  ASSERT_GE(listener, 0);
  LibmodbusSlave slave(context);
  const auto bus = modbus::make_tcp_bus({"127.0.0.1", port, Millis{2'000}, Millis{2'000}});
  ASSERT_TRUE(bus->open({}));
  ASSERT_GE(modbus_tcp_accept(context, &listener), 0);
  slave.serve();
  expect_its_registers(*bus, 17);
  ::close(listener);
}

TEST(LibmodbusSlave, IsReadOverALine) {
  const Cable cable;
  modbus_t* context = modbus_new_rtu(cable.there().c_str(), 19'200, 'N', 8, 1);
  ASSERT_EQ(modbus_set_slave(context, 17), 0);
  ASSERT_EQ(modbus_connect(context), 0);
  LibmodbusSlave slave(context);
  slave.serve();
  const auto bus =
      modbus::make_serial_bus({cable.here(), {{19'200, meter::Parity::none, 1}, Millis{1'000}, Millis{1'000}}});
  ASSERT_TRUE(bus->open({}));
  expect_its_registers(*bus, 17);
}

}  // namespace
}  // namespace jidian::test

#include "modbus/serial_port.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>

namespace jidian::modbus {
namespace {

TEST(SerialPort, APortWithoutALatencyToShortenIsLeftAsItIs) {
  const Descriptor pseudo_terminal{::posix_openpt(O_RDWR | O_NOCTTY)};
  ASSERT_TRUE(pseudo_terminal);
  termios before{};
  ASSERT_EQ(::tcgetattr(pseudo_terminal.get(), &before), 0);
  EXPECT_FALSE(shorten_latency(pseudo_terminal.get()));
  termios after{};
  ASSERT_EQ(::tcgetattr(pseudo_terminal.get(), &after), 0);
  EXPECT_EQ(after.c_cflag, before.c_cflag);
  EXPECT_FALSE(shorten_latency(-1));
}

}  // namespace
}  // namespace jidian::modbus

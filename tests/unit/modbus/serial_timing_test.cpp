#include "modbus/serial_timing.hpp"

#include <gtest/gtest.h>

namespace jidian::modbus {
namespace {

SerialTiming line(std::uint32_t baud, meter::Parity parity = meter::Parity::none, std::uint8_t stop_bits = 1) {
  return {{baud, parity, stop_bits}, Millis{500}, Millis{1'000}};
}

TEST(SerialTiming, ACharacterIsItsBits) {
  EXPECT_EQ(wire_time(line(9'600), 960), Micros{1'000'000});                         // 10 bits
  EXPECT_EQ(wire_time(line(9'600, meter::Parity::even), 960), Micros{1'100'000});    // 11 bits
  EXPECT_EQ(wire_time(line(9'600, meter::Parity::odd, 2), 960), Micros{1'200'000});  // 12 bits
  EXPECT_EQ(wire_time(line(9'600, meter::Parity::none, 2), 1), Micros{1'146});       // rounded up
}

TEST(SerialTiming, SilenceIsThreeAndAHalfCharacters) {
  EXPECT_EQ(frame_silence(line(9'600)), Micros{3'646});
  EXPECT_EQ(frame_silence(line(9'600, meter::Parity::even)), Micros{4'063});
  EXPECT_EQ(frame_silence(line(19'200)), Micros{1'823});
}

TEST(SerialTiming, SilenceIsFixedAbove19200Baud) {
  EXPECT_EQ(frame_silence(line(38'400)), Micros{1'750});
  EXPECT_EQ(frame_silence(line(115'200)), Micros{1'750});
}

TEST(SerialTiming, ASlowReplyMayTakeItsTimeOnTheWire) {
  EXPECT_EQ(reply_time(line(1'200), 8, 112), Millis{500 + 1'000});
}

TEST(SerialTiming, DeadTimeCoversTheLongestReplyAndIsNeverShorterThanTheTimeout) {
  auto options = line(9'600);
  EXPECT_EQ(dead_time(options, 8), Millis{1'000 + 275});
  options.worst_latency = Millis{10};
  EXPECT_GT(dead_time(options, 8), reply_time(options, 8, 200));
}

TEST(SerialTiming, UnknownRatesAreNotTakenFor9600) {
  EXPECT_TRUE(is_known_rate(9'600));
  EXPECT_TRUE(is_known_rate(115'200));
  EXPECT_FALSE(is_known_rate(0));
  EXPECT_FALSE(is_known_rate(9'601));
  EXPECT_FALSE(is_known_rate(14'400));
}

}  // namespace
}  // namespace jidian::modbus

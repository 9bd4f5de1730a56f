#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "modbus/bus.hpp"
#include "tests/integration/modbus/scripted_line.hpp"

/// A second master on the line reads blocks of the very length of ours, from the same unit: what it gets is not ours.
namespace jidian::test {
namespace {

using meter::Registers;
using meter::Table;
using Steady = std::chrono::steady_clock;

constexpr Registers block{Table::input, 300, 4};
constexpr std::uint16_t other_first = 307;
constexpr modbus::SerialTiming timing{{115'200, meter::Parity::none, 1}, Millis{100}, Millis{200}};

ReadRequest its_request() {
  return {0, 3, 4, other_first, block.count};
}

Frame its_frame() {
  const ReadRequest request = its_request();
  return with_crc({request.unit, request.function, static_cast<std::uint8_t>(request.first >> 8),
                   static_cast<std::uint8_t>(request.first & 0xFF), 0, static_cast<std::uint8_t>(request.count)});
}

std::vector<Utterance> true_answer(const ReadRequest& request) {
  return {{{}, with_crc(reply_to(request))}};
}

/// Whether a value came; one that is not true fails the test.
bool read_block(acquire::Bus& bus) {
  std::vector<std::uint16_t> words(block.count);
  const auto done = bus.read(3, block, words);
  for (std::uint32_t n = 0; done && n < block.count; ++n) EXPECT_EQ(words[n], truth(3, block.first + n));
  return static_cast<bool>(done);
}

void say(ScriptedLine& line, const Frame& frame) {
  ASSERT_EQ(::write(line.pty().master(), frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
}

TEST(OtherMaster, WhatItAskedForIsNotTakenForOursWhenItComes) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  for (int n = 0; n < 5; ++n) {
    say(line, its_frame());
    std::atomic<bool> answered{false};
    const std::jthread meter([&] {
      ::usleep(60'000);
      answered = true;
      say(line, with_crc(reply_to(its_request())));
    });
    EXPECT_TRUE(read_block(*bus));
    EXPECT_TRUE(answered);  // nothing was sent before the other one had its reply
  }
  EXPECT_EQ(line.strange(), 0);
}

TEST(OtherMaster, WhatItSaidBeforeDoesNotCostUsAReading) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  const auto before = bus->counters().foreign + bus->counters().late;
  say(line, its_frame());
  say(line, with_crc(reply_to(its_request())));
  EXPECT_TRUE(read_block(*bus));
  EXPECT_EQ(bus->counters().foreign + bus->counters().late, before + 2);
  EXPECT_EQ(bus->counters().corrupt, 0U);
}

TEST(OtherMaster, ThatIsNeverAnsweredIsWaitedForNoLongerThanTheWorstLatency) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  say(line, its_frame());
  const auto began = Steady::now();
  EXPECT_TRUE(read_block(*bus));
  EXPECT_GE(Steady::now() - began, timing.worst_latency);
}

TEST(OtherMaster, IsStillOwedItsReplyWhenALateOneOfOursHasCome) {
  // Ours is late; the other one asks meanwhile, and its reply follows just before the answer to our next request.
  std::atomic<int> requests{0};
  ScriptedLine line([&](const ReadRequest& request) -> std::vector<Utterance> {
    if (++requests == 2) return {{Millis{80}, with_crc(reply_to(request))}};
    if (requests > 2) return true_answer(request);
    return {{Millis{180}, its_frame()},
            {Millis{190}, with_crc(reply_to(request))},
            {Millis{275}, with_crc(reply_to(its_request()))}};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  EXPECT_FALSE(read_block(*bus));
  EXPECT_TRUE(read_block(*bus));
  EXPECT_TRUE(read_block(*bus));
}

TEST(OtherMaster, ThatAsksWhileWeWaitForAReplyMayGetItsOwnLater) {
  // Its request comes in the place of our reply, and its reply when none to ours can come any more: just before the
  // answer to our next request.
  std::atomic<int> requests{0};
  ScriptedLine line([&](const ReadRequest& request) -> std::vector<Utterance> {
    if (++requests == 2) return {{Millis{80}, with_crc(reply_to(request))}};
    if (requests > 2) return true_answer(request);
    return {{Millis{90}, its_frame()}, {Millis{275}, with_crc(reply_to(its_request()))}};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  EXPECT_FALSE(read_block(*bus));
  EXPECT_TRUE(read_block(*bus));
  EXPECT_TRUE(read_block(*bus));
}

}  // namespace
}  // namespace jidian::test

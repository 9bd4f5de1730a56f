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
constexpr modbus::SerialTiming timing{{115'200, meter::Parity::none, 1}, Millis{300}, Millis{400}};

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

TEST(OtherMaster, WhatItAskedForIsNotTakenForOursWhenItComes) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  for (int n = 0; n < 5; ++n) {
    line.pty().say(its_frame());
    std::atomic<bool> answered{false};
    const std::jthread meter([&] {
      ::usleep(60'000);
      answered = true;
      line.pty().say(with_crc(reply_to(its_request())));
    });
    EXPECT_TRUE(read_block(*bus));
    EXPECT_TRUE(answered);  // nothing was sent before the other one had its reply
  }
  EXPECT_EQ(line.strange(), 0);
}

TEST(OtherMaster, ThatAskedTwiceIsOwedTwoReplies) {
  // It gave the first one up before the meter had answered: both replies come, the second in the place of ours.
  std::atomic<int> requests{0};
  ScriptedLine line([&](const ReadRequest& request) -> std::vector<Utterance> {
    if (++requests == 1) return true_answer(request);
    return {{Millis{60}, with_crc(reply_to(request))}};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  line.pty().say(its_frame());
  line.pty().say(with_crc(reply_to(its_request())));
  const std::jthread other([&] {
    const auto began = Steady::now();
    const auto at = [&](Millis time) { std::this_thread::sleep_until(began + time); };
    at(Millis{350});  // while we listen because of what it said before
    line.pty().say(its_frame());
    at(Millis{400});
    line.pty().say(its_frame());
    at(Millis{460});
    line.pty().say(with_crc(reply_to(its_request())));
    at(Millis{530});  // a run of bytes has ended meanwhile
    line.pty().say(with_crc(reply_to(its_request())));
  });
  EXPECT_TRUE(read_block(*bus));
  EXPECT_TRUE(read_block(*bus));
}

TEST(OtherMaster, WhoseReplyWasLostHoldsUsUpForTheWorstLatencyAtMost) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  line.pty().say(its_frame());
  std::atomic<bool> enough{false};
  const std::jthread other([&] {  // goes on all the time, and is answered
    while (!enough) {
      ::usleep(60'000);
      line.pty().say(its_frame());
      ::usleep(10'000);
      line.pty().say(with_crc(reply_to(its_request())));
    }
  });
  int good = 0;
  for (const auto end = Steady::now() + 10 * timing.worst_latency; Steady::now() < end;)
    good += read_block(*bus) ? 1 : 0;
  enough = true;
  EXPECT_GE(good, 3);
}

TEST(OtherMaster, WhatItSaidBeforeDoesNotCostUsAReading) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  const auto before = bus->counters().foreign + bus->counters().late;
  line.pty().say(its_frame());
  line.pty().say(with_crc(reply_to(its_request())));
  EXPECT_TRUE(read_block(*bus));
  EXPECT_EQ(bus->counters().foreign + bus->counters().late, before + 2);
  EXPECT_EQ(bus->counters().corrupt, 0U);
}

TEST(OtherMaster, ThatIsNeverAnsweredIsWaitedForNoLongerThanTheWorstLatency) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  line.pty().say(its_frame());
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
    return {{Millis{330}, its_frame()},
            {Millis{340}, with_crc(reply_to(request))},
            {Millis{470}, with_crc(reply_to(its_request()))}};
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
    return {{Millis{280}, its_frame()}, {Millis{470}, with_crc(reply_to(its_request()))}};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  EXPECT_FALSE(read_block(*bus));
  EXPECT_TRUE(read_block(*bus));
  EXPECT_TRUE(read_block(*bus));
}

}  // namespace
}  // namespace jidian::test

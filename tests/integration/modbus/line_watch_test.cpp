#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>

#include "modbus/bus.hpp"
#include "tests/integration/modbus/device_server.hpp"
#include "tests/integration/modbus/scripted_endpoint.hpp"
#include "tests/integration/modbus/scripted_line.hpp"

/// What a bus tells beside values, and what it never says itself.
namespace jidian::test {
namespace {

using acquire::FrameKind;
using meter::Registers;
using meter::Table;
using testing::Each;
using testing::ElementsAre;

constexpr Registers block{Table::input, 300, 4};
constexpr modbus::SerialTiming timing{{115'200, meter::Parity::none, 1}, Millis{100}, Millis{200}};

std::vector<Utterance> true_answer(const ReadRequest& request) {
  return {{{}, with_crc(reply_to(request))}};
}

Status read_block(acquire::Bus& bus, std::uint8_t unit = 3) {
  std::vector<std::uint16_t> words(block.count);
  auto done = bus.read(unit, block, words);
  for (std::uint32_t n = 0; done && n < block.count; ++n) EXPECT_EQ(words[n], truth(unit, block.first + n));
  return done;
}

std::vector<FrameKind> kinds_of(const std::vector<acquire::Frame>& frames) {
  std::vector<FrameKind> kinds;
  for (const auto& frame : frames) kinds.push_back(frame.kind);
  return kinds;
}

TEST(LineWatch, ALateReplyIsShownAndCounted) {
  ScriptedLine line([](const ReadRequest& request) {
    return std::vector<Utterance>{{Millis{150}, with_crc(reply_to(request))}};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  std::vector<acquire::Frame> frames;
  bus->watch_frames([&](const acquire::Frame& frame) { frames.push_back(frame); });
  EXPECT_FALSE(read_block(*bus));
  EXPECT_THAT(kinds_of(frames), ElementsAre(FrameKind::request, FrameKind::late));
  const auto counted = bus->counters();
  EXPECT_EQ(counted.requests, 1U);
  EXPECT_EQ(counted.timeouts, 1U);
  EXPECT_EQ(counted.late, 1U);
  EXPECT_EQ(counted.foreign, 0U);
}

TEST(LineWatch, AnEchoingAdapterIsRecognised) {
  ScriptedLine line([](const ReadRequest& request) {
    return std::vector<Utterance>{{{}, with_crc({request.unit, request.function, 1, 44, 0, 4})}};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  EXPECT_FALSE(read_block(*bus));
  EXPECT_EQ(bus->counters().echoes, 1U);
}

TEST(LineWatch, AnotherMasterIsHeardBeforeAnythingIsSent) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  const auto quiet = bus->listen(Millis{120}, {});
  ASSERT_TRUE(quiet);
  EXPECT_EQ(quiet->bytes, 0U);
  EXPECT_FALSE(quiet->foreign_traffic());

  const std::jthread master([&](const std::stop_token& stop) {
    const auto request = with_crc({17, 3, 0, 1, 0, 2});
    while (!stop.stop_requested()) {
      line.pty().say(request);
      ::usleep(60'000);
    }
  });
  const auto heard = bus->listen(Millis{400}, {});
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->foreign_traffic());
  ASSERT_FALSE(heard->frames.empty());
  EXPECT_EQ(heard->frames[0].bytes, with_crc({17, 3, 0, 1, 0, 2}));
  EXPECT_GE(bus->counters().foreign, 2U);
  EXPECT_EQ(bus->counters().requests, 0U);
}

TEST(LineWatch, WhatAMasterSaidBeforeListeningBeganIsNotHeard) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  const auto request = with_crc({17, 3, 0, 1, 0, 2});
  for (int times = 0; times < 100; ++times) {
    line.pty().say(request);
    ::usleep(1'000);
  }
  const auto heard = bus->listen(Millis{100}, {});
  ASSERT_TRUE(heard);
  EXPECT_FALSE(heard->foreign_traffic());
  EXPECT_EQ(bus->counters().foreign, 0U);
  EXPECT_TRUE(read_block(*bus));
}

TEST(Probe, AUnitThatAnswersIsFoundAndASilentOneIsNoError) {
  ScriptedLine line([](const ReadRequest& request) -> std::vector<Utterance> {
    if (request.unit == 3) return true_answer(request);
    if (request.unit == 5) return {{{}, with_crc(exception_to(request, 2))}};
    return {};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  const auto there = bus->probe(3, block, Millis{60});
  ASSERT_TRUE(there);
  EXPECT_TRUE(there->answered);
  EXPECT_EQ(there->exception, 0);
  const auto refusing = bus->probe(5, block, Millis{60});
  ASSERT_TRUE(refusing);
  EXPECT_TRUE(refusing->answered);
  EXPECT_EQ(refusing->exception, 2);
  const auto silent = bus->probe(9, block, Millis{60});
  ASSERT_TRUE(silent);
  EXPECT_FALSE(silent->answered);
  EXPECT_TRUE(bus->is_open());
  EXPECT_EQ(line.strange(), 0);
}

TEST(Probe, WhatASilentUnitStillOwesNeverBecomesAValue) {
  // The first reply is late and lies: it has the unit, function and length of the read that follows the probe.
  std::atomic<int> requests{0};
  ScriptedLine line([&](const ReadRequest& request) -> std::vector<Utterance> {
    if (++requests > 1) return true_answer(request);
    auto other = request;
    other.first = static_cast<std::uint16_t>(request.first + 7);
    return {{Millis{150}, with_crc(reply_to(other))}};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  const auto probe = bus->probe(3, block, Millis{20});
  ASSERT_TRUE(probe);
  EXPECT_FALSE(probe->answered);
  EXPECT_TRUE(read_block(*bus));  // compares with the truth
  EXPECT_EQ(bus->counters().late, 1U);
}

TEST(Probe, ALateReplyCountsForTheUnitThatSentIt) {
  ScriptedLine line([](const ReadRequest& request) -> std::vector<Utterance> {
    if (request.unit == 3) return {{Millis{60}, with_crc(reply_to(request))}};
    return {};
  });
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  const auto first = bus->probe(3, block, Millis{20});
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->answered);
  const auto second = bus->probe(4, block, Millis{100});
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->answered);
  EXPECT_THAT(second->others, ElementsAre(3));
}

TEST(LineWatch, ListeningStopsWhenAsked) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  std::stop_source stop;
  const std::jthread asker([&] { stop.request_stop(); });
  const auto from = std::chrono::steady_clock::now();
  EXPECT_EQ(bus->listen(Millis{60'000}, stop.get_token()).error().kind(), ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds{5});
}

TEST(LineWatch, SettingsHoldUntilTheLineIsOpenedAnew) {
  ScriptedLine line(true_answer);
  const auto bus = modbus::make_serial_bus({line.path(), timing});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(bus->retune({19'200, meter::Parity::even, 1}));
  EXPECT_EQ(bus->address(), line.path() + " 19200 8E1");
  EXPECT_TRUE(read_block(*bus));
  EXPECT_FALSE(bus->retune({19'201, meter::Parity::even, 1}));
  EXPECT_FALSE(bus->is_open());
  ASSERT_TRUE(bus->open({}));
  EXPECT_EQ(bus->address(), line.path() + " 115200 8N1");
  EXPECT_TRUE(read_block(*bus));
}

TEST(DeviceServer, ALateReplyDoesNotOutliveItsSilence) {
  std::atomic<int> requests{0};
  ScriptedLine line([&](const ReadRequest& request) {
    const Millis delay{++requests == 1 ? 150 : 0};
    return std::vector<Utterance>{{delay, with_crc(reply_to(request))}};
  });
  DeviceServer server(line.path());
  const auto bus = modbus::make_rtu_over_tcp_bus({"127.0.0.1", server.port(), Millis{2'000}, timing});
  ASSERT_TRUE(bus->open({}));
  EXPECT_TRUE(bus->is_shared_line());
  EXPECT_EQ(read_block(*bus).error().kind(), ErrorKind::timeout);
  EXPECT_EQ(bus->counters().late, 1U);
  EXPECT_TRUE(read_block(*bus));
  EXPECT_TRUE(read_block(*bus, 9));
  EXPECT_EQ(line.strange(), 0);
}

TEST(DeviceServer, AReplyToARequestWhoseConnectionBrokeIsNotTakenFromTheNextOne) {
  std::atomic<int> requests{0};
  std::atomic<DeviceServer*> server = nullptr;
  ScriptedLine line([&](const ReadRequest& request) {
    const bool is_first = ++requests == 1;
    if (is_first) server.load()->hang_up();
    return std::vector<Utterance>{{Millis{is_first ? 60 : 65}, with_crc(reply_to(request))}};
  });
  DeviceServer there(line.path());
  server = &there;
  const auto bus = modbus::make_rtu_over_tcp_bus({"127.0.0.1", there.port(), Millis{2'000}, timing});
  ASSERT_TRUE(bus->open({}));
  std::vector<std::uint16_t> words(block.count);
  const Registers other{block.table, static_cast<std::uint16_t>(block.first + 20), block.count};
  EXPECT_EQ(bus->read(3, other, words).error().kind(), ErrorKind::unreachable);
  ASSERT_TRUE(bus->open({}));
  EXPECT_TRUE(read_block(*bus));
  EXPECT_EQ(requests, 2);
}

/// Every operation there is, on a peer that only records.
void do_everything(acquire::Bus& bus) {
  std::vector<std::uint16_t> words(2);
  for (const Table table : {Table::coil, Table::discrete_input, Table::holding, Table::input}) {
    (void)bus.open({});
    (void)bus.read(3, {table, 10, 2}, words);
  }
  (void)bus.open({});
  (void)bus.server_id(3);
  (void)bus.open({});
  (void)bus.device_identification(3);
  (void)bus.open({});
  (void)bus.listen(Millis{20}, {});
  (void)bus.retune({9'600, meter::Parity::none, 1});
}

/// The functions of all frames sent, by the place a framing gives them.
std::set<int> functions_sent(acquire::Bus& bus, std::size_t at) {
  std::set<int> functions;
  bus.watch_frames([&](const acquire::Frame& frame) {
    if (frame.kind == FrameKind::request) functions.insert(frame.bytes.at(at));
  });
  do_everything(bus);
  return functions;
}

constexpr modbus::SerialTiming short_timing{{115'200, meter::Parity::none, 1}, Millis{20}, Millis{20}};

/// Reads all bytes that reach `fd` until it is closed or told to stop, splits nothing: the test looks at them itself.
class Recorder {
 public:
  explicit Recorder(int fd) : thread_([this, fd](const std::stop_token& stop) { run(fd, stop); }) {}
  Frame bytes() {
    thread_.request_stop();
    thread_.join();
    return bytes_;
  }

 private:
  void run(int fd, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd watched{fd, POLLIN, 0};
      if (::poll(&watched, 1, 20) <= 0) continue;
      std::array<std::uint8_t, 256> some{};
      const auto count = ::read(fd, some.data(), some.size());
      if (count <= 0) continue;
      bytes_.insert(bytes_.end(), some.begin(), some.begin() + count);
    }
  }
  Frame bytes_;
  std::jthread thread_;
};

/// What may stand on the wire, byte for byte: the four reads, report server id, read device identification.
Frame all_that_may_be_sent() {
  Frame all;
  for (const Frame& request : std::vector<Frame>{{3, 1, 0, 10, 0, 2},
                                                 {3, 2, 0, 10, 0, 2},
                                                 {3, 3, 0, 10, 0, 2},
                                                 {3, 4, 0, 10, 0, 2},
                                                 {3, 17},
                                                 {3, 43, 14, 1, 0}}) {
    const Frame whole = with_crc(request);
    all.insert(all.end(), whole.begin(), whole.end());
  }
  return all;
}

TEST(OnlyReads, EveryByteSentOnALineIsARead) {
  Pty pty;
  const auto bus = modbus::make_serial_bus({pty.path(), short_timing});
  Recorder recorder(pty.master());
  EXPECT_THAT(functions_sent(*bus, 1), testing::UnorderedElementsAre(1, 2, 3, 4, 17, 43));
  EXPECT_EQ(recorder.bytes(), all_that_may_be_sent());
}

TEST(OnlyReads, EveryByteSentToADeviceServerIsARead) {
  Pty pty;
  DeviceServer server(pty.path());
  const auto bus = modbus::make_rtu_over_tcp_bus({"127.0.0.1", server.port(), Millis{2'000}, short_timing});
  Recorder recorder(pty.master());
  EXPECT_THAT(functions_sent(*bus, 1), testing::UnorderedElementsAre(1, 2, 3, 4, 17, 43));
  EXPECT_EQ(recorder.bytes(), all_that_may_be_sent());
}

TEST(OnlyReads, EveryRequestSentOverTcpIsARead) {
  std::mutex mutex;
  std::set<int> arrived;
  ScriptedEndpoint endpoint([&](const ReadRequest& request) {
    const std::scoped_lock lock(mutex);
    arrived.insert(request.function);
    return TcpAnswer{};
  });
  const auto bus = modbus::make_tcp_bus({"127.0.0.1", endpoint.port(), Millis{2'000}, Millis{60}});
  EXPECT_THAT(functions_sent(*bus, 7), testing::UnorderedElementsAre(1, 2, 3, 4, 17, 43));
  const std::scoped_lock lock(mutex);
  EXPECT_THAT(arrived, testing::IsSupersetOf({1, 2, 3, 4}));
  EXPECT_THAT(arrived, Each(testing::AnyOf(1, 2, 3, 4, 17, 43)));
}

}  // namespace
}  // namespace jidian::test

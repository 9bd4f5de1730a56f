#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>

#include "modbus/bus.hpp"
#include "tests/integration/modbus/scripted_endpoint.hpp"

namespace jidian::test {
namespace {

using meter::Registers;
using meter::Table;
using Steady = std::chrono::steady_clock;

constexpr Registers block{Table::holding, 300, 4};

std::unique_ptr<acquire::Bus> bus_at(std::uint16_t port, Millis response = Millis{200},
                                     Millis connect = Millis{2'000}) {
  return modbus::make_tcp_bus({"127.0.0.1", port, connect, response});
}

TcpAnswer true_answer(const ReadRequest& request) {
  return {{{{}, with_tcp_header(request.transaction, reply_to(request))}}, false};
}

/// Reads `block` from unit 3 and checks the values, if there are any.
Status read_block(acquire::Bus& bus, Registers registers = block, std::uint8_t unit = 3) {
  std::vector<std::uint16_t> words(registers.count);
  auto done = bus.read(unit, registers, words);
  for (std::uint32_t n = 0; done && n < registers.count; ++n) EXPECT_EQ(words[n], truth(unit, registers.first + n));
  return done;
}

TEST(TcpBus, ReadsEveryTableOfSeveralUnits) {
  ScriptedEndpoint endpoint(true_answer);
  const auto bus = bus_at(endpoint.port());
  ASSERT_TRUE(bus->open({}));
  for (const auto unit : std::vector<std::uint8_t>{1, 7, 247, 255})
    for (const Table table : {Table::holding, Table::input})
      for (const auto count : std::vector<std::uint16_t>{1, 2, 124, 125})
        EXPECT_TRUE(read_block(*bus, {table, static_cast<std::uint16_t>(65'536 - count), count}, unit));
  std::vector<std::uint16_t> bits(2'000);
  for (const Table table : {Table::coil, Table::discrete_input}) {
    ASSERT_TRUE(bus->read(7, {table, 11, 2'000}, bits));
    for (std::uint32_t n = 0; n < bits.size(); ++n) EXPECT_EQ(bits[n], truth(7, 11 + n) & 1U);
  }
  EXPECT_EQ(endpoint.connections(), 1);
  EXPECT_EQ(bus->address(), "127.0.0.1:" + std::to_string(endpoint.port()));
}

TEST(TcpBus, AnExceptionKeepsTheConnection) {
  ScriptedEndpoint endpoint([](const ReadRequest& request) -> TcpAnswer {
    if (request.first != 300) return true_answer(request);
    return {{{{}, with_tcp_header(request.transaction, exception_to(request, 2))}}, false};
  });
  const auto bus = bus_at(endpoint.port());
  ASSERT_TRUE(bus->open({}));
  const auto refused = read_block(*bus);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::refused);
  EXPECT_EQ(bus->last_exception(), 2);
  EXPECT_TRUE(bus->is_open());
  EXPECT_TRUE(read_block(*bus, {Table::holding, 400, 2}));
  EXPECT_EQ(bus->last_exception(), 0);
}

TEST(TcpBus, AGatewayWhoseMeterIsSilentIsATimeoutThatKeepsTheConnection) {
  ScriptedEndpoint endpoint([](const ReadRequest& request) -> TcpAnswer {
    return {{{{}, with_tcp_header(request.transaction, exception_to(request, 11))}}, false};
  });
  const auto bus = bus_at(endpoint.port());
  ASSERT_TRUE(bus->open({}));
  const auto silent = read_block(*bus);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().kind(), ErrorKind::timeout);
  EXPECT_EQ(bus->last_exception(), 11);
  EXPECT_TRUE(bus->is_open());
}

struct Misdeed {
  const char* name;
  ErrorKind kind;
  std::function<TcpAnswer(const ReadRequest&)> answer;
};

TcpAnswer raw(std::uint16_t transaction, const Frame& reply) {
  return {{{{}, with_tcp_header(transaction, reply)}}, false};
}

const std::vector<Misdeed> misdeeds{
    {"WrongTransaction", ErrorKind::corrupt,
     [](const ReadRequest& r) { return raw(static_cast<std::uint16_t>(r.transaction + 1), reply_to(r)); }},
    {"TransactionOfTheRequestBefore", ErrorKind::corrupt,
     [](const ReadRequest& r) { return raw(static_cast<std::uint16_t>(r.transaction - 1), reply_to(r)); }},
    {"WrongUnit", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto reply = reply_to(r);
       ++reply[0];
       return raw(r.transaction, reply);
     }},
    {"WrongFunction", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto reply = reply_to(r);
       reply[1] = 4;
       return raw(r.transaction, reply);
     }},
    {"TooFewRegisters", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto fewer = r;
       fewer.count = 3;
       return raw(r.transaction, reply_to(fewer));
     }},
    {"LengthInHeaderIsWrong", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto frame = with_tcp_header(r.transaction, reply_to(r));
       ++frame[5];
       return TcpAnswer{{{{}, frame}}, false};
     }},
    {"AnotherProtocol", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto frame = with_tcp_header(r.transaction, reply_to(r));
       frame[3] = 1;
       return TcpAnswer{{{{}, frame}}, false};
     }},
    {"ByteCountBeyondTheFrame", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       Frame reply(255, 0);
       reply[0] = r.unit;
       reply[1] = static_cast<std::uint8_t>(r.function);
       reply[2] = 255;
       return raw(r.transaction, reply);
     }},
    {"Echo", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       return raw(r.transaction, {r.unit, r.function, static_cast<std::uint8_t>(r.first >> 8),
                                  static_cast<std::uint8_t>(r.first & 0xFF), 0, 4});
     }},
    {"TruncatedAndSilent", ErrorKind::timeout,
     [](const ReadRequest& r) {
       auto frame = with_tcp_header(r.transaction, reply_to(r));
       frame.resize(frame.size() - 3);
       return TcpAnswer{{{{}, frame}}, false};
     }},
    {"ClosesInTheMiddleOfAFrame", ErrorKind::unreachable,
     [](const ReadRequest& r) {
       auto frame = with_tcp_header(r.transaction, reply_to(r));
       frame.resize(frame.size() - 3);
       return TcpAnswer{{{{}, frame}}, true};
     }},
    {"ClosesInsteadOfAnswering", ErrorKind::unreachable,
     [](const ReadRequest&) {
       return TcpAnswer{{}, true};
     }},
    {"Silent", ErrorKind::timeout, [](const ReadRequest&) { return TcpAnswer{}; }},
    {"DripsByteByByte", ErrorKind::timeout,
     [](const ReadRequest& r) {
       TcpAnswer answer;
       for (const auto byte : with_tcp_header(r.transaction, reply_to(r))) answer.parts.push_back({Millis{60}, {byte}});
       return answer;
     }},
};

class TcpBusMisdeed : public testing::TestWithParam<Misdeed> {};

TEST_P(TcpBusMisdeed, EndsTheConnectionAndNeverBecomesAValue) {
  std::atomic<bool> behave{false};
  ScriptedEndpoint endpoint([&](const ReadRequest& r) { return behave ? true_answer(r) : GetParam().answer(r); });
  const auto bus = bus_at(endpoint.port());
  ASSERT_TRUE(bus->open({}));
  const auto began = Steady::now();
  const auto failed = read_block(*bus);
  EXPECT_LT(Steady::now() - began, Millis{200} + Millis{400});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), GetParam().kind) << failed.error().message();
  EXPECT_FALSE(bus->is_open());

  behave = true;
  ASSERT_TRUE(bus->open({}));
  EXPECT_TRUE(read_block(*bus));
}

INSTANTIATE_TEST_SUITE_P(All, TcpBusMisdeed, testing::ValuesIn(misdeeds),
                         [](const auto& misdeed) { return misdeed.param.name; });

TEST(TcpBus, AReplyInPiecesIsWhole) {
  ScriptedEndpoint endpoint([](const ReadRequest& request) {
    const auto frame = with_tcp_header(request.transaction, reply_to(request));
    const auto middle = frame.begin() + 9;
    return TcpAnswer{{{{}, {frame.begin(), middle}}, {Millis{30}, {middle, frame.end()}}}, false};
  });
  const auto bus = bus_at(endpoint.port(), Millis{2'000});
  ASSERT_TRUE(bus->open({}));
  EXPECT_TRUE(read_block(*bus));
}

TEST(TcpBus, AReplyThatComesTwiceIsNotTheNextAnswer) {
  ScriptedEndpoint endpoint([](const ReadRequest& request) {
    auto frame = with_tcp_header(request.transaction, reply_to(request));
    const auto once = frame;
    frame.insert(frame.end(), once.begin(), once.end());
    return TcpAnswer{{{{}, frame}}, false};
  });
  const auto bus = bus_at(endpoint.port());
  ASSERT_TRUE(bus->open({}));
  int good = 0;
  for (std::uint16_t n = 0; n < 40; ++n) {
    ASSERT_TRUE(bus->open({}));
    if (read_block(*bus, {Table::holding, static_cast<std::uint16_t>(n * 5), 4})) ++good;
  }
  EXPECT_GE(good, 20);  // each answer is good, then the connection is out of step and made anew
}

TEST(TcpBus, AnIdleConnectionThatWasClosedIsUnreachableAtOnce) {
  ScriptedEndpoint endpoint([](const ReadRequest& request) {
    auto answer = true_answer(request);
    answer.close = true;
    return answer;
  });
  const auto bus = bus_at(endpoint.port(), Millis{5'000});
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));
  const auto began = Steady::now();
  const auto failed = read_block(*bus);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::unreachable);
  EXPECT_LT(Steady::now() - began, Millis{1'000});
}

TEST(TcpBus, ARefusedConnectionIsUnreachableUntilSomebodyListens) {
  const auto port = free_port();
  const auto bus = bus_at(port);
  const auto refused = bus->open({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::unreachable);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("refused"));
  ScriptedEndpoint endpoint(true_answer, port);
  ASSERT_TRUE(bus->open({}));
  EXPECT_TRUE(read_block(*bus));
}

TEST(TcpBus, ANameIsLookedUp) {
  ScriptedEndpoint endpoint(true_answer);
  const auto bus = modbus::make_tcp_bus({"localhost", endpoint.port(), Millis{2'000}, Millis{1'000}});
  ASSERT_TRUE(bus->open({}));
  EXPECT_TRUE(read_block(*bus));
}

TEST(TcpBus, ConnectingEndsWithItsTimeout) {
  DeafEndpoint deaf;
  const auto bus = bus_at(deaf.port(), Millis{200}, Millis{150});
  const auto began = Steady::now();
  const auto failed = bus->open({});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::unreachable);
  EXPECT_GE(Steady::now() - began, Millis{150});
  EXPECT_LT(Steady::now() - began, Millis{1'000});
}

TEST(TcpBus, ConnectingEndsWhenAskedToStop) {
  DeafEndpoint deaf;
  const auto bus = bus_at(deaf.port(), Millis{200}, Millis{60'000});
  std::stop_source stop;
  auto opening = std::async(std::launch::async, [&] { return bus->open(stop.get_token()); });
  EXPECT_EQ(opening.wait_for(Millis{50}), std::future_status::timeout);
  stop.request_stop();
  ASSERT_EQ(opening.wait_for(Millis{2'000}), std::future_status::ready);
  EXPECT_EQ(opening.get().error().kind(), ErrorKind::cancelled);
}

}  // namespace
}  // namespace jidian::test

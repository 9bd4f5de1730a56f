#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <thread>

#include "modbus/bus.hpp"
#include "tests/integration/modbus/device_server.hpp"
#include "tests/integration/modbus/scripted_endpoint.hpp"
#include "tests/integration/modbus/scripted_line.hpp"

/// Many transactions over wires that misbehave at random, with true replies of the same unit, function and length as
/// the favourite lie: not one may become a value.
namespace jidian::test {
namespace {

using meter::Registers;
using meter::Table;
using std::chrono::microseconds;

enum class Deed : std::uint8_t { clean, late, silent, foreign_unit, bad_crc, truncated, doubled, refused, count };

struct Tally {
  int clean = 0;  ///< Transactions without a fault.
  int good = 0;   ///< Those of them that gave a value.
  int wrong = 0;  ///< Values that are not true.
  int faults = 0;
};

Tally& operator+=(Tally& sum, const Tally& more) {
  sum.clean += more.clean;
  sum.good += more.good;
  sum.wrong += more.wrong;
  sum.faults += more.faults;
  return sum;
}

/// Draws what happens to the next request: `late_percent` late ones, two per cent of each other fault.
class Dice {
 public:
  Dice(unsigned seed, int late_percent) : random_(seed), late_percent_(late_percent) {}

  Deed throw_once() {
    const int percent = std::uniform_int_distribution(0, 99)(random_);
    if (percent < late_percent_) return Deed::late;
    const int other = (percent - late_percent_) / 2 + static_cast<int>(Deed::silent);
    return other < static_cast<int>(Deed::count) ? static_cast<Deed>(other) : Deed::clean;
  }
  int between(int least, int most) { return std::uniform_int_distribution(least, most)(random_); }

 private:
  std::mt19937 random_;
  int late_percent_;
};

/// Reads a different block each time, all of one length, and compares with the truth.
Tally work(acquire::Bus& bus, int transactions, const std::atomic<Deed>& last) {
  Tally tally;
  for (int n = 0; n < transactions; ++n) {
    if (!bus.is_open() && !bus.open({})) continue;
    const Registers registers{Table::holding, static_cast<std::uint16_t>(n * 7 % 60'000), 5};
    std::array<std::uint16_t, 5> words{};
    const auto done = bus.read(4, registers, words);
    const bool clean = last == Deed::clean;
    tally.clean += clean ? 1 : 0;
    tally.faults += clean ? 0 : 1;
    if (!done) continue;
    tally.good += clean ? 1 : 0;
    for (std::uint32_t i = 0; i < words.size(); ++i)
      if (words[i] != truth(4, registers.first + i)) {
        ++tally.wrong;
        break;
      }
  }
  return tally;
}

constexpr Millis response{8};
constexpr Millis latency{90};  // the slave speaks up to 20 ms late: what remains is for a busy test machine

std::vector<Utterance> rtu_answer(Dice& dice, Deed deed, const ReadRequest& request) {
  auto frame = with_crc(reply_to(request));
  switch (deed) {
    case Deed::clean:
    case Deed::count:
      return {{{}, frame}};
    case Deed::late:
      return {{microseconds{dice.between(9'500, 20'000)}, frame}};
    case Deed::silent:
      return {};
    case Deed::foreign_unit: {
      auto other = reply_to(request);
      other[0] = 5;
      return {{{}, with_crc(other)}};
    }
    case Deed::bad_crc:
      frame[static_cast<std::size_t>(dice.between(3, 12))] ^= static_cast<std::uint8_t>(1 << dice.between(0, 7));
      return {{{}, frame}};
    case Deed::truncated:
      frame.resize(static_cast<std::size_t>(dice.between(1, 14)));
      return {{{}, frame}};
    case Deed::doubled: {  // a lie with a good CRC in front of the truth
      auto other = request;
      other.first = static_cast<std::uint16_t>(request.first + 7);
      auto both = with_crc(reply_to(other));
      both.insert(both.end(), frame.begin(), frame.end());
      return {{{}, both}};
    }
    case Deed::refused:
      break;
  }
  return {{{}, with_crc(exception_to(request, 6))}};
}

/// Four lines at once; `make` gives what it is told to do the bus to a line's terminal.
template <typename MakeBus>
void expect_no_false_rtu_value(MakeBus make) {
  std::array<Tally, 4> tallies;
  {
    std::vector<std::jthread> lines;
    for (unsigned n = 0; n < tallies.size(); ++n) {
      lines.emplace_back([n, &tallies, &make] {
        Dice dice(n, 10);
        std::atomic<Deed> last{Deed::clean};
        ScriptedLine line([&](const ReadRequest& request) {
          last = dice.throw_once();
          return rtu_answer(dice, last, request);
        });
        make(line.path(), [&](acquire::Bus& bus) { tallies[n] = work(bus, 500, last); });
        EXPECT_EQ(line.strange(), 0);
      });
    }
  }
  Tally sum;
  for (const Tally& tally : tallies) sum += tally;
  EXPECT_EQ(sum.wrong, 0);
  EXPECT_GE(sum.faults, 350);
  EXPECT_GE(sum.good, sum.clean / 2) << sum.clean << " clean transactions";  // a busy machine is late by itself
}

constexpr modbus::SerialTiming fast{{1'000'000, meter::Parity::none, 1}, response, latency};

TEST(FaultSoup, NoRtuValueIsFalse) {
  expect_no_false_rtu_value([](const std::string& path, const auto& use) {
    const auto bus = modbus::make_serial_bus({path, fast});
    use(*bus);
  });
}

TEST(FaultSoup, NoValueThroughADeviceServerIsFalse) {
  expect_no_false_rtu_value([](const std::string& path, const auto& use) {
    DeviceServer server(path);
    const auto bus = modbus::make_rtu_over_tcp_bus({"127.0.0.1", server.port(), Millis{2'000}, fast});
    use(*bus);
  });
}

TcpAnswer tcp_answer(Dice& dice, Deed deed, const ReadRequest& request) {
  auto frame = with_tcp_header(request.transaction, reply_to(request));
  switch (deed) {
    case Deed::clean:
    case Deed::count:
      return {{{{}, frame}}, false};
    case Deed::late:
      return {{{Millis{dice.between(12, 25)}, frame}}, false};
    case Deed::silent:
      return {};
    case Deed::foreign_unit: {
      auto other = reply_to(request);
      other[0] = 5;
      return {{{{}, with_tcp_header(request.transaction, other)}}, false};
    }
    case Deed::bad_crc:  // TCP has none: the transaction is wrong instead
      return {
          {{{},
            with_tcp_header(static_cast<std::uint16_t>(request.transaction - dice.between(1, 3)), reply_to(request))}},
          false};
    case Deed::truncated:
      frame.resize(static_cast<std::size_t>(dice.between(1, 18)));
      return {{{{}, frame}}, dice.between(0, 1) == 0};
    case Deed::doubled: {  // the truth, and later the same once more
      return {{{{}, frame}, {Millis{dice.between(0, 2)}, frame}}, false};
    }
    case Deed::refused:
      break;
  }
  return {{{{}, with_tcp_header(request.transaction, exception_to(request, 6))}}, false};
}

TEST(FaultSoup, NoTcpValueIsFalse) {
  std::array<Tally, 4> tallies;
  {
    std::vector<std::jthread> endpoints;
    for (unsigned n = 0; n < tallies.size(); ++n) {
      endpoints.emplace_back([n, &tallies] {
        Dice dice(100 + n, 10);
        std::atomic<Deed> last{Deed::clean};
        ScriptedEndpoint endpoint([&](const ReadRequest& request) {
          last = dice.throw_once();
          return tcp_answer(dice, last, request);
        });
        const auto bus = modbus::make_tcp_bus({"127.0.0.1", endpoint.port(), Millis{2'000}, response});
        tallies[n] = work(*bus, 1'500, last);
      });
    }
  }
  Tally sum;
  for (const Tally& tally : tallies) sum += tally;
  EXPECT_EQ(sum.wrong, 0);
  EXPECT_GE(sum.faults, 1'000);
  EXPECT_GE(sum.good, sum.clean / 2) << sum.clean << " clean transactions";  // doubled ones cost the next
}

}  // namespace
}  // namespace jidian::test

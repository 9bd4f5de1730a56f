#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <thread>

#include "modbus/bus.hpp"
#include "modbus/descriptor.hpp"
#include "tests/integration/modbus/child.hpp"
#include "tests/integration/modbus/scripted_line.hpp"

namespace jidian::test {
namespace {

using meter::Registers;
using meter::Table;
using Steady = std::chrono::steady_clock;

constexpr Registers block{Table::input, 300, 4};
constexpr Millis response{100};
constexpr Millis latency{200};

std::unique_ptr<acquire::Bus> bus_on(const std::string& path, std::uint32_t baud = 115'200) {
  return modbus::make_serial_bus({path, {{baud, meter::Parity::none, 1}, response, latency}});
}

std::vector<Utterance> true_answer(const ReadRequest& request) {
  return {{{}, with_crc(reply_to(request))}};
}

Status read_block(acquire::Bus& bus, Registers registers = block, std::uint8_t unit = 3) {
  std::vector<std::uint16_t> words(registers.count);
  auto done = bus.read(unit, registers, words);
  for (std::uint32_t n = 0; done && n < registers.count; ++n) EXPECT_EQ(words[n], truth(unit, registers.first + n));
  return done;
}

TEST(SerialBus, ReadsEveryTableOfSeveralUnits) {
  ScriptedLine line(true_answer);
  const auto bus = bus_on(line.path());
  ASSERT_TRUE(bus->open({}));
  for (const auto unit : std::vector<std::uint8_t>{1, 7, 247})
    for (const Table table : {Table::holding, Table::input})
      for (const auto count : std::vector<std::uint16_t>{1, 2, 125})
        EXPECT_TRUE(read_block(*bus, {table, static_cast<std::uint16_t>(65'536 - count), count}, unit));
  std::vector<std::uint16_t> bits(2'000);
  ASSERT_TRUE(bus->read(7, {Table::discrete_input, 11, 2'000}, bits));
  for (std::uint32_t n = 0; n < bits.size(); ++n) EXPECT_EQ(bits[n], truth(7, 11 + n) & 1U);
  EXPECT_EQ(line.strange(), 0);
  EXPECT_EQ(bus->address(), line.path() + " 115200 8N1");
}

TEST(SerialBus, KeepsTheSilenceBetweenFrames) {
  ScriptedLine line(true_answer);
  const auto bus = bus_on(line.path(), 9'600);
  ASSERT_TRUE(bus->open({}));
  for (int n = 0; n < 100; ++n) ASSERT_TRUE(read_block(*bus));
  EXPECT_EQ(line.requests(), 100);
  EXPECT_GE(line.shortest_silence(), std::chrono::microseconds{3'500});
}

struct Misdeed {
  const char* name;
  ErrorKind kind;
  std::function<std::vector<Utterance>(const ReadRequest&)> answer;
};

const std::vector<Misdeed> misdeeds{
    {"Silent", ErrorKind::timeout, [](const ReadRequest&) { return std::vector<Utterance>{}; }},
    {"Late", ErrorKind::timeout,
     [](const ReadRequest& r) {
       return std::vector<Utterance>{{Millis{150}, with_crc(reply_to(r))}};
     }},
    {"WrongUnit", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto other = r;
       other.unit = 9;
       return true_answer(other);
     }},
    {"BroadcastUnit", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto other = r;
       other.unit = 0;
       return true_answer(other);
     }},
    {"WrongFunction", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto other = r;
       other.function = 3;
       return true_answer(other);
     }},
    {"TooFewRegisters", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto other = r;
       other.count = 2;
       return true_answer(other);
     }},
    {"BadCrc", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto frame = with_crc(reply_to(r));
       frame[4] = static_cast<std::uint8_t>(frame[4] ^ 0x10);
       return std::vector<Utterance>{{{}, frame}};
     }},
    {"Truncated", ErrorKind::timeout,
     [](const ReadRequest& r) {
       auto frame = with_crc(reply_to(r));
       frame.resize(frame.size() - 3);
       return std::vector<Utterance>{{{}, frame}};
     }},
    {"AnotherReplyInFront", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto other = r;
       other.first = 500;
       auto frame = with_crc(reply_to(other));
       const auto real = with_crc(reply_to(r));
       frame.insert(frame.end(), real.begin(), real.end());
       return std::vector<Utterance>{{{}, frame}};
     }},
    {"EchoThenReply", ErrorKind::corrupt,
     [](const ReadRequest& r) {
       auto frame = with_crc({r.unit, r.function, 1, 44, 0, 4});
       const auto real = with_crc(reply_to(r));
       frame.insert(frame.end(), real.begin(), real.end());
       return std::vector<Utterance>{{{}, frame}};
     }},
};

class SerialBusMisdeed : public testing::TestWithParam<Misdeed> {};

TEST_P(SerialBusMisdeed, SilencesTheLineAndNeverBecomesAValue) {
  std::atomic<bool> behave{false};
  ScriptedLine line([&](const ReadRequest& r) { return behave ? true_answer(r) : GetParam().answer(r); });
  const auto bus = bus_on(line.path());
  ASSERT_TRUE(bus->open({}));
  const auto began = Steady::now();
  const auto failed = read_block(*bus);
  EXPECT_GE(Steady::now() - began, latency);
  EXPECT_LT(Steady::now() - began, latency * 3);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), GetParam().kind) << failed.error().message();
  EXPECT_TRUE(bus->is_open());
  behave = true;
  EXPECT_TRUE(read_block(*bus, {Table::input, 700, 4}));
}

INSTANTIATE_TEST_SUITE_P(All, SerialBusMisdeed, testing::ValuesIn(misdeeds),
                         [](const auto& misdeed) { return misdeed.param.name; });

TEST(SerialBus, AnExceptionNeedsNoSilence) {
  ScriptedLine line([](const ReadRequest& r) { return std::vector<Utterance>{{{}, with_crc(exception_to(r, 6))}}; });
  const auto bus = bus_on(line.path());
  ASSERT_TRUE(bus->open({}));
  const auto began = Steady::now();
  const auto refused = read_block(*bus);
  EXPECT_LT(Steady::now() - began, latency);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::refused);
  EXPECT_EQ(bus->last_exception(), 6);
}

TEST(SerialBus, AByteOfDriverNoiseBehindAReplyIsForgiven) {
  ScriptedLine line([](const ReadRequest& r) {
    auto frame = with_crc(reply_to(r));
    frame.push_back(0);
    return std::vector<Utterance>{{{}, frame}};
  });
  const auto bus = bus_on(line.path());
  ASSERT_TRUE(bus->open({}));
  for (int n = 0; n < 5; ++n) EXPECT_TRUE(read_block(*bus));
}

TEST(SerialBus, ALineThatIsNeverSilentIsNotWaitedForForever) {
  ScriptedLine line([](const ReadRequest&) {
    std::vector<Utterance> chatter;
    for (int n = 0; n < 6'000; ++n) chatter.push_back({std::chrono::microseconds{1'000 * n}, {0x55}});
    return chatter;
  });
  const auto bus = bus_on(line.path(), 4'800);
  ASSERT_TRUE(bus->open({}));
  const auto began = Steady::now();
  EXPECT_FALSE(read_block(*bus));
  const auto failed = read_block(*bus);
  EXPECT_LT(Steady::now() - began, Millis{5'000});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::corrupt);
  EXPECT_EQ(line.requests(), 1);  // nobody talks into a busy line
}

TEST(SerialBus, APortInUseIsAConflictThatNamesItsHolder) {
  Pty pty;
  const Child holder({JIDIAN_PYTHON, "-c",
                      "import fcntl,os,sys,time\nf=os.open(sys.argv[1],os.O_RDWR|os.O_NOCTTY)\n"
                      "fcntl.flock(f,fcntl.LOCK_EX)\nprint('held',flush=True)\ntime.sleep(60)",
                      pty.path()});
  const auto refused = bus_on(pty.path())->open({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("(pid " + std::to_string(holder.pid()) + ")"));
}

TEST(SerialBus, AnOpenPortIsLockedAndAClosedOneIsFree) {
  ScriptedLine line(true_answer);
  const auto first = bus_on(line.path());
  const auto second = bus_on(line.path());
  ASSERT_TRUE(first->open({}));
  EXPECT_EQ(second->open({}).error().kind(), ErrorKind::conflict);
  first->close();
  EXPECT_FALSE(first->is_open());
  ASSERT_TRUE(second->open({}));
  EXPECT_TRUE(read_block(*second));
}

/// Takes from this thread, while it lives, the right to open what another one has exclusively: a service without
/// capabilities has not got it. Whether it is gone.
bool drop_right_to_intrude() {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  sets[0].effective &= ~(1U << CAP_SYS_ADMIN);
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

/// Runs `act` on a thread without that right.
template <typename Act>
void without_rights(Act act) {
  std::thread([&] {
    ASSERT_TRUE(drop_right_to_intrude());
    act();
  }).join();
}

/// What an open without a lock gives: 0, or why not.
int error_of_opening(const std::string& path) {
  const modbus::Descriptor intruder{::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
  return intruder ? 0 : errno;
}

TEST(SerialBus, SettingsChangeWithoutTheRightsOfRootAndThePortStaysOurs) {
  ScriptedLine line(true_answer);
  const modbus::Descriptor other{::open(line.path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
  ASSERT_TRUE(other);
  without_rights([&] {
    const auto bus = bus_on(line.path());
    ASSERT_TRUE(bus->open({}));
    ASSERT_EQ(error_of_opening(line.path()), EBUSY) << "the kernel keeps others out";
    for (const std::uint32_t baud : {19'200U, 9'600U, 115'200U}) {
      const auto retuned = bus->retune({baud, meter::Parity::none, 1});
      ASSERT_TRUE(retuned) << retuned.error().message();
      EXPECT_TRUE(read_block(*bus));
      EXPECT_EQ(error_of_opening(line.path()), EBUSY);
      EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
    }
  });
}

TEST(SerialBus, SettingsThatCannotBeLeaveThePortFree) {
  ScriptedLine line(true_answer);
  const modbus::Descriptor other{::open(line.path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
  ASSERT_TRUE(other);
  without_rights([&] {
    const auto bus = bus_on(line.path());
    ASSERT_TRUE(bus->open({}));
    EXPECT_FALSE(bus->retune({19'201, meter::Parity::none, 1}));
    EXPECT_FALSE(bus->is_open());
    EXPECT_EQ(error_of_opening(line.path()), 0);
    EXPECT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(::flock(other.get(), LOCK_UN), 0);
    for (int n = 0; n < 2; ++n) {
      const auto opened = bus->open({});
      ASSERT_TRUE(opened) << opened.error().message();
      EXPECT_TRUE(read_block(*bus));
      bus->close();
    }
  });
}

TEST(SerialBus, AMissingPortAFileAndAnOddRateAreRefusedWithASentence) {
  EXPECT_EQ(bus_on("/dev/serial/by-path/none")->open({}).error().kind(), ErrorKind::unreachable);
  EXPECT_THAT(bus_on("/dev/null")->open({}).error().message(), testing::HasSubstr("not a serial port"));
  Pty pty;
  EXPECT_THAT(bus_on(pty.path(), 9'601)->open({}).error().message(), testing::HasSubstr("9601"));
}

TEST(SerialBus, AnUnpluggedAdapterIsUnreachableAndWorksWhenItIsBack) {
  const TemporaryFolder folder;
  const auto stable = folder.path() / "usb-adapter";
  auto line = std::make_unique<ScriptedLine>(true_answer);
  std::filesystem::create_symlink(line->path(), stable);
  const auto bus = bus_on(stable);
  ASSERT_TRUE(bus->open({}));
  ASSERT_TRUE(read_block(*bus));

  line.reset();
  const auto gone = read_block(*bus);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind(), ErrorKind::unreachable) << gone.error().message();
  EXPECT_FALSE(bus->is_open());

  line = std::make_unique<ScriptedLine>(true_answer);
  std::filesystem::remove(stable);
  EXPECT_FALSE(bus->open({}));
  std::filesystem::create_symlink(line->path(), stable);
  ASSERT_TRUE(bus->open({}));
  EXPECT_TRUE(read_block(*bus));
}

}  // namespace
}  // namespace jidian::test

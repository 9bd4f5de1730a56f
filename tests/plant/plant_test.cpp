// The running plant over real sockets and terminals.
#include "plant/plant.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "plant/truth.hpp"

namespace jidian::plant {
namespace {

using testing::HasSubstr;

constexpr int patience_ms = 10'000;

/// A folder that disappears with the test.
struct Folder {
  std::string path;
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "plant-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

bool readable(int descriptor, int timeout_ms) {
  pollfd watched{descriptor, POLLIN, 0};
  return ::poll(&watched, 1, timeout_ms) > 0;
}

/// What arrives until `size` bytes are there, the peer closes, or nothing comes for `timeout_ms`.
Bytes receive(int descriptor, std::size_t size, int timeout_ms = patience_ms) {
  Bytes got;
  while (got.size() < size && readable(descriptor, timeout_ms)) {
    Bytes buffer(size - got.size());
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count <= 0) break;
    got.insert(got.end(), buffer.begin(), buffer.begin() + count);
  }
  return got;
}

void send_all(int descriptor, const Bytes& bytes) {
  ASSERT_EQ(::write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

class Running : public testing::Test {
 protected:
  Running() {
    scenario.lines[0].units[3].latency_ms = 0;
    plant.emplace(scenario, Plant::Options{folder.path, folder.path + "/control"});
  }

  Descriptor connect_to(std::size_t endpoint) const {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(plant->scenario().endpoints[endpoint].port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) socket.reset();
    return socket;
  }

  Descriptor open_line(speed_t speed = B9600) const {
    Descriptor line(::open(plant->scenario().lines[0].path.c_str(), O_RDWR | O_NOCTTY));
    termios settings{};
    ::tcgetattr(line.get(), &settings);
    ::cfmakeraw(&settings);
    ::cfsetspeed(&settings, speed);
    ::tcsetattr(line.get(), TCSANOW, &settings);
    return line;
  }

  std::uint64_t line_stat(const char* name) const {
    return nlohmann::json::parse(plant->stats_json())["lines"]["rtu-1"][name].get<std::uint64_t>();
  }

  bool line_stat_becomes(const char* name, std::uint64_t value) const {
    const std::int64_t deadline = steady_us() + patience_ms * 1000;
    while (line_stat(name) != value)
      if (steady_us() > deadline) return false;
    return true;
  }

  static Bytes tcp_request(std::uint16_t transaction, std::uint8_t unit, std::uint16_t first, std::uint16_t count) {
    return to_frame({Transport::tcp, transaction, unit, read_pdu(first, count)});
  }
  static Bytes rtu_request(std::uint8_t unit, std::uint16_t first, std::uint16_t count) {
    return to_frame({Transport::rtu, 0, unit, read_pdu(first, count)});
  }
  static Bytes read_pdu(std::uint16_t first, std::uint16_t count) {
    return {4, static_cast<std::uint8_t>(first >> 8U), static_cast<std::uint8_t>(first),
            static_cast<std::uint8_t>(count >> 8U), static_cast<std::uint8_t>(count)};
  }

  Folder folder;
  Scenario scenario = builtin_scenario("demo");
  std::optional<Plant> plant;
};

TEST_F(Running, TcpReplyIsTheTruth) {
  const Descriptor socket = connect_to(0);
  const std::int64_t before = utc_ms();
  send_all(socket.get(), tcp_request(1, 2, 52, 2));
  const Bytes reply = receive(socket.get(), 13);
  ASSERT_EQ(reply.size(), 13U);
  const std::vector<std::uint16_t> words{static_cast<std::uint16_t>(reply[9] << 8U | reply[10]),
                                         static_cast<std::uint16_t>(reply[11] << 8U | reply[12])};
  Truth truth(plant->scenario());
  EXPECT_TRUE(truth.showed("compressor-1", Table::input, 52, words, before, utc_ms()));
}

TEST_F(Running, LateReplyArrivesBehindTheNextOne) {
  plant->command("fault transformer-1 late_reply 1 150ms");
  const Descriptor socket = connect_to(0);
  send_all(socket.get(), tcp_request(1, 1, 65, 2));
  send_all(socket.get(), tcp_request(2, 2, 52, 2));
  const Bytes replies = receive(socket.get(), 26);
  ASSERT_EQ(replies.size(), 26U);
  EXPECT_EQ(replies[1], 2);
  EXPECT_EQ(replies[14], 1);
}

TEST_F(Running, EndpointRefusesAndComesBack) {
  plant->command("fault tcp-1 refuse");
  const std::int64_t deadline = steady_us() + patience_ms * 1000;
  while (connect_to(0).is_open()) ASSERT_LT(steady_us(), deadline);
  plant->command("fault tcp-1 clear");
  while (!connect_to(0).is_open()) ASSERT_LT(steady_us(), deadline);
}

TEST_F(Running, ConnectionsAboveTheLimitAreClosed) {
  plant->command("fault tcp-1 connection_limit 1 1");
  const Descriptor first = connect_to(0);
  send_all(first.get(), tcp_request(1, 2, 52, 2));
  ASSERT_EQ(receive(first.get(), 13).size(), 13U);
  const Descriptor second = connect_to(0);
  EXPECT_TRUE(receive(second.get(), 1).empty());
  EXPECT_TRUE(readable(second.get(), 0)) << "still open";
}

TEST_F(Running, ConnectionsAreResetFromTimeToTime) {
  const Descriptor socket = connect_to(0);
  plant->command("fault tcp-1 reset 1 50ms");
  ASSERT_TRUE(readable(socket.get(), patience_ms));
  std::uint8_t byte = 0;
  EXPECT_EQ(::read(socket.get(), &byte, 1), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(Running, ControlSocketTakesLines) {
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder.path + "/control";
  std::copy(path.begin(), path.end(), address.sun_path);
  ASSERT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string lines = "fault nobody silence\nfault voc-1 silence\nfaults\n";
  send_all(socket.get(), Bytes(lines.begin(), lines.end()));
  std::string answers;
  while (std::count(answers.begin(), answers.end(), '\n') < 3) {
    const Bytes more = receive(socket.get(), 1);
    ASSERT_FALSE(more.empty());
    answers.append(more.begin(), more.end());
  }
  EXPECT_THAT(answers, HasSubstr("error: no meter, line or endpoint is called 'nobody'\nok\n"));
  EXPECT_THAT(answers, HasSubstr(R"("voc-1":[{"kind":"silence")"));
}

TEST_F(Running, SerialReplyTakesItsTimeOnTheWire) {
  const Descriptor line = open_line();
  const WireTimes wire(scenario.lines[0]);
  const std::int64_t start = steady_us();
  send_all(line.get(), rtu_request(4, 0, 40));
  ASSERT_EQ(receive(line.get(), 85).size(), 85U);
  const std::int64_t expected = wire.of(8) + wire.silence_us + wire.of(85);
  EXPECT_GE(steady_us() - start, expected - 1'000);
  EXPECT_TRUE(line_stat_becomes("wire_busy_us", static_cast<std::uint64_t>(wire.of(8) + wire.of(85))));
}

TEST_F(Running, RequestWithoutASilenceBeforeItIsCounted) {
  const Descriptor line = open_line();
  send_all(line.get(), rtu_request(4, 0, 2));
  ASSERT_EQ(receive(line.get(), 9).size(), 9U);
  Bytes two = rtu_request(4, 0, 2);
  const Bytes second = rtu_request(4, 2, 2);
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_EQ(line_stat("silence_violations"), 0U);
  send_all(line.get(), two);
  ASSERT_EQ(receive(line.get(), 18).size(), 18U);
  EXPECT_GE(line_stat("silence_violations"), 1U);
}

TEST_F(Running, SerialLineIsDeafToAnotherSpeed) {
  const Descriptor line = open_line(B19200);
  send_all(line.get(), rtu_request(4, 0, 2));
  EXPECT_TRUE(line_stat_becomes("deaf_requests", 1));
  EXPECT_EQ(line_stat("bytes_out"), 0U);
}

TEST_F(Running, LineWithoutAPeerCostsNextToNothing) {
  Descriptor line = open_line();
  send_all(line.get(), rtu_request(4, 0, 2));
  ASSERT_EQ(receive(line.get(), 9).size(), 9U);
  line.reset();
  ASSERT_TRUE(line_stat_becomes("left", 1));
  const auto used_us = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec * 1'000'000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1'000'000 +
           usage.ru_stime.tv_usec;
  };
  const auto before = used_us();
  const Descriptor silent = connect_to(0);
  EXPECT_FALSE(readable(silent.get(), 500));  // nothing to do for half a second
  EXPECT_LT(used_us() - before, 150'000);
}

TEST_F(Running, PeerThatComesBackIsServed) {
  for (std::uint64_t turn = 1; turn <= 2; ++turn) {
    Descriptor line = open_line();
    send_all(line.get(), rtu_request(4, 0, 2));
    ASSERT_EQ(receive(line.get(), 9).size(), 9U);
    line.reset();
    ASSERT_TRUE(line_stat_becomes("left", turn));
  }
}

TEST_F(Running, ForeignMasterIsHeard) {
  const Descriptor line = open_line();
  plant->command("fault rtu-1 foreign_master 1 100ms");
  const Bytes heard = receive(line.get(), 8);
  Message request;
  std::size_t used = 0;
  EXPECT_EQ(scan_rtu(heard, request, used), Scan::message);
}

TEST_F(Running, LinksDisappearWithThePlant) {
  const std::string link = plant->scenario().lines[0].path;
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  plant.reset();
  EXPECT_FALSE(std::filesystem::is_symlink(link));
  EXPECT_FALSE(std::filesystem::exists(folder.path + "/control"));
}

}  // namespace
}  // namespace jidian::plant

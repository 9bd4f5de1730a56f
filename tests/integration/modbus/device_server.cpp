#include "tests/integration/modbus/device_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace jidian::test {
namespace {

using Steady = std::chrono::steady_clock;

/// Throws away what is there.
void discard(int from) {
  std::array<char, 512> bytes{};
  (void)!::read(from, bytes.data(), bytes.size());
}

/// Moves what is there. False: that end is gone.
bool carry(int from, int to) {
  std::array<char, 512> bytes{};
  const auto count = ::read(from, bytes.data(), bytes.size());
  return count > 0 && ::write(to, bytes.data(), static_cast<std::size_t>(count)) == count;
}

}  // namespace

DeviceServer::DeviceServer(const std::string& terminal, std::chrono::milliseconds patience)
    : patience_(patience),
      terminal_(::open(terminal.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof here;
  auto* address = reinterpret_cast<sockaddr*>(&here);
  (void)::bind(listener_, address, length);
  (void)::listen(listener_, 4);
  (void)::getsockname(listener_, address, &length);
  port_ = ntohs(here.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

DeviceServer::~DeviceServer() {
  thread_.request_stop();
  thread_.join();
  ::close(listener_);
  ::close(terminal_);
}

void DeviceServer::run(const std::stop_token& stop) {
  int connection = -1;
  Steady::time_point deaf_until;
  while (!stop.stop_requested()) {
    std::array<pollfd, 3> watched{{{listener_, POLLIN, 0}, {connection, POLLIN, 0}, {terminal_, POLLIN, 0}}};
    if (connection < 0) watched[2].fd = -1;
    const auto began = Steady::now();
    const int ready = ::poll(watched.data(), watched.size(), 20);
    const auto ended = Steady::now();
    if (patience_.count() > 0 && ended - began > patience_) deaf_until = ended + deaf_time;
    if (ready <= 0 && !hanging_up_) continue;
    bool alive = connection >= 0;
    if (alive && watched[1].revents != 0) alive = carry(connection, terminal_);
    if (alive && hanging_up_.exchange(false)) alive = false;
    if (alive && watched[2].revents != 0 && ended < deaf_until)
      discard(terminal_);
    else if (alive && watched[2].revents != 0)
      alive = carry(terminal_, connection);
    if (connection >= 0 && !alive) {
      ::close(connection);
      connection = -1;
    }
    if (connection < 0 && watched[0].revents != 0) {
      connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const int at_once = 1;  // the pieces of a reply are not to wait for acknowledgements of 40 ms
      (void)::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    }
  }
  if (connection >= 0) ::close(connection);
}

}  // namespace jidian::test

#include "modbus/tcp_connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

namespace jidian::modbus {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A device that vanished is noticed after this even if nothing is asked of it, or if our request is never
/// acknowledged.
constexpr int keepalive_idle_s = 30;
constexpr int keepalive_interval_s = 10;
constexpr int keepalive_count = 3;
constexpr int unacknowledged_ms_max = 10'000;

void set_option(int fd, int level, int name, int value) {
  (void)::setsockopt(fd, level, name, &value, sizeof value);  // a kernel without one of them still works
}

void set_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive_count);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_ms_max);
}

Error unreachable(int number) {
  return {ErrorKind::unreachable, "cannot connect: " + text_of_errno(number)};
}

/// Waits until `fd` is writable, `wake` is readable or `deadline` passes.
Status wait_connected(int fd, int wake, SteadyClock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - SteadyClock::now());
    if (left <= Millis{0}) return unreachable(ETIMEDOUT);
    std::array<pollfd, 2> watched{{{fd, POLLOUT, 0}, {wake, POLLIN, 0}}};
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return unreachable(errno);
    if (ready <= 0) continue;
    if (watched[1].revents != 0) return Error{ErrorKind::cancelled, "asked to stop"};
    int failed = 0;
    socklen_t length = sizeof failed;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &length) != 0) failed = errno;
    if (failed != 0) return unreachable(failed);
    return {};
  }
}

Result<Descriptor> connect_one(const Address& address, int wake, SteadyClock::time_point deadline) {
  Descriptor socket{::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return unreachable(errno);
  if (auto fits = fits_select(socket.get()); !fits) return fits.error();
  set_options(socket.get());
  const auto* where = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (::connect(socket.get(), where, address.length) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) return unreachable(errno);
    if (auto connected = wait_connected(socket.get(), wake, deadline); !connected) return connected.error();
  }
  return socket;
}

}  // namespace

Result<Descriptor> connect_tcp(Resolver& resolver, Millis timeout, std::stop_token stop) {
  const auto deadline = SteadyClock::now() + timeout;
  const auto addresses = resolver.resolve(stop, timeout);
  if (!addresses) return addresses.error();

  const Descriptor wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake) return unreachable(errno);
  const std::stop_callback on_stop(stop, [&wake] { (void)::eventfd_write(wake.get(), 1); });

  Error last{ErrorKind::unreachable, "host has no address"};
  for (std::size_t n = 0; n < addresses->size(); ++n) {
    // Each address gets its share of the time, so that a silent first one leaves some for the others.
    const auto left = deadline - SteadyClock::now();
    const auto share = left / static_cast<SteadyClock::rep>(addresses->size() - n);
    auto socket = connect_one((*addresses)[n], wake.get(), SteadyClock::now() + share);
    if (socket || socket.error().kind() != ErrorKind::unreachable) return socket;
    last = socket.error();
  }
  return last;
}

std::string endpoint_text(const std::string& host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace jidian::modbus

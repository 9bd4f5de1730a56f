#include "tests/integration/modbus/scripted_endpoint.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace jidian::test {
namespace {

constexpr std::size_t request_length = 12;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int listen_on(std::uint16_t& port, int backlog) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = loopback(port);
  socklen_t length = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(fd, backlog) != 0)
    throw std::runtime_error("cannot listen");
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return fd;
}

/// Whether there is something to read within a short while; so that loops see their stop token.
bool is_readable(int fd) {
  pollfd watched{fd, POLLIN, 0};
  return ::poll(&watched, 1, 20) > 0;
}

void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

ScriptedEndpoint::ScriptedEndpoint(Script script, std::uint16_t port)
    : script_(std::move(script)), port_(port), thread_() {
  listener_ = listen_on(port_, 8);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ScriptedEndpoint::~ScriptedEndpoint() {
  thread_.request_stop();
  thread_.join();
  ::close(listener_);
}

void ScriptedEndpoint::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!is_readable(listener_)) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    ++connections_;
    serve(connection, stop);
    ::close(connection);
  }
}

void ScriptedEndpoint::serve(int connection, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!is_readable(connection)) continue;
    std::array<std::uint8_t, request_length> request{};
    if (::recv(connection, request.data(), request.size(), MSG_WAITALL) != request_length) return;
    const TcpAnswer answer = script_(parse_tcp_request(request));
    for (const auto& part : answer.parts) {
      if (part.after.count() > 0) pause(part.after, stop);
      if (::send(connection, part.bytes.data(), part.bytes.size(), MSG_NOSIGNAL) < 0) return;
    }
    if (answer.close) return;
  }
}

DeafEndpoint::DeafEndpoint() : listener_(listen_on(port_, 0)) {
  for (int n = 0; n < 4; ++n) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port_);
    (void)::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    fillers_.push_back(fd);
  }
}

DeafEndpoint::~DeafEndpoint() {
  for (const int fd : fillers_) ::close(fd);
  ::close(listener_);
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  ::close(listen_on(port, 1));
  return port;
}

}  // namespace jidian::test

#pragma once

#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <list>
#include <thread>

#include "tests/integration/mosquitto.hpp"

namespace jidian::test {

/// Stands between a client and a loopback server, and can cut every connection in the middle of whatever it carries.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t server) : server_(server) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }
  ~TcpProxy() {
    thread_.request_stop();
    thread_.join();
    for (auto& pair : pairs_) close(pair);
    ::close(listener_);
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

  /// Cuts the present connections once `bytes` more have gone to the server: 0 at once.
  void cut_after(std::uint64_t bytes) { cut_at_ = forwarded_ + bytes; }
  std::uint64_t cuts() const { return cuts_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
  };

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  static void close(const Pair& pair) {
    ::close(pair.client);
    ::close(pair.server);
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (forwarded_ >= cut_at_ && !pairs_.empty()) cut();
      std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
      for (const auto& pair : pairs_) {
        waiting.push_back({pair.client, POLLIN, 0});
        waiting.push_back({pair.server, POLLIN, 0});
      }
      ::poll(waiting.data(), waiting.size(), 5);
      std::size_t index = 1;
      for (auto pair = pairs_.begin(); pair != pairs_.end(); index += 2) {
        const bool open = (waiting[index].revents == 0 || forward(pair->client, pair->server, true)) &&
                          (waiting[index + 1].revents == 0 || forward(pair->server, pair->client, false));
        if (!open) close(*pair);
        pair = open ? std::next(pair) : pairs_.erase(pair);
      }
      if (waiting[0].revents != 0) accept();
    }
  }
  void accept() {
    Pair pair{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto address = loopback(server_);
    if (::connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return close(pair);
    pairs_.push_back(pair);
  }
  bool forward(int from, int to, bool to_server) {
    std::array<char, 4096> bytes{};
    auto wanted = bytes.size();
    if (to_server) wanted = std::min<std::uint64_t>(wanted, std::max<std::uint64_t>(cut_at_ - forwarded_, 1));
    const auto size = ::recv(from, bytes.data(), wanted, MSG_DONTWAIT);
    if (size <= 0) return size < 0 && errno == EAGAIN;
    if (to_server) forwarded_ += static_cast<std::uint64_t>(size);
    return ::send(to, bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
  }
  void cut() {
    // With a reset, so that nobody can take it for a farewell.
    const linger reset{1, 0};
    for (const auto& pair : pairs_) {
      ::setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      ::setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      close(pair);
    }
    pairs_.clear();
    cut_at_ = std::numeric_limits<std::uint64_t>::max();
    ++cuts_;
  }

  std::uint16_t server_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::list<Pair> pairs_;
  std::atomic<std::uint64_t> forwarded_{0};
  std::atomic<std::uint64_t> cut_at_{std::numeric_limits<std::uint64_t>::max()};
  std::atomic<std::uint64_t> cuts_{0};
  std::jthread thread_;
};

}  // namespace jidian::test

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "tests/integration/modbus/slave_frames.hpp"

namespace jidian::test {

/// What a Modbus/TCP endpoint does with a request: bytes in their order, then perhaps the end of the connection.
struct TcpAnswer {
  struct Part {
    std::chrono::milliseconds after{0};  ///< Pause before these bytes.
    Frame bytes;
  };
  std::vector<Part> parts;
  bool close = false;
};

/// A Modbus/TCP endpoint on a free loopback port that answers as its script says; one connection at a time.
class ScriptedEndpoint {
 public:
  using Script = std::function<TcpAnswer(const ReadRequest&)>;
  explicit ScriptedEndpoint(Script script, std::uint16_t port = 0);
  ~ScriptedEndpoint();

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_.load(); }

 private:
  void run(const std::stop_token& stop);
  void serve(int connection, const std::stop_token& stop);

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::jthread thread_;
};

/// A listening socket whose queue is full, so that the kernel never answers a further connect.
class DeafEndpoint {
 public:
  DeafEndpoint();
  ~DeafEndpoint();
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::vector<int> fillers_;
};

/// A loopback port on which nobody listens.
std::uint16_t free_port();

}  // namespace jidian::test

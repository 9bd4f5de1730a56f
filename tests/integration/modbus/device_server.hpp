#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace jidian::test {

/// A serial device server: carries the bytes of a terminal to and from whoever is connected to its loopback port, one
/// connection at a time. What comes from the line while nobody is connected waits for the next one, as real ones do.
class DeviceServer {
 public:
  /// With a `patience` it delivers nothing that may have waited longer than that: when the machine let it wait, it
  /// throws away what the line says for `deaf_time`.
  explicit DeviceServer(const std::string& terminal, std::chrono::milliseconds patience = std::chrono::milliseconds{0});
  ~DeviceServer();
  DeviceServer(const DeviceServer&) = delete;
  DeviceServer& operator=(const DeviceServer&) = delete;

  std::uint16_t port() const { return port_; }

  /// Ends the present connection, or the next one as soon as it is there. Any thread.
  void hang_up() { hanging_up_ = true; }

 private:
  void run(const std::stop_token& stop);

  static constexpr std::chrono::milliseconds deaf_time{300};

  std::chrono::milliseconds patience_;
  int terminal_ = -1;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> hanging_up_{false};
  std::jthread thread_;
};

}  // namespace jidian::test

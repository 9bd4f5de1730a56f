#pragma once

#include <cstdint>
#include <string>
#include <thread>

namespace jidian::test {

/// A serial device server: carries the bytes of a terminal to and from whoever is connected to its loopback port, one
/// connection at a time. What comes from the line while nobody is connected waits for the next one, as real ones do.
class DeviceServer {
 public:
  explicit DeviceServer(const std::string& terminal);
  ~DeviceServer();
  DeviceServer(const DeviceServer&) = delete;
  DeviceServer& operator=(const DeviceServer&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void run(const std::stop_token& stop);

  int terminal_ = -1;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

}  // namespace jidian::test

#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace jidian::modbus {

struct Address {
  sockaddr_storage bytes{};
  socklen_t length = 0;
};

/// Turns a host into addresses without ever blocking longer than asked. Numeric hosts are answered at once; names are
/// looked up on a thread of their own, since the system's resolver cannot be stopped: at most one per resolver, left to
/// end by itself when nobody waits for it any more.
class Resolver {
 public:
  Resolver(std::string host, std::uint16_t port);
  ~Resolver();

  /// Errors: unreachable (no such name, or no answer within `timeout`), cancelled.
  Result<std::vector<Address>> resolve(std::stop_token stop, Millis timeout);

 private:
  struct Lookup;
  std::string host_;
  std::uint16_t port_;
  std::shared_ptr<Lookup> lookup_;  ///< The one that is running.
};

}  // namespace jidian::modbus

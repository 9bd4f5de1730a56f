#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "base/result.hpp"

namespace jidian::mqtt {

class EventQueue;

/// A broker's address taken apart.
struct Endpoint {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;

  /// As Paho wants it: "ssl://host:8883".
  std::string paho_uri() const;
  /// For sentences: "host:8883".
  std::string name() const;
};

/// Takes "mqtt://host[:port]" or "mqtts://host[:port]" apart; IPv6 addresses stand in brackets. Errors: invalid.
Result<Endpoint> parse_uri(std::string_view uri);

/// One address of a name.
struct Address {
  sockaddr_storage socket{};
  socklen_t size = 0;
};

/// Looks the host up and pushes Resolved into `into`. A numeric address at once, a name on a thread of its own that
/// outlives the caller if the name server does not answer. Errors: full, if several lookups already hang.
Status resolve(const Endpoint& endpoint, std::shared_ptr<EventQueue> into);

/// The content of a small text file without the line end at its end. Errors: io.
Result<std::string> read_secret(const std::string& path);

/// Whether a file can be read now, with a sentence that names `what` it is for. Errors: io.
Status check_readable(const std::string& path, std::string_view what);

}  // namespace jidian::mqtt

#include "mqtt/endpoint.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <thread>

#include "mqtt/event_queue.hpp"

namespace jidian::mqtt {
namespace {

/// Lookups that may hang at once, of all brokers together: each holds a thread until the resolver gives up.
constexpr int lookups_max = 4;
std::atomic<int> lookups{0};

constexpr std::size_t secret_bytes_max = 4096;

std::string reason_of(int number) {
  return std::generic_category().message(number);
}

Resolved look_up(const Endpoint& endpoint, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  Resolved resolved;
  if (failed != 0) {
    resolved.why = "cannot find the broker '" + endpoint.host +
                   "': " + (failed == EAI_SYSTEM ? reason_of(errno) : std::string(::gai_strerror(failed)));
    return resolved;
  }
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Address address;
    address.size = each->ai_addrlen;
    std::memcpy(&address.socket, each->ai_addr, each->ai_addrlen);
    resolved.addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return resolved;
}

}  // namespace

std::string Endpoint::name() const {
  const bool six = host.find(':') != std::string::npos;
  return (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Endpoint::paho_uri() const {
  return (tls ? "ssl://" : "tcp://") + name();
}

Result<Endpoint> parse_uri(std::string_view uri) {
  const Error wrong{ErrorKind::invalid, "'" + std::string(uri) + "' is not a broker: write mqtts://host:8883"};
  Endpoint endpoint;
  if (uri.starts_with("mqtts://")) {
    endpoint.tls = true;
    endpoint.port = 8883;
    uri.remove_prefix(8);
  } else if (uri.starts_with("mqtt://")) {
    endpoint.port = 1883;
    uri.remove_prefix(7);
  } else {
    return wrong;
  }
  std::string_view port;
  if (uri.starts_with('[')) {
    const auto close = uri.find(']');
    if (close == std::string_view::npos) return wrong;
    endpoint.host = uri.substr(1, close - 1);
    port = uri.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) return wrong;
  } else {
    const auto colon = uri.find(':');
    endpoint.host = uri.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view{} : uri.substr(colon);
  }
  if (endpoint.host.empty() || endpoint.host.find_first_of("/@ ") != std::string::npos) return wrong;
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc{} || end != port.data() + port.size() || endpoint.port == 0) return wrong;
  }
  return endpoint;
}

Status resolve(const Endpoint& endpoint, std::shared_ptr<EventQueue> into) {
  if (auto numeric = look_up(endpoint, AI_NUMERICHOST); numeric.why.empty()) {
    into->push(std::move(numeric));
    return {};
  }
  if (lookups.fetch_add(1) >= lookups_max) {
    lookups.fetch_sub(1);
    return Error{ErrorKind::full, "cannot find the broker '" + endpoint.host + "': the name server does not answer"};
  }
  // Detached: getaddrinfo cannot be interrupted, and nobody may wait for it. It owns all it touches.
  std::thread([endpoint, into = std::move(into)]() mutable {
    into->push(look_up(endpoint, 0));
    into.reset();
    lookups.fetch_sub(1);
  }).detach();
  return {};
}

Result<std::string> read_secret(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorKind::io, "cannot read the password file '" + path + "': " + reason_of(errno)};
  std::string text(secret_bytes_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return Error{ErrorKind::io, "the password file '" + path + "' is empty"};
  return text;
}

Status check_readable(const std::string& path, std::string_view what) {
  std::ifstream file(path, std::ios::binary);
  if (!file || file.peek() == std::ifstream::traits_type::eof())
    return Error{ErrorKind::io, "cannot read the " + std::string(what) + " '" + path +
                                    "': " + (file.is_open() ? "it is empty" : reason_of(errno))};
  return {};
}

}  // namespace jidian::mqtt

#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace jidian::app {

/// Asks the running gateway over its Unix socket. libcurl is loaded at the first request, so that the daemon never
/// carries it.
class LocalClient {
 public:
  explicit LocalClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

  /// Whether a gateway answers there, or may: of a socket that is closed to the caller nobody can tell, and then it is
  /// better to be refused than to be a second master on the gateway's lines.
  bool is_running() const;

  /// The body of GET `path`. Blocks for at most 25 s.
  /// Errors: unreachable (no gateway runs there), denied (the socket is closed to the caller, or the gateway says so),
  /// and whatever the gateway answers.
  Result<std::string> get(const std::string& path) const;

  /// The body of POST `path` with a JSON document.
  Result<std::string> post(const std::string& path, const std::string& json) const;

 private:
  Result<std::string> request(const std::string& path, const std::string* json) const;

  std::filesystem::path socket_;
};

}  // namespace jidian::app

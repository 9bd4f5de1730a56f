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

  /// Whether a gateway answers there.
  bool is_running() const;

  /// The body of GET `path`. Blocks for at most 25 s.
  /// Errors: unreachable (no gateway runs there), denied, and whatever the gateway answers.
  Result<std::string> get(const std::string& path) const;

  /// The body of POST `path` with a JSON document.
  Result<std::string> post(const std::string& path, const std::string& json) const;

 private:
  Result<std::string> request(const std::string& path, const std::string* json) const;

  std::filesystem::path socket_;
};

}  // namespace jidian::app

#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "command/command.hpp"
#include "health/board.hpp"

namespace jidian::api {

struct Options {
  std::filesystem::path socket;  ///< Unix socket, mode 0660.
  std::string read_group;        ///< Members may look; empty: only the gateway's own user and root.
  std::string operate_group;     ///< Members may also operate.
  std::string metrics_address;   ///< "127.0.0.1:9464" to let Prometheus scrape /metrics; empty: off.
};

/// The local HTTP interface: GET /v1/status, GET /v1/live, GET /metrics, POST /v1/command.
/// Errors are JSON {"error": {"kind": …, "message": …}} with a fitting HTTP status.
class Server {
 public:
  /// Errors: io, conflict (a living process listens there), invalid.
  static Result<std::unique_ptr<Server>> start(const Options& options, command::Commands& commands);
  virtual ~Server() = default;
};

}  // namespace jidian::api

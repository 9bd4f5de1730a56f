#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "command/command.hpp"
#include "health/board.hpp"

namespace jidian::api {

struct Options {
  std::filesystem::path socket;  ///< Unix socket, mode 0660 or 0600.
  std::string read_group;        ///< Members may look; empty: only the gateway's own user and root.
  std::string operate_group;     ///< Members may also operate.
  std::string metrics_address;   ///< "127.0.0.1:9464" to let Prometheus scrape /metrics; empty: off.
};

/// The local HTTP interface: GET /v1/status, GET /v1/live, GET /metrics, POST /v1/command.
/// Errors are JSON {"error": {"kind": …, "message": …}} with a fitting HTTP status.
class Server {
 public:
  /// A group that is not there, or that the socket cannot be given to, closes it to all groups (mode 0600): `troubles`
  /// says so, and that a metrics port could not be opened. Both are logged.
  /// Errors: io, conflict (a living process listens there), invalid.
  static Result<std::unique_ptr<Server>> start(const Options& options, command::Commands& commands);
  virtual ~Server() = default;

  /// What is not as `options` had it, as of the start or the last `try_again`.
  virtual const std::vector<health::InterfaceTrouble>& troubles() const = 0;

  /// Tries once more what may succeed by now: the metrics port, and groups that were not there. Whether `troubles`
  /// changed. Requests go on meanwhile. `troubles` and this from one thread.
  virtual bool try_again() = 0;
};

}  // namespace jidian::api

#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "acquire/poller.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "health/board.hpp"
#include "recorder/recorder.hpp"
#include "store/store.hpp"
#include "uplink/uplink.hpp"

namespace jidian::command {

/// Who asks. The kernel's word for local callers (peer credentials), the destination's id for those from above.
struct Caller {
  std::string name;  ///< User name, or "uplink:<id>".
  bool may_read = false;
  bool may_operate = false;
};

/// A request by name with JSON arguments: {"op": "read", "meter": "press-1"}.
/// Answers with JSON. Errors: denied, invalid, not_found, timeout, unreachable.
class Commands {
 public:
  struct Parts {
    std::string gateway;
    std::string version;
    UtcTime started;
    Clock* clock = nullptr;
    health::Board* board = nullptr;
    recorder::Recorder* recorder = nullptr;
    store::Store* store = nullptr;
    std::function<std::vector<acquire::Poller*>()> pollers;
    std::function<std::vector<uplink::Uplink*>()> uplinks;
    std::function<std::string(const std::string& meter_id)> bus_of;  ///< Empty: no such meter.
  };
  explicit Commands(Parts parts) : parts_(std::move(parts)) {}

  /// Operations: "status", "live", "read" (meter), "retry" (uplink). May block for a few seconds for "read".
  Result<std::string> run(const Caller& caller, const std::string& request_json);

  /// Prometheus text format.
  std::string metrics();

 private:
  Parts parts_;
};

}  // namespace jidian::command

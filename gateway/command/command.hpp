#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "acquire/poller.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "command/jobs.hpp"
#include "command/snapshot.hpp"
#include "domain/manifest.hpp"
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
  std::string destination = {};  ///< Its id, if it asks from above.
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
    std::function<std::vector<std::shared_ptr<acquire::Poller>>()> pollers;
    std::function<std::map<std::string, uplink::Uplink*>()> uplinks;  ///< By id.
    std::function<std::string(const std::string& meter_id)> bus_of;   ///< Empty: no such meter.
    Millis read_patience{12'000};                                     ///< How long "read" waits for the bus.
    /// Makes the work of a "start": `what` and its `args`, a JSON object. Errors: invalid, not_found, unreachable.
    std::function<Result<Jobs::Work>(const std::string& what, const std::string& args)> make_work = {};
    /// Who may order through a destination: ids of issuers.
    std::function<std::vector<std::string>(const std::string& uplink)> issuers = {};
    /// Takes over the site file as it is on the disk, for `by`, and says what became of it, as JSON. One at a time; may
    /// take as long as a bus needs for a transaction, and a commit.
    std::function<Result<std::string>(const std::string& by)> reload = {};
    std::function<ConfigurationView()> configuration = {};
    /// No other configuration is taken over as long as what this gives lives. Null: one is being taken over now.
    std::function<std::shared_ptr<void>()> keep_configuration = {};
    Millis record_patience{2'500};  ///< How long a statement waits for its commit: with a read, less than clients wait.
  };
  explicit Commands(Parts parts);

  /// Operations: "backfill" for destinations ("stream", and "ranges" or "period"), which may read the store for about a
  /// second; "status", "live" and "marks" (those in force or ahead) for callers that may read; for callers that may
  /// operate, as they cause traffic: "reload" (of the site file), "read" (of a `meter`), "retry" (of an `uplink`),
  /// "start" (of long work: `what`, `args`) → {"job": id}, "job" (`id`, `after`) → {"lines", "next", "done", "error"},
  /// "cancel" (`id`), and the statements that are put on record: "signoff" and "replace" (of a `meter`), "mark" (of a
  /// `subject`, or the `end` of one). "read" may block for `read_patience`, statements for `record_patience` besides.
  /// Any thread, several at once.
  Result<std::string> run(const Caller& caller, const std::string& request_json);

  /// The orders that `destination` holds in force, as its topic `directives` says; `passed_over` lists before it were
  /// not looked at. Does not block; any thread.
  void hear(const std::string& destination, const std::string& payload, std::uint64_t passed_over);

  /// Cancels all jobs and waits for them: before the pollers go.
  void stop_jobs() { jobs_.stop_all(); }

  /// Prometheus text format. Any thread.
  std::string metrics();

 private:
  using Json = nlohmann::json;

  Snapshot snapshot() const;
  std::shared_ptr<const domain::Manifest> manifest() const;
  Result<std::string> read(const std::string& meter);
  Result<acquire::MeterAnswer> read_fresh(const std::string& meter);
  Result<std::string> retry(const std::string& uplink);
  Result<std::string> backfill(const Json& request, const Caller& caller);

  Result<std::string> operate(const std::string& operation, const Json& request, const Caller& caller);
  Result<std::string> start_job(const Json& request, const Caller& caller);
  Result<std::string> signoff(const std::string& meter, const Json& request, const Caller& caller);
  Result<std::string> replace(const std::string& meter, const Json& request, const Caller& caller);
  Result<std::string> mark(const Json& request, const Caller& caller);
  Result<domain::Event> put_on_record(recorder::Statement statement);
  Result<std::shared_ptr<acquire::Poller>> poller_of(const std::string& meter);
  Result<std::string> job_news(const std::string& id, const Json& request);

  Parts parts_;
  Jobs jobs_;
  SteadyTime started_;
};

}  // namespace jidian::command

#include "command/command.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <future>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "base/id.hpp"
#include "base/outside_json.hpp"
#include "command/answers.hpp"
#include "command/backfill.hpp"
#include "command/directives.hpp"
#include "command/mark.hpp"
#include "command/metrics.hpp"
#include "command/status.hpp"

namespace jidian::command {
namespace {

constexpr std::string_view all_operations =
    "status, live, marks, read, retry, signoff, replace, mark, reload, start, job or cancel";

// A request names an operation and a thing; anything longer is a mistake.
constexpr std::size_t request_bytes_max = 65'536;

/// The id under `key`. Errors: invalid.
Result<std::string> id_in(const nlohmann::json& request, const char* key, const std::string& operation) {
  const auto found = request.find(key);
  if (found == request.end() || !found->is_string())
    return Error{ErrorKind::invalid, "'" + operation + "' needs \"" + key + "\": the id of one, as text"};
  auto id = found->get<std::string>();
  if (!is_id(id)) return Error{ErrorKind::invalid, std::string("\"") + key + "\" is not an id: [a-z0-9-]{1,32}"};
  return id;
}

Error denied(const Caller& caller, const std::string& what) {
  return {ErrorKind::denied, "'" + caller.name + "' may not " + what};
}

}  // namespace

Commands::Commands(Parts parts)
    : parts_(std::move(parts)), jobs_(*parts_.clock), started_(parts_.clock->steady_now()) {}

Result<std::string> Commands::run(const Caller& caller, const std::string& request_json) {
  if (!caller.may_read && !caller.may_operate) return denied(caller, "ask this gateway");
  if (request_json.size() > request_bytes_max) return Error{ErrorKind::invalid, "the request is longer than 64 KiB"};
  const auto read_json = parse_outside_json(request_json);
  if (!read_json) return Error{ErrorKind::invalid, "the request cannot be read: " + read_json.error().message()};
  const nlohmann::json& request = *read_json;
  if (!request.is_object()) return Error{ErrorKind::invalid, "the request is not a JSON object"};
  const auto named = request.find("op");
  if (named == request.end() || !named->is_string())
    return Error{ErrorKind::invalid, "the request needs \"op\": " + std::string(all_operations)};
  const auto operation = named->get<std::string>();

  if (operation == "status") return status_json(snapshot());
  if (operation == "live") return parts_.recorder->live();
  if (operation == "backfill") return backfill(request, caller);
  if (operation == "marks") return marks_json(parts_.recorder->marks(), parts_.clock->utc_now());
  static constexpr std::array operations{"read",   "retry", "signoff", "replace", "mark",
                                         "reload", "start", "job",     "cancel"};
  if (std::ranges::find(operations, operation) == operations.end())
    return Error{ErrorKind::invalid, "there is no such operation; write " + std::string(all_operations)};
  if (!caller.may_operate) return denied(caller, operation);
  return operate(operation, request, caller);
}

Result<std::string> Commands::operate(const std::string& operation, const Json& request, const Caller& caller) {
  if (operation == "start") return start_job(request, caller);
  if (operation == "mark") return mark(request, caller);
  if (operation == "reload") {
    if (!parts_.reload) return Error{ErrorKind::unsupported, "this gateway takes over no other configuration"};
    spdlog::info("command op=reload by={}", caller.name);
    return parts_.reload(caller.name);
  }
  const bool of_job = operation == "job" || operation == "cancel";
  const bool of_meter = operation == "read" || operation == "signoff" || operation == "replace";
  const auto id = id_in(request, of_meter ? "meter" : of_job ? "id" : "uplink", operation);
  if (!id) return id.error();
  if (operation == "job") return job_news(*id, request);
  spdlog::info("command op={} target={} by={}", operation, *id, caller.name);
  if (operation == "read") return read(*id);
  if (operation == "retry") return retry(*id);
  if (operation == "signoff") return signoff(*id, request, caller);
  if (operation == "replace") return replace(*id, request, caller);
  if (const auto done = jobs_.cancel(*id); !done) return done.error();
  return Json{{"job", *id}, {"cancelled", true}}.dump();
}

Result<std::string> Commands::start_job(const Json& request, const Caller& caller) {
  const auto what = request.find("what");
  if (what == request.end() || !what->is_string() || !is_id(what->get<std::string>()) || !parts_.make_work)
    return Error{ErrorKind::invalid, "'start' needs \"what\": the name of a job, as text"};
  const auto args = request.find("args");
  if (args != request.end() && !args->is_object()) return Error{ErrorKind::invalid, "\"args\" is not an object"};
  auto work = parts_.make_work(what->get<std::string>(), args == request.end() ? "{}" : args->dump());
  if (!work) return work.error();
  const auto id = jobs_.start(std::move(*work));
  if (!id) return id.error();
  spdlog::info("command op=start what={} job={} by={}", what->get<std::string>(), *id, caller.name);
  return Json{{"job", *id}}.dump();
}

Result<std::string> Commands::job_news(const std::string& id, const Json& request) {
  const auto after = request.find("after");
  if (after != request.end() && !after->is_number_unsigned())
    return Error{ErrorKind::invalid, "\"after\" is not a whole number"};
  const auto news = jobs_.news(id, after == request.end() ? 0 : after->get<std::uint64_t>());
  if (!news) return news.error();
  std::string lines;  // JSON already
  for (const auto& line : news->lines) lines += (lines.empty() ? "" : ",") + line;
  std::string error = "null";
  if (news->error)
    error = Json{{"kind", name_of(news->error->kind())}, {"message", news->error->message()}}.dump(
        -1, ' ', false, Json::error_handler_t::replace);
  return R"({"job":)" + Json(id).dump() + R"(,"next":)" + std::to_string(news->next) + R"(,"done":)" +
         (news->done ? "true" : "false") + R"(,"error":)" + error + R"(,"lines":[)" + lines + "]}";
}

Result<std::string> Commands::read(const std::string& meter) {
  const auto read = read_fresh(meter);
  if (!read) return read.error();
  return to_json(*read);
}

Result<std::shared_ptr<acquire::Poller>> Commands::poller_of(const std::string& meter) {
  const std::string bus = parts_.bus_of(meter);
  if (bus.empty()) return Error{ErrorKind::not_found, "there is no meter '" + meter + "'"};
  const auto pollers = parts_.pollers();
  const auto poller = std::find_if(pollers.begin(), pollers.end(),
                                   [&bus](const auto& candidate) { return candidate->bus_id() == bus; });
  if (poller == pollers.end()) return Error{ErrorKind::unreachable, "bus '" + bus + "' is not being polled now"};
  return *poller;
}

Result<acquire::MeterAnswer> Commands::read_fresh(const std::string& meter) {
  const auto poller = poller_of(meter);
  if (!poller) return poller.error();
  auto answer = (*poller)->read_meter(meter);
  if (answer.wait_for(parts_.read_patience) != std::future_status::ready)
    return Error{ErrorKind::timeout,
                 "bus '" + (*poller)->bus_id() + "' did not come to meter '" + meter + "' in time; ask again"};
  auto read = answer.get();
  if (!read) return read.error().during("reading meter '" + meter + "'");
  return read;
}

Result<std::string> Commands::retry(const std::string& uplink) {
  const auto uplinks = parts_.uplinks();
  const auto found = uplinks.find(uplink);
  if (found == uplinks.end()) return Error{ErrorKind::not_found, "there is no uplink '" + uplink + "'"};
  found->second->retry_rejected();
  return nlohmann::json{{"uplink", uplink}, {"retrying", true}}.dump();
}

Result<std::string> Commands::backfill(const Json& request, const Caller& caller) {
  if (caller.destination.empty()) return denied(caller, "ask for batches again: that is for a destination");
  const auto wanted = backfill_request_of(request);
  if (!wanted) return wanted.error();
  const auto uplinks = parts_.uplinks();
  const auto uplink = uplinks.find(caller.destination);
  if (uplink == uplinks.end()) return Error{ErrorKind::not_found, "there is no uplink '" + caller.destination + "'"};
  if (auto room = uplink->second->may_backfill(wanted->stream); !room) return room.error();
  const auto reader = parts_.store->reader();
  if (!reader) return reader.error().during("opening the store");
  const auto plan = plan_backfill(*wanted, **reader, caller.destination, parts_.clock->utc_now());
  if (!plan) return plan.error().during("looking for the batches");
  const auto id = request.find("id");
  const auto name = id != request.end() && id->is_string() ? id->get<std::string>() : std::string();
  if (!plan->batches.empty())
    if (const auto taken = uplink->second->backfill({name, wanted->stream, plan->batches}); !taken)
      return taken.error();
  spdlog::info("backfill asked uplink={} id={} stream={} answers={}", caller.destination, name, name_of(wanted->stream),
               plan->answers.size());
  return backfill_json(*wanted, *plan);
}

void Commands::hear(const std::string& destination, const std::string& payload, std::uint64_t passed_over) {
  static const domain::Manifest nothing;
  const auto in_force = manifest();
  const auto issuers = parts_.issuers ? parts_.issuers(destination) : std::vector<std::string>();
  auto listing = listing_of(payload, destination, issuers, in_force == nullptr ? nothing : *in_force);
  spdlog::info("orders from above uplink={} listed={} refused={}", destination, listing.orders.size(),
               listing.refused.size());
  listing.passed_over = passed_over;
  parts_.recorder->hear(std::move(listing));
}

std::shared_ptr<const domain::Manifest> Commands::manifest() const {
  return parts_.recorder == nullptr ? nullptr : parts_.recorder->manifest();
}

std::string Commands::metrics() {
  return metrics_text(snapshot());
}

Snapshot Commands::snapshot() const {
  const SteadyTime steady = parts_.clock->steady_now();
  Snapshot snapshot;
  snapshot.gateway = parts_.gateway;
  snapshot.version = parts_.version;
  snapshot.now = parts_.clock->utc_now();
  snapshot.started = parts_.started;
  snapshot.uptime = std::chrono::floor<std::chrono::seconds>(steady - started_);
  snapshot.clock = parts_.clock->quality();
  snapshot.stuck = parts_.board->stuck(steady);
  snapshot.meters = parts_.board->meters();
  snapshot.records = parts_.board->records();
  snapshot.buses = parts_.board->buses();
  snapshot.uplinks = parts_.board->uplinks();
  snapshot.store = parts_.board->store();
  snapshot.interface = parts_.board->interface_troubles();
  snapshot.update = parts_.board->update();
  snapshot.marks = parts_.recorder->marks();
  snapshot.directives = parts_.recorder->directives();
  if (parts_.configuration) snapshot.configuration = parts_.configuration();
  const auto in_force = manifest();
  if (in_force == nullptr) return snapshot;
  const domain::PlantNow plant = parts_.recorder->plant_now();
  if (manifest() != in_force) return snapshot;  // another configuration in between: the next one shows them
  for (std::size_t i = 0; i < plant.facilities.size() && i < in_force->facilities.size(); ++i) {
    const domain::FacilityEntry& entry = in_force->facilities[i];
    snapshot.facilities.push_back({entry.id, entry.run.source, plant.facilities[i], entry.loads});
  }
  snapshot.load = load_profile_of(*in_force, plant.demands, snapshot.now);
  snapshot.directives_refused = plant.refusals;
  return snapshot;
}

}  // namespace jidian::command

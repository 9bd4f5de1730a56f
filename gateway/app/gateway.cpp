#include "app/gateway.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "acquire/identity_watch.hpp"
#include "app/buses.hpp"
#include "app/jobs.hpp"
#include "app/version.hpp"
#include "host/host.hpp"
#include "record/manifest.hpp"
#include "recorder/swaps.hpp"

namespace jidian::app {
namespace {

std::vector<record::Stream> streams_of(const config::Uplink& uplink) {
  std::vector<record::Stream> streams;
  for (const auto& name : uplink.streams)
    if (const auto stream = record::stream_of(name)) streams.push_back(*stream);
  return streams;
}

store::Options store_options_of(const config::Site& site) {
  store::Options options;
  options.folder = site.store.folder;
  options.quota_bytes = site.store.quota_bytes;
  for (const auto& [name, kept] : site.store.retention)
    if (const auto stream = record::stream_of(name)) options.retention[*stream] = kept;
  for (const auto& uplink : site.uplinks) options.destinations[uplink.id] = streams_of(uplink);
  return options;
}

std::vector<std::string> issuers_of(const config::Site& site, const std::string& uplink) {
  std::vector<std::string> issuers;
  for (const auto& issuer : site.issuers)
    if (issuer.uplink == uplink) issuers.push_back(issuer.id);
  return issuers;
}

uplink::Options uplink_options_of(const config::Site& site, const config::Uplink& uplink) {
  uplink::Options options;
  options.id = uplink.id;
  options.gateway = site.gateway;
  options.region = site.card.region;
  options.version = version;
  options.broker = {.uri = uplink.url,
                    .client_id = site.gateway,
                    .username = uplink.username,
                    .password_file = uplink.password_file,
                    .ca_file = uplink.ca_file,
                    .certificate_file = uplink.certificate_file,
                    .key_file = uplink.key_file,
                    .keep_alive = uplink.keep_alive,
                    .will_topic = {},
                    .will_payload = {},
                    .optional_topics = {}};
  options.confirm = uplink.confirm_by_broker ? uplink::Confirm::broker : uplink::Confirm::backend;
  options.streams = streams_of(uplink);
  options.may = uplink.may;
  options.directives = !issuers_of(site, uplink.id).empty();
  options.receipt_timeout = uplink.receipt_timeout;
  options.backlog_batches_per_s = uplink.backlog_batches_per_s;
  return options;
}

domain::Event event_of(uplink::Notice notice, UtcTime now) {
  domain::Event event;
  event.time = now;
  event.subject = std::move(notice.destination);
  event.text = std::move(notice.text);
  switch (notice.kind) {
    case uplink::Notice::Kind::receipt_refused:
      event.kind = domain::EventKind::receipt_refused;
      break;
    case uplink::Notice::Kind::batch_rejected:
      event.kind = domain::EventKind::batch_rejected;
      break;
    case uplink::Notice::Kind::command_refused:
      event.kind = domain::EventKind::command_refused;
      break;
    case uplink::Notice::Kind::duplicate_identity:
      event.kind = domain::EventKind::duplicate_identity;
      break;
  }
  return event;
}

/// The site file may still name the meter that was replaced.
void know_new_serial(acquire::PolledMeter& meter, const std::string& swap_note) {
  const auto serials = recorder::last_serials_of(swap_note);
  if (!serials || meter.serial_declared.empty() || !acquire::is_same_serial(meter.serial_declared, serials->first))
    return;
  spdlog::warn("site file names a meter that was replaced, taking the new one meter={} old=\"{}\" new=\"{}\"", meter.id,
               serials->first, serials->second);
  meter.serial_declared = serials->second;
}

}  // namespace

void Relay::set(std::vector<uplink::Uplink*> uplinks) {
  const std::scoped_lock lock(mutex_);
  uplinks_ = std::move(uplinks);
}

void Relay::committed() {
  const std::scoped_lock lock(mutex_);
  for (auto* uplink : uplinks_) uplink->notify();
}

void Relay::live(const std::string& json) {
  const std::scoped_lock lock(mutex_);
  for (auto* uplink : uplinks_) uplink->offer_live(json);
}

OpenStore::~OpenStore() {
  if (const auto closed = store_->close(clock_.utc_now()); !closed)
    spdlog::error("store not closed cleanly, the next start will say crash why=\"{}\"", closed.error().message());
}

Result<std::unique_ptr<Gateway>> Gateway::start(const config::Site& site, std::filesystem::path profiles,
                                                Clock& clock) {
  auto store = store::open_store(store_options_of(site), clock.utc_now());
  if (!store) return store.error().during("opening the store in " + site.store.folder.string());

  std::unique_ptr<Gateway> gateway(new Gateway(site, std::move(profiles), clock, std::move(*store)));
  if (const auto started = gateway->start_parts(site, clock); !started) return started.error();
  return gateway;
}

Gateway::Gateway(const config::Site& site, std::filesystem::path profiles, Clock& clock,
                 std::unique_ptr<store::Store> store)
    : site_(site),
      profiles_(std::move(profiles)),
      clock_(clock),
      manifest_(config::manifest_of(site)),
      store_(std::move(store), clock),
      brokers_(mqtt::make_broker_factory()) {}

Status Gateway::start_parts(const config::Site& site, Clock& clock) {
  const auto notes = store_->notes();  // before the recorder's thread writes
  recorder::Options options;
  options.gateway = site.gateway;
  options.manifest = manifest_;
  options.commit_interval = site.store.commit_interval;
  options.live_interval = site.live_interval;
  options.boot = host::boot_id();
  options.version = version;
  auto recorder = recorder::Recorder::start(
      std::move(options), *store_, clock, board_,
      {.committed = [this] { relay_.committed(); }, .live = [this](const std::string& json) { relay_.live(json); }});
  if (!recorder) return recorder.error().during("starting the recorder");
  recorder_ = std::move(*recorder);
  sink_ = std::make_unique<InboxSink>(recorder_->inbox());

  make_commands(site, clock);
  start_uplinks(site, clock);
  start_pollers(site, clock, notes);
  {
    const std::scoped_lock lock(commands_mutex_);
    ready_ = true;
  }

  auto server = api::Server::start({.socket = site.api.socket,
                                    .read_group = site.api.read_group,
                                    .operate_group = site.api.operate_group,
                                    .metrics_address = site.api.metrics},
                                   *commands_);
  if (!server) return server.error().during("opening the local interface");
  server_ = std::move(*server);
  return {};
}

void Gateway::make_commands(const config::Site& site, Clock& clock) {
  std::map<std::string, std::string> bus_of_meter;
  for (const auto& meter : site.meters) bus_of_meter[meter.id] = meter.bus;
  std::map<std::string, std::vector<std::string>> issuers;
  for (const auto& uplink : site.uplinks) issuers[uplink.id] = issuers_of(site, uplink.id);
  commands_ = std::make_unique<command::Commands>(command::Commands::Parts{
      .gateway = site.gateway,
      .version = version,
      .started = clock.utc_now(),
      .clock = &clock,
      .board = &board_,
      .recorder = recorder_.get(),
      .store = &*store_,
      .pollers =
          [this] {
            std::vector<acquire::Poller*> all;
            for (auto& poller : pollers_) all.push_back(&poller);
            return all;
          },
      .uplinks =
          [this] {
            std::map<std::string, uplink::Uplink*> all;
            for (auto& [id, uplink] : uplinks_) all[id] = uplink.get();
            return all;
          },
      .bus_of =
          [bus_of_meter](const std::string& id) {
            const auto found = bus_of_meter.find(id);
            return found == bus_of_meter.end() ? std::string() : found->second;
          },
      .make_work = [this](const std::string& what, const std::string& args) { return make_work(what, args); },
      .issuers = std::move(issuers),
      .manifest = &manifest_});
}

/// A job with the bus of its poller.
Result<command::Jobs::Work> Gateway::make_work(const std::string& what, const std::string& args) {
  const auto parsed = nlohmann::json::parse(args, nullptr, false);
  if (!parsed.is_object()) return Error{ErrorKind::invalid, "the arguments are not a JSON object"};
  auto job = make_job(site_, profiles_, what, parsed);
  if (!job) return job.error();
  const auto bus = parsed.value("bus", "");
  const auto poller = std::ranges::find_if(pollers_, [&](const auto& candidate) { return candidate.bus_id() == bus; });
  if (poller == pollers_.end()) return Error{ErrorKind::unreachable, "bus '" + bus + "' is not being polled now"};
  return command::Jobs::Work(
      [this, poller = &*poller, job = std::move(*job)](std::stop_token stop, const command::Jobs::Emit& emit) {
        const auto lender = lend_from(*poller);
        commission::JobIo io{*lender, clock_, std::move(stop), emit};
        return job(io);
      });
}

void Gateway::start_uplinks(const config::Site& site, Clock& clock) {
  const auto encoded = record::encode(manifest_);
  for (const auto& uplink : site.uplinks) {
    uplink::Links links;
    links.tell = [this, &clock](uplink::Notice notice) {
      if (!recorder_->inbox().offer(event_of(std::move(notice), clock.utc_now())))
        spdlog::warn("event not recorded, the recorder's queue is full");
    };
    links.begin_epoch = [this](std::uint64_t epoch, std::string reason) {
      recorder_->request_epoch(epoch, std::move(reason));
    };
    links.copy = [this, id = uplink.id](const record::BatchKey& rejected) {
      return recorder_->request_copy(rejected, id);
    };
    links.command = [this, id = uplink.id](const std::string& json) { return run_from_above(id, json); };
    links.directives = [this, id = uplink.id](const std::string& json) { commands_->hear(id, json); };
    links.manifest_json = [json = record::to_json(manifest_, encoded.hash)] { return json; };
    links.manifest_hash = [hash = to_hex(encoded.hash)] { return hash; };
    uplinks_.emplace_back(uplink.id, uplink::Uplink::start(uplink_options_of(site, uplink), *store_, *brokers_, clock,
                                                           board_, std::move(links)));
  }
  std::vector<uplink::Uplink*> all;
  for (const auto& [id, uplink] : uplinks_) all.push_back(uplink.get());
  relay_.set(std::move(all));
}

void Gateway::start_pollers(const config::Site& site, Clock& clock, const std::map<std::string, std::string>& notes) {
  for (const auto& bus : site.buses) {
    std::vector<acquire::PolledMeter> meters;
    for (std::size_t i = 0; i < site.meters.size(); ++i)
      if (site.meters[i].bus == bus.id) {
        auto& meter = meters.emplace_back(polled_meter_of(site.meters[i], static_cast<domain::MeterIndex>(i)));
        const auto note = notes.find(acquire::note_name_of(meter));
        if (note != notes.end()) meter.remembered = acquire::Learned::from_text(note->second);
        const auto swapped = notes.find(recorder::swap_note_name_of(meter.id));
        if (swapped != notes.end()) know_new_serial(meter, swapped->second);
      }
    auto line = make_bus(bus);
    const auto used = notes.find(acquire::line_note_name_of(bus.id));
    const bool used_before = used != notes.end() && used->second == line->address();
    pollers_.emplace_back(bus.id, std::move(line), std::move(meters), *sink_, clock, board_,
                          manners_of(bus, used_before));
  }
}

std::string Gateway::run_from_above(const std::string& destination, const std::string& json) {
  const auto answer = [&]() -> Result<std::string> {
    const std::scoped_lock lock(commands_mutex_);
    if (!ready_) return Error{ErrorKind::unreachable, "the gateway is starting or stopping; ask again"};
    return commands_->run({.name = "uplink:" + destination, .may_read = true, .may_operate = false}, json);
  }();
  const auto request = nlohmann::json::parse(json, nullptr, false);
  nlohmann::ordered_json reply{{"id", request.is_object() ? request.value("id", "") : ""},
                               {"ok", static_cast<bool>(answer)}};
  if (answer)
    reply["result"] = nlohmann::ordered_json::parse(*answer, nullptr, false);
  else
    reply["error"] = {{"kind", name_of(answer.error().kind())}, {"message", answer.error().message()}};
  return reply.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Gateway::~Gateway() {
  {
    const std::scoped_lock lock(commands_mutex_);
    ready_ = false;
  }
  server_.reset();
  for (auto& poller : pollers_) poller.request_stop();  // all finish their transactions at the same time
  commands_->stop_jobs();                               // they hold their pollers
  pollers_.clear();
  relay_.set({});
}

std::string Gateway::summary() const {
  const auto meters = board_.meters();
  const auto answering = std::ranges::count_if(meters, [](const auto& meter) { return meter.misses_in_row == 0; });
  std::uint64_t pending = 0;
  for (const auto& uplink : board_.uplinks()) pending += uplink.pending;
  return std::to_string(answering) + " of " + std::to_string(meters.size()) + " meters answer, " +
         std::to_string(pending) + " batches wait for confirmation";
}

}  // namespace jidian::app

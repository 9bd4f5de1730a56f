#include "app/gateway.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "app/buses.hpp"
#include "app/jobs.hpp"
#include "app/update_file.hpp"
#include "app/version.hpp"
#include "base/bytes.hpp"
#include "base/outside_json.hpp"
#include "host/host.hpp"
#include "host/last_words.hpp"
#include "record/manifest.hpp"

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
  options.flash_endurance_bytes = site.store.flash_endurance_gb * 1'000'000'000;
  for (const auto& [name, kept] : site.store.retention)
    if (const auto stream = record::stream_of(name)) options.retention[*stream] = kept;
  for (const auto& uplink : site.uplinks) options.destinations[uplink.id] = streams_of(uplink);
  return options;
}

/// What no other run of any gateway has.
std::string make_instance() {
  std::random_device random;
  return to_hex(static_cast<std::uint64_t>(random()) << 32U | random());
}

uplink::Options uplink_options_of(const config::Site& site, const config::Uplink& uplink, const std::string& instance) {
  uplink::Options options;
  options.id = uplink.id;
  options.gateway = site.gateway;
  options.region = site.card.region;
  options.version = version;
  options.instance = instance;
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
  options.live = site.live_interval > Millis{0};
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
    case uplink::Notice::Kind::certificate:
      event.kind = domain::EventKind::certificate;
      break;
  }
  return event;
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

Result<std::unique_ptr<Gateway>> Gateway::start(Configuration configuration, Clock& clock) {
  const auto options = store_options_of(configuration.what.site);
  auto store = store::open_store(options, clock.utc_now());
  if (!store) return store.error().during("opening the store in " + options.folder.string());

  std::unique_ptr<Gateway> gateway(new Gateway(std::move(configuration), clock, std::move(*store)));
  // The local interface opens in there: a reload waits, so that its file is not overwritten by the one of the start.
  const std::scoped_lock lock(gateway->reload_mutex_);
  if (const auto started = gateway->start_parts(); !started) return started.error();
  gateway->keep_as_last_good(std::exchange(gateway->started_text_, {}));
  return gateway;
}

Gateway::Gateway(Configuration configuration, Clock& clock, std::unique_ptr<store::Store> store)
    : file_(std::move(configuration.file)),
      profiles_(std::move(configuration.profiles)),
      clock_(clock),
      site_(std::make_shared<const config::Site>(std::move(configuration.what.site))),
      started_text_(std::move(configuration.what.text)),
      started_instead_of_(std::move(configuration.what.why)),
      store_(std::move(store), clock),
      brokers_(mqtt::make_broker_factory()) {
  Reloaded outcome;
  outcome.is_taken = started_instead_of_.empty();
  outcome.mistakes = started_instead_of_;
  view_ = {file_.string(), clock.utc_now(), why_not(outcome), advice_for(outcome)};
}

std::shared_ptr<const config::Site> Gateway::site() const {
  const std::scoped_lock lock(state_mutex_);
  return site_;
}

Status Gateway::start_parts() {
  const auto notes = store_->notes();  // before the recorder's thread writes
  const auto running = site();
  recorder::Options options;
  options.gateway = running->gateway;
  options.manifest = config::manifest_of(*running);
  options.commit_interval = running->store.commit_interval;
  options.live_interval = running->live_interval;
  options.boot = host::boot_id();
  options.version = version;
  const char* const state_folder = std::getenv("STATE_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): nobody sets one
  const auto updates = std::make_shared<UpdateFile>(update_file_of(state_folder, running->store.folder));
  options.update_news = [updates] { return updates->news(); };
  options.ended_by_watchdog = host::has_last_words();
  manifest_hash_ = to_hex(record::encode(options.manifest).hash);
  auto recorder = recorder::Recorder::start(std::move(options), *store_, clock_, board_,
                                            {.committed = [this] { relay_.committed(); },
                                             .live = [this](const std::string& json) { relay_.live(json); },
                                             .start_stored = [] { host::take_last_words_away(); }});
  if (!recorder) return recorder.error().during("starting the recorder");
  recorder_ = std::move(*recorder);
  tell_of_last_good();

  make_commands();
  start_uplinks();
  start_pollers(notes);
  {
    const std::scoped_lock lock(commands_mutex_);
    ready_ = true;
  }

  local_interface_ = std::make_unique<LocalInterface>(api::Options{.socket = running->api.socket,
                                                                   .read_group = running->api.read_group,
                                                                   .operate_group = running->api.operate_group,
                                                                   .metrics_address = running->api.metrics},
                                                      *commands_, board_, clock_.steady_now());
  return {};
}

void Gateway::make_commands() {
  commands_ = std::make_unique<command::Commands>(command::Commands::Parts{
      .gateway = site()->gateway,
      .version = version,
      .started = clock_.utc_now(),
      .clock = &clock_,
      .board = &board_,
      .recorder = recorder_.get(),
      .store = &*store_,
      .pollers =
          [this] {
            const std::scoped_lock lock(state_mutex_);
            std::vector<std::shared_ptr<acquire::Poller>> all;
            for (const auto& bus : buses_) all.push_back(bus.poller);
            return all;
          },
      .uplinks =
          [this] {
            std::map<std::string, uplink::Uplink*> all;
            for (auto& [id, uplink] : uplinks_) all[id] = uplink.get();
            return all;
          },
      .bus_of =
          [this](const std::string& id) {
            const auto running = site();
            const auto found = std::ranges::find(running->meters, id, &config::Meter::id);
            return found == running->meters.end() ? std::string() : found->bus;
          },
      .make_work = [this](const std::string& what, const std::string& args) { return make_work(what, args); },
      .issuers = [this](const std::string& uplink) { return issuers_of(*site(), uplink); },
      .reload =
          [this](const std::string& by) {
            // Threads of the local interface have small stacks.
            auto outcome = std::async(std::launch::async, [&] { return to_json(reload(by)); });
            return Result<std::string>(outcome.get());
          },
      .configuration =
          [this] {
            const std::scoped_lock lock(state_mutex_);
            return view_;
          },
      .keep_configuration = [this]() -> std::shared_ptr<void> {
        auto kept = std::make_shared<std::shared_lock<std::shared_mutex>>(reload_mutex_, std::try_to_lock);
        return kept->owns_lock() ? kept : nullptr;
      }});
}

/// A job with the bus of its poller.
Result<command::Jobs::Work> Gateway::make_work(const std::string& what, const std::string& args) {
  const auto parsed = parse_outside_json(args);
  if (!parsed || !parsed->is_object()) return Error{ErrorKind::invalid, "the arguments are not a JSON object"};
  auto job = make_job(*site(), profiles_, what, *parsed);
  if (!job) return job.error();
  const auto bus = parsed->value("bus", "");
  auto poller = poller_of(bus);
  if (poller == nullptr) return Error{ErrorKind::unreachable, "bus '" + bus + "' is not being polled now"};
  return command::Jobs::Work(
      [this, poller = std::move(poller), job = std::move(*job)](std::stop_token stop, const command::Jobs::Emit& emit) {
        const auto lender = lend_from(*poller);
        commission::JobIo io{*lender, clock_, std::move(stop), emit};
        return job(io);
      });
}

void Gateway::start_uplinks() {
  const auto running = site();
  const auto instance = make_instance();
  for (const auto& uplink : running->uplinks) {
    uplink::Links links;
    links.tell = [this](uplink::Notice notice) {
      if (!recorder_->inbox().offer(event_of(std::move(notice), clock_.utc_now())))
        spdlog::warn("event not recorded, the recorder's queue is full");
    };
    links.begin_epoch = [this](std::uint64_t epoch, std::string reason) {
      recorder_->request_epoch(epoch, std::move(reason));
    };
    links.copy = [this, id = uplink.id](const record::BatchKey& rejected) {
      return recorder_->request_copy(rejected, id);
    };
    links.tell_manifest = [this](const Hash& manifest) { recorder_->request_manifest(manifest); };
    links.command = [this, id = uplink.id](const std::string& json) { return run_from_above(id, json); };
    links.directives = [this, id = uplink.id](const std::string& json, std::uint64_t passed_over) {
      commands_->hear(id, json, passed_over);
    };
    links.manifest_json = [this] {
      const auto manifest = recorder_->manifest();
      return record::to_json(*manifest, record::encode(*manifest).hash);
    };
    links.manifest_hash = [this] {
      const std::scoped_lock lock(state_mutex_);
      return manifest_hash_;
    };
    uplinks_.emplace_back(uplink.id, uplink::Uplink::start(uplink_options_of(*running, uplink, instance), *store_,
                                                           *brokers_, clock_, board_, std::move(links)));
  }
  std::vector<uplink::Uplink*> all;
  for (const auto& [id, uplink] : uplinks_) all.push_back(uplink.get());
  relay_.set(std::move(all));
}

std::string Gateway::run_from_above(const std::string& destination, const std::string& json) {
  const auto answer = [&]() -> Result<std::string> {
    const std::scoped_lock lock(commands_mutex_);
    if (!ready_) return Error{ErrorKind::unreachable, "the gateway is starting or stopping; ask again"};
    return commands_->run(
        {.name = "uplink:" + destination, .may_read = true, .may_operate = false, .destination = destination}, json);
  }();
  const auto request = parse_outside_json(json);
  nlohmann::ordered_json reply{{"id", request && request->is_object() ? request->value("id", "") : ""},
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
  local_interface_.reset();                             // no reload any more either
  for (auto& bus : buses_) bus.poller->request_stop();  // all finish their transactions at the same time
  if (commands_ != nullptr) commands_->stop_jobs();     // they hold their pollers
  for (auto& bus : buses_) {
    bus.poller->stop();
    take_handover(*bus.poller);  // the recorder is the next to stop
  }
  buses_.clear();
  relay_.set({});
}

std::string Gateway::described() const {
  const auto running = site();
  return "gateway=" + running->gateway + " buses=" + std::to_string(running->buses.size()) +
         " meters=" + std::to_string(running->meters.size()) + " uplinks=" + std::to_string(running->uplinks.size());
}

std::string Gateway::summary() const {
  const auto meters = board_.meters();
  const auto answering = std::ranges::count_if(meters, [](const auto& meter) { return meter.misses_in_row == 0; });
  std::uint64_t pending = 0;
  for (const auto& uplink : board_.uplinks()) pending += uplink.pending;
  const auto troubles = board_.interface_troubles();
  return std::to_string(answering) + " of " + std::to_string(meters.size()) + " meters answer, " +
         std::to_string(pending) + " batches wait for confirmation" +
         (troubles.empty() ? "" : "; local interface: " + troubles.front().what);
}

}  // namespace jidian::app

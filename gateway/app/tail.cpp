#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "app/print.hpp"
#include "app/verbs.hpp"
#include "base/bytes.hpp"
#include "host/host.hpp"
#include "mqtt/broker.hpp"
#include "record/aggregates.hpp"
#include "record/batch.hpp"
#include "record/manifest.hpp"
#include "uplink/broker.hpp"

namespace jidian::app {
namespace {

/// The last word of its topic: "reading", "live", …
std::string topic_of(const uplink::Incoming& message) {
  return message.topic.substr(message.topic.rfind('/') + 1);
}

/// Turns what arrives into lines. Manifests come with the event batches; this site's own is known from the start.
class Decoder {
 public:
  Decoder(const Common& common, const domain::Manifest& own) : json_(common.json) {
    manifests_.emplace(record::encode(own).hash, own);
  }

  /// Learns the manifests that come with a message, and prints it if it is wanted.
  void take(const uplink::Incoming& message, bool wanted) {
    if (wanted || topic_of(message) == "event") show(message, wanted);
  }

 private:
  void show(const uplink::Incoming& message, bool wanted) {
    const auto topic = topic_of(message);
    if (!record::stream_of(topic)) {
      print_text(message, topic);
      return;
    }
    const auto header = record::decode_header(message.payload);
    if (!header) {
      if (wanted)
        print_line({{"topic", topic}, {"bytes", message.payload.size()}, {"error", header.error().message()}});
      return;
    }
    const auto manifest = manifests_.find(header->manifest);
    const auto batch = record::decode(message.payload, manifest == manifests_.end() ? nullptr : &manifest->second);
    nlohmann::ordered_json line{{"topic", topic},
                                {"epoch", to_hex(header->key.epoch)},
                                {"seq", header->key.seq},
                                {"bytes", message.payload.size()}};
    if (header->copy_of) line["copy_of"] = {{"epoch", to_hex(header->copy_of->epoch)}, {"seq", header->copy_of->seq}};
    if (!batch) {
      line["error"] = batch.error().message();
    } else {
      line["count"] = batch->count;
      line["from"] = format_utc(batch->start);
      line["to"] = format_utc(batch->end);
      if (const auto* events = std::get_if<record::Events>(&batch->body)) add_events(line, *events);
      if (const auto* rows = std::get_if<record::Rows>(&batch->body)) add_rows(line, *rows, manifest->second);
    }
    if (wanted) print_line(line);
  }

  void add_events(nlohmann::ordered_json& line, const record::Events& events) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& event : events) {
      list.push_back({{"time", format_utc(event.time)},
                      {"kind", domain::name_of(event.kind)},
                      {"subject", event.subject},
                      {"text", event.text}});
      if (event.manifest.empty()) continue;
      if (auto manifest = record::decode_manifest(event.manifest))
        manifests_.emplace(record::sha256(event.manifest), std::move(*manifest));
    }
    line["events"] = std::move(list);
  }

  static void add_rows(nlohmann::ordered_json& line, const record::Rows& rows, const domain::Manifest& manifest) {
    for (const auto& row : rows)
      if (const auto* aggregate = std::get_if<domain::AggregateRow>(&row))
        line["rows"].push_back(nlohmann::ordered_json::parse(record::to_json(*aggregate, manifest)));
  }

  void print_text(const uplink::Incoming& message, const std::string& topic) const {
    const std::string text(message.payload.begin(), message.payload.end());
    const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    print_line({{"topic", topic},
                {"retained", message.retained},
                {"content", json.is_discarded() ? nlohmann::ordered_json(text) : json}});
  }

  void print_line(const nlohmann::ordered_json& line) const {
    if (json_) {
      std::cout << line.dump() << std::endl;
      return;
    }
    std::string text;
    for (const auto& [key, value] : line.items())
      if (key != "events" && key != "rows")
        text += (text.empty() ? "" : "  ") + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
    if (line.contains("events"))
      for (const auto& event : line["events"])
        text += "\n    " + event.value("time", "") + "  " + event.value("kind", "") + "  " +
                event.value("subject", "") + "  " + event.value("text", "");
    if (line.contains("rows"))
      for (const auto& row : line["rows"]) text += "\n    " + row.dump();
    std::cout << text << std::endl;
  }

  bool json_;
  std::map<Hash, domain::Manifest> manifests_;
};

std::stop_source interrupted;

const config::Uplink* find_uplink(const config::Site& site, const std::string& id) {
  if (site.uplinks.empty()) return nullptr;
  if (id.empty()) return &site.uplinks.front();
  const auto found = std::ranges::find(site.uplinks, id, &config::Uplink::id);
  return found == site.uplinks.end() ? nullptr : &*found;
}

Exit listen(uplink::Broker& broker, Decoder& decoder, const Common& common, const TailOptions& options, Clock& clock) {
  constexpr std::chrono::hours for_ever{24 * 365};
  const auto deadline =
      clock.steady_now() + (options.seconds == 0 ? Millis{for_ever} : Millis{options.seconds * 1000LL});
  std::uint32_t shown = 0;
  while (!interrupted.stop_requested() && clock.steady_now() < deadline) {
    for (const auto& event : broker.wait(interrupted.get_token(), deadline)) {
      if (const auto* gone = std::get_if<uplink::Disconnected>(&event))
        return print_failure(common, Error{ErrorKind::unreachable, "the broker is gone: " + gone->why}), Exit::device;
      const auto* message = std::get_if<uplink::Incoming>(&event);
      if (message == nullptr) continue;
      const auto topic = topic_of(*message);
      const bool wanted = options.only.empty() || std::ranges::find(options.only, topic) != options.only.end();
      decoder.take(*message, wanted);
      if (!wanted) continue;
      if (options.count != 0 && ++shown >= options.count) return Exit::ok;
    }
  }
  return Exit::ok;
}

}  // namespace

Exit tail(const Common& common, const TailOptions& options) {
  host::start_logging("warn");
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;
  const auto* destination = find_uplink(*site, options.uplink);
  if (destination == nullptr)
    return print_failure(common, Error{ErrorKind::not_found, "the site file has no uplink '" + options.uplink + "'"}),
           Exit::usage;

  const auto clock = host::make_system_clock();
  auto brokers = mqtt::make_broker_factory();
  const auto broker = brokers->make();
  uplink::BrokerOptions how{
      .uri = destination->url,
      .client_id = site->gateway + "-tail-" + std::to_string(clock->steady_now().time_since_epoch().count()),
      .username = destination->username,
      .password_file = destination->password_file,
      .ca_file = destination->ca_file,
      .certificate_file = destination->certificate_file,
      .key_file = destination->key_file,
      .will_topic = {},
      .will_payload = {},
      .optional_topics = {}};
  const auto connecting = broker->connect(how, {"jidian/v1/" + site->card.region + "/" + site->gateway + "/#"});
  if (!connecting) return print_failure(common, connecting.error()), Exit::usage;

  (void)std::signal(SIGINT, [](int) { interrupted.request_stop(); });
  Decoder decoder(common, config::manifest_of(*site));
  const auto exit = listen(*broker, decoder, common, options, *clock);
  broker->disconnect(Millis{500});
  return exit;
}

}  // namespace jidian::app

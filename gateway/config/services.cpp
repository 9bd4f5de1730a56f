#include <algorithm>

#include "config/site_sections.hpp"
#include "config/units.hpp"

namespace jidian::config {
namespace {

constexpr std::array<std::string_view, 3> streams{"event", "interval", "reading"};
constexpr std::array<std::string_view, 5> requests{"backfill", "status", "live", "read", "retry"};
constexpr std::size_t uplink_count_max = 8;
/// What a Unix socket's address holds.
constexpr std::size_t socket_path_max = 107;

std::vector<std::string> names(std::span<const std::string_view> words) {
  return {words.begin(), words.end()};
}

void read_url(Section& section, Uplink& uplink) {
  section.require("url", "url = \"mqtts://broker.example.org\"");
  const auto text = section.text("url");
  if (!text) return;
  if (text->find('@') != std::string::npos) {
    section.complain("url holds a name or a password; write username and password_file instead");
    return;
  }
  const auto url = parse_url(*text);
  if (!url || (url->scheme != "mqtts" && url->scheme != "mqtt")) {
    section.complain("url", "is no broker", "\"mqtts://host\" or \"mqtts://host:8883\"");
    return;
  }
  const bool secure = url->scheme == "mqtts";
  const bool ipv6 = url->host.find(':') != std::string::npos;
  uplink.url = url->scheme + "://" + (ipv6 ? "[" + url->host + "]" : url->host) + ":" +
               std::to_string(url->port.value_or(secure ? 8883 : 1883));
  if (secure) {
    if (uplink.insecure) section.complain("insecure", "contradicts mqtts://", "no insecure");
    return;
  }
  if (!uplink.insecure && !is_loopback(url->host))
    section.complain("url", "is plain text, readable on the way",
                     "mqtts://, or insecure = true if the line is protected otherwise");
  for (const auto key : {"ca_file", "certificate_file", "key_file"})
    if (section.has(key)) section.complain(std::string(key) + " needs mqtts://");
}

/// A gateway's name at a broker is its id: of two connections each pushes the other out, for ever, unless
/// the broker keeps names apart by login. What ran so before is to go on recording.
void check_broker(Section& section, const Uplink& uplink, const std::vector<Uplink>& earlier) {
  const auto broker_of = [](const Uplink& it) {
    std::string broker = it.url.substr(std::min(it.url.find("://"), it.url.size()));
    for (char& letter : broker)
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return broker;
  };
  const auto other = std::ranges::find(earlier, broker_of(uplink), broker_of);
  if (uplink.url.empty() || other == earlier.end()) return;
  section.journal().warn(section.place("url"), section.subject() + ": url is the broker of uplink '" + other->id +
                                                   "' already, where a gateway has one connection, got '" + uplink.url +
                                                   "'; write one [[uplink]] with the streams of both");
}

std::vector<std::string> read_words(Section& section, std::string_view key, std::span<const std::string_view> words) {
  if (!section.has(key)) return {};
  return read_references(section, key, key == "streams" ? "stream" : "request", words);
}

void read_credentials(Section& section, Uplink& uplink) {
  uplink.username = section.text("username").value_or("");
  uplink.password_file = section.secret_file("password_file").value_or("");
  uplink.ca_file = section.secret_file("ca_file").value_or("");
  uplink.certificate_file = section.secret_file("certificate_file").value_or("");
  uplink.key_file = section.secret_file("key_file").value_or("");
  if (section.has("password_file") && !section.has("username")) section.complain("password_file needs username");
  if (section.has("certificate_file") != section.has("key_file"))
    section.complain("certificate_file and key_file belong together; write both or none");
}

std::chrono::seconds whole_seconds(Millis duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration);
}

}  // namespace

void read_uplinks(Section& root, Site& site) {
  static constexpr std::array<std::pair<std::string_view, bool>, 2> confirmations{
      {{"backend", false}, {"broker", true}}};
  for (Section& section : root.sections("uplink", "uplink")) {
    if (site.uplinks.size() == uplink_count_max) {
      section.complain("there are more than " + std::to_string(uplink_count_max) + " uplinks");
      break;
    }
    Uplink uplink;
    uplink.line = section.place().line;
    uplink.column = section.place().column;
    uplink.id = read_id(section, ids_of(site.uplinks));
    uplink.insecure = section.boolean("insecure").value_or(false);
    read_url(section, uplink);
    check_broker(section, uplink, site.uplinks);
    read_credentials(section, uplink);
    uplink.confirm_by_broker = section.choice("confirm", confirmations).value_or(false);
    uplink.streams = section.has("streams") ? read_words(section, "streams", streams) : names(streams);
    if (section.has("streams") && uplink.streams.empty()) section.complain("streams", "is empty", "[\"event\"]");
    uplink.may = section.has("may") ? read_words(section, "may", requests) : names(std::span(requests).first(1));
    uplink.keep_alive =
        whole_seconds(section.duration("keep_alive", Millis{5000}, Millis{3'600'000}).value_or(uplink.keep_alive));
    uplink.receipt_timeout = whole_seconds(
        section.duration("receipt_timeout", Millis{1000}, Millis{3'600'000}).value_or(uplink.receipt_timeout));
    uplink.backlog_batches_per_s = static_cast<std::uint32_t>(
        section.integer("backlog_batches_per_s", 1, 1000).value_or(uplink.backlog_batches_per_s));
    section.finish();
    site.uplinks.push_back(std::move(uplink));
  }
  if (!root.has("uplink"))
    root.journal().warn(root.place("gateway"), "site file: there is no [[uplink]], so nothing is published");
}

void read_store(Section& root, Site& site) {
  auto store = root.section("store", "store");
  if (!store) return;
  if (const auto folder = read_path(*store, "folder")) site.store.folder = *folder;
  site.store.quota_bytes = store->size("quota", 16ULL << 20, 16ULL << 40).value_or(site.store.quota_bytes);
  site.store.commit_interval =
      store->duration("commit_interval", Millis{100}, Millis{600'000}).value_or(site.store.commit_interval);
  site.store.flash_endurance_gb =
      static_cast<std::uint64_t>(store->integer("flash_endurance_gb", 1, 100'000'000).value_or(0));
  if (auto retention = store->section("retention", "store.retention")) {
    for (const std::string_view stream : streams)
      if (const auto kept = retention->duration(stream, Millis{3'600'000}, Millis{10LL * 366 * 86'400'000}))
        site.store.retention[std::string(stream)] = std::chrono::duration_cast<std::chrono::hours>(*kept);
    retention->finish();
  }
  store->finish();
}

void read_api(Section& root, Site& site) {
  auto api = root.section("api", "api");
  if (!api) return;
  if (const auto socket = read_path(*api, "socket")) {
    if (socket->size() > socket_path_max) api->complain("socket", "is longer than 107 characters", "a shorter path");
    site.api.socket = *socket;
  }
  site.api.read_group = api->text("read_group").value_or("");
  site.api.operate_group = api->text("operate_group").value_or("");
  const auto position_of = [&api](const char* key) {
    const Place place = api->place(key);
    return Api::Position{place.line, place.column};
  };
  site.api.read_group_at = position_of("read_group");
  site.api.operate_group_at = position_of("operate_group");
  if (const auto metrics = api->text("metrics")) {
    const auto url = parse_url("tcp://" + *metrics);
    if (!url || !url->port || !is_loopback(url->host))
      api->complain("metrics", "must be this machine's own address and a port", "\"127.0.0.1:9464\"");
    site.api.metrics = *metrics;
  }
  api->finish();
}

}  // namespace jidian::config

#include "uplink/messages.hpp"

#include <nlohmann/json.hpp>

#include "base/outside_json.hpp"

namespace jidian::uplink {
namespace {

constexpr std::size_t topic_bytes_max = 256;
constexpr std::size_t status_bytes_max = 4096;

}  // namespace

Topics::Topics(const std::string& region, const std::string& gateway)
    : base_("jidian/v1/" + region + "/" + gateway + "/") {}

bool Topics::may_reply_to(const std::string& topic) const {
  if (topic.empty() || topic.size() > topic_bytes_max || topic.front() == '$') return false;
  if (topic.find_first_of(std::string_view("+#\0", 3)) != std::string::npos) return false;
  return !topic.starts_with(base_) || topic.starts_with(reply());
}

std::string online_status(const Options& options, std::uint64_t epoch, const std::string& manifest, UtcTime now) {
  nlohmann::ordered_json status{{"state", "online"},          {"gateway", options.gateway},
                                {"version", options.version}, {"instance", options.instance},
                                {"epoch", to_hex(epoch)},     {"manifest", manifest},
                                {"time", format_utc(now)}};
  return status.dump();
}

std::string offline_status(const Options& options, UtcTime now) {
  return nlohmann::ordered_json{
      {"state", "offline"}, {"gateway", options.gateway}, {"instance", options.instance}, {"time", format_utc(now)}}
      .dump();
}

std::optional<StatusWriter> writer_of(ByteView status) {
  if (status.size() > status_bytes_max) return std::nullopt;
  const auto json = parse_outside_json(status);
  if (!json || !json->is_object()) return std::nullopt;
  const auto instance = json->find("instance");
  if (instance == json->end() || !instance->is_string()) return std::nullopt;
  StatusWriter writer{instance->get<std::string>(), {}};
  if (const auto time = json->find("time"); time != json->end() && time->is_string())
    writer.time = parse_time(time->get<std::string>());
  return writer;
}

}  // namespace jidian::uplink

#include "app/tail_lines.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "record/aggregates.hpp"
#include "record/batch.hpp"
#include "record/manifest.hpp"

namespace jidian::app {
namespace {

using TailJson = nlohmann::ordered_json;

void add_events(TailJson& line, const record::Events& events) {
  auto list = TailJson::array();
  for (const auto& event : events)
    list.push_back({{"time", format_utc(event.time)},
                    {"kind", domain::name_of(event.kind)},
                    {"subject", event.subject},
                    {"text", event.text}});
  line["events"] = std::move(list);
}

void add_rows(TailJson& line, const record::Rows& rows, const domain::Manifest& manifest) {
  for (const auto& row : rows)
    if (const auto* aggregate = std::get_if<domain::AggregateRow>(&row))
      line["rows"].push_back(TailJson::parse(record::to_json(*aggregate, manifest)));
}

/// Of a batch all but its content.
TailJson key_of(const uplink::Incoming& message, const record::Header& header) {
  TailJson line{{"topic", last_word_of(message)},
                {"epoch", to_hex(header.key.epoch)},
                {"seq", header.key.seq},
                {"bytes", message.payload.size()}};
  if (header.copy_of) line["copy_of"] = {{"epoch", to_hex(header.copy_of->epoch)}, {"seq", header.copy_of->seq}};
  return line;
}

TailJson line_of_text(const uplink::Incoming& message) {
  const std::string text(message.payload.begin(), message.payload.end());
  const auto json = TailJson::parse(text, nullptr, false);
  return {{"topic", last_word_of(message)},
          {"retained", message.retained},
          {"content", json.is_discarded() ? TailJson(text) : json}};
}

/// What a broker hands out need not be UTF-8.
std::string tail_text_of(const TailJson& json) {
  return json.dump(-1, ' ', false, TailJson::error_handler_t::replace);
}

std::string written(const TailJson& line, bool as_json) {
  if (as_json) return tail_text_of(line);
  std::string text;
  for (const auto& [key, value] : line.items())
    if (key != "events" && key != "rows")
      text +=
          (text.empty() ? "" : "  ") + key + "=" + (value.is_string() ? value.get<std::string>() : tail_text_of(value));
  if (line.contains("events"))
    for (const auto& event : line["events"])
      text += "\n    " + event.value("time", "") + "  " + event.value("kind", "") + "  " + event.value("subject", "") +
              "  " + event.value("text", "");
  if (line.contains("rows"))
    for (const auto& row : line["rows"]) text += "\n    " + tail_text_of(row);
  return text;
}

}  // namespace

std::string last_word_of(const uplink::Incoming& message) {
  return message.topic.substr(message.topic.rfind('/') + 1);
}

TailLines::TailLines(bool json, const domain::Manifest& own) : json_(json) {
  manifests_.emplace(record::encode(own).hash, own);
}

std::string TailLines::take(const uplink::Incoming& message) {
  const auto topic = last_word_of(message);
  if (!record::stream_of(topic)) return written(line_of_text(message), json_);
  const auto header = record::decode_header(message.payload);
  if (!header)
    return written({{"topic", topic}, {"bytes", message.payload.size()}, {"error", header.error().message()}}, json_);
  const auto manifest = manifests_.find(header->manifest);
  const auto batch = record::decode(message.payload, manifest == manifests_.end() ? nullptr : &manifest->second);
  TailJson line = key_of(message, *header);
  if (!batch) {
    line["error"] = batch.error().message();
    return written(line, json_);
  }
  line["count"] = batch->count;
  line["from"] = format_utc(batch->start);
  line["to"] = format_utc(batch->end);
  if (const auto* rows = std::get_if<record::Rows>(&batch->body)) add_rows(line, *rows, manifest->second);
  if (const auto* events = std::get_if<record::Events>(&batch->body)) {
    add_events(line, *events);
    for (const auto& event : *events) {
      if (event.manifest.empty()) continue;
      if (auto known = record::decode_manifest(event.manifest))
        manifests_.emplace(record::sha256(event.manifest), std::move(*known));
    }
  }
  return written(line, json_);
}

}  // namespace jidian::app

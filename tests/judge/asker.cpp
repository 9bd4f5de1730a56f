#include "asker.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "batch.hpp"

namespace jidian::judge {
namespace {

using AskedJson = nlohmann::json;

constexpr std::array stream_words{std::pair{event_stream, "event"}, std::pair{interval_stream, "interval"},
                                  std::pair{reading_stream, "reading"}};

std::string hex_of(std::uint64_t epoch) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, epoch >>= 4U)
    *digit = "0123456789abcdef"[epoch & 15U];
  return text;
}

std::string gateway_of(const std::string& base) {
  return base.substr(base.rfind('/') + 1);
}

std::string utc_text(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  (void)std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace

void Asker::hear(const Message& message, std::int64_t now_ms) {
  const auto slash = message.topic.rfind('/');
  if (slash == std::string::npos) return;
  const auto [found, is_new] = gateways_.try_emplace(message.topic.substr(0, slash));
  if (is_new) {
    found->second.look_ms = now_ms + pause_ms;
    for (const auto& [number, word] : stream_words)
      if (!ledger_.has_any(gateway_of(found->first), number)) found->second.wants_all.insert(word);
  }
  if (message.topic.substr(slash + 1) == "reply") take_reply(found->second, message, now_ms);
}

void Asker::take_reply(Gateway& gateway, const Message& message, std::int64_t now_ms) {
  const auto reply = AskedJson::parse(message.payload, nullptr, false);
  if (!gateway.open || !reply.is_object() || message.correlation != gateway.open->correlation) return;
  if (reply.value("id", "") != gateway.open->correlation) return;
  gateway.open.reset();
  gateway.look_ms = now_ms + pause_ms;
  if (!reply.value("ok", false)) {
    ledger_.count("backfill_refused");
    return;
  }
  const Wish& wish = gateway.wish;
  if (wish.is_all) gateway.wants_all.erase(wish.stream);
  for (const auto epoch : wish.ends) gateway.ends_asked.insert({wish.stream, epoch});
  for (const auto& answer : reply["result"]["answers"]) {
    const auto word = answer.value("answer", "");
    ledger_.count("backfill_" + word);
    if (word == "sends" || word == "ask_again" || word == "not_yet" || !answer.contains("epoch")) continue;
    gateway.refused[wish.stream].push_back({std::stoull(answer["epoch"].get<std::string>(), nullptr, 16),
                                            answer["from"].get<std::uint64_t>(), answer["to"].get<std::uint64_t>()});
  }
}

std::optional<Asker::Wish> Asker::wish_for(const std::string& base, const Gateway& gateway) const {
  const auto id = gateway_of(base);
  for (const auto& [number, word] : stream_words) {
    Wish wish{word, gateway.wants_all.contains(word), {}, {}};
    if (wish.is_all) return wish;
    const auto refused = gateway.refused.find(word);
    const auto is_refused = [&](const Ledger::Hole& hole) {
      return refused != gateway.refused.end() && std::ranges::any_of(refused->second, [&](const Refused& each) {
               return each.epoch == hole.epoch && each.first <= hole.first && hole.last <= each.last;
             });
    };
    for (const auto& hole : ledger_.holes(id, number))
      if (!is_refused(hole) && wish.ranges.size() < ranges_max) wish.ranges.push_back(hole);
    for (const auto& end : ledger_.beyond(id, number, beyond_max))
      if (!gateway.ends_asked.contains({word, end.epoch}) && wish.ranges.size() < ranges_max) {
        wish.ranges.push_back(end);
        wish.ends.push_back(end.epoch);
      }
    if (!wish.ranges.empty()) return wish;
  }
  return std::nullopt;
}

std::vector<Command> Asker::due(std::int64_t now_ms) {
  std::vector<Command> commands;
  for (auto& [base, gateway] : gateways_) {
    if (gateway.open && now_ms >= gateway.given_up_ms) gateway.open.reset();
    if (gateway.open) {
      if (now_ms < gateway.sent_ms + repeat_ms) continue;
    } else {
      if (now_ms < gateway.look_ms) continue;
      gateway.look_ms = now_ms + pause_ms;
      auto wish = wish_for(base, gateway);
      if (!wish) continue;
      gateway.open = command_for(base, *wish, now_ms);
      gateway.wish = std::move(*wish);
      gateway.given_up_ms = now_ms + expiry_ms;
      ledger_.count("backfill_commands");
    }
    gateway.sent_ms = now_ms;
    commands.push_back(*gateway.open);
  }
  return commands;
}

Command Asker::command_for(const std::string& base, const Wish& wish, std::int64_t now_ms) {
  const auto id = "backfill-" + std::to_string(now_ms) + "-" + std::to_string(++asked_);
  AskedJson json{{"id", id},
                 {"op", "backfill"},
                 {"gateway", gateway_of(base)},
                 {"expires", utc_text(now_ms + expiry_ms)},
                 {"stream", wish.stream}};
  if (wish.is_all) json["period"] = {{"from_ms", 0}, {"to_ms", now_ms}};
  for (const auto& range : wish.ranges)
    json["ranges"].push_back({{"epoch", hex_of(range.epoch)}, {"from", range.first}, {"to", range.last}});
  return {base + "/command", json.dump(), base + "/reply", id};
}

}  // namespace jidian::judge

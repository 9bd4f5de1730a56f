#include "uplink/commands_inbox.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/outside_json.hpp"
#include "base/result.hpp"

namespace jidian::uplink {
namespace {

using nlohmann::json;

constexpr std::size_t command_bytes_max = 65'536;
constexpr std::size_t id_bytes_max = 64;

std::string refusal(const std::string& id, std::string_view kind, const std::string& message) {
  const nlohmann::ordered_json reply{
      {"id", id}, {"ok", false}, {"error", {{"kind", std::string(kind)}, {"message", message}}}};
  return reply.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string refusal(const std::string& id, ErrorKind kind, const std::string& message) {
  return refusal(id, name_of(kind), message);
}

/// A string member of a JSON object; empty if it is not there or no string.
std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// What a reply says against its command; empty if it was carried out.
std::string why_refused(const std::string& reply) {
  constexpr std::size_t refusal_bytes_max = 4096;  // what was carried out may be long
  if (reply.size() > refusal_bytes_max) return {};
  const json parsed = json::parse(reply, nullptr, false);
  const auto error = parsed.is_object() ? parsed.find("error") : parsed.end();
  if (!parsed.is_object() || error == parsed.end() || !error->is_object()) return {};
  return text_of(*error, "message");
}

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

bool is_printable(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

std::string reply_too_large(const std::string& id, std::size_t bytes, std::size_t bytes_max) {
  const std::string limit =
      bytes_max == 0 ? "more than the broker takes" : "and the broker takes packets of " + std::to_string(bytes_max);
  return refusal(id, "too_large",
                 "it was carried out; its reply has " + std::to_string(bytes) + " bytes, " + limit + ": ask for less");
}

std::optional<UtcTime> parse_utc(const std::string& text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= form.size() || text.size() > form.size() + 11 || text.back() != 'Z') return std::nullopt;
  std::array<int, 6> part{};
  std::size_t current = 0;
  for (std::size_t index = 0; index < form.size(); ++index) {
    if (form[index] != 'd') {
      if (text[index] != form[index]) return std::nullopt;
      ++current;
    } else {
      if (!is_digit(text[index])) return std::nullopt;
      part[current] = part[current] * 10 + (text[index] - '0');
    }
  }
  const std::string_view fraction = std::string_view(text).substr(form.size(), text.size() - form.size() - 1);
  if (!fraction.empty() && (fraction[0] != '.' || !std::ranges::all_of(fraction.substr(1), is_digit)))
    return std::nullopt;
  Millis millis{0};
  for (std::size_t index = 1, scale = 100; index < fraction.size(); ++index, scale /= 10)
    millis += Millis((fraction[index] - '0') * static_cast<int>(scale));
  const std::chrono::year_month_day date{std::chrono::year(part[0]), std::chrono::month(static_cast<unsigned>(part[1])),
                                         std::chrono::day(static_cast<unsigned>(part[2]))};
  if (!date.ok() || part[3] > 23 || part[4] > 59 || part[5] > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(part[3]) + std::chrono::minutes(part[4]) +
         std::chrono::seconds(part[5]) + millis;
}

CommandsInbox::CommandsInbox(std::string gateway, std::vector<std::string> may,
                             std::function<std::string(const std::string&)> carry_out)
    : gateway_(std::move(gateway)), may_(std::move(may)), carry_out_(std::move(carry_out)) {}

CommandsInbox::Outcome CommandsInbox::take(const Incoming& message, UtcTime now) {
  const auto refuse = [](const std::string& id, ErrorKind kind, const std::string& why) {
    const auto about = id.empty() ? "a command" : "command '" + id + "'";
    return Outcome{id, id.empty() ? "" : refusal(id, kind, why), about + " was refused: " + why};
  };
  if (message.payload.size() > command_bytes_max) return refuse("", ErrorKind::invalid, "it is larger than 64 KiB");
  const auto read_json = parse_outside_json(message.payload);
  if (!read_json) return refuse("", ErrorKind::invalid, read_json.error().message());
  const json& command = *read_json;
  if (!command.is_object()) return refuse("", ErrorKind::invalid, "it is not a JSON object");
  const auto id = text_of(command, "id");
  if (id.empty() || id.size() > id_bytes_max || !is_printable(id))
    return refuse("", ErrorKind::invalid, "it has no id of 1 to 64 printable characters");
  if (message.retained) return refuse(id, ErrorKind::denied, "it is retained: a command is for once");

  forget(now);
  if (const auto known = known_.find(id); known != known_.end()) return {id, known->second.reply, {}};

  if (const auto whose = command.find("gateway"); whose != command.end() && *whose != gateway_)
    return refuse(id, ErrorKind::denied, "it is for another gateway");
  const auto expires = parse_utc(text_of(command, "expires"));
  if (!expires) return refuse(id, ErrorKind::invalid, "'expires' is not a time as 2026-03-01T08:00:00Z");
  if (*expires <= now) return refuse(id, ErrorKind::denied, "it expired at " + format_utc(*expires));
  if (*expires > now + memory) return refuse(id, ErrorKind::denied, "it expires more than 24 h ahead");
  const auto op = text_of(command, "op");
  if (!std::ranges::count(may_, op))
    return refuse(id, ErrorKind::denied, "this destination may not ask for '" + op.substr(0, id_bytes_max) + "'");
  if (known_.size() >= remembered_max) return refuse(id, ErrorKind::full, "too many commands within 24 h");

  auto reply = carry_out_(std::string(message.payload.begin(), message.payload.end()));
  remember(id, reply, now + memory);
  const auto why = why_refused(reply);
  return {id, std::move(reply), why.empty() ? "" : "command '" + id + "' was refused: " + why};
}

void CommandsInbox::remember(const std::string& id, std::string reply, UtcTime until) {
  reply_bytes_ += reply.size();
  known_[id] = {until, std::move(reply)};
  order_.push_back(id);
  for (auto oldest = order_.begin(); reply_bytes_ > reply_bytes_max && oldest != order_.end(); ++oldest) {
    auto& old = known_[*oldest];
    reply_bytes_ -= old.reply.size();
    old.reply = refusal(*oldest, ErrorKind::full, "it was carried out; its reply is not kept any more");
    reply_bytes_ += old.reply.size();
  }
}

void CommandsInbox::forget(UtcTime now) {
  while (!order_.empty() && known_[order_.front()].until <= now) {
    reply_bytes_ -= known_[order_.front()].reply.size();
    known_.erase(order_.front());
    order_.pop_front();
  }
}

}  // namespace jidian::uplink

#include "command/mark.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/id.hpp"
#include "command/text_arguments.hpp"

namespace jidian::command {
namespace {

using Json = nlohmann::ordered_json;

Error mistake(std::string what) {
  return {ErrorKind::invalid, std::move(what)};
}

/// The instant in `text`, if there is one there. Errors: invalid.
Status take_time(const std::string& text, const char* key, std::optional<UtcTime>& into) {
  if (text.empty() || (into = parse_time(text))) return {};
  return mistake(std::string("\"") + key + "\" is no time with its zone, got '" + text +
                 "'; write 2026-03-01T16:00:00+08:00");
}

bool is_known(const domain::Manifest& manifest, const std::string& id) {
  return std::ranges::find(manifest.meters, id, &domain::MeterEntry::id) != manifest.meters.end() ||
         std::ranges::find(manifest.facilities, id, &domain::FacilityEntry::id) != manifest.facilities.end();
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<domain::MarkRequest> mark_request(const domain::Manifest& manifest, const nlohmann::json& request,
                                         const std::string& user) {
  TextArguments arguments(request);
  domain::MarkRequest asked;
  asked.ends = arguments.line("end", name_length_max);
  asked.subject = arguments.line("subject", name_length_max);
  asked.by = arguments.line("by", name_length_max);
  asked.reason = arguments.line("reason", note_length_max);
  const std::string as = arguments.line("as", name_length_max);
  const std::string from = arguments.line("from", number_length_max);
  const std::string until = arguments.line("until", number_length_max);
  if (const auto wrong = arguments.mistake()) return *wrong;
  if (auto done = take_time(from, "from", asked.from); !done) return done.error();
  if (auto done = take_time(until, "until", asked.until); !done) return done.error();
  asked.user = user;
  if (asked.by.empty()) asked.by = user;
  if (!asked.ends.empty()) {
    if (!is_id(asked.ends)) return mistake("\"end\" is not the id of a mark; {\"op\":\"marks\"} lists them");
    if (!as.empty() || !from.empty() || !asked.subject.empty())
      return mistake("the end of a mark takes \"until\", \"reason\" and \"by\"; the rest was said when it began");
    return asked;
  }
  const auto quality = domain::mark_of(as);
  if (!quality)
    return mistake("'mark' needs \"as\": maintenance, calibration, manual, stopped or supply_lost" +
                   (as.empty() ? std::string() : ", got '" + as + "'"));
  asked.as = *quality;
  if (asked.reason.empty()) return mistake("'mark' needs \"reason\": what is done, in a few words");
  if (request.find("subject") == request.end())
    return mistake("'mark' needs \"subject\": the id of a meter or a facility; \"\" means the whole site");
  if (!asked.subject.empty() && !is_known(manifest, asked.subject))
    return Error{ErrorKind::not_found, "there is no meter and no facility '" + asked.subject + "'"};
  return asked;
}

std::string mark_answer(const domain::Event& recorded) {
  auto facts = Json::object();
  for (const auto& [name, value] : recorded.facts) facts[name] = value;
  return dump({{"recorded", true}, {"subject", recorded.subject}, {"facts", std::move(facts)}});
}

Json json_of(const domain::Mark& mark, UtcTime now) {
  return {{"id", mark.id},
          {"mark", name_of(mark.as)},
          {"subject", mark.subject},
          {"from", format_utc(mark.from)},
          {"until", mark.until ? Json(format_utc(*mark.until)) : Json()},
          {"told_at", format_utc(mark.told_at)},
          {"in_force", is_under(mark, now)},
          {"by", mark.by},
          {"user", mark.user},
          {"reason", mark.reason}};
}

std::string marks_json(const std::vector<domain::Mark>& marks, UtcTime now) {
  Json listed = Json::array();
  for (const auto& mark : marks) listed.push_back(json_of(mark, now));
  return dump({{"marks", std::move(listed)}});
}

}  // namespace jidian::command

#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>

#include "command/command.hpp"
#include "command/mark.hpp"
#include "command/replace.hpp"
#include "command/signoff.hpp"
#include "command/text_arguments.hpp"

/// Operations that put a person's statement on record.
namespace jidian::command {
namespace {

bool is_generation(const domain::Manifest& manifest, const std::string& meter) {
  return std::ranges::any_of(manifest.facilities, [&](const domain::FacilityEntry& facility) {
    const bool feeds =
        facility.kind == domain::FacilityKind::generation || facility.kind == domain::FacilityKind::storage;
    return feeds && std::ranges::find(facility.meters, meter) != facility.meters.end();
  });
}

Result<const domain::MeterEntry*> entry_of(const domain::Manifest* manifest, const std::string& meter) {
  if (manifest != nullptr) {
    const auto found = std::ranges::find(manifest->meters, meter, &domain::MeterEntry::id);
    if (found != manifest->meters.end()) return &*found;
  }
  return Error{ErrorKind::not_found, "there is no meter '" + meter + "'"};
}

/// What every statement about a meter says, after its own texts were taken: the counter, who, and a note. Errors:
/// invalid, the first mistake in any text.
template <typename Request>
Status read_common(TextArguments& arguments, const domain::MeterEntry& entry, const Caller& caller, Request& asked) {
  asked.by = arguments.line("by", name_length_max);
  asked.note = arguments.line("note", note_length_max);
  const std::string point = arguments.line("point", name_length_max);
  if (const auto wrong = arguments.mistake()) return *wrong;
  const auto position = counter_of(entry, point);
  if (!position) return position.error();
  asked.point = *position;
  asked.user = caller.name;
  if (asked.by.empty()) asked.by = caller.name;
  return {};
}

Result<SignoffRequest> signoff_request(const domain::MeterEntry& entry, const nlohmann::json& request,
                                       const Caller& caller) {
  TextArguments arguments(request);
  SignoffRequest asked;
  asked.display = arguments.line("display", number_length_max);
  asked.accept = arguments.line("accept", note_length_max);
  if (auto done = read_common(arguments, entry, caller, asked); !done) return done.error();
  if (asked.display.empty())
    return Error{ErrorKind::invalid, "'signoff' needs \"display\": what the meter's display shows, as text"};
  return asked;
}

Result<ReplaceRequest> replace_request(const domain::MeterEntry& entry, const nlohmann::json& request,
                                       const Caller& caller) {
  TextArguments arguments(request);
  ReplaceRequest asked;
  asked.old_final = arguments.line("old_final", number_length_max);
  asked.new_start = arguments.line("new_start", number_length_max);
  asked.serial = arguments.line("serial", name_length_max);
  const std::string at = arguments.line("at", number_length_max);
  if (auto done = read_common(arguments, entry, caller, asked); !done) return done.error();
  if (asked.old_final.empty() || asked.new_start.empty())
    return Error{ErrorKind::invalid,
                 "'replace' needs \"old_final\" and \"new_start\": what the displays of the old and "
                 "of the new meter show, as texts"};
  if (!at.empty() && !(asked.at = parse_time(at)))
    return Error{ErrorKind::invalid,
                 "\"at\" is no time with its zone, got '" + at + "'; write 2026-03-01T16:00:00+08:00"};
  return asked;
}

/// Waits as long as for a read.
template <typename T>
Result<T> answer_within(std::future<Result<T>> answer, Millis patience, const std::string& what) {
  if (answer.wait_for(patience) != std::future_status::ready)
    return Error{ErrorKind::timeout, "the bus did not come to " + what + " in time; ask again"};
  return answer.get();
}

}  // namespace

Result<std::string> Commands::signoff(const std::string& meter, const Json& request, const Caller& caller) {
  const auto in_force = manifest();
  const auto entry = entry_of(in_force.get(), meter);
  if (!entry) return entry.error();
  const auto asked = signoff_request(**entry, request, caller);
  if (!asked) return asked.error();
  const auto answer = read_fresh(meter);
  if (!answer) return answer.error();
  const Subject subject{**entry, *answer, is_generation(*in_force, meter)};
  const auto found = examine(subject, *asked);
  if (!found) return found.error();
  if (!found->holds() && asked->accept.empty()) return to_json(subject, *found, *asked, false);
  if (const auto done = put_on_record({event_of(**entry, *found, *asked, parts_.clock->utc_now())}); !done)
    return done.error().during("recording the sign-off of '" + meter + "'");
  return to_json(subject, *found, *asked, true);
}

/// First everything that can be refused, then the record, then the poller: a gateway that is killed in between starts
/// with the new serial number, for it is in the note that the event's transaction holds. A reload in between would
/// begin another poller that knows the old one.
Result<std::string> Commands::replace(const std::string& meter, const Json& request, const Caller& caller) {
  const auto kept = parts_.keep_configuration ? parts_.keep_configuration() : std::make_shared<int>();
  if (kept == nullptr)
    return Error{ErrorKind::conflict, "another configuration is being taken over now; say it again when it is"};
  const auto in_force = manifest();
  const auto entry = entry_of(in_force.get(), meter);
  if (!entry) return entry.error();
  const auto asked = replace_request(**entry, request, caller);
  if (!asked) return asked.error();
  const UtcTime now = parts_.clock->utc_now();
  if (asked->at && *asked->at > now)
    return Error{ErrorKind::invalid, "\"at\" lies ahead: " + format_utc(*asked->at) + "; it is " + format_utc(now)};
  const auto poller = poller_of(meter);
  if (!poller) return poller.error();
  const auto answer = read_fresh(meter);
  if (!answer) return answer.error();
  const auto identity =
      answer_within((*poller)->identify(meter, asked->serial), parts_.record_patience, "meter '" + meter + "'");
  if (!identity) return identity.error().during("asking '" + meter + "' for its serial number");
  const auto serial = new_serial_of(*asked, identity->known, identity->told);
  if (!serial) return serial.error();
  const Subject subject{**entry, *answer, false};
  const auto index = static_cast<domain::MeterIndex>(*entry - in_force->meters.data());
  auto stated = replacement_of(subject, index, *asked);
  if (!stated) return stated.error();
  stated->old_serial = identity->known;
  stated->new_serial = *serial;
  auto recorded = put_on_record({event_of(subject, *asked, identity->known, *serial, parts_.clock->utc_now()),
                                 std::move(*stated),
                                 {identity->note}});
  if (!recorded) return recorded.error();
  auto adopted = (*poller)->adopt(meter, *serial);  // between two slots, whether or not it is waited for
  if (adopted.wait_for(parts_.record_patience) == std::future_status::ready)
    if (const auto done = adopted.get(); !done)
      spdlog::warn("replaced meter not known to its poller before the next start meter={} why=\"{}\"", meter,
                   done.error().message());
  return to_json(*recorded);
}

Result<std::string> Commands::mark(const Json& request, const Caller& caller) {
  const auto in_force = manifest();
  if (in_force == nullptr) return Error{ErrorKind::not_found, "there is no manifest to mark anything in"};
  auto asked = mark_request(*in_force, request, caller.name);
  if (!asked) return asked.error();
  spdlog::info("command op=mark target={} by={}", asked->ends.empty() ? asked->subject : asked->ends, caller.name);
  recorder::Statement statement;
  statement.mark = std::move(*asked);
  const auto recorded = put_on_record(std::move(statement));
  if (!recorded) return recorded.error();
  return mark_answer(*recorded);
}

/// Returns once the statement is durable.
Result<domain::Event> Commands::put_on_record(recorder::Statement statement) {
  auto answer = parts_.recorder->attest(std::move(statement));
  if (answer.wait_for(parts_.record_patience) != std::future_status::ready)
    return Error{ErrorKind::timeout,
                 "the store is slow: the statement waits and is stored as soon as it takes it; look for it with jidian "
                 "tail before saying it again"};
  return answer.get();
}

}  // namespace jidian::command

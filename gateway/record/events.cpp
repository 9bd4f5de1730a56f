#include "record/body.hpp"
#include "record/record.pb.h"

namespace jidian::record {
namespace {

using domain::Event;
using domain::Gap;

Result<Event> read_event(const jidian::v1::Event& in) {
  const auto time = read_time(in.time_ms());
  if (!time) return time.error();
  const auto kind = read_code<domain::EventKind>(in.kind());
  if (!kind) return kind.error();
  Event event{*time, *kind, in.subject(), in.text(), std::nullopt, {in.manifest().begin(), in.manifest().end()}, {}};
  for (const auto& fact : in.facts()) event.facts.emplace_back(fact.name(), fact.value());
  if (in.has_gap()) {
    const auto cause = read_code<domain::GapCause>(in.gap().cause());
    const auto from = read_time(in.gap().from_ms());
    const auto until = read_time(in.gap().until_ms());
    if (!cause || !from || !until) return Error{ErrorKind::corrupt, "a gap with an impossible cause or time"};
    event.gap = Gap{*cause, *from, *until, in.gap().missed()};
  }
  return event;
}

}  // namespace

PlainBody write_events(const Events& events) {
  jidian::v1::Events message;
  for (const Event& event : events) {
    auto& out = *message.add_events();
    out.set_time_ms(event.time.time_since_epoch().count());
    out.set_kind(static_cast<std::uint32_t>(event.kind));
    out.set_subject(to_utf8(event.subject));
    out.set_text(to_utf8(event.text));
    out.set_manifest(event.manifest.data(), event.manifest.size());
    for (const auto& [name, value] : event.facts) {
      auto& fact = *out.add_facts();
      fact.set_name(to_utf8(name));
      fact.set_value(to_utf8(value));
    }
    if (!event.gap) continue;
    auto& gap = *out.mutable_gap();
    gap.set_cause(static_cast<std::uint32_t>(event.gap->cause));
    gap.set_from_ms(event.gap->from.time_since_epoch().count());
    gap.set_until_ms(event.gap->until.time_since_epoch().count());
    gap.set_missed(event.gap->missed);
  }
  Bytes body(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(body.data());
  return {std::move(body), {}};
}

Result<Events> read_events(ByteView bytes) {
  jidian::v1::Events message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Error{ErrorKind::corrupt, "the body is not an Events message"};
  Events events;
  for (const auto& in : message.events()) {
    auto event = read_event(in);
    if (!event) return event.error();
    events.push_back(std::move(*event));
  }
  return events;
}

}  // namespace jidian::record

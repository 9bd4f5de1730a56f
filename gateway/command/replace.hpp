#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "command/subject.hpp"
#include "domain/event.hpp"
#include "domain/replacement.hpp"

/// A meter is exchanged for another one, and its totals go on. Pure.
namespace jidian::command {

/// What a person says.
struct ReplaceRequest {
  std::size_t point = 0;  ///< The counter that was read at both displays.
  std::string old_final;  ///< As typed, see `display_of`; both in one unit.
  std::string new_start;
  std::string serial;         ///< Of the new meter; empty: what it tells.
  std::optional<UtcTime> at;  ///< Nothing: now, or when the counter fell.
  std::string by;
  std::string user;
  std::string note;
};

/// The serial number the new meter is to be known by; empty if neither it nor the person says one. Errors: conflict (it
/// tells another than stated, or still that of the old one).
Result<std::string> new_serial_of(const ReplaceRequest& request, const std::string& known, const std::string& told);

/// In the counts of the meter's register. `subject`: what the new meter shows. Errors: invalid (no number of a display,
/// a count that the register cannot hold), and those of `engineering_value`.
Result<domain::Replacement> replacement_of(const Subject& subject, domain::MeterIndex meter,
                                           const ReplaceRequest& request);

/// The event, without what the recorder knows. Precondition: `replacement_of` takes the request.
domain::Event event_of(const Subject& subject, const ReplaceRequest& request, const std::string& old_serial,
                       const std::string& new_serial, UtcTime now);

/// {"meter", "recorded", "facts": {…}}: the event as it was recorded.
std::string to_json(const domain::Event& recorded);

}  // namespace jidian::command

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "domain/mark.hpp"

/// A period is marked: maintenance, calibration, … Pure.
namespace jidian::command {

/// What `request` says, by `user`: {"subject", "as", "from", "until", "reason", "by"} or {"end", "until", "reason",
/// "by"}. Errors: invalid (which text is missing or wrong), not_found (no such meter or facility).
Result<domain::MarkRequest> mark_request(const domain::Manifest& manifest, const nlohmann::json& request,
                                         const std::string& user);

/// {"recorded": true, "subject", "facts": {…}}: the event as it was recorded.
std::string mark_answer(const domain::Event& recorded);

/// {"marks": [{"id", "mark", "subject", "from", "until", "told_at", "in_force", "by", "user", "reason"}]}.
std::string marks_json(const std::vector<domain::Mark>& marks, UtcTime now);

/// One of them, as in `status`.
nlohmann::ordered_json json_of(const domain::Mark& mark, UtcTime now);

}  // namespace jidian::command

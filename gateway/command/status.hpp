#pragma once

#include <string>

#include "command/snapshot.hpp"

namespace jidian::command {

/// The gateway's condition as one JSON object; its fields are described in docs/operations/local-api.md.
/// Times are ISO 8601 in UTC; what is not known is null.
std::string status_json(const Snapshot& snapshot);

}  // namespace jidian::command

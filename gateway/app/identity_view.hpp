#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "identity/identity.hpp"

namespace jidian::app {

/// What this box has certainly outlived: the release that runs (when its file was made), and the newest file of the
/// store, if that lies within twenty years behind: a clock that once jumped ahead must not count for ever.
UtcTime clock_floor(const std::filesystem::path& store_folder);

/// Everything about an identity as JSON.
std::string identity_json(const identity::View& view, identity::Moment moment);

/// The same for people, a line each.
std::string identity_text(const identity::View& view, identity::Moment moment);

/// What is to be done about an identity, in one sentence; nothing if all is well. `gateway` is its id, empty where no
/// site file says it.
std::optional<std::string> identity_finding(const identity::View& view, const std::string& gateway,
                                            identity::Moment moment);

}  // namespace jidian::app

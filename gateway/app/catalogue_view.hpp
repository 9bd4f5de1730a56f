#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "config/site.hpp"

namespace jidian::app {

/// One line a profile: id, maker and model, confidence, carriers, points, link as delivered.
std::string list_text(const config::Catalogue& catalogue);

/// The same as an array of objects.
nlohmann::ordered_json list_json(const config::Catalogue& catalogue);

/// All that a profile says, for people: head, link, limits, identity, notes, then every point with its address on the
/// wire and as manuals print it.
std::string explain_text(const meter::Profile& profile);

/// The same as an object.
nlohmann::ordered_json explain_json(const meter::Profile& profile);

}  // namespace jidian::app

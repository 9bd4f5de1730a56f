#pragma once

#include <nlohmann/json_fwd.hpp>

#include "domain/manifest.hpp"

namespace jidian::record {

/// Adds to the JSON of a manifest (with its site, accounts and facilities) what it says of amounts, shifts, demand and
/// fuels.
void add_amounts(const domain::Manifest& manifest, nlohmann::ordered_json& json);

}  // namespace jidian::record

#pragma once

#include <span>
#include <string>
#include <vector>

#include "domain/directive.hpp"
#include "domain/manifest.hpp"

/// Orders from above. Pure.
namespace jidian::command {

/// The payload of the topic `directives` as `destination` sent it, with what may not be ordered sorted out: by whom
/// none of `issuers` is, for a facility the site does not have, or what cannot be understood. A payload that is no list
/// at all is one refusal, and not whole. An order that is listed twice counts with its higher version.
/// @param issuers  Ids of those who may order through this destination.
domain::DirectiveListing listing_of(std::string_view payload, const std::string& destination,
                                    std::span<const std::string> issuers, const domain::Manifest& manifest);

}  // namespace jidian::command

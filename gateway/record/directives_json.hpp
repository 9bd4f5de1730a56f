#pragma once

#include <span>
#include <string>

#include "domain/directive.hpp"

namespace jidian::record {

/// Orders as a JSON array for people: in `live` and in the status. `load_kw` is null where it is unknown.
std::string directives_json(std::span<const domain::DirectiveNow> orders);

}  // namespace jidian::record

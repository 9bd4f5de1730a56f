#pragma once

#include <string>

#include "acquire/poller.hpp"

namespace jidian::command {

/// A fresh reading as JSON: {"meter", "start", "end", "points": [{"point", "value", "unit", "words", "quality",
/// "error"}]}. `value` is the exact decimal before ratios, as text; `words` the registers as numbers; `error` is left
/// out if there is none.
std::string to_json(const acquire::MeterAnswer& answer);

}  // namespace jidian::command

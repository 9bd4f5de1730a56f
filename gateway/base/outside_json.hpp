#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace jidian {

/// Objects and lists that may stand within one another in JSON from outside: what the contract and the local interface
/// know has five. Some functions of the library call themselves once for each, and a thread's stack may be of 256 KiB.
inline constexpr std::size_t outside_json_levels_max = 16;

/// What JSON that somebody else wrote stands for. The size of `text` is for the caller to bound.
///
/// Errors: corrupt (no JSON, or of more than `outside_json_levels_max` levels), as a sentence that begins with "it".
Result<nlohmann::json> parse_outside_json(std::string_view text);
Result<nlohmann::json> parse_outside_json(ByteView text);

}  // namespace jidian

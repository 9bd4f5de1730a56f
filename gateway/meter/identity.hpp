#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "meter/profile.hpp"

namespace jidian::meter {

/// What stands at `place`, for people and for comparing: a number in decimal, a text without trailing blanks; empty if
/// the registers hold no such thing. Precondition: place.source is registers and words.size() == place.place.count.
std::string identity_of(const IdentityPlace& place, std::span<const std::uint16_t> words);

/// The printable ASCII characters of `bytes` without surrounding blanks: what functions 43/14 and 17 answered.
std::string identity_of(std::span<const std::uint8_t> bytes);

/// Whether `said`, as `identity_of` gives it, means this model. Ranges and hexadecimal numbers match numbers only.
bool says_model(const Identification& identification, std::string_view said);

/// Whether `pattern` makes sense for a place of `type`: a range needs whole numbers and must not be empty.
bool is_identity_pattern(std::string_view pattern, RawType type);

}  // namespace jidian::meter

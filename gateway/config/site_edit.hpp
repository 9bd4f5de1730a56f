#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// Changes in the text of a site file that leave comments, order and formatting of everything else as they are. Pure.
///
/// Each gives the new text, read back: as TOML it says what it said before and the change, and nothing else. Whether
/// the site is still in order is for `parse_site` to say; do not write the text before. Errors: invalid (the text, or a
/// value, is no TOML), not_found and conflict as stated, unsupported (written in a way that cannot be edited safely, as
/// `meter = [{…}]`; the message says what to write).
namespace jidian::config {

/// A key and its value as TOML writes it: {"unit", "7"}, {"profile", "\"chint-dtsu666\""}.
struct Assignment {
  std::string key;
  std::string value;
};

/// `text` in quotes, as TOML writes it. Control characters are escaped.
std::string toml_string(std::string_view text);

/// Adds a [[meter]] behind the last one with all its parts; behind the last [[bus]] if there is none.
Result<std::string> add_meter(std::string_view text, std::span<const Assignment> keys);

/// Gives a plain key of meter `id` this value; a key it does not have is written behind its last plain one. A comment
/// behind the value stays. Errors: not_found (no such meter).
Result<std::string> set_meter_key(std::string_view text, std::string_view id, const Assignment& key);

/// Removes a plain key of meter `id` with its line; the same text if it does not have it. Errors: not_found (no such
/// meter).
Result<std::string> remove_meter_key(std::string_view text, std::string_view id, std::string_view key);

/// Adds `meter` to the list of facility `id`, on a line of its own where the last one stands so. Errors: not_found (no
/// such facility, with those there are), conflict (is listed already).
Result<std::string> add_to_facility(std::string_view text, std::string_view id, std::string_view meter);

/// Gives keys of facility `id`'s section [facility.run] these values; the section is written behind the facility's own
/// keys if it is not there. Keys in `removed` go with their lines. Comments stay. Errors: not_found (no such facility),
/// unsupported (`run = {…}` in one line: the message says so).
Result<std::string> set_facility_run(std::string_view text, std::string_view id, std::span<const Assignment> keys,
                                     std::span<const std::string_view> removed);

}  // namespace jidian::config

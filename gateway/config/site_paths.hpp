#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace jidian::config {

/// An absolute path that stands in a site file as `key = "/…"` under `[section]`, also where the file is otherwise
/// damaged: so that a gateway finds its store, and a command line the gateway, although the file has mistakes. Nothing
/// if there is none, or if it is written in another way. Never throws, whatever the text.
std::optional<std::string> find_path(std::string_view text, std::string_view section, std::string_view key);

}  // namespace jidian::config

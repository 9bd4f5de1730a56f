#pragma once

#include <string>
#include <string_view>

namespace jidian::app {

/// The difference of two texts as a unified diff of a file called `name`, with three lines around each change; empty if
/// there is none. For few changes in long texts: right for all, shortest only for small ones.
std::string line_diff(std::string_view before, std::string_view after, const std::string& name);

}  // namespace jidian::app

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jidian::app {

/// Names and what to put in their place.
using Values = std::vector<std::pair<std::string, std::string>>;

/// The sentence under `key`, each {name} in it replaced by its value. All sentences of the commissioning verbs stand in
/// texts.cpp. Precondition: there is such a key.
std::string text(std::string_view key, const Values& values = {});

}  // namespace jidian::app

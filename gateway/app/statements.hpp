#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/verbs.hpp"
#include "base/result.hpp"

namespace jidian::app {

/// Hands a person's statement to the running gateway, the only one who writes the record. Errors: unreachable (none
/// runs, and how to start it), invalid (texts that are no UTF-8), and what the gateway answers.
Result<std::string> state(const Common& common, const std::string& verb, const nlohmann::json& request);

/// How a verb ends whose statement was not taken; says why.
Exit exit_of_statement(const Common& common, const Error& error);

}  // namespace jidian::app

#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "app/verbs.hpp"
#include "base/result.hpp"
#include "config/site.hpp"

namespace jidian::app {

/// Runs the job `what` on `args["bus"]`: inside the gateway that runs, else over the port itself, whose lock keeps a
/// second master away. Blocks until its end; Ctrl-C ends it before its time, with what it has told so far kept. With
/// --json every line is printed as it is; else `on_line` gets it. Errors: cancelled, unreachable, conflict (the port is
/// in use), denied, and what the job gives.
Status run_job(const Common& common, const config::Site& site, const std::string& what, const nlohmann::json& args,
               const std::function<void(const nlohmann::json& line)>& on_line);

/// Whether the site has the bus; if not, says which ones it has.
bool has_bus(const Common& common, const config::Site& site, const std::string& bus);

/// How a verb ends whose job ended with `error`; says why, unless it was Ctrl-C.
Exit exit_of(const Common& common, const Error& error);

}  // namespace jidian::app

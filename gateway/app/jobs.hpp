#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "acquire/poller.hpp"
#include "commission/job.hpp"
#include "config/site.hpp"

namespace jidian::app {

/// The bus of a running gateway's poller: jobs get it between slots. `poller` must live as long.
std::unique_ptr<commission::Lender> lend_from(acquire::Poller& poller);

/// An open bus that nobody else uses; it must live as long.
std::unique_ptr<commission::Lender> lend_from(acquire::Bus& bus);

/// Makes the job `what` for the bus `args["bus"]`. The command line and the running gateway both get it here. May read
/// the profiles in `profiles`; keeps no reference to `site`. Errors: invalid, not_found.
Result<commission::Job> make_job(const config::Site& site, const std::filesystem::path& profiles,
                                 const std::string& what, const nlohmann::json& args);

}  // namespace jidian::app

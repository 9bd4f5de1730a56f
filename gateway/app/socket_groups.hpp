#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "config/site.hpp"

namespace jidian::app {

/// The user that the gateway of `site` runs as: the owner of its store. Nothing where there is no store yet.
std::optional<uid_t> gateway_user_of(const config::Site& site);

/// Warnings of groups in [api] that this machine has not got, or that `gateway_user` cannot give the socket to, at
/// their places in `file`: the gateway would record and close its socket to all groups. Nothing is said of a user that
/// is not known.
std::vector<config::Mistake> check_socket_groups(const config::Site& site, const std::string& file,
                                                 std::optional<uid_t> gateway_user);

}  // namespace jidian::app

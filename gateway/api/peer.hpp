#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "command/command.hpp"

namespace jidian::api {

/// Who may do what on the local interface.
struct Access {
  uid_t owner = 0;  ///< The gateway's own user: may do everything, as root may.
  std::optional<gid_t> read_group;
  std::optional<gid_t> operate_group;
};

/// A process at the other end of a Unix socket, as the kernel knows it.
struct Peer {
  uid_t user = 0;
  std::vector<gid_t> groups;  ///< The primary group and the supplementary ones it had when it connected.
};

/// Errors: io (not a connected Unix socket).
Result<Peer> peer_of(int socket);

/// What `peer` may do; `name` is its user's. Who may operate may also read.
command::Caller caller_of(const Peer& peer, const Access& access);

/// The name of a user, or "uid:N" where none is known.
std::string name_of_user(uid_t user);

/// The name of a group, or "gid:N" where none is known.
std::string name_of_group(gid_t group);

/// The number of a group. Errors: invalid (there is none of that name).
Result<gid_t> group_named(const std::string& name);

}  // namespace jidian::api

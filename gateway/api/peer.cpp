#include "api/peer.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace jidian::api {
namespace {

// Enough for any entry of /etc/passwd and for a group with thousands of members.
constexpr std::size_t passwd_entry_bytes = 16'384;
constexpr std::size_t group_entry_bytes = 262'144;
// The kernel's own bound on supplementary groups of a process.
constexpr std::size_t groups_max = 65'536;

/// Supplementary groups, as they were when the peer connected.
std::vector<gid_t> supplementary_groups(int socket) {
  std::vector<gid_t> groups(64);
  while (true) {
    auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0) {
      groups.resize(length / sizeof(gid_t));
      return groups;
    }
    if (errno != ERANGE || groups.size() >= groups_max) return {};
    groups.resize(groups_max);
  }
}

}  // namespace

std::string name_of_user(uid_t user) {
  std::vector<char> buffer(passwd_entry_bytes);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return entry.pw_name;
  return "uid:" + std::to_string(user);
}

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
    return Error{ErrorKind::io, "asking the kernel who is there: " + std::generic_category().message(errno)};
  Peer peer{.user = credentials.uid, .groups = supplementary_groups(socket)};
  peer.groups.push_back(credentials.gid);
  return peer;
}

command::Caller caller_of(const Peer& peer, const Access& access) {
  const auto is_member = [&peer](const std::optional<gid_t>& group) {
    return group && std::find(peer.groups.begin(), peer.groups.end(), *group) != peer.groups.end();
  };
  command::Caller caller{.name = name_of_user(peer.user)};
  caller.may_operate = peer.user == 0 || peer.user == access.owner || is_member(access.operate_group);
  caller.may_read = caller.may_operate || is_member(access.read_group);
  return caller;
}

std::string name_of_group(gid_t number) {
  std::vector<char> buffer(group_entry_bytes);
  group entry{};
  group* found = nullptr;
  if (getgrgid_r(number, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return entry.gr_name;
  return "gid:" + std::to_string(number);
}

Result<gid_t> group_named(const std::string& name) {
  std::vector<char> buffer(group_entry_bytes);
  group entry{};
  group* found = nullptr;
  if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return Error{ErrorKind::invalid, "there is no group '" + name + "'; create it with: groupadd --system " + name};
  return entry.gr_gid;
}

}  // namespace jidian::api

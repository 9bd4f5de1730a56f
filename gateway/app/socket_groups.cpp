#include "app/socket_groups.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>

#include "api/peer.hpp"

namespace jidian::app {
namespace {

// Enough for any entry of /etc/passwd, and for the groups of a user of a service.
constexpr std::size_t user_entry_bytes = 16'384;
constexpr int user_groups_max = 1024;

/// Whether `user` is in `group`, as far as is known: root may give files to anyone, and of strangers nothing is said.
bool may_give_to(uid_t user, gid_t group) {
  if (user == 0) return true;
  std::vector<char> buffer(user_entry_bytes);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return true;
  std::vector<gid_t> groups(user_groups_max);
  int count = user_groups_max;
  if (getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) < 0) return true;
  return std::find(groups.begin(), groups.begin() + count, group) != groups.begin() + count;
}

}  // namespace

std::optional<uid_t> gateway_user_of(const config::Site& site) {
  struct stat folder {};
  if (stat(site.store.folder.c_str(), &folder) != 0) return std::nullopt;
  return folder.st_uid;
}

std::vector<config::Mistake> check_socket_groups(const config::Site& site, const std::string& file,
                                                 std::optional<uid_t> gateway_user) {
  std::vector<config::Mistake> warnings;
  const auto warn = [&](config::Api::Position at, std::string words) {
    warnings.push_back({file, at.line, at.column, std::move(words), true});
  };
  bool is_given = false;  // the socket goes to the first of the two
  const auto check = [&](const char* key, const std::string& name, config::Api::Position at) {
    if (name.empty()) return;
    const auto group = api::group_named(name);
    if (!group)
      return warn(at, "api: there is no group '" + name + "' on this machine (`" + key +
                          "`), so only root and the gateway's own user could ask; run `groupadd --system " + name +
                          "`, or name a group that is there");
    if (!is_given && gateway_user && !may_give_to(*gateway_user, *group)) {
      const auto user = api::name_of_user(*gateway_user);
      warn(at, "api: the gateway's user '" + user + "' is not in the group '" + name + "' (`" + key +
                   "`), so the socket could not be given to it; run `usermod -aG " + name + " " + user + "`");
    }
    is_given = true;
  };
  check("read_group", site.api.read_group, site.api.read_group_at);
  check("operate_group", site.api.operate_group, site.api.operate_group_at);
  return warnings;
}

}  // namespace jidian::app

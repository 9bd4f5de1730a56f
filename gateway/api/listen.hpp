#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace jidian::api {

/// A socket that listens; closed on destruction. A Unix socket's file is removed then if it is still ours.
class Listener {
 public:
  /// Who may connect besides root, by the mode of the file.
  enum class Door : std::uint8_t {
    group,  ///< 0660: the owner and the group.
    owner,  ///< 0600.
  };

  /// Listens at `path`, mode 0660, of `group` if given. A file that a dead process left there is replaced. If it cannot
  /// be given to `group`, it stays with the process's own, has the mode 0600, and `why_closed` says so.
  /// Errors: conflict (a living process listens there), invalid (path too long, or no socket), io.
  static Result<Listener> at_path(const std::filesystem::path& path, std::optional<gid_t> group,
                                  Door door = Door::group);

  /// Listens on `address`, "127.0.0.1:9464" or "[::1]:9464". Errors: invalid (no loopback address), conflict, io.
  static Result<Listener> on_loopback(const std::string& address);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  int fd() const { return fd_; }

  /// Gives the file of a Unix socket to `group`, mode 0660, while it listens. Errors: denied (the process may not give
  /// files to that group), not_found (the file is not ours any more), io. Nothing is changed then.
  Status give_to(gid_t group);

  /// Why its file was not given to its group, as the system says it; empty: it was, or none was wanted.
  const std::string& why_closed() const { return why_closed_; }

 private:
  explicit Listener(int fd) : fd_(fd) {}

  int fd_ = -1;
  std::filesystem::path path_;  ///< Of a Unix socket.
  ino_t inode_ = 0;             ///< Of its file.
  std::string why_closed_;
};

}  // namespace jidian::api

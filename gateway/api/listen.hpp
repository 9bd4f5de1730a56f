#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace jidian::api {

/// A socket that listens; closed on destruction. A Unix socket's file is removed then if it is still ours.
class Listener {
 public:
  /// Listens at `path`, mode 0660, of `group` if given. A file that a dead process left there is replaced.
  /// Errors: conflict (a living process listens there), invalid (path too long, or no socket), io.
  static Result<Listener> at_path(const std::filesystem::path& path, std::optional<gid_t> group);

  /// Listens on `address`, "127.0.0.1:9464" or "[::1]:9464". Errors: invalid (no loopback address), conflict, io.
  static Result<Listener> on_loopback(const std::string& address);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  int fd() const { return fd_; }

 private:
  explicit Listener(int fd) : fd_(fd) {}

  int fd_ = -1;
  std::filesystem::path path_;  ///< Of a Unix socket.
  ino_t inode_ = 0;             ///< Of its file.
};

}  // namespace jidian::api

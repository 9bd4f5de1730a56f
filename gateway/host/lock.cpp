#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "host/host.hpp"

namespace jidian::host {
namespace {

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

/// The pid the holder wrote, or nothing if it had no time yet.
std::string holder_of(int fd) {
  std::array<char, 16> text{};
  const ssize_t length = pread(fd, text.data(), text.size(), 0);
  const std::string_view found(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  return std::string(found.substr(0, found.find_first_not_of("0123456789")));
}

}  // namespace

Result<Lock> Lock::take(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return Error{ErrorKind::io, "cannot open the lock file " + path + ": " + reason_of(errno)};
  Lock lock(fd);

  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) return Error{ErrorKind::io, "cannot lock " + path + ": " + reason_of(error)};
    const std::string holder = holder_of(fd);
    lock.fd_ = -1;
    close(fd);  // without emptying the file: it is the holder's
    return Error{ErrorKind::conflict, "another process" + (holder.empty() ? "" : " (pid " + holder + ")") + " holds " +
                                          path + "; stop it first"};
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return Error{ErrorKind::io, "cannot write the lock file " + path + ": " + reason_of(errno)};
  return lock;
}

Lock::Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

// The file stays: removing it would let two processes lock two files of one name.
Lock::~Lock() {
  if (fd_ < 0) return;
  (void)!ftruncate(fd_, 0);
  close(fd_);
}

}  // namespace jidian::host

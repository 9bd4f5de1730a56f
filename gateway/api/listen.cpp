#include "api/listen.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

namespace jidian::api {
namespace {

// Local tools connect one after the other; more than this waiting means nobody serves them.
constexpr int backlog = 16;

Error failure(const std::string& doing, int error) {
  const auto kind = error == EADDRINUSE ? ErrorKind::conflict : ErrorKind::io;
  return {kind, doing + ": " + std::generic_category().message(error)};
}

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof address.sun_path)
    return Error{ErrorKind::invalid, "the socket's path must have 1 to " + std::to_string(sizeof address.sun_path - 1) +
                                         " bytes: '" + text + "'"};
  std::memcpy(address.sun_path, text.c_str(), text.size());
  return address;
}

const sockaddr* generic(const auto& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Makes room at `path`. Errors: conflict (somebody answers there), invalid (it is not a socket), io.
Status remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return {};
    return failure("looking at " + path.native(), errno);
  }
  if (!S_ISSOCK(file.st_mode)) return Error{ErrorKind::invalid, path.native() + " exists and is not a socket"};

  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return failure("making a socket", errno);
  const int error = connect(probe, generic(address), sizeof address) == 0 ? 0 : errno;
  close(probe);
  // Anything but a refusal means that somebody is there, even if too busy to take us.
  if (error != ECONNREFUSED)
    return Error{ErrorKind::conflict, "another process listens at " + path.native() + "; stop it first"};
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failure("removing the stale " + path.native(), errno);
  return {};
}

struct Loopback {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Result<Loopback> loopback_of(const std::string& text) {
  const Error invalid{ErrorKind::invalid,
                      "'" + text + "' is not a loopback address; write 127.0.0.1:9464 or [::1]:9464"};
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return invalid;
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return invalid;

  const std::string host = text.substr(0, colon);
  Loopback loopback;
  if (host == "[::1]") {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    address.sin6_port = htons(port);
    std::memcpy(&loopback.storage, &address, sizeof address);
    loopback.length = sizeof address;
    return loopback;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &address.sin_addr) != 1) return invalid;
  constexpr std::uint32_t loopback_net = 127;
  if (ntohl(address.sin_addr.s_addr) >> 24 != loopback_net) return invalid;
  std::memcpy(&loopback.storage, &address, sizeof address);
  loopback.length = sizeof address;
  return loopback;
}

}  // namespace

Result<Listener> Listener::at_path(const std::filesystem::path& path, std::optional<gid_t> group, Door door) {
  const auto address = address_of(path);
  if (!address) return address.error();
  std::error_code created;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), created);
  if (created) return failure("making the folder " + path.parent_path().native(), created.value());
  if (const auto removed = remove_stale(path, *address); !removed) return removed.error();

  Listener listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.fd_ < 0) return failure("making a socket", errno);
  // The mode of the socket before bind becomes the file's: there is no moment at which strangers may connect.
  if (fchmod(listener.fd_, 0600) != 0 || bind(listener.fd_, generic(*address), sizeof *address) != 0)
    return failure("binding to " + path.native(), errno);
  listener.path_ = path;
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0) return failure("looking at " + path.native(), errno);
  listener.inode_ = file.st_ino;

  if (door == Door::group && group && chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0)
    listener.why_closed_ = std::generic_category().message(errno);
  const bool is_open = door == Door::group && listener.why_closed_.empty();
  if (chmod(path.c_str(), is_open ? 0660 : 0600) != 0) return failure("setting the mode of " + path.native(), errno);
  if (listen(listener.fd_, backlog) != 0) return failure("listening at " + path.native(), errno);
  return listener;
}

Result<Listener> Listener::on_loopback(const std::string& text) {
  const auto address = loopback_of(text);
  if (!address) return address.error();
  Listener listener(socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.fd_ < 0) return failure("making a socket", errno);
  const int yes = 1;
  setsockopt(listener.fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener.fd_, generic(address->storage), address->length) != 0 || listen(listener.fd_, backlog) != 0)
    return failure("listening on " + text, errno);
  return listener;
}

Status Listener::give_to(gid_t group) {
  struct stat file {};
  if (lstat(path_.c_str(), &file) != 0 || file.st_ino != inode_)
    return Error{ErrorKind::not_found, path_.native() + " is not there any more"};
  if (lchown(path_.c_str(), static_cast<uid_t>(-1), group) != 0)
    return Error{errno == EPERM ? ErrorKind::denied : ErrorKind::io, std::generic_category().message(errno)};
  if (chmod(path_.c_str(), 0660) != 0) return failure("setting the mode of " + path_.native(), errno);
  return {};
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::exchange(other.path_, {})),
      inode_(other.inode_),
      why_closed_(std::move(other.why_closed_)) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  std::swap(inode_, other.inode_);
  std::swap(why_closed_, other.why_closed_);
  return *this;
}

Listener::~Listener() {
  struct stat file {};
  if (!path_.empty() && lstat(path_.c_str(), &file) == 0 && file.st_ino == inode_) unlink(path_.c_str());
  if (fd_ >= 0) close(fd_);
}

}  // namespace jidian::api

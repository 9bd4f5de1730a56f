#include "host/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace jidian::host {
namespace {

/// A number in the environment; nothing if there is none.
std::optional<long long> number_of(const char* variable) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets one
  if (text == nullptr || *text == '\0') return std::nullopt;
  char* end = nullptr;
  const long long number = std::strtoll(text, &end, 10);
  return *end == '\0' ? std::optional(number) : std::nullopt;
}

}  // namespace

void notify_manager(const std::string& assignments) {
  const char* path = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): nobody sets one
  if (path == nullptr || (*path != '/' && *path != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  if (*path == '@') address.sun_path[0] = '\0';  // a name outside the file system

  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  (void)::sendto(fd, assignments.data(), assignments.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  ::close(fd);
}

std::optional<Millis> watchdog_interval() {
  const auto interval_us = number_of("WATCHDOG_USEC");
  if (!interval_us || *interval_us <= 0) return std::nullopt;
  const auto watched = number_of("WATCHDOG_PID");
  if (watched && *watched != ::getpid()) return std::nullopt;
  return std::chrono::duration_cast<Millis>(std::chrono::microseconds(*interval_us));
}

}  // namespace jidian::host

#include "modbus/serial_port.hpp"

#include <fcntl.h>
#include <linux/serial.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace jidian::modbus {
namespace {

namespace fs = std::filesystem;

bool has_open(const fs::path& process, const fs::path& device) {
  std::error_code ignored;  // processes end while we look, and those of others cannot be seen
  for (fs::directory_iterator fd(process / "fd", ignored), end; !ignored && fd != end; fd.increment(ignored))
    if (std::error_code gone; fs::read_symlink(fd->path(), gone) == device && !gone) return true;
  return false;
}

Error conflict(const std::string& device) {
  const std::string holders = holders_of(device);
  return {ErrorKind::conflict, device + " is in use by " + (holders.empty() ? "another process" : holders)};
}

}  // namespace

std::string holders_of(const std::string& device) {
  std::error_code failed;
  const fs::path target = fs::canonical(device, failed);
  if (failed) return {};
  std::string holders;
  for (fs::directory_iterator process("/proc", failed), end; !failed && process != end; process.increment(failed)) {
    const std::string pid = process->path().filename();
    if (!std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; })) continue;
    if (pid == std::to_string(::getpid()) || !has_open(process->path(), target)) continue;
    std::string name;
    std::getline(std::ifstream(process->path() / "comm") >> std::ws, name);
    holders += (holders.empty() ? "" : ", ") + name + " (pid " + pid + ")";
  }
  return holders;
}

/// "; the box has: /dev/serial/by-path/…": what may have been meant.
std::string ports_there() {
  constexpr std::size_t named_max = 8;
  std::vector<std::string> ports;
  std::error_code failed;
  for (fs::directory_iterator port("/dev/serial/by-path", failed), end; !failed && port != end; port.increment(failed))
    ports.push_back(port->path().string());
  if (ports.empty()) return "; no serial port is in /dev/serial/by-path: is the adapter plugged in?";
  std::ranges::sort(ports);
  std::string list;
  for (std::size_t i = 0; i < std::min(ports.size(), named_max); ++i) list += (i == 0 ? "" : ", ") + ports[i];
  return "; the box has: " + list;
}

Result<Descriptor> lock_port(const std::string& device) {
  Descriptor port{::open(device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
  if (!port) {
    if (errno == EBUSY) return conflict(device);
    const int failed = errno;
    return Error{ErrorKind::unreachable,
                 "cannot open " + device + ": " + text_of_errno(failed) + (failed == ENOENT ? ports_there() : "")};
  }
  if (auto fits = fits_select(port.get()); !fits) return fits.error();
  if (::isatty(port.get()) == 0) return Error{ErrorKind::unreachable, device + " is not a serial port"};
  if (::flock(port.get(), LOCK_EX | LOCK_NB) != 0) return conflict(device);
  return port;
}

void exclude_others(int fd) {
  (void)::ioctl(fd, TIOCEXCL);
}

void admit_others(int fd) {
  (void)::ioctl(fd, TIOCNXCL);
}

bool shorten_latency(int fd) {
  constexpr int low_latency = ASYNC_LOW_LATENCY;
  serial_struct port{};
  if (::ioctl(fd, TIOCGSERIAL, &port) != 0) return false;
  if ((port.flags & low_latency) != 0) return true;
  port.flags |= low_latency;
  return ::ioctl(fd, TIOCSSERIAL, &port) == 0;
}

}  // namespace jidian::modbus

#include "app/system_facts.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <system_error>

#include "host/host.hpp"

namespace jidian::app {
namespace {

constexpr auto journal_patience = std::chrono::seconds(20);
constexpr std::size_t journal_bytes_max = 8ULL << 20;
constexpr std::size_t fact_lines_max = 30;

/// The first lines of a small file of the system that begin with one of `keys` (all, if there are none).
std::string lines_of_file(const char* path, const std::vector<std::string>& keys = {}) {
  std::ifstream file(path);
  if (!file) return std::string(path) + " cannot be read\n";
  std::string text;
  std::string line;
  for (std::size_t count = 0; count < fact_lines_max && std::getline(file, line);) {
    bool wanted = keys.empty();
    for (const auto& key : keys) wanted = wanted || line.starts_with(key);
    if (!wanted) continue;
    text += line + "\n";
    ++count;
  }
  return text;
}

std::string disk_of(const std::filesystem::path& path) {
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) != 0) return path.string() + ": " + std::generic_category().message(errno) + "\n";
  const auto mib = [&disk](auto blocks) {
    return std::to_string(static_cast<std::uint64_t>(blocks) * disk.f_frsize / (1ULL << 20)) + " MiB";
  };
  return path.string() + ": " + mib(disk.f_bavail) + " free of " + mib(disk.f_blocks) +
         ((disk.f_flag & ST_RDONLY) != 0 ? ", read-only" : "") + "\n";
}

std::string port_of(const std::string& device) {
  struct stat found {};
  if (stat(device.c_str(), &found) != 0) return device + ": " + std::generic_category().message(errno) + "\n";
  std::error_code failed;
  const auto real = std::filesystem::canonical(device, failed);
  std::array<char, 8> mode{};
  (void)std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(found.st_mode & 07777U));
  return device + " -> " + real.string() + " mode " + mode.data() + " group " + std::to_string(found.st_gid) +
         (access(device.c_str(), R_OK | W_OK) == 0 ? "" : ", not for this user") + "\n";
}

std::string ports_there() {
  std::string text;
  for (const char* folder : {"/dev/serial/by-path", "/dev/serial/by-id"}) {
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
      text += port_of(entry.path().string());
    if (failed) text += std::string(folder) + ": " + failed.message() + "\n";
  }
  return text;
}

std::string clock_facts() {
  const auto state = host::kernel_clock_state();
  return std::string(state.synchronised ? "synchronised" : "not synchronised") + ", error at most " +
         std::to_string(state.error_max.count()) + " ms by the kernel's account\n";
}

/// What a child writes, until it ends, `deadline`, or too much.
bool read_all(int fd, std::chrono::steady_clock::time_point deadline, std::string& text) {
  std::array<char, 16'384> part{};
  while (text.size() < journal_bytes_max) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{fd, POLLIN, 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) return false;
    const auto got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

std::string system_facts(const std::filesystem::path& store, const std::vector<std::string>& devices) {
  utsname kernel{};
  (void)uname(&kernel);
  std::string text = "[kernel]\n" + std::string(kernel.sysname) + " " + kernel.release + " " + kernel.machine + "\n";
  text += "\n[system]\n" + lines_of_file("/etc/os-release", {"PRETTY_NAME=", "VERSION_ID="});
  text += "\n[uptime and load]\n" + lines_of_file("/proc/uptime") + lines_of_file("/proc/loadavg");
  text += "\n[memory]\n" + lines_of_file("/proc/meminfo", {"MemTotal:", "MemAvailable:", "SwapTotal:"});
  text += "\n[clock]\n" + clock_facts();
  text += "\n[disks]\n" + disk_of("/") + (store.empty() ? "" : disk_of(store));
  text += "\n[serial ports of the site]\n";
  for (const auto& device : devices) text += port_of(device);
  return text + "\n[serial ports there are]\n" + ports_there();
}

Result<std::string> journal_of(const std::string& service, int lines_max) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return Error{ErrorKind::io, "no pipe: " + std::generic_category().message(errno)};
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::array<std::string, 8> words{"journalctl", "--unit=" + service, "--lines=" + std::to_string(lines_max),
                                   "--no-pager", "--quiet",           "--output=short-iso"};
  std::array<char*, 7> arguments{};
  for (std::size_t i = 0; i < 6; ++i) arguments[i] = words[i].data();
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "journalctl", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  (void)::close(ends[1]);
  std::string text;
  const bool ended = failed == 0 && read_all(ends[0], std::chrono::steady_clock::now() + journal_patience, text);
  (void)::close(ends[0]);
  if (failed != 0)
    return Error{ErrorKind::unsupported, "there is no journalctl: " + std::generic_category().message(failed)};
  if (!ended) (void)::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return Error{ErrorKind::timeout, "journalctl did not end within 20 s"};
  if (text.empty())
    return Error{ErrorKind::denied, "the journal shows nothing of " + service + " to this user; run this as root"};
  return text;
}

}  // namespace jidian::app

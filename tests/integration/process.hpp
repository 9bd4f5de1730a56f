#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace jidian::test {

/// A folder under the system's temporary folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "jidian-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A child process, killed and reaped with the object.
class Process {
 public:
  Process() = default;
  /// Starts `arguments[0]` with its output in the file `log`.
  Process(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
    std::vector<char*> words;
    for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ == 0) {
      if (::freopen(log.c_str(), "a", stdout) != nullptr) ::dup2(1, 2);
      ::execvp(words[0], words.data());
      ::_exit(127);
    }
  }
  ~Process() { stop(SIGKILL); }
  Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Process& operator=(Process&& other) noexcept {
    stop(SIGKILL);
    pid_ = std::exchange(other.pid_, -1);
    return *this;
  }

  bool running() const { return pid_ > 0; }
  void send(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
  }
  /// Waits for its end. The exit status, 128 + signal if it was killed.
  int join() {
    if (pid_ <= 0) return -1;
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void stop(int signal) {
    send(signal);
    send(SIGCONT);
    join();
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace jidian::test

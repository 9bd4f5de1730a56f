#include "tests/integration/modbus/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

extern char** environ;

namespace jidian::test {
namespace {

constexpr int ready_ms_max = 20'000;

}  // namespace

Child::Child(std::vector<std::string> command) {
  std::array<int, 2> output{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failed = ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(output[1]);

  char letter = 0;
  pollfd watched{output[0], POLLIN, 0};
  bool ready = false;
  while (failed == 0 && !ready && ::poll(&watched, 1, ready_ms_max) > 0 && ::read(output[0], &letter, 1) == 1) {
    ready = letter == '\n';
    if (!ready) first_line_ += letter;
  }
  ::close(output[0]);
  if (ready) return;
  if (failed == 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  throw std::runtime_error("'" + command[0] + "' did not get ready");
}

Child::~Child() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace jidian::test

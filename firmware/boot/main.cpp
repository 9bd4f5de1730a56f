#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "boot/command.hpp"

namespace {

/// What the kernel was started with; empty if it does not say.
std::string kernel_command_line() {
  std::ifstream file("/proc/cmdline");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto answer = jidian::boot::run_command(words, kernel_command_line());
  if (!answer) {
    std::fprintf(stderr, "jidian-boot-state: %s\n", answer.error().message().c_str());
    return 1;
  }
  std::fputs(answer->c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

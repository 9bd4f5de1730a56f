#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace jidian::boot {

/// Runs one command of jidian-boot-state and gives what it prints. `--device FILE` in front of the verb names the
/// partition; without it, it is the one that mount-data found beside the running system. `kernel_command_line` says
/// which slot runs (rauc.slot=a). Errors: invalid, if the command makes no sense; others as reading and writing the
/// partition.
Result<std::string> run_command(const std::vector<std::string>& words, std::string_view kernel_command_line);

}  // namespace jidian::boot

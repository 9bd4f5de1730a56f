#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace jidian::app {

/// What a supporter asks of the box first: kernel, system, uptime, load, memory, clock, the disks of root and store,
/// the serial ports there are and those the site uses. What cannot be read is said to be so.
std::string system_facts(const std::filesystem::path& store, const std::vector<std::string>& devices);

/// The last lines that a service of systemd logged, with their times. Blocks for at most 20 s. Errors: unsupported (no
/// journalctl), denied (it shows nothing to this user), timeout.
Result<std::string> journal_of(const std::string& service, int lines_max);

}  // namespace jidian::app

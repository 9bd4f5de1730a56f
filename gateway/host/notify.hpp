#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"

namespace jidian::host {

/// Tells the service manager that started this process `assignments`, one a line, in the protocol of sd_notify(3).
/// Without such a manager, or when it does not listen, nothing happens.
///
/// libsystemd does the same, but brings a megabyte of resident libraries that nothing here needs.
void notify_manager(const std::string& assignments);

/// How often the service manager wants to hear from this process; nothing if it does not watch it.
std::optional<Millis> watchdog_interval();

}  // namespace jidian::host

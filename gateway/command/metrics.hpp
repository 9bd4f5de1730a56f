#pragma once

#include <string>

#include "command/snapshot.hpp"

namespace jidian::command {

/// The gateway's counters and gauges in the Prometheus text format, version 0.0.4. Counters count since the start.
/// What is not known has no sample.
std::string metrics_text(const Snapshot& snapshot);

}  // namespace jidian::command

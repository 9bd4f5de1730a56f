#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "commission/job.hpp"
#include "commission/scan_plan.hpp"
#include "meter/profile.hpp"

namespace jidian::commission {

/// What a scan works with.
struct ScanOptions {
  ScanRequest request;
  ScanLine line;
  std::vector<meter::Profile> profiles;
  std::map<std::uint8_t, std::string> configured;  ///< Meters that the site file has on this bus, by unit.
};

/// Searches a bus for meters. Emits, in this order: {"type": "listened"} on a shared line, {"type": "plan"} with the
/// time it takes, then {"type": "progress"} and {"type": "unit"} as they come, {"type": "noise"} where a setting
/// brought none but garbage, and {"type": "summary"}; also when it is cancelled.
///
/// Silent units are asked a second time where noise or a late reply was heard and, unless the search is quick, where
/// something answered. A reply is taken for a unit's only if it carries its number; a late one counts for the unit that
/// it names.
/// Errors: conflict (another master was heard), unreachable, cancelled.
Job scan(ScanOptions options);

}  // namespace jidian::commission

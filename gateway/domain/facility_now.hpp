#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "domain/facility.hpp"

namespace jidian::domain {

/// What a facility is doing, as last told.
struct FacilityNow {
  FacilityState state = FacilityState::unknown;
  std::optional<UtcTime> since;       ///< Nothing before the first tick, and for facilities without a run rule.
  std::optional<std::int64_t> total;  ///< mW, mA or the status, of the newest tick that had one.
  std::optional<UtcTime> total_at;
  friend bool operator==(const FacilityNow&, const FacilityNow&) = default;
};

}  // namespace jidian::domain

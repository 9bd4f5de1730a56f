#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "commission/job.hpp"
#include "meter/profile.hpp"

namespace jidian::commission {

/// What a SunSpec device says it is.
struct SunspecDevice {
  std::string maker;  ///< Of its common model, like the next two; empty if it has none.
  std::string name;
  std::string serial;
  const meter::Profile* profile = nullptr;  ///< Whose models it has; null: a device of another kind, an inverter.
};

/// Walks the models of a unit: the marker at 40000, 50000 or 0, the common model with maker, name and serial number,
/// and the first model that one of `profiles` is for. Nothing if the unit has no marker, or does not answer. Asks for
/// at most 3 markers and the headers of 100 models, one register block each. `profiles` must outlive the answer.
/// Errors: as `in_turns`.
Result<std::optional<SunspecDevice>> find_sunspec_device(JobIo& io, const Tuning& tuning, std::uint8_t unit,
                                                         const std::vector<meter::Profile>& profiles);

}  // namespace jidian::commission

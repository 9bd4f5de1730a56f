#pragma once

#include <cstdint>

#include "acquire/meter_read.hpp"
#include "acquire/poller.hpp"

namespace jidian::acquire {

/// Where a SunSpec device has what a profile is for.
struct SunspecPlace {
  std::uint16_t base = 0;    ///< Address of the model's ID register.
  std::uint16_t common = 0;  ///< That of the common model; 0: it has none.
  friend bool operator==(const SunspecPlace&, const SunspecPlace&) = default;
};

/// Asks a SunSpec device where it has the model that the meter's profile is for. Blocks for one transaction a model, at
/// most about a hundred. Precondition: meter.sunspec. Errors: as `Line::read`; refused (it answers, and has no such
/// model).
Result<SunspecPlace> find_sunspec(const ReadContext& context, const PolledMeter& meter);

/// Moves points and serial number, as the profile has them, to where the device has them.
void place_sunspec(PolledMeter& meter, const SunspecPlace& place);

}  // namespace jidian::acquire

#pragma once

#include <cstdint>
#include <string>

#include "commission/identify.hpp"
#include "commission/job.hpp"

namespace jidian::commission {

/// What a unit says at `place`, as `meter::identity_of` gives it. Errors: as `acquire::Bus::read`.
Result<std::string> ask(acquire::Bus& bus, std::uint8_t unit, const meter::IdentityPlace& place);

/// Puts the identifier's questions to a unit until it has none left, or the unit was silent twice. Errors: as
/// `in_turns`.
Status ask_all(JobIo& io, const Tuning& tuning, std::uint8_t unit, Identifier& identifier);

}  // namespace jidian::commission

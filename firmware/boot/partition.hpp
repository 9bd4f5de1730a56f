#pragma once

#include <filesystem>
#include <functional>

#include "boot/state.hpp"

namespace jidian::boot {

/// Where the two copies lie on the partition: far enough apart to share no block of the flash.
inline constexpr std::array<std::int64_t, 2> copy_offsets{0, 32 * 1024};

/// The ruling state of a partition (or of a file that stands for one). A copy that cannot be read counts as broken.
/// Errors: unreachable, if it cannot be opened; io, if reading both copies fails.
Result<Ruling> read_state(const std::filesystem::path& partition);

/// Lets `change` work on the ruling state and writes the result over the spare copy, with the next generation, down to
/// the flash. Nothing is written if nothing changed and a copy was found. Writers wait for each other. After a power
/// cut at any moment either the old or the new state rules. Errors: unreachable, if it cannot be opened; io, if reading
/// both copies fails, or the copy cannot be written.
Status change_state(const std::filesystem::path& partition, const std::function<void(State&)>& change);

}  // namespace jidian::boot

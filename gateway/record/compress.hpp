#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"

// zstd, for batch.cpp alone. From any thread: the contexts are the thread's own and are reused.
namespace jidian::record {

/// `bytes` as one zstd frame that states its size; nothing if that is not smaller. `cuts` are positions where the
/// statistics of the bytes change: a new block with a code table of its own begins there.
std::optional<Bytes> compress(ByteView bytes, std::span<const std::size_t> cuts);

/// The inverse. Precondition: the caller can hold `size` bytes. Errors: corrupt, if the frame is damaged or its content
/// is not exactly `size` bytes long.
Result<Bytes> decompress(ByteView frame, std::size_t size);

}  // namespace jidian::record

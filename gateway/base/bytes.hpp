#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jidian {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// A SHA-256.
using Hash = std::array<std::uint8_t, 32>;

/// Lower-case hexadecimal digits, two a byte.
std::string to_hex(ByteView bytes);

/// The bytes that `to_hex` would print as `digits`; nothing if they are not pairs of hexadecimal digits.
std::optional<Bytes> from_hex(std::string_view digits);

/// Lower-case hexadecimal of a 64-bit number, always 16 digits: how an epoch is written everywhere.
std::string to_hex(std::uint64_t number);

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, RFC 3720 appendix B.4) of `bytes`.
/// `seed` is the CRC of what came before: crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0);

}  // namespace jidian

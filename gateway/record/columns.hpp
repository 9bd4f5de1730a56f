#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/quantity.hpp"
#include "base/result.hpp"

namespace jidian::record {

/// A signed number folded so that small magnitudes become small numbers: 0, -1, 1, -2, …
constexpr std::uint64_t zig_zag(std::uint64_t number) {
  return (number << 1) ^ (0 - (number >> 63));
}
constexpr std::uint64_t undo_zig_zag(std::uint64_t folded) {
  return (folded >> 1) ^ (0 - (folded & 1));
}

/// A value as an integer whose order is the value's own: integers as they are, floats by their bits with the magnitude
/// of negative ones inverted. Precondition: a float32 has nothing in the high 32 bits.
std::uint64_t to_ordered(ValueType type, std::uint64_t bits);

/// The inverse.
std::uint64_t from_ordered(ValueType type, std::uint64_t ordered);

/// Most bytes of a residual.
inline constexpr std::size_t width_max = 8;

/// What a body says of its columns.
struct ColumnBytes {
  Bytes shapes;
  std::vector<std::int64_t> heads;
  Bytes planes;
  std::vector<std::size_t> cuts;  ///< Where in `planes` the bytes begin to look different.
};

/// Turns columns of 64-bit integers into shapes, heads and planes. Can be used again after `clear`, which keeps the
/// memory.
class ColumnWriter {
 public:
  void clear();
  void add(std::span<const std::uint64_t> values);
  const ColumnBytes& finish();

 private:
  std::vector<std::uint64_t> steps_;  ///< Of the column being added.
  std::array<std::vector<std::uint64_t>, width_max> by_width_;
  ColumnBytes bytes_;
};

/// Reads columns back. `counts` says how many values each has. All values come one after the other.
/// Errors: corrupt. Allocates 8 bytes for each value counted.
Result<std::vector<std::uint64_t>> read_columns(std::span<const std::size_t> counts, ByteView shapes,
                                                std::span<const std::int64_t> heads, ByteView planes);

}  // namespace jidian::record

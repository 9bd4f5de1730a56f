#pragma once

#include <compare>
#include <cstdint>

namespace jidian::meter {

/// A Modbus table. The number is the function code that reads it: no other function exists here.
enum class Table : std::uint8_t { coil = 1, discrete_input = 2, holding = 3, input = 4 };

/// A run of neighbouring registers (or bits) of one table. `first` is the zero-based address on the wire.
/// Invariant: count ≥ 1 and first + count ≤ 65536.
struct Registers {
  Table table = Table::holding;
  std::uint16_t first = 0;
  std::uint16_t count = 1;

  /// One past the last address; 65536 is a real value.
  std::uint32_t end() const { return std::uint32_t{first} + count; }

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the comparison for a null pointer.
  friend auto operator<=>(const Registers&, const Registers&) = default;
};

}  // namespace jidian::meter

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commission/job.hpp"
#include "meter/profile.hpp"

namespace jidian::commission {

/// One way to understand some of the words that were read.
struct Interpretation {
  std::uint16_t offset = 0;     ///< Of its first word among those read.
  std::uint16_t registers = 1;  ///< How many it takes.
  meter::RawType type = meter::RawType::u16;
  meter::WordOrder words = meter::WordOrder::high_first;
  meter::ByteOrder bytes = meter::ByteOrder::high_first;
  std::string order;  ///< The letters people use: "ABCD", "CDAB".
  std::string value;  ///< Exact decimal, or the characters of a text.
  bool plausible = false;
  std::optional<int> exponent;  ///< value × 10^exponent is what was expected, within 10 %.
  double deviation = 0;         ///< Then: by what share it differs.
};

/// What a manual means by a register number that names its table too: 40001 is holding register 0.
struct PrintedAddress {
  meter::Table table = meter::Table::holding;
  std::uint16_t address = 0;  ///< As on the wire.
  friend bool operator==(const PrintedAddress&, const PrintedAddress&) = default;
};

/// Understands "30001" … "39999", "40001" … "49999" and the long form "300001" … "465536". Nothing for all else, and
/// nothing is certain: a wire address may look the same.
std::optional<PrintedAddress> printed_address(std::string_view text);

/// Registers that can be shown at once.
inline constexpr std::uint16_t words_shown_max = 16;

/// Every type and order of every run of `words`, those that make no value left out. The plausible ones are those that
/// look most like a quantity of a plant; there may be none. With `expected`, tells which of them show that number, or
/// one that differs by a power of ten (10^-6 … 10^6).
std::vector<Interpretation> interpret(std::span<const std::uint16_t> words, std::optional<double> expected);

/// The interpretation that fits `expected` best; nothing if none does.
const Interpretation* best_match(std::span<const Interpretation> interpretations);

/// Reads once. Emits {"type": "words", "words": […]}. Errors: as `acquire::Bus::read`.
Job show_as(std::uint8_t unit, meter::Registers registers);

}  // namespace jidian::commission

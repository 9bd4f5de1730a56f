#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
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

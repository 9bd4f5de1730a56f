// Randomness without state: the same arguments give the same number in every process, at any instant, in any order.
#pragma once

#include <cstdint>
#include <string_view>

namespace jidian::plant {

/// Spreads the bits of `value` over all 64 (a bijection).
constexpr std::uint64_t scramble(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

/// A well spread number for the pair.
constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t value) {
  return scramble(seed ^ scramble(value));
}

/// A well spread number for a name under a seed.
constexpr std::uint64_t mix(std::uint64_t seed, std::string_view name) {
  for (const char letter : name) seed = mix(seed, static_cast<std::uint64_t>(static_cast<unsigned char>(letter)));
  return seed;
}

/// `number` as a fraction in [0, 1).
constexpr double as_fraction(std::uint64_t number) {
  return static_cast<double>(number >> 11U) * 0x1p-53;
}

}  // namespace jidian::plant

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"
#include "meter/profile.hpp"

namespace jidian::meter {

/// What the registers of a point hold.
enum class Presence : std::uint8_t {
  value,          ///< A value, in `bits`.
  not_available,  ///< One of the meter's "none" patterns, or a NaN.
  out_of_range,   ///< A value outside the point's stated range; still in `bits`.
  corrupt,        ///< No value at all: a BCD digit above 9, a mod10k word above 9999.
};

/// A decoded point: the meter's own integer or the exact bits of its float (see ValueType), never scaled or rounded.
struct Decoded {
  std::uint64_t bits = 0;
  Presence presence = Presence::value;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

/// Decodes `point` by itself (see `relate` for what other points say of it) from its own registers, in wire order (bits
/// arrive as one 0/1 word each). Precondition: words.size() == point.place.count, and the point is not text.
Decoded decode(const Point& point, std::span<const std::uint16_t> words);

/// The characters of a text point, without zeros and trailing blanks.
std::string decode_text(const Point& point, std::span<const std::uint16_t> words);

/// The engineering value as an exact decimal before ratios: integers with their exponent, floats as the shortest
/// decimal that gives the same float back, shifted by the exponent. Example: (48213770, unsigned, -3) is "48213.770".
std::string format_value(std::uint64_t bits, ValueType type, int exponent);

}  // namespace jidian::meter

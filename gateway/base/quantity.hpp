#pragma once

#include <cstdint>
#include <string_view>

namespace jidian {

/// What a point measures the flow of. The numbers stand in the contract.
enum class Carrier : std::uint8_t { none = 0, electricity = 1, gas = 2, heat = 3, water = 4 };

/// How a point behaves in time. The numbers stand in the contract.
enum class PointKind : std::uint8_t {
  instantaneous = 0,  ///< A value of the moment: power, voltage, flow.
  counter = 1,        ///< Only ever grows, until it rolls over: energy, volume, pieces.
  state = 2,          ///< One of a few: a status word, a tariff, an error code.
  attribute = 3,      ///< A property of the meter itself: a ratio, an exponent, a serial number.
};

/// How the 64 bits of a reading are to be understood. The numbers stand in the contract.
enum class ValueType : std::uint8_t {
  unsigned_integer = 0,  ///< The number.
  signed_integer = 1,    ///< Two's complement.
  float32 = 2,           ///< IEEE-754 single in the low 32 bits, high bits zero.
  float64 = 3,           ///< IEEE-754 double.
};

/// The contract's words: "electricity", "counter", "float32", …
std::string_view name_of(Carrier carrier);
std::string_view name_of(PointKind kind);
std::string_view name_of(ValueType type);

}  // namespace jidian

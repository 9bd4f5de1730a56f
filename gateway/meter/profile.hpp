#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "meter/read_plan.hpp"
#include "meter/registers.hpp"

namespace jidian::meter {

/// How a value lies in registers (or bits) of a meter.
enum class RawType : std::uint8_t {
  u16,
  s16,
  u32,
  s32,
  u64,
  s64,
  f32,
  f64,     ///< IEEE-754.
  bcd,     ///< Packed BCD, four digits a register, `registers` long (1…4): an unsigned integer.
  mod10k,  ///< Each register holds 0…9999 (ION and PowerLogic), `registers` long (2…4): an unsigned integer.
  sign_magnitude,  ///< Highest bit is the sign, the rest the magnitude; `registers` long (1, 2 or 4).
  bits,            ///< `bit_count` bits from `bit_first` (0 = least significant) of one register, or one coil or input.
  enumeration,     ///< u16 whose values have names (`labels`).
  text,            ///< ASCII, two characters a register. An attribute; never part of a reading.
};

/// Which register of a multi-register value comes first on the wire.
enum class WordOrder : std::uint8_t { high_first, low_first };

/// Which byte of a register comes first; low_first contradicts Modbus, and exists.
enum class ByteOrder : std::uint8_t { high_first, low_first };

/// One name of an enumeration's value.
struct Label {
  std::uint16_t value = 0;
  std::string name;
  friend bool operator==(const Label&, const Label&) = default;
};

/// One quantity of a meter: where it lies, how it is coded, what it means.
///
/// engineering value = integer (or float) × 10^exponent × product of the ratio points' engineering values,
/// in `unit`. Nothing is multiplied on the box: the factors travel in the manifest.
struct Point {
  std::string name;  ///< Unique in the meter: "active_power.l1", `[a-z0-9_]+(\.[a-z0-9_]+)*`, at most 64 characters.
  Carrier carrier = Carrier::electricity;
  std::string quantity;  ///< "active_power", "voltage_ln", "active_energy_import", …
  std::string phase;     ///< "l1", "l2", "l3", "l1l2", "n", "total", "avg", … or empty.
  PointKind kind = PointKind::instantaneous;

  Registers place;
  RawType type = RawType::u16;
  WordOrder words = WordOrder::high_first;
  ByteOrder bytes = ByteOrder::high_first;
  std::uint8_t bit_first = 0;
  std::uint8_t bit_count = 1;
  std::vector<Label> labels;

  int exponent = 0;  ///< Decimal exponent of the value's last digit (for floats: of the unit the meter uses).
  std::string unit;  ///< "V", "A", "W", "kWh", "m3", "pcs", … or empty.
  std::vector<std::string> ratio_points;  ///< Attribute points of the same meter that multiply this one (CT, PT).
  std::uint64_t modulus = 0;              ///< For counters: the value at which it rolls over; 0 = 2^bits of its type.
  std::vector<std::uint64_t> not_available;  ///< Undecoded patterns (words as one big-endian number) meaning "none".
  std::optional<std::int64_t> least;         ///< Values outside [least, most] (undecoded units) are `out_of_range`.
  std::optional<std::int64_t> most;
  bool by_default = true;  ///< Whether a meter records it when its site file selects no points.
};

/// How the 64 bits of a reading of `type` are to be understood.
ValueType value_type_of(RawType type);

/// A known exchange that a profile must reproduce: these words at this point give this engineering value.
struct TestVector {
  std::string point;
  std::vector<std::uint16_t> words;
  std::string value;   ///< Exact decimal before ratios, as `format_value` prints it, or "not_available".
  std::string source;  ///< A manual page or public capture, or "derived".
  int line = 0;        ///< Where it stands in the file.
};

enum class Parity : std::uint8_t { none, even, odd };

/// The serial settings and manners a meter is delivered with.
struct LinkDefaults {
  std::uint32_t baud = 9600;
  Parity parity = Parity::none;
  std::uint8_t stop_bits = 1;
  std::uint8_t unit = 1;
};

/// How a meter says what it is: the register block to read and what stands there.
struct Identification {
  Registers place;
  RawType type = RawType::u16;
  std::vector<std::string> matches;  ///< Values of that block that mean this model; a trailing `*` matches the rest.
};

/// How far a profile can be trusted.
enum class Confidence : std::uint8_t { verified, high, unverified };

/// A meter model's register map: a data file of the catalogue.
struct Profile {
  std::string id;  ///< File name without ".toml": "eastron-sdm630".
  std::string vendor;
  std::string model;
  Confidence confidence = Confidence::unverified;
  std::string provenance;  ///< Where the map comes from, for people.
  LinkDefaults link;
  ReadLimits limits;
  Millis turnaround{0};  ///< Silence this meter needs between two requests.
  std::optional<Identification> identify;
  std::vector<Point> points;
  std::vector<TestVector> vectors;
};

}  // namespace jidian::meter

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

/// When a point's value means anything: while another point of the same meter has one of these values.
struct Condition {
  std::string point;                 ///< A whole number, of the same table.
  std::vector<std::int64_t> equals;  ///< At least one.
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// One quantity of a meter: where it lies, how it is coded, what it means.
///
/// engineering value = integer (or float) × 10^(exponent + value of the scale point) × product of the ratio points'
/// engineering values, in `unit`. Nothing is multiplied on the box: the factors travel in the manifest. Scale, sign and
/// condition points must come from the same request as the value: see `runs_of`.
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
  std::string scale_point;  ///< Point of the same meter that holds a further decimal exponent (SunSpec), or empty.
  std::string sign_point;   ///< Point whose value 1 makes this unsigned number negative, or empty.
  std::optional<Condition> valid_while;  ///< Otherwise the value is `not_available`.
  std::uint64_t modulus = 0;             ///< For counters: the value at which it rolls over; 0 = 2^bits of its type.
  std::vector<std::uint64_t> not_available;  ///< Undecoded patterns (words as one big-endian number) meaning "none".
  std::optional<std::int64_t> least;         ///< Values outside [least, most] (undecoded units) are `out_of_range`.
  std::optional<std::int64_t> most;
  bool by_default = true;  ///< Whether a meter records it when its site file selects no points.
  std::string note;        ///< For people: what to know about this point.
};

/// How the 64 bits of a register value of `type` are to be understood.
ValueType value_type_of(RawType type);

/// How the 64 bits of a reading of `point` are to be understood: as its type, or signed if its sign stands elsewhere.
ValueType value_type_of(const Point& point);

/// Words of a point.
struct PointWords {
  std::string point;
  std::vector<std::uint16_t> words;
  friend bool operator==(const PointWords&, const PointWords&) = default;
};

/// A known exchange that a profile must reproduce: these words at this point give this engineering value.
struct TestVector {
  std::string point;
  std::vector<std::uint16_t> words;
  std::vector<PointWords> with;  ///< What its scale, sign and condition points hold.
  std::string value;             ///< Exact decimal before ratios, as `format_value` prints it, or "not_available".
  std::string source;            ///< A manual page or public capture, or "derived".
  int line = 0;                  ///< Where it stands in the file.
};

enum class Parity : std::uint8_t { none, even, odd };

/// The serial settings a meter is delivered with, and those it can be set to.
struct LinkDefaults {
  std::uint32_t baud = 9600;
  Parity parity = Parity::none;
  std::uint8_t stop_bits = 1;
  std::uint8_t unit = 1;
  std::vector<std::uint32_t> bauds;  ///< What a scan should try for this model, `baud` among them; empty: unknown.
  std::vector<Parity> parities;      ///< Likewise.
};

/// What a meter is asked for its identity.
enum class IdentitySource : std::uint8_t {
  registers,
  device_object,  ///< Function 43/14, one object by its number.
  server_id,      ///< Function 17, the printable characters of the answer.
};

/// Where a meter says something about itself: its model, its serial number, its firmware.
struct IdentityPlace {
  IdentitySource source = IdentitySource::registers;
  Registers place;               ///< registers only
  RawType type = RawType::text;  ///< `text` for the functions.
  WordOrder words = WordOrder::high_first;
  ByteOrder bytes = ByteOrder::high_first;
  std::uint8_t object = 0;  ///< device_object only: 0 vendor, 1 product code, 2 revision, …
  bool alone = false;  ///< Means this only in a request for exactly `place`; as part of a block it is something else.
  friend bool operator==(const IdentityPlace&, const IdentityPlace&) = default;
};

/// One way to recognise a model. See `says_model`.
struct Identification {
  IdentityPlace at;
  /// What may stand there: "iEM3155*" (a `*` matches anything), "341", "0x42323120", "330..345" (numbers only).
  std::vector<std::string> matches;
};

/// The SunSpec models a profile is for. Its points' addresses are offsets from the model's ID register, those of serial
/// number and firmware from the common model's.
struct Sunspec {
  std::vector<std::uint16_t> models;
  std::uint16_t length = 0;  ///< Registers after the header that the points need.
  friend bool operator==(const Sunspec&, const Sunspec&) = default;
};

/// How far a profile can be trusted.
enum class Confidence : std::uint8_t { verified, high, unverified };

/// How the current of a line comes to the meter.
enum class Connection : std::uint8_t {
  direct,       ///< It flows through the meter: there is no ratio.
  transformer,  ///< By current transformers, whose ratio belongs to every value.
  either,       ///< The model is made both ways, or several models share the map.
};

/// A meter model's register map: a data file of the catalogue.
struct Profile {
  std::string id;  ///< File name without ".toml": "eastron-sdm630".
  std::string vendor;
  std::string model;
  Confidence confidence = Confidence::unverified;
  std::string provenance;                ///< Where the map comes from, for people.
  std::string notes;                     ///< What the next person must know.
  std::optional<Connection> connection;  ///< Nothing: not known, or nothing of electricity.
  LinkDefaults link;
  ReadLimits limits;
  std::uint16_t short_count_max = 0;     ///< What some units of this model take at most instead; 0: none are known.
  Millis turnaround{0};                  ///< Silence this meter needs between two requests.
  Millis worst_latency{0};               ///< After this long no late reply can come any more; 0: as the bus says.
  std::vector<Identification> identify;  ///< Any one of them will do; empty: the model cannot be recognised.
  std::optional<IdentityPlace> serial;
  std::optional<IdentityPlace> firmware;
  std::optional<Sunspec> sunspec;
  std::vector<Point> points;
  std::vector<TestVector> vectors;
};

}  // namespace jidian::meter

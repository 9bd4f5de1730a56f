#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "domain/manifest.hpp"
#include "domain/plausibility.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// Whether a reading may speak for or against others: there is a value, in range, and not doubted. A mark says what
/// people do, not that the meter shows something else: a counter inside one is watched like any other.
constexpr bool is_trusted(Quality quality) {
  return quality == Quality::ok || quality == Quality::unsynchronised || is_mark(quality);
}

/// A number as its type says, without exponent.
inline double plain_number(ValueType type, std::uint64_t bits) {
  switch (type) {
    case ValueType::unsigned_integer:
      return static_cast<double>(bits);
    case ValueType::signed_integer:
      return static_cast<double>(static_cast<std::int64_t>(bits));
    case ValueType::float32:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case ValueType::float64:
      return std::bit_cast<double>(bits);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// A quantity in one poll. Both are NaN where there is none that can be trusted.
struct Measured {
  double value = std::numeric_limits<double>::quiet_NaN();
  double step = std::numeric_limits<double>::quiet_NaN();  ///< The least difference; 0 for floats, whose is too fine.
};

/// One column as a physical quantity in its base unit (W, A, var, Wh, …), ratios included.
class Column {
 public:
  Column(const MeterEntry& meter, std::uint16_t position);

  std::uint16_t position() const { return position_; }
  ValueType type() const { return type_; }
  bool is_float() const { return type_ == ValueType::float32 || type_ == ValueType::float64; }

  /// What one unit of the column's own number is worth in this poll; NaN if a ratio or the exponent is missing.
  double worth(std::span<const Sample> samples) const { return multipliers_.empty() ? factor_ : multiplied(samples); }

  Measured measure(std::span<const Sample> samples) const {
    const Sample& sample = samples[position_];
    if (!is_trusted(sample.quality)) return {};
    const double one = worth(samples);
    return {plain_number(type_, sample.bits) * one, is_float() ? 0 : one};
  }

 private:
  struct Multiplier {
    double factor = 1;
    std::uint16_t position = 0;
    ValueType type = ValueType::unsigned_integer;
    bool is_exponent = false;
  };

  double multiplied(std::span<const Sample> samples) const;

  double factor_;  ///< Unit and exponent.
  std::uint16_t position_;
  ValueType type_;
  std::vector<Multiplier> multipliers_;
};

/// What the transformers in front of a meter are made for.
struct Rating {
  double capacity_va = 0;      ///< √3 × voltage × primary current; 0: not known.
  double least_w = 0;          ///< Below this power nothing is said: the meter may not have started.
  double phase_voltage_v = 0;  ///< Nominal, primary.
};

/// A counter to be watched.
struct CounterColumn {
  Column column;
  std::uint64_t modulus = 0;
  bool is_energy = false;  ///< Of electricity: bounded by the rated capacity.
  bool is_import = false;  ///< Counts while active power is positive.
  std::optional<std::uint16_t> scale;
};

/// What of one meter's points the checks look at: resolved once for a manifest.
struct Gauge {
  std::optional<Column> power;
  std::array<std::optional<Column>, 3> phase_power;
  std::array<std::optional<Column>, 3> phase_reactive;
  std::array<std::optional<Column>, 3> phase_factor;
  std::array<std::optional<Column>, 3> phase_current;
  std::optional<Column> current;  ///< Of a meter of one phase, else average or sum.
  std::vector<CounterColumn> counters;
  std::vector<std::uint16_t> moving;  ///< Momentary points that do not stand still while they are not 0.
  std::optional<Column> ct_register;
  std::optional<Column> pt_register;
  std::optional<std::pair<double, double>> ct_declared;
  std::optional<std::pair<double, double>> pt_declared;
  bool is_source = false;  ///< It measures generation or storage: either sign is right.
  std::array<bool, all_checks.size()> is_checked{};

  bool has_phase_powers = false;  ///< All three.

  bool checks(Check check) const { return is_checked[static_cast<std::size_t>(check)]; }

  /// With ratio registers, of this poll.
  Rating rate(std::span<const Sample> samples) const;
};

Gauge make_gauge(const Manifest& manifest, const MeterEntry& meter);

}  // namespace jidian::domain

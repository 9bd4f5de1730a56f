#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// A counter that an amount adds up: `factor` × 10^`factor_exponent` of the amount's unit for one of the point's own
/// unit. So kWh from Wh is 1 and −3, MJ from kWh is 36 and −1, and what is to be subtracted has a negative factor.
struct AmountSource {
  MeterIndex meter = 0;
  std::uint16_t point = 0;  ///< Position in the meter's points: a counter.
  std::int64_t factor = 1;  ///< Not 0.
  int factor_exponent = 0;
  friend bool operator==(const AmountSource&, const AmountSource&) = default;
};

/// What a facility, an account or the site takes, gives or makes: one column of its rows.
struct Amount {
  std::string name;  ///< "energy.taken", "energy.given", "energy.consumed", "gas", "water", "heat", "product.<id>".
  Carrier carrier = Carrier::electricity;
  std::string unit;  ///< kWh, m3, MJ, or the product's own.
  int exponent = 0;  ///< Decimal exponent of the numbers in rows.
  std::vector<AmountSource> sources;
  friend bool operator==(const Amount&, const Amount&) = default;
};

/// A part of the day by local time. It ends on the next day where it goes over midnight.
struct Shift {
  std::string id;
  std::chrono::minutes start{0};   ///< After local midnight; a multiple of 15.
  std::chrono::minutes length{0};  ///< At most a day; a multiple of 15.
  friend bool operator==(const Shift&, const Shift&) = default;
};

/// What a facility can use instead of gas, as the enterprise declares it.
struct FuelSwitch {
  std::string fuel;               ///< "electricity", "oil", …; empty: nothing.
  std::chrono::minutes after{0};  ///< How long it takes.
  friend bool operator==(const FuelSwitch&, const FuelSwitch&) = default;
};

}  // namespace jidian::domain

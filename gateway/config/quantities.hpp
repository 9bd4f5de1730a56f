#pragma once

#include <span>
#include <string_view>

#include "base/quantity.hpp"

namespace jidian::config {

/// A quantity every profile must name and state alike, so that data of different meters can be compared.
struct Quantity {
  std::string_view name;
  PointKind kind = PointKind::instantaneous;
  std::string_view units;  ///< Those it may be given in, separated by blanks; empty: it has none.
};

/// All of them.
std::span<const Quantity> quantities();

/// Null if `name` is none of them.
const Quantity* find_quantity(std::string_view name);

/// Whether `unit` is one of `quantity`'s.
bool has_unit(const Quantity& quantity, std::string_view unit);

}  // namespace jidian::config

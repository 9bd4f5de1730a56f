#pragma once

#include <string>
#include <string_view>

#include "base/exact.hpp"
#include "base/result.hpp"
#include "domain/manifest.hpp"

/// What people read off the display of a meter. Pure.
namespace jidian::command {

struct Display {
  Exact number;      ///< In `unit`.
  std::string text;  ///< The digits as typed: "48213.80".
  std::string unit;  ///< "kWh", "m3", … or empty.
};

/// "48213.8" is in the unit that displays have: of electric energy kWh, kvarh or kVAh, in whatever unit the register of
/// `counter` counts (many count Wh); of all else the counter's own. "48.2138 MWh" says its own unit, which must be one
/// of the same thing; "度" is kWh. `what` is named in errors: "--display". Errors: invalid.
Result<Display> display_of(const std::string& typed, const domain::PointEntry& counter, const std::string& what);

/// How many powers of ten one `from` is in `to`: -3 from Wh to kWh. 0 if they are not units of one thing.
int tens_between(std::string_view from, std::string_view to);

/// `number`, which is in `from`, in `to`.
Exact converted(const Exact& number, std::string_view from, std::string_view to);

}  // namespace jidian::command

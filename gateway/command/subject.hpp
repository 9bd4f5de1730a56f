#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "acquire/poller.hpp"
#include "base/exact.hpp"
#include "base/result.hpp"
#include "domain/manifest.hpp"

namespace jidian::command {

/// A meter in the manifest, what it said just now, and whether its facility generates. Pure.
struct Subject {
  const domain::MeterEntry& entry;
  const acquire::MeterAnswer& answer;
  bool generates = false;
};

/// The position of the counter that `name` means: the point of that name, or its total; with an empty name the meter's
/// main counter. Errors: invalid, with the names there are.
Result<std::size_t> counter_of(const domain::MeterEntry& entry, const std::string& name);

/// The value of a point with its ratios, exact. Errors: unreachable (the meter did not give it, and why), unsupported
/// (more than 18 digits).
Result<Exact> engineering_value(const Subject& subject, std::size_t point);

/// One in the last place of the registers of a point, with its ratios; of a float the distance to the next one.
double step_of(const Subject& subject, std::size_t point);

/// The value of a quantity in W, V, var, …; nothing if the meter has or gave none. The phases "total", "sum" and "" are
/// the same.
std::optional<double> base_value(const Subject& subject, std::string_view quantity, std::string_view phase);

/// A transformer as the site file declares it: "200/5".
struct Sides {
  double primary = 0;
  double secondary = 0;
};
/// Zeros if `ratio` is none.
Sides sides_of(std::string_view ratio);

/// How many W, Wh, m3, m3/h, … one `unit` is; 1 for what is none of them.
double scale_of(std::string_view unit);

/// A number for people: four digits that count.
std::string rough(double number);

}  // namespace jidian::command

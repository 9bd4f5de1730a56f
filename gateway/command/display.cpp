#include "command/display.hpp"

#include <algorithm>
#include <array>

namespace jidian::command {
namespace {

/// Units of one thing differ by powers of ten.
struct UnitOfThing {
  std::string_view unit;
  std::string_view thing;
  int tens;
};

constexpr auto units_of_things = std::to_array<UnitOfThing>({
    {"Wh", "active", 0},
    {"kWh", "active", 3},
    {"MWh", "active", 6},
    {"GWh", "active", 9},
    {"varh", "reactive", 0},
    {"kvarh", "reactive", 3},
    {"Mvarh", "reactive", 6},
    {"VAh", "apparent", 0},
    {"kVAh", "apparent", 3},
    {"MVAh", "apparent", 6},
    {"kJ", "heat", 3},
    {"MJ", "heat", 6},
    {"GJ", "heat", 9},
    {"L", "volume", 0},
    {"m3", "volume", 3},
    {"kg", "mass", 0},
    {"t", "mass", 3},
});

bool is_same_word(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(one, other, {}, lower, lower);
}

const UnitOfThing* find_unit(std::string_view word) {
  if (word == "度") word = "kWh";
  if (word == "m³") word = "m3";
  const auto found = std::ranges::find_if(units_of_things, [&](const auto& it) { return is_same_word(it.unit, word); });
  return found == units_of_things.end() ? nullptr : &*found;
}

std::string usual_unit_of(const domain::PointEntry& counter) {
  if (counter.quantity.starts_with("active_energy") && find_unit(counter.unit) != nullptr) return "kWh";
  if (counter.quantity.starts_with("reactive_energy") && find_unit(counter.unit) != nullptr) return "kvarh";
  if (counter.quantity.starts_with("apparent_energy") && find_unit(counter.unit) != nullptr) return "kVAh";
  return counter.unit;
}

/// "kWh, MWh, Wh": what may be typed for a counter.
std::string units_like(std::string_view unit) {
  const UnitOfThing* known = find_unit(unit);
  if (known == nullptr) return std::string(unit);
  std::string list;
  for (const auto& other : units_of_things)
    if (other.thing == known->thing) list += (list.empty() ? "" : ", ") + std::string(other.unit);
  return list;
}

}  // namespace

Result<Display> display_of(const std::string& typed, const domain::PointEntry& counter, const std::string& what) {
  const std::string usual = usual_unit_of(counter);
  const auto end = std::min(typed.find_first_not_of("0123456789.+-"), typed.size());
  const auto unit_at = std::min(typed.find_first_not_of(' ', end), typed.size());
  const std::string word = typed.substr(unit_at);
  const auto number = parse_exact(typed.substr(0, end));
  const UnitOfThing* said = find_unit(word);
  const bool has_unit = !word.empty() && word != usual;
  if (!number || number->mantissa < 0 || (has_unit && said == nullptr))
    return Error{ErrorKind::invalid, what + ": '" + typed +
                                         "' is no number of a display; write its digits as they stand there, with a "
                                         "point" +
                                         (usual.empty() ? ": 48213.8" : ", in " + usual + ": 48213.8") +
                                         (usual == "kWh" ? ", or with another unit: \"48.2138 MWh\"" : "")};
  const UnitOfThing* counts = find_unit(usual);
  if (has_unit && (counts == nullptr || counts->thing != said->thing))
    return Error{ErrorKind::invalid,
                 what + ": " + counter.name + " is not counted in " + word + "; write it in " + units_like(usual)};
  return Display{*number, typed.substr(0, end), has_unit ? std::string(said->unit) : usual};
}

int tens_between(std::string_view from, std::string_view to) {
  const UnitOfThing* one = find_unit(from);
  const UnitOfThing* other = find_unit(to);
  return one == nullptr || other == nullptr || one->thing != other->thing ? 0 : one->tens - other->tens;
}

Exact converted(const Exact& number, std::string_view from, std::string_view to) {
  return {number.mantissa, number.exponent + tens_between(from, to)};
}

}  // namespace jidian::command

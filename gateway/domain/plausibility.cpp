#include "domain/plausibility.hpp"

#include <algorithm>

namespace jidian::domain {

std::string_view name_of(Check check) {
  switch (check) {
    case Check::phase_sum:
      return "phase_sum";
    case Check::parent_sum:
      return "parent_sum";
    case Check::counter_decrease:
      return "counter_decrease";
    case Check::capacity_step:
      return "capacity_step";
    case Check::ct_reversed:
      return "ct_reversed";
    case Check::constant_value:
      return "constant_value";
    case Check::zero_current:
      return "zero_current";
  }
  return "unknown";
}

std::optional<Check> find_check(std::string_view word) {
  const auto found = std::ranges::find(all_checks, word, [](Check check) { return name_of(check); });
  if (found == all_checks.end()) return std::nullopt;
  return *found;
}

}  // namespace jidian::domain

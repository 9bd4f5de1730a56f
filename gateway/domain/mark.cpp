#include "domain/mark.hpp"

#include <algorithm>
#include <array>

namespace jidian::domain {
namespace {

constexpr std::array marks{Quality::maintenance, Quality::calibration, Quality::manual, Quality::stopped,
                           Quality::supply_lost};

}  // namespace

std::optional<Quality> mark_of(std::string_view word) {
  const auto found = std::ranges::find(marks, word, [](Quality quality) { return name_of(quality); });
  if (found == marks.end()) return std::nullopt;
  return *found;
}

}  // namespace jidian::domain

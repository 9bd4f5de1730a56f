#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/section.hpp"
#include "meter/profile.hpp"

namespace jidian::config {

/// A point being read, and the names it refers to, which can only be looked up when all points are known.
struct Draft {
  meter::Point point;
  std::vector<Text> ratios;
  std::optional<Text> scale;
  std::optional<Text> sign;
  std::optional<Text> condition;
  std::vector<std::int64_t> equals;  ///< Values of `condition`.

  bool refers() const { return scale || sign || condition; }
};

/// Fills the references of the drafts' points. Mistakes stand where the name stands.
void resolve_references(Section& registers, std::vector<Draft>& drafts);

}  // namespace jidian::config

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "domain/reading.hpp"
#include "meter/profile.hpp"

namespace jidian::acquire {

/// Notices when a transformer ratio that a meter keeps in a register is another one than it was. Pure.
class RatioWatch {
 public:
  /// Exact decimals by point name.
  using Ratios = std::map<std::string, std::string>;

  /// Watches every point that multiplies another one. `known`: what earlier runs saw.
  RatioWatch(const std::vector<meter::Point>& points, Ratios known);

  struct Change {
    std::string point;
    std::string before;
    std::string after;
  };

  /// What is another ratio in `samples` than before. One sample per point.
  std::vector<Change> watch(const std::vector<meter::Point>& points, const std::vector<domain::Sample>& samples);

  /// The ratios seen last.
  const Ratios& ratios() const { return ratios_; }

 private:
  std::vector<std::size_t> watched_;
  Ratios ratios_;
};

}  // namespace jidian::acquire

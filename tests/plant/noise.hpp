// Noise that integrates to exact integers without a running sum.
#pragma once

#include <array>
#include <cstdint>

#include "time.hpp"

namespace jidian::plant {

/// A rate and the exact sum of the rates of all steps before.
struct Flow {
  std::int64_t rate = 0;  ///< per step
  std::int64_t total = 0;

  Flow& operator+=(const Flow& other) {
    rate += other.rate;
    total += other.total;
    return *this;
  }
};

/// Loads that jump at five time scales (0.1 s to 10 min), with a sum of zero over every window.
///
/// Each scale lays heights on a grid of its length; the rate between two grid points is the difference of their heights
/// and the sum is what lies between: telescoping, hence closed. The height at both ends of a window is zero.
/// Precondition: windows begin and end on multiples of 10 minutes.
///
/// @param amplitude  what 1000 permille of the noise is, per step; |rate| <= 0.064 x amplitude.
Flow window_noise(std::uint64_t seed, std::int64_t amplitude, Step step, Step window_start, Step window_end);

/// A wandering number within [-amplitude, amplitude]: a slow and a fast part, constant within a step.
/// @param scale  length of the slow part's grid.
std::int64_t wander(std::uint64_t seed, std::int64_t amplitude, Step scale, Step step);

}  // namespace jidian::plant

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "meter/decode.hpp"
#include "meter/profile.hpp"

namespace jidian::meter {

/// A scale point outside ± this is out of range, and so is what it scales.
inline constexpr std::int64_t scale_most = 12;

/// The names of the points that must come from the same request as `point`: its scale, its sign, its condition.
std::vector<std::string_view> related_points(const Point& point);

/// For each point the run it must be read in as a whole: its own registers, or those of its group from the first to the
/// last. Points that scale, sign or condition one another make a group, which shares one run. Give the runs to
/// `plan_reads`, if none is longer than a request, and look for a point in the read that holds its run. The run of a
/// group over a whole table has 65535 registers.
std::vector<Registers> runs_of(std::span<const Point> points);

/// Applies to decoded values what the points of one meter say about one another; `decoded[n]` is that of `points[n]`.
///
/// A value whose scale or sign point is not available is not available; one whose scale or sign point is corrupt is
/// corrupt; an exponent out of range makes the value out of range. A value whose condition is not met is not available.
/// A sign point of 1 negates. Names of points that are not there have no effect.
void relate(std::span<const Point> points, std::span<Decoded> decoded);

/// The decimal exponent of `point` when its scale point holds `scale_bits`; nothing if that can be no exponent.
std::optional<int> exponent_of(const Point& point, std::uint64_t scale_bits);

}  // namespace jidian::meter

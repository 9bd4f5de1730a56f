#include "meter/relations.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>

namespace jidian::meter {
namespace {

/// Position of the point called `name`; nothing if there is none, or `name` is empty.
std::optional<std::size_t> find(std::span<const Point> points, std::string_view name) {
  if (name.empty()) return std::nullopt;
  const auto found = std::ranges::find(points, name, &Point::name);
  if (found == points.end()) return std::nullopt;
  return static_cast<std::size_t>(found - points.begin());
}

std::size_t leader_of(std::vector<std::size_t>& leaders, std::size_t n) {
  while (leaders[n] != n) n = leaders[n] = leaders[leaders[n]];
  return n;
}

/// From the first register of both to the last. All 65536 of a table are one more than a run can count.
Registers span_of(const Registers& a, const Registers& b) {
  assert(a.table == b.table);
  const std::uint16_t first = std::min(a.first, b.first);
  const std::uint32_t count = std::max(a.end(), b.end()) - first;
  return {a.table, first, static_cast<std::uint16_t>(std::min<std::uint32_t>(count, 0xFFFF))};
}

/// What becomes of a value whose scale or sign is `other`.
Presence inherit(Presence own, Presence other) {
  if (own == Presence::not_available || own == Presence::corrupt) return own;
  return other == Presence::value ? own : other;
}

bool can_scale(std::int64_t exponent) {
  return exponent >= -scale_most && exponent <= scale_most;
}

void apply_scale(Decoded& value, const Decoded& scale) {
  value.presence = inherit(value.presence, scale.presence);
  if (value.presence == Presence::value && !can_scale(std::bit_cast<std::int64_t>(scale.bits)))
    value.presence = Presence::out_of_range;
}

void apply_sign(Decoded& value, const Decoded& sign) {
  value.presence = inherit(value.presence, sign.presence);
  if (sign.bits == 1) value.bits = ~value.bits + 1;
}

bool is_met(const Condition& condition, const Decoded& decoded) {
  return decoded.presence == Presence::value &&
         std::ranges::find(condition.equals, std::bit_cast<std::int64_t>(decoded.bits)) != condition.equals.end();
}

}  // namespace

std::vector<std::string_view> related_points(const Point& point) {
  std::vector<std::string_view> names;
  if (!point.scale_point.empty()) names.emplace_back(point.scale_point);
  if (!point.sign_point.empty()) names.emplace_back(point.sign_point);
  if (point.valid_while) names.emplace_back(point.valid_while->point);
  return names;
}

std::vector<Registers> runs_of(std::span<const Point> points) {
  std::vector<std::size_t> leaders(points.size());
  std::iota(leaders.begin(), leaders.end(), std::size_t{0});
  std::vector<Registers> runs;
  runs.reserve(points.size());
  for (const Point& point : points) runs.push_back(point.place);

  for (std::size_t n = 0; n < points.size(); ++n) {
    for (const std::string_view name : related_points(points[n])) {
      const auto other = find(points, name);
      if (!other) continue;
      const std::size_t a = leader_of(leaders, n);
      const std::size_t b = leader_of(leaders, *other);
      runs[a] = span_of(runs[a], runs[b]);
      leaders[b] = a;
    }
  }
  for (std::size_t n = 0; n < points.size(); ++n) runs[n] = runs[leader_of(leaders, n)];
  return runs;
}

void relate(std::span<const Point> points, std::span<Decoded> decoded) {
  assert(points.size() == decoded.size());
  // Scale, sign and condition points have none themselves, so the order does not matter.
  for (std::size_t n = 0; n < points.size(); ++n) {
    const Point& point = points[n];
    if (const auto scale = find(points, point.scale_point)) apply_scale(decoded[n], decoded[*scale]);
    if (const auto sign = find(points, point.sign_point)) apply_sign(decoded[n], decoded[*sign]);
    if (!point.valid_while) continue;
    const auto state = find(points, point.valid_while->point);
    if (state && !is_met(*point.valid_while, decoded[*state])) decoded[n].presence = Presence::not_available;
  }
  for (Decoded& it : decoded)
    if (it.presence == Presence::not_available || it.presence == Presence::corrupt) it.bits = 0;
}

std::optional<int> exponent_of(const Point& point, std::uint64_t scale_bits) {
  const auto scale = std::bit_cast<std::int64_t>(scale_bits);
  if (!can_scale(scale)) return std::nullopt;
  return point.exponent + static_cast<int>(scale);
}

}  // namespace jidian::meter

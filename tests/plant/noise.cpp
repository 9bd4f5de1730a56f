#include "noise.hpp"

#include "hash.hpp"

namespace jidian::plant {
namespace {

struct Scale {
  Step length;
  std::int64_t per_myriad;  // largest rate, of the amplitude
};

// The lengths divide each other and 10 minutes, so that every window edge is a grid point of every scale.
constexpr std::array scales{Scale{1, 30}, Scale{10, 60}, Scale{100, 100}, Scale{600, 150}, Scale{6000, 300}};

// In [0, bound]. Multiply-shift: no division.
std::int64_t pick(std::uint64_t number, std::int64_t bound) {
  const std::uint64_t high = number >> 32U;
  const auto range = static_cast<std::uint64_t>(bound) + 1;
  if (range <= 0xFFFFFFFFU) return static_cast<std::int64_t>((high * range) >> 32U);
  return static_cast<std::int64_t>(number % range);
}

}  // namespace

Flow window_noise(std::uint64_t seed, std::int64_t amplitude, Step step, Step window_start, Step window_end) {
  Flow sum;
  for (const Scale& scale : scales) {
    const std::int64_t bound = amplitude * scale.per_myriad / 10000;
    const Step grid = floor_div(step, scale.length);
    const Step begin = grid * scale.length;
    const std::uint64_t own = seed + static_cast<std::uint64_t>(scale.length);
    const auto height = [&](Step point) -> std::int64_t {
      const Step at = point * scale.length;
      if (at <= window_start || at >= window_end) return bound / 2;
      return pick(mix(own, static_cast<std::uint64_t>(point)), bound);
    };
    const std::int64_t left = height(grid);
    const std::int64_t rate = height(grid + 1) - left;
    sum.rate += rate;
    sum.total += (left - bound / 2) * scale.length + (step - begin) * rate;
  }
  return sum;
}

std::int64_t wander(std::uint64_t seed, std::int64_t amplitude, Step scale, Step step) {
  const Step grid = floor_div(step, scale);
  const std::int64_t slow = amplitude * 4 / 5;
  const std::int64_t left = pick(mix(seed, static_cast<std::uint64_t>(grid)), 2 * slow) - slow;
  const std::int64_t right = pick(mix(seed, static_cast<std::uint64_t>(grid + 1)), 2 * slow) - slow;
  const std::int64_t fast = amplitude - slow;
  const std::int64_t jitter = pick(mix(~seed, static_cast<std::uint64_t>(step)), 2 * fast) - fast;
  return left + (right - left) * (step - grid * scale) / scale + jitter;
}

}  // namespace jidian::plant

#include "acquire/ratio_watch.hpp"

#include <algorithm>
#include <utility>

#include "meter/decode.hpp"

namespace jidian::acquire {

RatioWatch::RatioWatch(const std::vector<meter::Point>& points, Ratios known) : ratios_(std::move(known)) {
  for (std::size_t n = 0; n < points.size(); ++n) {
    const bool multiplies = std::ranges::any_of(points, [&](const meter::Point& other) {
      return std::ranges::find(other.ratio_points, points[n].name) != other.ratio_points.end();
    });
    if (multiplies) watched_.push_back(n);
  }
}

std::vector<RatioWatch::Change> RatioWatch::watch(const std::vector<meter::Point>& points,
                                                  const std::vector<domain::Sample>& samples) {
  std::vector<Change> changes;
  for (const std::size_t n : watched_) {
    if (!domain::has_value(samples[n].quality)) continue;
    const meter::Point& point = points[n];
    const std::string after = meter::format_value(samples[n].bits, meter::value_type_of(point), point.exponent);
    std::string& last = ratios_[point.name];
    const std::string before = std::exchange(last, after);
    if (!before.empty() && before != after) changes.push_back({point.name, before, after});
  }
  return changes;
}

}  // namespace jidian::acquire

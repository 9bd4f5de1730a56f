#include "domain/run_levels.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace jidian::domain {
namespace {

constexpr std::uint64_t group_ticks_least = 20;
constexpr double group_share_least = 0.02;
constexpr double edge_share = 0.02;
constexpr double gap_ratio_least = 1.5;
constexpr double between_share_most = 0.02;

/// A standstill takes at most this share of what running takes: where a run is told from 10 % of the rated power, a
/// stop below 5 %.
constexpr double standstill_share_most = 0.05;

constexpr std::size_t groups_most = 3;
constexpr int digits_kept = 3;

/// Below this a value is noise: a meter's own starting threshold is above.
std::int64_t noise_of(RunSource source) {
  return source == RunSource::power ? 1'000 : 10;
}

/// Sorted values with the sums that a split needs.
class Sorted {
 public:
  Sorted(std::span<const std::int64_t> values, double scale) : values_(values.begin(), values.end()) {
    std::ranges::sort(values_);
    sums_.reserve(values_.size() + 1);
    squares_.reserve(values_.size() + 1);
    sums_.push_back(0);
    squares_.push_back(0);
    for (const std::int64_t value : values_) {
      // Ratios are what tells levels apart, down to the noise, where differences do.
      const double y = std::asinh(static_cast<double>(value) / scale);
      sums_.push_back(sums_.back() + y);
      squares_.push_back(squares_.back() + y * y);
    }
  }

  std::size_t size() const { return values_.size(); }

  /// The value below which the share `share` of [first, last) lies.
  std::int64_t quantile(std::size_t first, std::size_t last, double share) const {
    const double position = share * static_cast<double>(last - first - 1);
    return values_[first + static_cast<std::size_t>(std::llround(position))];
  }

  /// Where to cut [first, last) so that both parts scatter least.
  std::size_t best_cut(std::size_t first, std::size_t last) const {
    std::size_t best = first;
    double least = scatter(first, last);
    for (std::size_t cut = first + 1; cut < last; ++cut) {
      if (values_[cut] == values_[cut - 1]) continue;
      const double sum = scatter(first, cut) + scatter(cut, last);
      if (sum < least) {
        least = sum;
        best = cut;
      }
    }
    return best;
  }

  std::uint64_t count_between(std::int64_t from, std::int64_t until) const {
    return static_cast<std::uint64_t>(std::ranges::lower_bound(values_, until) -
                                      std::ranges::lower_bound(values_, from));
  }

 private:
  double scatter(std::size_t first, std::size_t last) const {
    const auto count = static_cast<double>(last - first);
    const double sum = sums_[last] - sums_[first];
    return squares_[last] - squares_[first] - sum * sum / count;
  }

  std::vector<std::int64_t> values_;
  std::vector<double> sums_;
  std::vector<double> squares_;
};

/// A gap between two groups, and the levels in it.
struct LevelGap {
  std::size_t cut = 0;
  double apart = 0;
  std::int64_t lower_level = 0;
  std::int64_t upper_level = 0;
  std::uint64_t between = 0;
};

/// To three digits, so that a person can read and change it.
std::int64_t rounded(double value) {
  if (value < 1) return 1;
  const double unit = std::pow(10.0, std::max(0.0, std::floor(std::log10(value)) - (digits_kept - 1)));
  return std::llround(std::round(value / unit) * unit);
}

std::optional<LevelGap> find_gap(const Sorted& sorted, std::size_t first, std::size_t last, std::int64_t noise) {
  LevelGap gap;
  gap.cut = sorted.best_cut(first, last);
  const auto least =
      std::max(static_cast<double>(group_ticks_least), group_share_least * static_cast<double>(sorted.size()));
  const auto is_group = [&](std::size_t count) { return static_cast<double>(count) >= least; };
  if (!is_group(gap.cut - first) || !is_group(last - gap.cut)) return std::nullopt;
  const auto lesser = static_cast<double>(std::max(sorted.quantile(first, gap.cut, 1 - edge_share), noise));
  const auto greater = static_cast<double>(sorted.quantile(gap.cut, last, edge_share));
  gap.apart = greater / lesser;
  if (gap.apart < gap_ratio_least) return std::nullopt;
  gap.lower_level = rounded(lesser + (greater - lesser) / 3);
  gap.upper_level = rounded(lesser + (greater - lesser) * 2 / 3);
  if (gap.lower_level >= gap.upper_level) return std::nullopt;
  gap.between = sorted.count_between(gap.lower_level, gap.upper_level);
  if (static_cast<double>(gap.between) > between_share_most * static_cast<double>(sorted.size())) return std::nullopt;
  return gap;
}

/// The gaps that stand out, ascending: at most two.
std::vector<LevelGap> find_gaps(const Sorted& sorted, std::int64_t noise) {
  const auto whole = find_gap(sorted, 0, sorted.size(), noise);
  if (!whole) return {};
  const auto below = find_gap(sorted, 0, whole->cut, noise);
  const auto above = find_gap(sorted, whole->cut, sorted.size(), noise);
  std::vector<LevelGap> gaps{*whole};
  const bool prefers_below = below && (!above || below->apart > above->apart);
  if (prefers_below)
    gaps.insert(gaps.begin(), *below);
  else if (above)
    gaps.push_back(*above);
  static_assert(groups_most == 3);
  return gaps;
}

Level level_of(const Sorted& sorted, std::size_t first, std::size_t last) {
  return {FacilityState::unknown, sorted.quantile(first, last, edge_share), sorted.quantile(first, last, 0.5),
          sorted.quantile(first, last, 1 - edge_share), last - first};
}

}  // namespace

LearntLevels learn_levels(std::span<const std::int64_t> values, RunSource source) {
  LearntLevels learnt;
  learnt.rule.source = source;
  if (values.size() < ticks_least) return learnt;
  const std::int64_t noise = noise_of(source);
  const Sorted sorted(values, static_cast<double>(noise));
  const auto gaps = find_gaps(sorted, noise);
  std::size_t first = 0;
  for (const LevelGap& gap : gaps) {
    learnt.levels.push_back(level_of(sorted, first, gap.cut));
    learnt.between_ticks += gap.between;
    learnt.apart = learnt.apart == 0 ? gap.apart : std::min(learnt.apart, gap.apart);
    first = gap.cut;
  }
  learnt.levels.push_back(level_of(sorted, first, sorted.size()));
  learnt.verdict = LearntLevels::Verdict::one_level;
  if (gaps.empty()) return learnt;

  const Level& top = learnt.levels.back();
  const bool has_standstill = static_cast<double>(std::max<std::int64_t>(learnt.levels.front().median, 0)) <=
                              standstill_share_most * static_cast<double>(top.median);
  learnt.verdict = has_standstill ? LearntLevels::Verdict::found : LearntLevels::Verdict::no_standstill;
  learnt.levels.back().state = FacilityState::running;
  if (has_standstill) {
    learnt.levels.front().state = FacilityState::stopped;
    learnt.rule.stop_below = gaps.front().lower_level;
    learnt.rule.start_at = gaps.front().upper_level;
  }
  if (has_standstill && gaps.size() == 1) return learnt;
  for (Level& level : learnt.levels)
    if (level.state == FacilityState::unknown) level.state = FacilityState::idle;
  learnt.rule.idle_below = gaps.back().lower_level;
  learnt.rule.run_at = gaps.back().upper_level;
  return learnt;
}

}  // namespace jidian::domain

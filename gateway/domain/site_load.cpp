#include "domain/site_load.hpp"

#include <algorithm>
#include <cmath>

namespace jidian::domain {
namespace {

/// A value is of the present if it is not older than this many periods of its meter, and this.
constexpr int periods_most = 3;
constexpr Millis age_least_most{15'000};

bool is_electric(const MeterEntry& meter) {
  return std::ranges::any_of(meter.points,
                             [](const PointEntry& point) { return point.carrier == Carrier::electricity; });
}

/// Whether what meter `i` shows is part of what one of `chosen` shows.
bool is_within(const Manifest& manifest, std::size_t i, const std::vector<bool>& chosen) {
  for (std::size_t steps = 0; steps < manifest.meters.size(); ++steps) {
    const auto parent = std::ranges::find(manifest.meters, manifest.meters[i].parent, &MeterEntry::id);
    if (parent == manifest.meters.end()) return false;
    i = static_cast<std::size_t>(parent - manifest.meters.begin());
    if (chosen[i]) return true;
  }
  return false;
}

}  // namespace

SiteLoad::SiteLoad(const Manifest& manifest) : manifest_(manifest) {
  for (const auto& meter : manifest.meters) gauges_.push_back(make_gauge(manifest, meter));
}

std::vector<bool> SiteLoad::meters_of(const std::vector<std::string>& facilities) const {
  std::vector<bool> chosen(manifest_.meters.size(), false);
  const auto choose = [&](const std::vector<std::string>& ids) {
    for (std::size_t i = 0; i < chosen.size(); ++i)
      if (std::ranges::find(ids, manifest_.meters[i].id) != ids.end() && is_electric(manifest_.meters[i]))
        chosen[i] = true;
  };
  for (const auto& facility : manifest_.facilities)
    if (std::ranges::find(facilities, facility.id) != facilities.end()) choose(facility.meters);
  if (facilities.empty())
    for (const auto& account : manifest_.site.accounts)
      if (account.carrier == Carrier::electricity) choose(account.meters);
  std::vector<bool> topmost = chosen;
  for (std::size_t i = 0; i < chosen.size(); ++i) topmost[i] = chosen[i] && !is_within(manifest_, i, chosen);
  return topmost;
}

std::optional<double> SiteLoad::power_w(std::size_t meter, const Poll& poll) const {
  const Gauge& gauge = gauges_[meter];
  double watts = 0;
  if (gauge.power)
    watts = gauge.power->measure(poll.samples).value;
  else if (gauge.has_phase_powers)
    for (const auto& phase : gauge.phase_power) watts += phase->measure(poll.samples).value;
  else
    return std::nullopt;
  if (std::isnan(watts)) return std::nullopt;
  return watts;
}

std::optional<double> SiteLoad::power_kw(const std::vector<std::string>& facilities,
                                         std::span<const std::optional<Poll>> newest, UtcTime now) const {
  const auto chosen = meters_of(facilities);
  double watts = 0;
  bool is_any = false;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i]) continue;
    const Millis age_most = std::max(periods_most * manifest_.meters[i].period, age_least_most);
    if (i >= newest.size() || !newest[i] || now - newest[i]->end > age_most) return std::nullopt;
    const auto power = power_w(i, *newest[i]);
    if (!power) return std::nullopt;
    watts += *power;
    is_any = true;
  }
  if (!is_any) return std::nullopt;
  return watts / 1000;
}

}  // namespace jidian::domain

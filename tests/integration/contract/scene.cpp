#include "tests/integration/contract/scene.hpp"

#include <algorithm>
#include <utility>

namespace jidian::contract {
namespace {

/// A little of this and that, so that no value stands still for hours.
constexpr std::int64_t ripple_w = 10;
constexpr std::int64_t ripple_slots = 7;

recorder::Options options_of(std::string_view site_toml) {
  const auto parsed = config::parse_site(site_toml, "site.toml", {});
  recorder::Options options = recorder::plant::options(config::manifest_of(parsed.site.value()));
  options.commit_interval = std::chrono::seconds{60};
  return options;
}

const Phase& phase_at(const SceneMeter& meter, UtcTime time) {
  const auto next = std::ranges::upper_bound(meter.phases, time, {}, &Phase::from);
  return *std::prev(next);
}

}  // namespace

Scene::Scene(std::string_view site_toml, std::vector<SceneMeter> meters, UtcTime first)
    : options_(options_of(site_toml)), meters_(std::move(meters)), first_(first), record_(options_.manifest) {
  clock_.now.utc = first - std::chrono::seconds{5};
}

domain::Poll Scene::poll_of(std::size_t number, UtcTime slot) {
  SceneMeter& meter = meters_[number];
  if (slot > first_) meter.count += phase_at(meter, slot - period).counts;
  const std::int64_t power = phase_at(meter, slot).power_w;
  const std::int64_t ripple = power == 0 ? 0 : (slot - first_) / period % ripple_slots * ripple_w;
  const bool is_silent = std::ranges::count(meter.silent, slot) > 0;
  const auto quality = is_silent ? domain::Quality::no_answer : domain::Quality::ok;
  domain::Poll poll{static_cast<domain::MeterIndex>(number),
                    slot,
                    slot + Millis{5},
                    slot + Millis{20},
                    ClockQuality::synchronised,
                    {},
                    {}};
  poll.cause = domain::GapCause::meter_silent;
  if (meter.has_power) poll.samples.push_back({is_silent ? 0 : static_cast<std::uint64_t>(power + ripple), quality});
  poll.samples.push_back({is_silent ? 0 : meter.count, quality});
  return poll;
}

void Scene::play(UtcTime end) {
  recorder::plant::Run run(options_, record_, clock_, true);
  for (UtcTime slot = first_; slot < end; slot += period) {
    for (std::size_t meter = 0; meter < meters_.size(); ++meter) run.take(poll_of(meter, slot));
    if (const auto found = happenings_.find(slot); found != happenings_.end()) found->second(run);
  }
  run.flush();
  rows_ = record_.aggregates();
}

std::optional<domain::AggregateRow> Scene::row(domain::Subject subject, UtcTime start, std::chrono::seconds length,
                                               std::string_view shift) const {
  const auto& shifts = options_.manifest.site.shifts;
  const auto found = std::ranges::find_if(rows_, [&](const domain::AggregateRow& row) {
    const std::string_view its_shift = row.shift == 0 ? std::string_view() : shifts[row.shift - 1U].id;
    return row.subject == subject && row.start == start && row.length == length && its_shift == shift;
  });
  if (found == rows_.end()) return std::nullopt;
  return *found;
}

}  // namespace jidian::contract

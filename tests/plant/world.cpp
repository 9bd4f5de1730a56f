#include "world.hpp"

#include <algorithm>
#include <cmath>

#include "hash.hpp"

namespace jidian::plant {
namespace {

constexpr std::int64_t mj_per_kwh = 3'600'000'000;
constexpr std::int64_t microlitres_per_m3 = 1'000'000'000;

// Small differences between the phases of one consumer, in permille.
constexpr std::int64_t imbalance_permille = 40;

std::int64_t clamp_counter(std::int64_t total) {
  return std::max<std::int64_t>(total, 0);
}

}  // namespace

World::World(const Scenario& scenario)
    : seed_(scenario.seed),
      shift_(scenario.schedule_shift_ms / step_ms),
      start_(step_at(scenario.start_ms) + shift_),
      utc_offset_(scenario.utc_offset_minutes * steps_per_minute) {
  for (const Feed& feed : scenario.feeds) {
    feeds_.push_back(compile(feed));
    index_.emplace(feed.id, static_cast<int>(feeds_.size()) - 1);
  }
}

World::Compiled World::compile(const Feed& feed) const {
  Compiled out{feed.kind,
               Schedule(feed.program, utc_offset_),
               feed.program.standby_permille,
               feed.rated,
               feed.initial,
               mix(seed_, feed.id),
               0,
               0,
               {},
               {},
               {},
               {}};
  const Schedule::Position start = out.schedule.at(start_);
  out.sum_at_start = start.sum;
  out.running_at_start = start.running_steps;
  for (const Outage& outage : feed.outages)
    out.pauses.push_back(
        {step_at(outage.from_ms) + shift_, step_at(outage.to_ms) + shift_, outage.permille, outage.is_cut});
  for (const std::string& child : feed.children) {
    out.children.push_back(index_.at(child));
    out.rated += rated(out.children.back());
  }
  if (feed.kind == FeedKind::load || feed.kind == FeedKind::generation) {
    const double factor = static_cast<double>(feed.power_factor_permille) / 1000;
    const double tangent = std::sqrt(1 - factor * factor) / factor;
    const std::int64_t initial = feed.initial * mj_per_kwh / 3;
    for (int phase = 0; phase < 3; ++phase) {
      const double tilt = (as_fraction(mix(out.seed, static_cast<std::uint64_t>(phase))) * 2 - 1) * imbalance_permille;
      const double share = static_cast<double>(feed.rated) * 100 / 3000 * (1 + tilt / 1000);
      out.channels.push_back({mix(out.seed, 10U + static_cast<std::uint64_t>(phase)), std::llround(share), initial});
    }
    for (int phase = 0; phase < 3; ++phase) {
      const Channel& active = out.channels[static_cast<std::size_t>(phase)];
      const double share = static_cast<double>(active.per_permille) * tangent;
      out.channels.push_back({mix(out.seed, 20U + static_cast<std::uint64_t>(phase)), std::llround(share),
                              std::llround(static_cast<double>(initial) * tangent)});
    }
  }
  if (feed.kind == FeedKind::gas) {
    const std::int64_t per_step = feed.rated * 1'000'000 / steps_per_hour;
    out.channels.push_back({mix(out.seed, 30U), per_step / 1000, feed.initial * microlitres_per_m3});
  }
  // The noise may stand anywhere within its bounds at the start: counters begin at their initial value all the same.
  for (Channel& channel : out.channels) channel.initial -= noise(out, channel, start_, start).total;
  out.stretches = stretches_of(out);
  return out;
}

bool World::has_no_supply(const Compiled& feed, Step step) {
  return std::any_of(feed.pauses.begin(), feed.pauses.end(),
                     [step](const Pause& pause) { return pause.is_cut && pause.from <= step && step < pause.to; });
}

bool World::is_cut(int feed, Step real_step) const {
  return has_no_supply(feeds_[static_cast<std::size_t>(feed)], real_step + shift_);
}

// check_scenario() saw to it that between two changes of a generator the direction stays.
std::vector<World::Stretch> World::stretches_of(const Compiled& feed) const {
  std::vector<Step> edges;
  for (const int child : feed.children) {
    const Compiled& part = feeds_[static_cast<std::size_t>(child)];
    if (part.kind != FeedKind::generation) continue;
    edges.push_back(start_);
    for (const Pause& pause : part.pauses)
      for (const Step edge : {pause.from, pause.to})
        if (edge > start_) edges.push_back(edge);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<Stretch> stretches;
  for (const Step edge : edges) {
    FeedState state;
    add_children(feed, edge - shift_, state);
    Stretch stretch{edge, state.active[0].rate < 0, {}, {}};
    for (std::size_t phase = 0; phase < 3; ++phase) {
      stretch.net[phase] = state.active[phase].total;
      if (stretches.empty()) continue;
      const Stretch& last = stretches.back();
      stretch.exported[phase] = last.exported[phase] + (last.is_export ? last.net[phase] - stretch.net[phase] : 0);
    }
    stretches.push_back(stretch);
  }
  return stretches;
}

// The totals so far are what was taken less what was given.
void World::add_export(const Compiled& feed, Step step, FeedState& state) {
  const auto after = std::upper_bound(feed.stretches.begin(), feed.stretches.end(), step,
                                      [](Step value, const Stretch& stretch) { return value < stretch.from; });
  if (after == feed.stretches.begin()) return;
  const Stretch& stretch = *std::prev(after);
  for (std::size_t phase = 0; phase < 3; ++phase) {
    state.exported[phase] =
        stretch.exported[phase] + (stretch.is_export ? stretch.net[phase] - state.active[phase].total : 0);
    state.active[phase].total += state.exported[phase];
  }
}

void World::add_children(const Compiled& feed, Step real_step, FeedState& state) const {
  for (const int child : feed.children) {
    const Compiled& of_child = feeds_[static_cast<std::size_t>(child)];
    const FeedState part = at(child, real_step);
    for (std::size_t phase = 0; phase < 3; ++phase) {
      if (of_child.kind == FeedKind::generation) {
        state.active[phase].rate -= part.active[phase].rate;
        state.active[phase].total -= part.active[phase].total - of_child.channels[phase].initial;
      } else {
        state.active[phase] += part.active[phase];
        state.reactive[phase] += part.reactive[phase];
      }
    }
  }
}

Flow World::noise(const Compiled& feed, const Channel& channel, Step step, const Schedule::Position& place) {
  const std::int64_t amplitude = channel.per_permille * (place.running ? 1000 : feed.standby);
  return window_noise(channel.seed, amplitude, step, place.window_start, place.window_end);
}

Flow World::flow(const Compiled& feed, const Channel& channel, Step step, const Schedule::Position& place) {
  Flow load{place.level, place.sum - feed.sum_at_start};
  Flow own = noise(feed, channel, step, place);
  // A pause replaces what the program would have added meanwhile.
  for (const Pause& pause : feed.pauses) {
    if (step < pause.from) continue;
    const Step end = std::min(step, pause.to);
    const Schedule::Position first = feed.schedule.at(pause.from);
    const Schedule::Position last = feed.schedule.at(end);
    load.total += pause.permille * (end - pause.from) - (last.sum - first.sum);
    own.total -= noise(feed, channel, end, last).total - noise(feed, channel, pause.from, first).total;
    if (step < pause.to) {
      load.rate = pause.permille;
      own.rate = 0;
    }
  }
  return {load.rate * channel.per_permille + own.rate,
          clamp_counter(channel.initial + load.total * channel.per_permille + own.total)};
}

void World::add_load(const Compiled& feed, Step step, const Schedule::Position& place, FeedState& state) {
  for (std::size_t phase = 0; phase < 3; ++phase) {
    state.active[phase] += flow(feed, feed.channels[phase], step, place);
    state.reactive[phase] += flow(feed, feed.channels[phase + 3], step, place);
  }
}

// One busbar feeds everything; cables drop a little more where the load is higher.
void World::set_supply(const Compiled& feed, Step step, FeedState& state) const {
  if (has_no_supply(feed, step)) return;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const std::uint64_t own = mix(seed_, 100U + phase);
    const std::int64_t bus = 231'500 + wander(own, 3'500, 30 * steps_per_minute, step) +
                             wander(mix(own, 1U), 600, 15 * steps_per_second, step);
    const std::int64_t rated_phase = std::max<std::int64_t>(feed.rated * 100 / 3, 1);
    state.voltage_mv[phase] = bus - 2'200 * state.active[phase].rate / rated_phase;
  }
  state.frequency_mhz = 50'000 + wander(mix(seed_, 110U), 28, 20 * steps_per_second, step);
}

FeedState World::at(int number, Step real_step) const {
  const Step step = real_step + shift_;
  const Compiled& feed = feeds_[static_cast<std::size_t>(number)];
  const Schedule::Position place = feed.schedule.at(step);
  FeedState state;
  const bool is_own = feed.kind == FeedKind::load || feed.kind == FeedKind::generation;
  if (is_own) add_load(feed, step, place, state);
  add_children(feed, real_step, state);
  add_export(feed, step, state);
  if (is_own || feed.kind == FeedKind::sum) set_supply(feed, step, state);
  if (feed.kind == FeedKind::gas) {
    state.volume = flow(feed, feed.channels[0], step, place);
    state.temperature_mk = 291'000 + wander(mix(feed.seed, 40U), 4'000, steps_per_hour, step);
    state.pressure_pa = 301'000 + wander(mix(feed.seed, 41U), 2'500, 5 * steps_per_minute, step);
  }
  state.running = place.running;
  state.running_steps = clamp_counter(place.running_steps - feed.running_at_start);
  if (feed.kind == FeedKind::product) {
    for (const Pause& pause : feed.pauses) {
      if (step < pause.from) continue;
      const Step end = std::min(step, pause.to);
      state.running_steps -= feed.schedule.at(end).running_steps - feed.schedule.at(pause.from).running_steps;
      if (step < pause.to) state.running = false;
    }
    state.pieces = feed.initial + state.running_steps * step_ms / std::max<std::int64_t>(feed.rated, 1);
  }
  return state;
}

}  // namespace jidian::plant

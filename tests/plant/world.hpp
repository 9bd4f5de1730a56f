// The true state of everything that is measured, at any step, in closed form.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "noise.hpp"
#include "scenario.hpp"
#include "schedule.hpp"

namespace jidian::plant {

// Base units: power in 10 mW, so that one step of 100 ms adds one millijoule per unit; voltage in mV; volume in
// microlitres. Sums are exact: total(step + 1) == total(step) + rate(step), always; where energy flows back, the rate
// is negative and `exported` grows instead.
struct FeedState {
  std::array<Flow, 3> active;                ///< 10 mW and mJ, per phase
  std::array<std::int64_t, 3> exported{};    ///< mJ, per phase: what flowed back since the scenario's start
  std::array<Flow, 3> reactive;              ///< 10 mvar and mvar s
  std::array<std::int64_t, 3> voltage_mv{};  ///< phase to neutral
  std::int64_t frequency_mhz = 0;
  Flow volume;                      ///< standard microlitres
  std::int64_t temperature_mk = 0;  ///< of the gas
  std::int64_t pressure_pa = 0;     ///< of the gas, absolute
  std::int64_t running_steps = 0;   ///< since the scenario's start
  std::int64_t pieces = 0;          ///< made since the counter was at zero
  bool running = false;
};

/// The plant as physics. Immutable; any thread; `at` costs well under a microsecond per consumer.
class World {
 public:
  /// Precondition: check_scenario() accepted it.
  explicit World(const Scenario& scenario);

  /// Index for `at`. Precondition: the feed exists.
  int feed(const std::string& id) const { return index_.at(id); }

  FeedState at(int feed, Step step) const;

  /// Whether its supply is gone.
  bool is_cut(int feed, Step step) const;

  std::uint64_t seed() const { return seed_; }
  /// Rated load of one feed: W, standard litres per hour or ms per piece.
  std::int64_t rated(int feed) const { return feeds_[static_cast<std::size_t>(feed)].rated; }

 private:
  // A rate proportional to the load, with a noise of its own.
  struct Channel {
    std::uint64_t seed;
    std::int64_t per_permille;  // rate at a load of one permille
    std::int64_t initial;       // total at the start
  };
  struct Pause {
    Step from;
    Step to;
    std::int64_t permille;
    bool is_cut;
  };
  // A time in which a sum with a generator flows in one direction; until the next one.
  struct Stretch {
    Step from;
    bool is_export;
    std::array<std::int64_t, 3> net;       // taken less given until then, mJ
    std::array<std::int64_t, 3> exported;  // until then, mJ
  };
  struct Compiled {
    FeedKind kind;
    Schedule schedule;
    std::int64_t standby;
    std::int64_t rated;
    std::int64_t initial;
    std::uint64_t seed;
    std::int64_t sum_at_start;
    std::int64_t running_at_start;
    std::vector<Channel> channels;  // load: 3 active, 3 reactive; gas: 1
    std::vector<Pause> pauses;
    std::vector<int> children;
    std::vector<Stretch> stretches;
  };
  Compiled compile(const Feed& feed) const;
  static Flow noise(const Compiled& feed, const Channel& channel, Step step, const Schedule::Position& place);
  static Flow flow(const Compiled& feed, const Channel& channel, Step step, const Schedule::Position& place);
  static void add_load(const Compiled& feed, Step step, const Schedule::Position& place, FeedState& state);
  void add_children(const Compiled& feed, Step real_step, FeedState& state) const;
  std::vector<Stretch> stretches_of(const Compiled& feed) const;
  static void add_export(const Compiled& feed, Step step, FeedState& state);
  static bool has_no_supply(const Compiled& feed, Step step);
  void set_supply(const Compiled& feed, Step step, FeedState& state) const;

  std::uint64_t seed_;
  Step shift_;
  Step start_;
  Step utc_offset_;
  std::vector<Compiled> feeds_;
  std::map<std::string, int> index_;
};

}  // namespace jidian::plant

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/site.hpp"
#include "tests/unit/recorder/plant.hpp"

// A plant whose meters are asked every ten seconds, and what is on record of it: every batch encoded and decoded.
namespace jidian::contract {

/// From an instant on a meter shows this power, and its counter goes on by so much in ten seconds.
struct Phase {
  UtcTime from;
  std::int64_t power_w = 0;
  std::uint64_t counts = 0;
};

/// A meter of the site file: in its order, a power (if it has one) and a counter.
struct SceneMeter {
  bool has_power = true;
  std::uint64_t count = 0;  ///< What the counter shows at first.
  std::vector<Phase> phases;
  std::vector<UtcTime> silent = {};  ///< Slots without an answer.
};

/// What is on record of a plant.
class Scene {
 public:
  static constexpr std::chrono::seconds period{10};

  /// Records from five seconds before `first`, the first slot. Precondition: the site file is in order.
  Scene(std::string_view site_toml, std::vector<SceneMeter> meters, UtcTime first);

  /// Something that happens at an instant, after the polls of its slot.
  void at(UtcTime slot, std::function<void(recorder::plant::Run&)> what) { happenings_[slot] = std::move(what); }

  /// Lives until `end`.
  void play(UtcTime end);

  const domain::Manifest& manifest() const { return options_.manifest; }
  record::Events events() const { return record_.events(); }

  /// The row of that subject, start and length; of a shift by its id.
  std::optional<domain::AggregateRow> row(domain::Subject subject, UtcTime start, std::chrono::seconds length,
                                          std::string_view shift = "") const;

 private:
  domain::Poll poll_of(std::size_t meter, UtcTime slot);

  recorder::Options options_;
  std::vector<SceneMeter> meters_;
  UtcTime first_;
  std::map<UtcTime, std::function<void(recorder::plant::Run&)>> happenings_;
  recorder::plant::MemoryRecord record_;
  recorder::plant::HandClock clock_;
  std::vector<domain::AggregateRow> rows_;
};

}  // namespace jidian::contract

// What a register really showed. The same computation answers the requests, so a reading is true when, and only when,
// it is among the values the register took between the start and the end of its poll.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model.hpp"
#include "scenario.hpp"
#include "world.hpp"

namespace jidian::plant {

class Truth {
 public:
  /// @throws ScenarioError. @param scenario  is copied.
  explicit Truth(Scenario scenario);

  /// What a read of this block shows at the instant; bits as 0 or 1, one per word. None: the meter refuses such a read,
  /// or there is no such meter.
  std::optional<std::vector<std::uint16_t>> registers(const std::string& meter, Table table, std::uint16_t first,
                                                      std::uint16_t count, std::int64_t at_ms);

  struct Shown {
    std::int64_t from_ms;  ///< start of the first step that showed it
    std::vector<std::uint16_t> words;
  };
  /// Every value the block took within [start_ms, end_ms], in order, without repetition of neighbours.
  /// Precondition: the interval is shorter than an hour.
  std::vector<Shown> registers_between(const std::string& meter, Table table, std::uint16_t first, std::uint16_t count,
                                       std::int64_t start_ms, std::int64_t end_ms);

  /// Whether the block showed exactly `words` at some instant of [start_ms, end_ms]. Does not allocate per step;
  /// questions about one meter and nearby instants, one after the other, are the cheapest.
  bool showed(const std::string& meter, Table table, std::uint16_t first, const std::vector<std::uint16_t>& words,
              std::int64_t start_ms, std::int64_t end_ms);

  const Scenario& scenario() const { return scenario_; }
  const World& world() const { return world_; }
  /// The meter's unit, or null. Valid as long as this object.
  const Unit* unit(const std::string& meter) const;

 private:
  struct Meter {
    const Unit* unit;
    const Model* model;
    int feed;
    std::vector<Snapshot> recent;  // a ring of the last steps that were asked for
    std::size_t next = 0;
  };
  Meter* find(const std::string& meter);
  const Snapshot& snapshot(Meter& meter, Step step) const;

  Scenario scenario_;
  World world_;
  std::map<std::string, Meter, std::less<>> meters_;
};

}  // namespace jidian::plant

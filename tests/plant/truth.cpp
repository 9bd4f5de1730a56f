#include "truth.hpp"

#include <cassert>

namespace jidian::plant {
namespace {

// A slow poll of a serial meter spans about a dozen steps.
constexpr std::size_t steps_remembered = 16;

}  // namespace

Truth::Truth(Scenario scenario) : scenario_(std::move(scenario)), world_(scenario_) {
  const auto add = [this](const std::vector<Unit>& units) {
    for (const Unit& unit : units)
      meters_.emplace(unit.meter, Meter{&unit, &model(unit.model), world_.feed(unit.feed), {}, 0});
  };
  for (const Line& line : scenario_.lines) add(line.units);
  for (const Endpoint& endpoint : scenario_.endpoints) add(endpoint.units);
}

Truth::Meter* Truth::find(const std::string& meter) {
  const auto found = meters_.find(meter);
  return found == meters_.end() ? nullptr : &found->second;
}

const Unit* Truth::unit(const std::string& meter) const {
  const auto found = meters_.find(meter);
  return found == meters_.end() ? nullptr : found->second.unit;
}

const Snapshot& Truth::snapshot(Meter& meter, Step step) const {
  for (const Snapshot& known : meter.recent)
    if (known.step() == step) return known;
  if (meter.recent.size() < steps_remembered) return meter.recent.emplace_back(world_, meter.feed, step);
  Snapshot& slot = meter.recent[meter.next];
  meter.next = (meter.next + 1) % steps_remembered;
  slot = Snapshot(world_, meter.feed, step);
  return slot;
}

std::optional<std::vector<std::uint16_t>> Truth::registers(const std::string& meter, Table table, std::uint16_t first,
                                                           std::uint16_t count, std::int64_t at_ms) {
  Meter* known = find(meter);
  if (known == nullptr) return std::nullopt;
  std::vector<std::uint16_t> words;
  const Snapshot& now = snapshot(*known, step_at(at_ms));
  if (known->model->read(*known->unit, now, table, first, count, words) != Exception::none) return std::nullopt;
  return words;
}

std::vector<Truth::Shown> Truth::registers_between(const std::string& meter, Table table, std::uint16_t first,
                                                   std::uint16_t count, std::int64_t start_ms, std::int64_t end_ms) {
  assert(end_ms - start_ms < 3'600'000);
  std::vector<Shown> shown;
  for (Step step = step_at(start_ms); step <= step_at(end_ms); ++step) {
    auto words = registers(meter, table, first, count, step * step_ms);
    if (!words) return {};
    if (shown.empty() || shown.back().words != *words) shown.push_back({step * step_ms, std::move(*words)});
  }
  return shown;
}

bool Truth::showed(const std::string& meter, Table table, std::uint16_t first, const std::vector<std::uint16_t>& words,
                   std::int64_t start_ms, std::int64_t end_ms) {
  Meter* known = find(meter);
  if (known == nullptr) return false;
  std::vector<std::uint16_t> there;
  const auto count = static_cast<std::uint16_t>(words.size());
  for (Step step = step_at(start_ms); step <= step_at(end_ms); ++step) {
    const Snapshot& then = snapshot(*known, step);
    if (known->model->read(*known->unit, then, table, first, count, there) != Exception::none) return false;
    if (there == words) return true;
  }
  return false;
}

}  // namespace jidian::plant

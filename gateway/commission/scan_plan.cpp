#include "commission/scan_plan.hpp"

#include <algorithm>
#include <numeric>

namespace jidian::commission {
namespace {

using acquire::LineSettings;
using meter::Parity;

constexpr std::uint8_t unit_most = 247;
constexpr std::uint8_t unit_quick_most = 32;
constexpr int probe_bytes = 8 + 7;  ///< A request, and the reply of one register.
constexpr Millis patience_line{80};
constexpr Millis patience_network{300};  ///< Device servers and endpoints: their own time-outs and the network's.

std::vector<std::uint8_t> units_between(std::uint8_t first, std::uint8_t last) {
  std::vector<std::uint8_t> units(last < first ? 0U : last - first + 1U);
  std::iota(units.begin(), units.end(), first);
  return units;
}

void add_new(std::vector<LineSettings>& all, const LineSettings& settings) {
  if (std::ranges::find(all, settings) == all.end()) all.push_back(settings);
}

/// The settings that meters are delivered with, those of most models first.
std::vector<LineSettings> delivered(std::span<const meter::LinkDefaults> known) {
  std::vector<LineSettings> all;
  for (const auto& link : known) add_new(all, {link.baud, link.parity, link.stop_bits});
  const auto models = [&](const LineSettings& settings) {
    return std::ranges::count_if(known, [&](const meter::LinkDefaults& link) {
      return LineSettings{link.baud, link.parity, link.stop_bits} == settings;
    });
  };
  std::ranges::stable_sort(all, std::ranges::greater{}, models);
  return all;
}

std::vector<LineSettings> settings_to_try(const ScanRequest& request, const ScanLine& line,
                                          std::span<const meter::LinkDefaults> known) {
  std::vector<LineSettings> all{line.home};
  if (!line.is_tunable) return all;
  for (const auto& settings : delivered(known)) add_new(all, settings);
  for (const std::uint32_t baud : {9'600U, 19'200U})
    for (const auto parity : {Parity::none, Parity::even, Parity::odd}) add_new(all, {baud, parity, 1});
  if (request.depth != ScanDepth::full) return all;
  for (const auto& link : known)
    for (const auto baud : link.bauds) {
      add_new(all, {baud, link.parity, link.stop_bits});
      for (const auto parity : link.parities) add_new(all, {baud, parity, link.stop_bits});
    }
  return all;
}

}  // namespace

Millis patience_for(const ScanLine& line) {
  return line.is_tunable ? patience_line : patience_network;
}

Millis probe_time(const ScanLine& line, const LineSettings& settings) {
  if (!line.is_line) return patience_for(line);
  const double bits = 1 + 8 + (settings.parity == Parity::none ? 0 : 1) + settings.stop_bits;
  constexpr double silence_characters = 3.5;
  const double wire_ms = (probe_bytes + silence_characters) * bits * 1'000 / settings.baud;
  return patience_for(line) + Millis{static_cast<Millis::rep>(wire_ms + 1)};
}

Millis time_for(const ScanLine& line, std::span<const ScanStage> stages) {
  Millis sum{0};
  for (const auto& stage : stages)
    sum += probe_time(line, stage.settings) * static_cast<Millis::rep>(stage.units.size());
  return sum;
}

std::vector<ScanStage> plan_scan(const ScanRequest& request, const ScanLine& line,
                                 std::span<const meter::LinkDefaults> known) {
  const auto last = request.depth == ScanDepth::full ? unit_most : unit_quick_most;
  auto units = request.unit_first ? units_between(*request.unit_first, request.unit_last.value_or(*request.unit_first))
                                  : units_between(1, last);
  if (!request.unit_first)
    for (const auto& link : known)  // a meter may be delivered with a high number
      if (std::ranges::find(units, link.unit) == units.end() && link.unit >= 1 && link.unit <= unit_most)
        units.push_back(link.unit);
  std::vector<ScanStage> stages;
  for (const auto& settings : settings_to_try(request, line, known)) stages.push_back({settings, units});
  return stages;
}

std::vector<ScanStage> plan_rest(const ScanRequest& request, const ScanLine& line,
                                 std::span<const LineSettings> answered) {
  if (request.depth != ScanDepth::normal || request.unit_first) return {};
  std::vector<LineSettings> all(answered.begin(), answered.end());
  add_new(all, line.home);
  std::vector<ScanStage> stages;
  stages.reserve(all.size());
  for (const auto& settings : all) stages.push_back({settings, units_between(unit_quick_most + 1, unit_most)});
  return stages;
}

}  // namespace jidian::commission

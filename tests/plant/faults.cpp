#include "faults.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "error.hpp"
#include "hash.hpp"

namespace jidian::plant {
namespace {

constexpr std::array<const char*, fault_kinds> fault_names{"delay",
                                                           "late_reply",
                                                           "stale",
                                                           "silence",
                                                           "exception",
                                                           "wrong_unit",
                                                           "wrong_transaction",
                                                           "bad_crc",
                                                           "truncated",
                                                           "glued",
                                                           "echo",
                                                           "foreign_block",
                                                           "flip",
                                                           "ct_reversed",
                                                           "counters_lost",
                                                           "frozen",
                                                           "refuse",
                                                           "connection_limit",
                                                           "reset",
                                                           "foreign_master"};

bool is_standing(FaultKind kind) {
  return kind >= FaultKind::refuse;
}

std::int64_t parse_argument(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  if (error != std::errc{} || value < 0 || !(unit.empty() || unit == "ms" || unit == "s"))
    throw ScenarioError("fault argument '" + text + "' is no number, no time in ms or s");
  return unit == "s" ? value * 1000 : value;
}

}  // namespace

const char* name_of(FaultKind kind) {
  return fault_names[static_cast<std::size_t>(kind)];
}

Fault parse_fault(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string kind;
  std::string probability;
  std::string argument;
  std::string rest;
  words >> kind >> probability >> argument >> rest;
  const auto found =
      std::find_if(fault_names.begin(), fault_names.end(), [&](const char* name) { return kind == name; });
  if (found == fault_names.end()) throw ScenarioError("unknown fault '" + kind + "'");
  if (!rest.empty()) throw ScenarioError("fault: '" + rest + "' is one word too many");
  Fault fault;
  fault.kind = static_cast<FaultKind>(found - fault_names.begin());
  if (!probability.empty()) {
    const auto [end, error] =
        std::from_chars(probability.data(), probability.data() + probability.size(), fault.probability);
    if (error != std::errc{} || *end != '\0' || fault.probability < 0 || fault.probability > 1)
      throw ScenarioError("fault probability '" + probability + "' must be in [0, 1]");
  }
  if (!argument.empty()) fault.argument = parse_argument(argument);
  return fault;
}

void FaultBoard::set(const std::string& target, const Fault& fault) {
  const std::lock_guard lock(mutex_);
  std::vector<Fault>& faults = switches_[target];
  faults.erase(std::remove_if(faults.begin(), faults.end(), [&](const Fault& old) { return old.kind == fault.kind; }),
               faults.end());
  if (fault.probability > 0) faults.push_back(fault);
  if (faults.empty()) switches_.erase(target);
  version_.fetch_add(1, std::memory_order_release);
}

void FaultBoard::clear(const std::string& target) {
  const std::lock_guard lock(mutex_);
  if (target == "*")
    switches_.clear();
  else
    switches_.erase(target);
  version_.fetch_add(1, std::memory_order_release);
}

std::optional<Fault> FaultBoard::choose(const std::string& meter, const std::string& bus, std::uint64_t request) const {
  const std::lock_guard lock(mutex_);
  if (switches_.empty()) return std::nullopt;
  const std::uint64_t own = mix(mix(seed_, meter), request);
  for (const std::string& target : {meter, bus, std::string("*")}) {
    const auto found = switches_.find(target);
    if (found == switches_.end()) continue;
    for (const Fault& fault : found->second) {
      if (is_standing(fault.kind)) continue;
      if (as_fraction(mix(own, static_cast<std::uint64_t>(fault.kind))) < fault.probability) return fault;
    }
  }
  return std::nullopt;
}

std::optional<Fault> FaultBoard::standing(const std::string& bus, FaultKind kind) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& target : {bus, std::string("*")}) {
    const auto found = switches_.find(target);
    if (found == switches_.end()) continue;
    for (const Fault& fault : found->second)
      if (fault.kind == kind) return fault;
  }
  return std::nullopt;
}

std::map<std::string, std::vector<Fault>> FaultBoard::all() const {
  const std::lock_guard lock(mutex_);
  return switches_;
}

}  // namespace jidian::plant

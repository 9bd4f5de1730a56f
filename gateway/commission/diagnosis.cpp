#include "commission/diagnosis.hpp"

#include <algorithm>
#include <array>

namespace jidian::commission {
namespace {

// A line in order has no error in thousands of frames; one in fifty is felt by nobody and still a fault.
constexpr double share_felt = 0.02;
constexpr double growth_with_length = 2.0;
// FTDI's default of 16 ms is added to every reply; 1 ms costs nothing at these speeds.
constexpr int latency_ms_fair = 4;

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string text_of(std::uint64_t number) {
  return std::to_string(number);
}

bool has_errors(const UnitStatistics& unit) {
  return unit.corrupt() >= 2 && share(unit.corrupt(), unit.requests()) >= share_felt;
}

std::map<std::string, std::string> evidence_of(const UnitStatistics& unit) {
  return {{"unit", text_of(unit.unit)},           {"meter", unit.meter},
          {"requests", text_of(unit.requests())}, {"good", text_of(unit.good)},
          {"silent", text_of(unit.silent)},       {"corrupt", text_of(unit.corrupt())},
          {"extra", text_of(unit.extra_frames)}};
}

std::string list_of(const std::vector<const UnitStatistics*>& units) {
  std::string list;
  for (const auto* unit : units) list += (list.empty() ? "" : ", ") + text_of(unit->unit);
  return list;
}

/// When no meter gave a single valid reply.
Diagnosis diagnose_mute_line(const LineStatistics& line) {
  const auto& counted = line.counted;
  const std::uint64_t garbage = counted.stray_bytes + counted.corrupt + counted.framing_errors + counted.parity_errors;
  const std::map<std::string, std::string> evidence{{"requests", text_of(counted.requests)},
                                                    {"bytes", text_of(counted.stray_bytes)},
                                                    {"idle", text_of(line.idle_bytes)},
                                                    {"framing", text_of(counted.framing_errors)},
                                                    {"parity", text_of(counted.parity_errors)}};
  if (garbage == 0 && line.idle_bytes == 0) return {Cause::line_silent, true, evidence};
  // With A and B swapped the line rests at the wrong level: there is noise also while nobody speaks.
  if (line.idle_bytes > 0) return {Cause::wires_swapped, true, evidence};
  return {Cause::wrong_settings, true, evidence};
}

/// Errors in replies, where replies come at all.
void diagnose_errors(const LineStatistics& line, std::vector<Diagnosis>& all) {
  std::vector<const UnitStatistics*> bad;
  std::uint64_t short_requests = 0, short_corrupt = 0, long_requests = 0, long_corrupt = 0, extra = 0;
  for (const auto& unit : line.units) {
    if (!has_errors(unit)) continue;
    bad.push_back(&unit);
    short_requests += unit.short_requests;
    short_corrupt += unit.short_corrupt;
    long_requests += unit.long_requests;
    long_corrupt += unit.long_corrupt;
    extra += unit.extra_frames;
  }
  if (bad.empty()) return;
  const double short_share = share(short_corrupt, short_requests);
  const double long_share = share(long_corrupt, long_requests);
  const bool grows = long_requests > 0 && long_share >= growth_with_length * short_share && long_share > share_felt;
  const std::map<std::string, std::string> evidence{{"units", list_of(bad)},
                                                    {"short_corrupt", text_of(short_corrupt)},
                                                    {"short_requests", text_of(short_requests)},
                                                    {"long_corrupt", text_of(long_corrupt)},
                                                    {"long_requests", text_of(long_requests)},
                                                    {"clean", text_of(line.units.size() - bad.size())}};
  const bool one_of_many = bad.size() == 1 && line.units.size() > 1;
  if (one_of_many && (extra > 0 || !grows))
    all.push_back({Cause::duplicate_address, true, evidence_of(*bad.front())});
  else if (grows || bad.size() < line.units.size())
    all.push_back({Cause::missing_termination, true, evidence});
  else
    all.push_back({Cause::noise, true, evidence});
}

}  // namespace

std::string_view name_of(Cause cause) {
  static constexpr std::array<std::string_view, 12> names{"nothing_asked",       "other_master",  "echo",
                                                          "line_silent",         "wires_swapped", "wrong_settings",
                                                          "dead_unit",           "slow_unit",     "duplicate_address",
                                                          "missing_termination", "noise",         "usb_latency"};
  return names[static_cast<std::size_t>(cause)];
}

std::vector<Diagnosis> diagnose(const LineStatistics& line) {
  std::vector<Diagnosis> all;
  if (line.idle_frames > 0) all.push_back({Cause::other_master, true, {{"frames", text_of(line.idle_frames)}}});
  if (line.counted.echoes > 0)
    all.push_back(
        {Cause::echo, true, {{"echoes", text_of(line.counted.echoes)}, {"requests", text_of(line.counted.requests)}}});
  const bool any_good = std::ranges::any_of(line.units, [](const UnitStatistics& unit) { return unit.good > 0; });
  if (line.units.empty()) {
    all.push_back({Cause::nothing_asked, false, {}});
  } else if (!any_good) {
    if (all.empty()) all.push_back(diagnose_mute_line(line));
  } else {
    diagnose_errors(line, all);
    for (const auto& unit : line.units) {
      if (unit.good == 0 && unit.corrupt() == 0 && unit.silent > 0)
        all.push_back({Cause::dead_unit, true, evidence_of(unit)});
      else if (unit.good > 0 && unit.silent >= 2 && share(unit.silent, unit.requests()) >= share_felt)
        all.push_back({Cause::slow_unit, true, evidence_of(unit)});
    }
    if (all.empty() && line.idle_bytes > 0 && line.is_line)
      all.push_back({Cause::noise, false, {{"idle", text_of(line.idle_bytes)}, {"units", ""}}});
  }
  if (line.latency_ms && *line.latency_ms > latency_ms_fair)
    all.push_back({Cause::usb_latency, false, {{"latency_ms", std::to_string(*line.latency_ms)}}});
  return all;
}

}  // namespace jidian::commission

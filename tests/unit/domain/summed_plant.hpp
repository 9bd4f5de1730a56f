#pragma once

#include <map>
#include <vector>

#include "domain/aggregate_builder.hpp"
#include "domain/interval_builder.hpp"

// A plant whose meters' rows are added up, shared by the tests of aggregate rows.
namespace jidian::domain::summed {

inline constexpr UtcTime midnight{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} - std::chrono::hours{8}};

/// Meters "m-0" and "m-1": a counter of 0.01 kWh modulo 100,000 and another one of m3 as float32. Facility "press"
/// takes the energy of both, account "grid" that of m-0, facility "boiler" burns the gas of m-1. UTC+8, two shifts.
inline Manifest plant(Millis period = std::chrono::seconds{10}) {
  Manifest manifest;
  for (const char* id : {"m-0", "m-1"}) {
    MeterEntry meter;
    meter.id = id;
    meter.period = period;
    PointEntry energy;
    energy.name = "energy";
    energy.kind = PointKind::counter;
    energy.unit = "kWh";
    energy.exponent = -2;
    energy.modulus = 100'000;
    PointEntry gas;
    gas.name = "gas";
    gas.kind = PointKind::counter;
    gas.type = ValueType::float32;
    gas.unit = "m3";
    meter.points = {energy, gas};
    manifest.meters.push_back(meter);
  }
  const Amount of_both{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 0, 1, 0}, {1, 0, 1, 0}}};
  const Amount of_first{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 0, 1, 0}}};
  const Amount gas{"gas", Carrier::gas, "m3", -6, {{1, 1, 1, 0}}};
  manifest.facilities.push_back({"press", "", FacilityKind::production, {"m-0", "m-1"}, {}, 0});
  manifest.facilities[0].amounts = {of_both};
  manifest.facilities.push_back({"boiler", "", FacilityKind::production, {"m-1"}, {}, 0});
  manifest.facilities[1].amounts = {gas};
  manifest.site.accounts.push_back({"grid", Carrier::electricity, "1", "", "", {"m-0"}});
  manifest.site.accounts[0].amounts = {of_first};
  manifest.site.shifts = {{"day", std::chrono::minutes{480}, std::chrono::minutes{720}},
                          {"night", std::chrono::minutes{1200}, std::chrono::minutes{720}}};
  return manifest;
}

inline constexpr Subject press{SubjectKind::facility, 0};
inline constexpr Subject boiler{SubjectKind::facility, 1};
inline constexpr Subject grid{SubjectKind::account, 0};

/// What was told, in order.
struct Told {
  std::vector<IntervalRow> meters;
  std::vector<AggregateRow> rows;
  std::vector<std::size_t> meters_before;  ///< For each of `rows`: how many of `meters` were told before it.

  std::vector<AggregateRow> of(Subject subject, std::chrono::seconds length, std::uint16_t shift = 0) const {
    std::vector<AggregateRow> found;
    for (const auto& row : rows)
      if (row.subject == subject && row.length == length && row.shift == shift) found.push_back(row);
    return found;
  }
  std::int64_t sum(Subject subject, std::chrono::seconds length, std::uint16_t shift = 0) const {
    std::int64_t sum = 0;
    for (const auto& row : of(subject, length, shift)) sum += row.amounts[0].value;
    return sum;
  }
};

/// Meters' rows and what is made of them, as the recorder makes them.
class Builders {
 public:
  explicit Builders(const Manifest& manifest) : intervals_(manifest), aggregates_(manifest) {}

  /// What an earlier run had told, in that order.
  void restore(const Told& told) {
    for (const auto& row : told.meters) {
      intervals_.restore(row);
      aggregates_.restore(row);
    }
    for (const auto& row : told.rows) aggregates_.restore(row);
  }
  void add(const Poll& poll, Told& told) {
    const std::size_t first = told.meters.size();
    intervals_.add(poll, told.meters);
    add_up(first, told);
  }
  void add(const Stretch& stretch) { aggregates_.add(stretch); }
  void close_overdue(UtcTime now, Told& told) {
    const std::size_t first = told.meters.size();
    intervals_.close_overdue(now, told.meters);
    add_up(first, told);
    aggregates_.close_overdue(now, told.rows);
    told.meters_before.resize(told.rows.size(), told.meters.size());
  }
  void skip_to(UtcTime now, Told& told) {
    const std::size_t first = told.meters.size();
    intervals_.skip_to(now, told.meters);
    add_up(first, told);
    aggregates_.skip_to(now, told.rows);
    told.meters_before.resize(told.rows.size(), told.meters.size());
  }
  void begin_anew(MeterIndex meter, UtcTime since) { intervals_.begin_anew(meter, since); }
  AggregateBuilder& aggregates() { return aggregates_; }

 private:
  void add_up(std::size_t first, Told& told) {
    for (std::size_t i = first; i < told.meters.size(); ++i) {
      aggregates_.add(told.meters[i], told.rows);
      told.meters_before.resize(told.rows.size(), i + 1);
    }
  }

  IntervalBuilder intervals_;
  AggregateBuilder aggregates_;
};

}  // namespace jidian::domain::summed

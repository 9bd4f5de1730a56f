#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "domain/amount.hpp"
#include "domain/data_rules.hpp"
#include "domain/plausibility.hpp"
#include "domain/reading.hpp"
#include "domain/run_rule.hpp"

namespace jidian::domain {

/// An account with a supplier: the grid's or the gas company's number for this connection.
struct SupplyAccount {
  std::string id;
  Carrier carrier = Carrier::electricity;
  std::string number;
  std::string feeder;               ///< Feeder or station it comes from.
  std::string level;                ///< Voltage or pressure, as declared: "10 kV", "0.4 MPa".
  std::vector<std::string> meters;  ///< Ids of the meters whose sum it is.
  std::vector<Amount> amounts = {};
  std::int64_t contract_m3_per_day = 0;        ///< Gas, water: what is agreed; 0: not declared.
  std::int64_t safety_minimum_m3_per_day = 0;  ///< Below it the plant comes to harm; 0: not declared.
  friend bool operator==(const SupplyAccount&, const SupplyAccount&) = default;
};

struct Product {
  std::string id;
  std::string name;
  std::string unit;
  friend bool operator==(const Product&, const Product&) = default;
};

/// One enterprise's entry, as it declares itself. What the province owns (priority class, positive list) is not here.
struct SiteCard {
  std::string credit_code;  ///< Unified social credit code, 18 characters (GB 32100).
  std::string name;
  std::string region;    ///< GB/T 2260, 6 digits.
  std::string industry;  ///< GB/T 4754.
  std::int64_t contract_capacity_kva = 0;
  std::string performance_grade;  ///< A … D, or empty.
  std::int64_t security_load_kw = 0;
  std::chrono::minutes utc_offset{480};
  std::vector<SupplyAccount> accounts;
  std::vector<Product> products;
  std::vector<Shift> shifts = {};
  std::chrono::seconds sliding_demand{0};  ///< The step of sliding demand, 60 s or 300 s; 0: block demand alone.
  bool is_covered = false;                 ///< Declared: accounts, generation and storage are metered completely.
  std::vector<Amount> amounts = {};        ///< Of the whole site; none unless `is_covered`.
  friend bool operator==(const SiteCard&, const SiteCard&) = default;
};

/// What one column of a meter's readings means.
struct PointEntry {
  std::string name;
  Carrier carrier = Carrier::electricity;
  PointKind kind = PointKind::instantaneous;
  ValueType type = ValueType::unsigned_integer;
  std::string quantity;
  std::string phase;
  std::string unit;
  int exponent = 0;
  std::uint64_t modulus = 0;                ///< For counters; 0 means 2^64.
  std::vector<std::uint16_t> ratio_points;  ///< Positions in this meter's points whose values multiply this one.
  std::vector<std::string> labels;          ///< "3=fault" for enumerations.
  /// Position in this meter's points of the one whose value is a further decimal exponent of this one.
  std::optional<std::uint16_t> scale_point = std::nullopt;
  friend bool operator==(const PointEntry&, const PointEntry&) = default;
};

struct MeterEntry {
  std::string id;
  std::string name;  ///< For people; any UTF-8.
  std::string bus;
  std::uint8_t unit = 1;
  std::string profile;  ///< Profile id, or "inline" for points written into the site file.
  std::string serial;
  std::string accuracy_class;
  std::string calibrated;  ///< ISO date, or empty.
  std::string ct_ratio;    ///< Declared, as "200/5"; informative unless the profile has no ratio register.
  std::string pt_ratio;
  std::chrono::milliseconds period{1000};
  std::vector<PointEntry> points;
  std::string parent;                  ///< Id of the meter that this one's consumption is part of, or empty.
  std::vector<std::string> unchecked;  ///< Words of the checks of plausibility and data that do not fit it.
  friend bool operator==(const MeterEntry&, const MeterEntry&) = default;
};

/// The decimal exponent of a point's value in a poll of `meter`: its own, and that of its scale point. Nothing if the
/// scale point has no value there, or none that can be an exponent.
std::optional<int> exponent_of(const MeterEntry& meter, const PointEntry& point, std::span<const Sample> samples);

/// "200/5" as 200 and 5. Nothing if it is no such ratio of two positive numbers.
std::optional<std::pair<double, double>> parse_ratio(std::string_view text);

enum class FacilityKind : std::uint8_t { production = 1, treatment = 2, auxiliary = 3, generation = 4, storage = 5 };

/// The contract's word: "production", "treatment", …
std::string_view name_of(FacilityKind kind);

struct FacilityEntry {
  std::string id;
  std::string name;
  FacilityKind kind = FacilityKind::production;
  std::vector<std::string> meters;
  std::vector<std::string> treats;  ///< For treatment: ids of the production facilities it serves.
  std::int64_t rated_power_w = 0;   ///< 0: not declared.
  RunRule run = {};
  DeclaredLoads loads = {};
  std::vector<Amount> amounts = {};
  FuelSwitch fuel_switch = {};
  friend bool operator==(const FacilityEntry&, const FacilityEntry&) = default;
};

/// What the columns of every batch mean. Immutable: a change makes another manifest.
/// A meter's MeterIndex is its position in `meters`.
struct Manifest {
  std::string gateway;
  SiteCard site;
  std::vector<MeterEntry> meters;
  std::vector<FacilityEntry> facilities;
  PlausibilityRules plausibility = {};
  DataRules data_rules = {};
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

}  // namespace jidian::domain

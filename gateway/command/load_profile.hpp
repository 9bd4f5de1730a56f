#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "domain/demand.hpp"
#include "domain/manifest.hpp"

/// What decides in a shortage: what the plant may take, takes and could do without. Pure.
namespace jidian::command {

/// The mean of 15 minutes.
struct Demand {
  std::int64_t value = 0;  ///< × 10^exponent of the supply's unit.
  UtcTime until;           ///< When they ended.
};

/// An account, or the site as a whole, and what it takes.
struct SupplyView {
  std::string id;  ///< "site" for the site.
  Carrier carrier = Carrier::electricity;
  std::string number;
  std::string feeder;
  std::string level;
  std::int64_t contract_m3_per_day = 0;        ///< 0: not declared.
  std::int64_t safety_minimum_m3_per_day = 0;  ///< 0: not declared.
  std::string unit;                            ///< kW, m3/h or MJ/h; empty: it has no meter that counts.
  int exponent = 0;
  std::optional<Demand> present;  ///< Of the newest quarter hour that is over.
  bool is_partial = false;        ///< That quarter hour is not counted whole.
  bool is_spanning = false;       ///< It holds what was taken in a hole before it, too.
  std::optional<Demand> month;    ///< The greatest of the local calendar month.
};

/// The whole plant's.
struct LoadProfile {
  std::int64_t contract_capacity_kva = 0;  ///< 0: not declared.
  std::int64_t security_load_kw = 0;       ///< 0: not declared.
  std::vector<SupplyView> accounts;        ///< In the order of the manifest.
  std::optional<SupplyView> site;          ///< Only of one that is metered completely.
};

/// The declarations of `manifest` with what was taken. Peaks of another month than that of `now` are left out.
LoadProfile load_profile_of(const domain::Manifest& manifest, const std::vector<domain::DemandNow>& demands,
                            UtcTime now);

/// As in `status`: docs/operations/local-api.md.
nlohmann::ordered_json load_json(const LoadProfile& load, UtcTime now);

/// The same of a facility: what it could do without.
nlohmann::ordered_json declared_json(const domain::DeclaredLoads& loads);

}  // namespace jidian::command

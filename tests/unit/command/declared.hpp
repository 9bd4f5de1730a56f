#pragma once

#include <vector>

#include "command/load_profile.hpp"
#include "tests/unit/command/healthy.hpp"

namespace jidian::command {

/// A plant with an account of electricity and one of gas, and what it declares for a shortage.
inline domain::Manifest declared_plant() {
  domain::Manifest manifest;
  manifest.site.contract_capacity_kva = 2000;
  manifest.site.security_load_kw = 120;
  domain::SupplyAccount grid{"grid", Carrier::electricity, "1300012345678", "Feeder 512", "10 kV", {"transformer-1"}};
  grid.amounts = {{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 0, 1, 0}}}};
  domain::SupplyAccount gas{"gas", Carrier::gas, "GZ-20871", "Station 7", "0.2 MPa", {"gas-1"}};
  gas.amounts = {{"gas", Carrier::gas, "m3", -6, {{1, 0, 1, 0}}}};
  gas.contract_m3_per_day = 4000;
  manifest.site.accounts = {grid, gas};
  return manifest;
}

/// Three minutes ago a quarter hour ended in which the grid gave 203.1 kWh; the month's greatest were 300.8. Of the
/// gas, 12 m3 are not all. The site's 225 kWh hold what a hole took.
inline std::vector<domain::DemandNow> taken() {
  const UtcTime start = before(std::chrono::minutes{18});
  const UtcTime peak = before(std::chrono::minutes{105});
  return {{{domain::SubjectKind::account, 0},
           domain::QuarterTaken{{203'100'000, false, false}, start},
           domain::Peak{300'800'000, peak}},
          {{domain::SubjectKind::account, 1}, domain::QuarterTaken{{12'000'000, true, false}, start}, std::nullopt},
          {{domain::SubjectKind::site, 0}, domain::QuarterTaken{{225'000'000, false, true}, start}, std::nullopt}};
}

/// The healthy gateway in that plant.
inline Snapshot with_load() {
  Snapshot snapshot = healthy();
  snapshot.load = load_profile_of(declared_plant(), taken(), morning);
  snapshot.facilities = {{"melting-shop", domain::RunSource::none, {}, {0, 900'000, 45, 200'000, 10}},
                         {"bag-filter", domain::RunSource::none, {}, {}}};
  return snapshot;
}

}  // namespace jidian::command

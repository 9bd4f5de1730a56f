#pragma once

#include <vector>

#include "domain/demand.hpp"
#include "domain/directive.hpp"
#include "domain/facility_now.hpp"

namespace jidian::domain {

/// What the plant does at present, as far as it is on record: for those who look at the box.
struct PlantNow {
  std::vector<FacilityNow> facilities;  ///< In the order of the manifest.
  std::vector<DemandNow> demands;       ///< Of the accounts and the site, in the order of the manifest.
  RefusalCounts refusals{};             ///< Orders that were not taken.
};

}  // namespace jidian::domain

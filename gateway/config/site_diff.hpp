#pragma once

#include <string>
#include <vector>

#include "config/site.hpp"

namespace jidian::config {

/// What changes when another site file is taken over while the gateway runs. Ids in the order of the files.
struct SiteDiff {
  /// Sections that differ and are taken over by a restart only: "gateway", "site", "uplink", "store", "api".
  std::vector<std::string> restart_needed;
  std::vector<std::string> buses_added;
  std::vector<std::string> buses_removed;
  std::vector<std::string> buses_changed;  ///< They, or the meters on them, are asked in another way: they pause.
  std::vector<std::string> meters_added;
  std::vector<std::string> meters_removed;
  std::vector<std::string> meters_changed;  ///< In any way, also if they are asked as before.
  bool meaning = false;  ///< Other things differ: facilities, rules, the site card, the order of the meters.
  bool issuers = false;  ///< Who may give orders.
  bool device = false;   ///< What is for the box beside the gateway: its own services take that over.

  /// Whether the files say the same.
  bool empty() const;

  /// Whether the poller of bus `id` is to be stopped: it is gone or changed.
  bool stops(const std::string& id) const;
};

/// Compares the site that runs with the one that is wanted. Of the site card, region and credit code name the
/// enterprise and stand in every topic: only a restart changes them.
SiteDiff compare_sites(const Site& running, const Site& wanted);

}  // namespace jidian::config

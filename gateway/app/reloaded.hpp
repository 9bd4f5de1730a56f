#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/site_diff.hpp"
#include "domain/event.hpp"

namespace jidian::app {

/// What became of the wish to take over the site file as it is on the disk.
struct Reloaded {
  std::string file;
  bool is_taken = false;              ///< The file is what runs. If not, nothing at all was changed.
  std::vector<std::string> mistakes;  ///< Every one, with its place.
  std::vector<std::string> warnings;
  std::string problem;    ///< Why it could not even be tried; empty: it could.
  config::SiteDiff diff;  ///< With what ran before; empty where the file has mistakes.
  std::string before;     ///< Hashes of the manifests, as text; empty where nothing changed.
  std::string after;
  std::string not_stored;  ///< Why it is in force and not on record yet; empty: it is.
};

/// Why the file is not what runs, in one line; empty if it is.
std::string why_not(const Reloaded& reloaded);

/// What to do about that.
std::string advice_for(const Reloaded& reloaded);

/// {"file", "taken", "mistakes", "warnings", "restart_needed", "problem", "added", "removed", "changed", "paused",
/// "before", "after", "not_stored"}: ids of meters and buses; what there is not is empty or null.
std::string to_json(const Reloaded& reloaded);

/// The event that tells of a change, without the hashes. Long lists are cut and counted.
domain::Event event_of(const config::SiteDiff& diff, const std::string& by, UtcTime now);

/// The first mistake, and how many more there are.
std::string first_of(const std::vector<std::string>& mistakes);

}  // namespace jidian::app

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/site.hpp"

namespace jidian::app {

/// The text of a file. Errors: unreachable, with the system's reason; full, above 8 MiB.
Result<std::string> read_file(const std::filesystem::path& path);

/// What reading the profiles gave.
struct LoadedCatalogue {
  config::Catalogue catalogue;            ///< The profiles without a mistake.
  std::vector<config::Mistake> mistakes;  ///< Of the others; a file that cannot be read is one.
  std::string problem;                    ///< Why the folder could not be read; empty if it could.
};

/// Reads every `*.toml` of `profiles` but those whose names begin with a dot. A missing folder is a problem.
LoadedCatalogue load_catalogue(const std::filesystem::path& profiles);

/// What reading the configuration gave.
struct Loaded {
  std::optional<config::Site> site;
  std::string text;                       ///< Of the site file, as far as it could be read.
  std::vector<config::Mistake> mistakes;  ///< Of the site file and of profiles; warnings among them.
  std::string problem;  ///< The site file, or the folder of the profiles, that could not be read; empty if none.
};

/// Reads the profiles, then the site file. A profile that is broken or cannot be read keeps the site from being there
/// only if the site names it; a missing folder is a problem.
Loaded load_site(const std::filesystem::path& site, const std::filesystem::path& profiles);

/// The same for a text that is at hand; `file` is used in messages only.
Loaded load_text(std::string text, const std::string& file, const std::filesystem::path& profiles);

}  // namespace jidian::app

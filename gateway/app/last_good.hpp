#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/load.hpp"
#include "base/result.hpp"

namespace jidian::app {

/// The site file that a gateway ran by last, kept in the folder of its store for a start that finds a damaged one.
std::filesystem::path last_good_of(const std::filesystem::path& store_folder);

/// Keeps `text` there, at once and durably; nothing is written if it is there already. Errors: denied, io.
Status keep_last_good(const std::filesystem::path& store_folder, const std::string& text);

/// What a gateway starts by.
struct Startable {
  config::Site site;
  std::string text;               ///< Of the file that it is from.
  std::vector<std::string> why;   ///< What is wrong with the site file; empty: it is the site file itself.
  std::filesystem::path instead;  ///< The file that was taken instead.
};

/// The site file; or, if that is damaged, the one kept in its store's folder, found by what can still be read of it.
/// Nothing if there is none, or if it does not fit either. A site file that is not there is no damage.
/// @param loaded  What reading `file` gave.
std::optional<Startable> startable_from(Loaded loaded, const std::filesystem::path& file,
                                        const std::filesystem::path& profiles);

}  // namespace jidian::app

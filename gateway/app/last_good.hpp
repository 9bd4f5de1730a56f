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

/// Where a gateway notes the folder of its store, in a place that does not hang on what the site file says: for a start
/// that cannot read that in it any more.
struct PointerPlaces {
  /// The default folder of the state, above that of the default store. The first choice, where it is there and may be
  /// written to.
  static std::filesystem::path default_state();

  std::filesystem::path site;                     ///< The site file, as it was named.
  std::filesystem::path state = default_state();  ///< Must be there; it is not made.

  /// The files that may hold the pointer of this site file: in `state`, then beside the site file, hidden.
  std::vector<std::filesystem::path> files() const;
};

/// Notes durably that the last good file of a site is kept in `store_folder`; nothing is written if that is noted
/// already. Errors: denied, io: where it can be written to neither, or an older note can be neither changed nor
/// removed.
Status keep_pointer(const PointerPlaces& places, const std::filesystem::path& store_folder);

/// The folder that is noted for exactly this site file, if one is.
std::optional<std::filesystem::path> pointed_to(const PointerPlaces& places);

/// What a gateway starts by.
struct Startable {
  config::Site site;
  std::string text;               ///< Of the file that it is from.
  std::vector<std::string> why;   ///< What is wrong with the site file; empty: it is the site file itself.
  std::filesystem::path instead;  ///< The file that was taken instead.
};

/// The site file; or, if that is damaged or empty, the one kept in its store's folder: the folder which a gateway noted
/// when it last ran by this site file, else the one that can still be read in it, or the default one. The first that
/// has a file that fits; nothing if none has. A site file that is not there is no damage.
/// @param loaded  What reading the site file gave.
std::optional<Startable> startable_from(Loaded loaded, const PointerPlaces& places,
                                        const std::filesystem::path& profiles);

}  // namespace jidian::app

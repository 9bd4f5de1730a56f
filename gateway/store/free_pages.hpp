#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"

namespace jidian::store {

/// Gives the disk space of a database file's free pages back; the file keeps its length, and SQLite can use the pages
/// again. Gives the bytes. It reads the list of free pages in the file itself, so nothing may stand in its log, and
/// nobody may write meanwhile.
///
/// Errors: io (a file system that cannot do it), corrupt (the list makes no sense).
Result<std::uint64_t> give_back_free_pages(const std::filesystem::path& file);

}  // namespace jidian::store

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace jidian::store {

/// The free pages of a database file, whose disk space can be given back.
///
/// It holds the file open for as long as it lives, and has to live as long as this process may have connections to the
/// file: whoever closes any descriptor of a file drops the process's POSIX locks on it, SQLite's among them.
class FreePages {
 public:
  /// Errors: io, unreachable (no descriptor is left).
  static Result<std::unique_ptr<FreePages>> open(const std::filesystem::path& file);

  /// Gives the space back, and tells the bytes of free pages; the file keeps its length, and SQLite can use the pages
  /// again. Space goes in whole blocks of the file system: a page whose neighbours are in use stays until they go, and
  /// what went before costs nothing. It reads the list of free pages in the file itself, so nothing may stand in its
  /// log, and nobody may write meanwhile. Errors: unsupported (by the file system), io, corrupt (the list makes no
  /// sense).
  Result<std::uint64_t> give_back();

  ~FreePages();
  FreePages(const FreePages&) = delete;
  FreePages& operator=(const FreePages&) = delete;

 private:
  FreePages(std::filesystem::path file, int descriptor) : file_(std::move(file)), descriptor_(descriptor) {}

  /// Blocks of the file system, from `first` to before `end`.
  struct Run {
    std::uint64_t first;
    std::uint64_t end;
    auto operator<=>(const Run&) const = default;
  };

  std::filesystem::path file_;
  int descriptor_;
  std::vector<Run> given_;  ///< The last time.
};

}  // namespace jidian::store

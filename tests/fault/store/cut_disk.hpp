#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/fault/store/file_calls.hpp"

namespace jidian::fault {

/// A folder on a disk that keeps what was synced and, when the power fails, of the rest what chance leaves:
///
/// - of a file's bytes since its sync, each 512-byte sector of each write by itself, in the order of the writes;
/// - of the folder's entries since its sync (files made, renamed, removed) none, all, the first few, as journals leave
///   them, or any, as POSIX allows. Syncing a file makes its bytes durable, not its name. A renaming is done or not.
class CutDisk {
 public:
  /// What stands in a folder now is durable.
  CutDisk(const std::filesystem::path& folder, const std::map<std::string, std::uint64_t>& files);

  void carry_out(const FileCall& call);

  /// Makes a folder of what is left if the power fails now.
  void leave(std::mt19937_64& chance, const std::filesystem::path& into) const;

 private:
  struct File {
    Bytes durable;
    std::vector<FileCall> since_sync;
  };
  using Entries = std::map<std::string, std::uint64_t>;

  Entries entries_left(std::mt19937_64& chance) const;

  std::map<std::uint64_t, File> files_;
  Entries durable_entries_;
  std::vector<FileCall> entries_since_sync_;
};

}  // namespace jidian::fault

#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/update.hpp"

namespace jidian::app {

/// The file in which a box says what becomes of its updates: in the folder of the state that systemd gives (the first
/// of `state_directory`, which may be null), else beside the store's folder.
std::filesystem::path update_file_of(const char* state_directory, const std::filesystem::path& store_folder);

/// What an update file says, and the states in it that this release does not know: their steps are left out.
struct ReadUpdate {
  domain::UpdateReport report;
  std::vector<std::string> unknown_states;
};

/// Reads the text of an update file. Nothing of it is trusted: what is not as the contract of the box has it is an
/// error, and texts are cut and made printable. Errors: invalid.
Result<ReadUpdate> parse_update(const std::string& text);

/// Follows an update file. One thread.
class UpdateFile {
 public:
  explicit UpdateFile(std::filesystem::path file) : file_(std::move(file)) {}

  /// What the file says, if it is another one than the last time. A file that cannot be used says nothing; why is
  /// logged once until one can be used again, an unknown state once. Never waits for another process.
  std::optional<domain::UpdateReport> news();

 private:
  std::optional<domain::UpdateReport> warn(const std::string& why);

  const std::filesystem::path file_;
  std::optional<struct stat> seen_;
  bool is_warned_ = false;
  std::set<std::string> unknown_told_;
};

}  // namespace jidian::app

#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

/// Small files that hold a secret.
namespace jidian::identity {

/// Keeps other processes of ours from writing in a folder. Released at the end.
class FolderLock {
 public:
  /// Makes the folder (mode 0700) if it is not there, and sweeps out what a power cut left of files that were being
  /// written. Blocks for at most 5 s. Errors: conflict (another one is at it), io, denied.
  static Result<FolderLock> take(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

  /// Writes a file of the folder at once, with mode 0600: a reader sees all of it or nothing, also after a power cut.
  /// Errors: conflict (it exists; `replace` does not mind), io, denied.
  Status write_new(const std::filesystem::path& path, const std::string& text) const;
  Status replace(const std::filesystem::path& path, const std::string& text) const;
  /// A second name for a file, in place of what had this name. Errors: io, denied.
  Status set_aside(const std::filesystem::path& path, const std::filesystem::path& as) const;
  /// It may be gone already. Errors: io, denied.
  Status remove(const std::filesystem::path& path) const;

 private:
  FolderLock(std::filesystem::path folder, int fd) : folder_(std::move(folder)), fd_(fd) {}
  Status write(const std::filesystem::path& path, const std::string& text, unsigned int flags) const;
  Status settle(const std::filesystem::path& path) const;

  std::filesystem::path folder_;
  int fd_ = -1;
};

/// A file and who may read it.
struct Secret {
  std::string text;
  bool is_exposed = false;  ///< Group or others may.
};

/// Errors: not_found, full (larger than `pem_bytes_max`), denied, io.
Result<Secret> read_secret_file(const std::filesystem::path& path);

}  // namespace jidian::identity

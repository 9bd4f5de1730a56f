#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace jidian::app {

/// A site file as it was read, to be changed. Holds a lock from `open` on, so that two verbs do not change it at once.
class SiteFile {
 public:
  /// Follows links. Errors: unreachable (with the system's reason), full (above 8 MiB), conflict (another jidian is
  /// changing it).
  static Result<SiteFile> open(const std::filesystem::path& path);
  SiteFile(SiteFile&& other) noexcept;
  SiteFile& operator=(SiteFile&&) = delete;
  ~SiteFile();

  const std::string& text() const { return text_; }
  /// The file itself, behind every link.
  const std::filesystem::path& path() const { return path_; }

  /// Puts `text` in its place at once: a reader sees the old file or the new one, also after a power cut. Owner and
  /// mode stay. Errors: conflict (somebody changed it since `open`; nothing is written), denied, io.
  Status replace(const std::string& text) const;

 private:
  SiteFile(std::filesystem::path path, std::string text, int fd);

  std::filesystem::path path_;
  std::string text_;
  int fd_ = -1;
};

}  // namespace jidian::app

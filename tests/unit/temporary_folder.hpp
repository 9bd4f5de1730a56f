#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace jidian {

/// Where files cost no disk's waiting time, if there is such a place.
inline std::filesystem::path memory_or_disk() {
  std::error_code missing;
  return std::filesystem::is_directory("/dev/shm", missing) ? "/dev/shm" : std::filesystem::temp_directory_path();
}

/// A folder of this test's own, removed with all in it.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / "jidian-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace jidian

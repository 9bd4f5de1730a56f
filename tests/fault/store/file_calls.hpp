#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/bytes.hpp"

namespace jidian::fault {

/// One thing that this process asked of the system for a file of the folder that is watched, and that was done.
struct FileCall {
  enum class Kind : std::uint8_t { make, write, resize, punch, sync, rename, remove, sync_folder };
  Kind kind = Kind::sync_folder;
  std::uint64_t file = 0;    ///< Which file, whatever it is called; 0 of the folder.
  std::string name;          ///< What it was called then; empty if it had no name any more.
  std::string name_new;      ///< Of a renaming.
  std::uint64_t offset = 0;  ///< Of a write or a hole; of a resizing the new size.
  std::uint64_t length = 0;  ///< Of a hole.
  Bytes bytes;               ///< Of a write.
};

/// Told of every call after it succeeded, in the thread that made it.
class FileCallObserver {
 public:
  virtual ~FileCallObserver() = default;
  virtual void called(FileCall call) = 0;
};

/// While it lives, `observer` hears of what this process does to files of one folder through the C library: SQLite, the
/// standard library and our own code alike. Not of shared memory ("-shm"), which is gone after a power cut. One at a
/// time, and files are opened by one thread.
class FileCalls {
 public:
  FileCalls(std::filesystem::path folder, FileCallObserver& observer);
  ~FileCalls();
  FileCalls(const FileCalls&) = delete;
  FileCalls& operator=(const FileCalls&) = delete;

  /// The files that there are, by name.
  const std::map<std::string, std::uint64_t>& files() const { return files_; }

  // For the functions that stand in for the system's.
  void opened(const char* path, int descriptor, bool truncates);
  void closed(int descriptor) { descriptors_.erase(descriptor); }
  void wrote(int descriptor, std::uint64_t offset, const void* bytes, std::size_t size);
  void resized(int descriptor, std::uint64_t size);
  void punched(int descriptor, std::uint64_t offset, std::uint64_t length);
  void synced(int descriptor);
  void renamed(const char* from, const char* to);
  void removed(const char* path);

 private:
  std::string name_in_folder(const char* path) const;
  std::string name_of(std::uint64_t file) const;
  std::uint64_t file_at(int descriptor) const;

  static constexpr std::uint64_t folder_itself = 0;
  static constexpr std::uint64_t no_file = ~std::uint64_t{0};

  std::filesystem::path folder_;
  FileCallObserver& observer_;
  std::uint64_t last_file_ = 0;
  std::map<std::string, std::uint64_t> files_;
  std::map<int, std::uint64_t> descriptors_;
};

}  // namespace jidian::fault

#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace jidian::fault {

/// Told of everything SQLite does to files, after it succeeded. Called from the thread that does it.
class FileObserver {
 public:
  virtual ~FileObserver() = default;
  /// Asked before a read: another code than SQLITE_OK is what the disk answers.
  virtual int reading(const std::string&, std::uint64_t /*offset*/, std::uint64_t /*size*/) { return SQLITE_OK; }
  virtual void wrote(const std::string& path, std::uint64_t offset, ByteView bytes) = 0;
  virtual void truncated(const std::string& path, std::uint64_t size) = 0;
  virtual void synced(const std::string& path) = 0;
};

/// While it lives, every connection opened in this process goes through `observer`. One at a time.
class SqliteSpy {
 public:
  explicit SqliteSpy(FileObserver& observer);
  ~SqliteSpy();
  SqliteSpy(const SqliteSpy&) = delete;
  SqliteSpy& operator=(const SqliteSpy&) = delete;

 private:
  sqlite3_vfs vfs_;
};

}  // namespace jidian::fault

#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "tests/fault/store/sqlite_spy.hpp"

namespace jidian::bench {

/// Counts what a block device must write and how often it must have written: SQLite's writes are rounded to the pages
/// they touch, and a page counts once between two syncs of its file, as the page cache sends it once.
///
/// What the file system writes for itself (its journal when a file grows) is not in it. From any thread.
class DeviceCounter final : public fault::FileObserver {
 public:
  struct Counts {
    std::uint64_t written = 0;  ///< Bytes as SQLite wrote them.
    std::uint64_t device = 0;   ///< Bytes of whole pages.
    std::uint64_t log = 0;      ///< The part of `device` that went to write-ahead logs.
    std::uint64_t syncs = 0;
  };

  void wrote(const std::string& path, std::uint64_t offset, ByteView bytes) override {
    const std::scoped_lock lock(mutex_);
    counts_.written += bytes.size();
    if (bytes.empty()) return;
    for (std::uint64_t page = offset / page_bytes; page <= (offset + bytes.size() - 1) / page_bytes; ++page)
      dirty_[path].insert(page);
  }
  void truncated(const std::string&, std::uint64_t) override {}
  void synced(const std::string& path) override {
    const std::scoped_lock lock(mutex_);
    ++counts_.syncs;
    send(path, dirty_[path]);
  }

  /// All of it, with what is not synced yet as if it were.
  Counts counts() {
    const std::scoped_lock lock(mutex_);
    for (auto& [path, pages] : dirty_) send(path, pages);
    return counts_;
  }

 private:
  static constexpr std::uint64_t page_bytes = 4096;  // of a block device and of the page cache

  void send(const std::string& path, std::set<std::uint64_t>& pages) {
    const std::uint64_t bytes = pages.size() * page_bytes;
    counts_.device += bytes;
    if (path.ends_with("-wal")) counts_.log += bytes;
    pages.clear();
  }

  std::mutex mutex_;
  std::map<std::string, std::set<std::uint64_t>> dirty_;
  Counts counts_;
};

}  // namespace jidian::bench

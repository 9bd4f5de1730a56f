#pragma once

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>

#include "store/damage.hpp"
#include "store/layout.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::store {

/// While it lives, the process opens no further file, or at most one at a time.
class FewDescriptors {
 public:
  explicit FewDescriptors(bool one_more) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_GE(next, 0);
    close(next);
    const rlimit few{one_more ? static_cast<rlim_t>(next) + 1 : 0, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

/// While it lives, the disk refuses to give back a part of a file. One at a time, in programs of one thread.
class RefusedFile {
 public:
  static constexpr auto page = static_cast<off_t>(page_bytes);

  /// @param at  The page that is refused; nothing: all of them.
  explicit RefusedFile(const std::filesystem::path& file, std::optional<std::uint64_t> at = std::nullopt) {
    struct stat found {};
    EXPECT_EQ(stat(file.c_str(), &found), 0);
    inode_ = found.st_ino;
    at_ = at ? static_cast<off_t>(*at) : -1;
    set("read", reinterpret_cast<sqlite3_syscall_ptr>(&read_or_refuse));
    for (const char* name : {"pread", "pread64"}) set(name, reinterpret_cast<sqlite3_syscall_ptr>(&pread_or_refuse));
  }
  ~RefusedFile() {
    for (const char* name : {"read", "pread", "pread64"}) set(name, nullptr);
  }
  RefusedFile(const RefusedFile&) = delete;
  RefusedFile& operator=(const RefusedFile&) = delete;

 private:
  static void set(const char* name, sqlite3_syscall_ptr call) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    vfs->xSetSystemCall(vfs, name, call);
  }
  static bool is_refused(int descriptor, off_t from, std::size_t bytes) {
    struct stat found {};
    if (fstat(descriptor, &found) != 0 || found.st_ino != inode_) return false;
    const bool is_there = at_ < 0 || (from < at_ + page && from + static_cast<off_t>(bytes) > at_);
    if (is_there) errno = EIO;
    return is_there;
  }
  static ssize_t pread_or_refuse(int descriptor, void* into, std::size_t bytes, off_t from) {
    return is_refused(descriptor, from, bytes) ? -1 : pread(descriptor, into, bytes, from);
  }
  static ssize_t read_or_refuse(int descriptor, void* into, std::size_t bytes) {
    return is_refused(descriptor, lseek(descriptor, 0, SEEK_CUR), bytes) ? -1 : read(descriptor, into, bytes);
  }

  static inline ino_t inode_ = 0;
  static inline off_t at_ = 0;
};

/// Once, the partition has no room for a page more. In programs of one thread.
class FullOnce {
 public:
  FullOnce() {
    is_due_ = true;
    set("write", reinterpret_cast<sqlite3_syscall_ptr>(&write_or_refuse));
    for (const char* name : {"pwrite", "pwrite64"}) set(name, reinterpret_cast<sqlite3_syscall_ptr>(&pwrite_or_refuse));
  }
  ~FullOnce() {
    EXPECT_FALSE(is_due_) << "nothing was written";
    for (const char* name : {"write", "pwrite", "pwrite64"}) set(name, nullptr);
  }
  FullOnce(const FullOnce&) = delete;
  FullOnce& operator=(const FullOnce&) = delete;

 private:
  static void set(const char* name, sqlite3_syscall_ptr call) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    vfs->xSetSystemCall(vfs, name, call);
  }
  static bool is_refused(std::size_t bytes) {
    if (bytes < page_bytes || !is_due_) return false;
    is_due_ = false;
    errno = ENOSPC;
    return true;
  }
  static ssize_t pwrite_or_refuse(int descriptor, const void* from, std::size_t bytes, off_t at) {
    return is_refused(bytes) ? -1 : pwrite(descriptor, from, bytes, at);
  }
  static ssize_t write_or_refuse(int descriptor, const void* from, std::size_t bytes) {
    return is_refused(bytes) ? -1 : write(descriptor, from, bytes);
  }

  static inline bool is_due_ = false;
};

/// A store in a folder of its own, and ways to spoil what it wrote.
class Losses : public testing::Test {
 protected:
  Losses() {
    options_.folder = folder_.path() / "store";
    options_.quota_bytes = 64 << 20;
    options_.destinations = {{"province", {record::Stream::event, record::Stream::interval, record::Stream::reading}}};
  }

  /// A store with one epoch of some batches, stopped. Gives the epoch.
  std::uint64_t stopped_store(std::uint64_t batches, std::size_t size) {
    const auto store = open_or_fail(options_);
    EXPECT_TRUE(record_together(*store, record::Stream::reading, batches, noon, size));
    EXPECT_TRUE(store->close(noon));
    return store->opening().epoch;
  }
  std::filesystem::path newest_file() const { return epoch_files(options_.folder).back(); }

  /// What of a batch stands on its leaf in any case.
  static Bytes beginning_of(std::uint64_t epoch, std::uint64_t seq, std::size_t size) {
    constexpr std::size_t local_least = 60;
    return content_of({epoch, record::Stream::reading, seq}, std::min(size, local_least));
  }

  /// Where the page begins that a batch of 4000 bytes stands on, in a file without a log.
  std::uint64_t page_of(std::uint64_t epoch, std::uint64_t seq) const {
    return offset_of(newest_file(), beginning_of(epoch, seq, 4000)) / page_bytes * page_bytes;
  }

  /// Spoils the page that a batch stands on. Pages that were split keep traces of what they held.
  void spoil_page_of(std::uint64_t epoch, std::uint64_t seq, std::size_t size) {
    spoil_page_of(newest_file(), epoch, seq, size);
  }
  static void spoil_page_of(const std::filesystem::path& file, std::uint64_t epoch, std::uint64_t seq,
                            std::size_t size) {
    constexpr char leaf_of_table = 0x0D;
    const Bytes content = beginning_of(epoch, seq, size);
    std::ifstream stream(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    for (std::size_t at = page_bytes; at + page_bytes <= text.size(); at += page_bytes)
      if (text[at] == leaf_of_table &&
          text.substr(at, page_bytes).find(std::string(content.begin(), content.end())) != std::string::npos)
        return flip_byte(file, at);
    ADD_FAILURE() << "no page has batch " << seq;
  }

  TempFolder folder_;
  Options options_;
};

}  // namespace jidian::store

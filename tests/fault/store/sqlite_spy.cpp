#include "tests/fault/store/sqlite_spy.hpp"

#include <new>

namespace jidian::fault {
namespace {

sqlite3_vfs* real_vfs = nullptr;
FileObserver* present_observer = nullptr;

/// A file as SQLite sees it, with the real one right behind it in memory.
struct SpiedFile {
  sqlite3_file base;
  std::string* path;
};

SpiedFile* spied(sqlite3_file* file) {
  return reinterpret_cast<SpiedFile*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(spied(file) + 1);
}

int close_file(sqlite3_file* file) {
  const int code = real(file)->pMethods->xClose(real(file));
  delete spied(file)->path;
  return code;
}

int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  const int code = present_observer->reading(*spied(file)->path, static_cast<std::uint64_t>(offset),
                                             static_cast<std::uint64_t>(size));
  if (code != SQLITE_OK) return code;
  return real(file)->pMethods->xRead(real(file), into, size, offset);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const int code = real(file)->pMethods->xWrite(real(file), from, size, offset);
  if (code == SQLITE_OK)
    present_observer->wrote(*spied(file)->path, static_cast<std::uint64_t>(offset),
                            {static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(size)});
  return code;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const int code = real(file)->pMethods->xTruncate(real(file), size);
  if (code == SQLITE_OK) present_observer->truncated(*spied(file)->path, static_cast<std::uint64_t>(size));
  return code;
}

int sync_file(sqlite3_file* file, int flags) {
  const int code = real(file)->pMethods->xSync(real(file), flags);
  if (code == SQLITE_OK) present_observer->synced(*spied(file)->path);
  return code;
}

const sqlite3_io_methods methods{
    .iVersion = 2,  // without memory-mapped reads
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = [](sqlite3_file* file,
                    sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); },
    .xLock = [](sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); },
    .xUnlock = [](sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); },
    .xCheckReservedLock = [](sqlite3_file* file,
                             int* held) { return real(file)->pMethods->xCheckReservedLock(real(file), held); },
    .xFileControl = [](sqlite3_file* file, int op,
                       void* arg) { return real(file)->pMethods->xFileControl(real(file), op, arg); },
    .xSectorSize = [](sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); },
    .xShmMap = [](sqlite3_file* file, int page, int size, int extend,
                  void volatile** at) { return real(file)->pMethods->xShmMap(real(file), page, size, extend, at); },
    .xShmLock = [](sqlite3_file* file, int offset, int count,
                   int flags) { return real(file)->pMethods->xShmLock(real(file), offset, count, flags); },
    .xShmBarrier = [](sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); },
    .xShmUnmap = [](sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  spied(file)->base.pMethods = nullptr;
  const int code = real_vfs->xOpen(real_vfs, path, real(file), flags, flags_out);
  if (code != SQLITE_OK) return code;
  spied(file)->path = new std::string(path == nullptr ? "" : path);
  spied(file)->base.pMethods = &methods;
  return code;
}

}  // namespace

SqliteSpy::SqliteSpy(FileObserver& observer) {
  real_vfs = sqlite3_vfs_find(nullptr);
  present_observer = &observer;
  vfs_ = *real_vfs;  // the other functions take the real one's data along
  vfs_.zName = "spy";
  vfs_.szOsFile = static_cast<int>(sizeof(SpiedFile)) + real_vfs->szOsFile;
  vfs_.xOpen = open_file;
  sqlite3_vfs_register(&vfs_, 1);
}

SqliteSpy::~SqliteSpy() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_vfs, 1);
}

}  // namespace jidian::fault

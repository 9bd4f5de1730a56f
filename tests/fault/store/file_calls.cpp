// Stands in for the C library's functions that change files. The linker prefers a program's own definitions, also for
// what the shared libraries call.
#undef _FORTIFY_SOURCE  // it has definitions of its own
#include "tests/fault/store/file_calls.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace jidian::fault {
namespace fs = std::filesystem;
namespace {

FileCalls* present_calls = nullptr;

/// The C library's own function.
template <typename Function>
Function* system_function(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

FileCalls::FileCalls(fs::path folder, FileCallObserver& observer) : folder_(std::move(folder)), observer_(observer) {
  assert(present_calls == nullptr);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = name_in_folder(entry.path().c_str());
    if (!name.empty()) files_[name] = ++last_file_;
  }
  present_calls = this;
}

FileCalls::~FileCalls() {
  present_calls = nullptr;
}

/// Empty if it is not in the folder, or shared memory.
std::string FileCalls::name_in_folder(const char* path) const {
  const fs::path file(path);
  if (file.parent_path() != folder_) return {};
  std::string name = file.filename();
  return name.ends_with("-shm") ? std::string() : name;
}

std::string FileCalls::name_of(std::uint64_t file) const {
  for (const auto& [name, known] : files_)
    if (known == file) return name;
  return {};
}

std::uint64_t FileCalls::file_at(int descriptor) const {
  const auto found = descriptors_.find(descriptor);
  return found == descriptors_.end() ? no_file : found->second;
}

void FileCalls::opened(const char* path, int descriptor, bool truncates) {
  descriptors_.erase(descriptor);
  if (fs::path(path) == folder_) descriptors_[descriptor] = folder_itself;
  const std::string name = name_in_folder(path);
  if (name.empty()) return;
  const auto [entry, is_new] = files_.try_emplace(name, last_file_ + 1);
  if (is_new) ++last_file_;
  descriptors_[descriptor] = entry->second;
  if (is_new) observer_.called({FileCall::Kind::make, entry->second, name, {}, 0, 0, {}});
  if (truncates) resized(descriptor, 0);
}

void FileCalls::wrote(int descriptor, std::uint64_t offset, const void* bytes, std::size_t size) {
  const std::uint64_t file = file_at(descriptor);
  if (file == no_file || size == 0) return;
  const auto* first = static_cast<const std::uint8_t*>(bytes);
  observer_.called({FileCall::Kind::write, file, name_of(file), {}, offset, 0, Bytes(first, first + size)});
}

void FileCalls::resized(int descriptor, std::uint64_t size) {
  const std::uint64_t file = file_at(descriptor);
  if (file != no_file) observer_.called({FileCall::Kind::resize, file, name_of(file), {}, size, 0, {}});
}

void FileCalls::punched(int descriptor, std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t file = file_at(descriptor);
  if (file != no_file) observer_.called({FileCall::Kind::punch, file, name_of(file), {}, offset, length, {}});
}

void FileCalls::synced(int descriptor) {
  const std::uint64_t file = file_at(descriptor);
  if (file == folder_itself)
    observer_.called({});
  else if (file != no_file)
    observer_.called({FileCall::Kind::sync, file, name_of(file), {}, 0, 0, {}});
}

void FileCalls::renamed(const char* from, const char* to) {
  const std::string before = name_in_folder(from);
  const std::string after = name_in_folder(to);
  const auto found = files_.find(before);
  if (found == files_.end()) return;
  assert(!after.empty() && "a file that leaves the folder is not foreseen here");
  const std::uint64_t file = found->second;
  files_.erase(found);
  files_[after] = file;
  observer_.called({FileCall::Kind::rename, file, before, after, 0, 0, {}});
}

void FileCalls::removed(const char* path) {
  const auto found = files_.find(name_in_folder(path));
  if (found == files_.end()) return;
  const auto [name, file] = *found;
  files_.erase(found);
  observer_.called({FileCall::Kind::remove, file, name, {}, 0, 0, {}});
}

namespace {

/// Tells of a call that succeeded, without touching errno.
template <typename Tell>
void tell(bool succeeded, Tell what) {
  if (present_calls == nullptr || !succeeded) return;
  const int before = errno;
  what(*present_calls);
  errno = before;
}

int open_as(const char* function, const char* path, int flags, mode_t mode) {
  using Open = int(const char*, int, ...);
  const int descriptor = system_function<Open>(function)(path, flags, mode);
  tell(descriptor >= 0, [&](FileCalls& calls) { calls.opened(path, descriptor, (flags & O_TRUNC) != 0); });
  return descriptor;
}

ssize_t pwrite_as(const char* function, int descriptor, const void* bytes, size_t size, off_t offset) {
  using Write = ssize_t(int, const void*, size_t, off_t);
  const ssize_t written = system_function<Write>(function)(descriptor, bytes, size, offset);
  tell(written > 0, [&](FileCalls& calls) {
    calls.wrote(descriptor, static_cast<std::uint64_t>(offset), bytes, static_cast<std::size_t>(written));
  });
  return written;
}

int truncate_as(const char* function, int descriptor, off_t size) {
  const int code = system_function<int(int, off_t)>(function)(descriptor, size);
  tell(code == 0, [&](FileCalls& calls) { calls.resized(descriptor, static_cast<std::uint64_t>(size)); });
  return code;
}

int sync_as(const char* function, int descriptor) {
  const int code = system_function<int(int)>(function)(descriptor);
  tell(code == 0, [&](FileCalls& calls) { calls.synced(descriptor); });
  return code;
}

int remove_as(const char* function, const char* path) {
  const int code = system_function<int(const char*)>(function)(path);
  tell(code == 0, [&](FileCalls& calls) { calls.removed(path); });
  return code;
}

/// The mode behind `flags`, if there is one.
mode_t mode_in(int flags, va_list arguments) {
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return makes ? va_arg(arguments, mode_t) : 0;
}

}  // namespace
}  // namespace jidian::fault

namespace fault = jidian::fault;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = fault::mode_in(flags, arguments);
  va_end(arguments);
  return fault::open_as("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = fault::mode_in(flags, arguments);
  va_end(arguments);
  return fault::open_as("open64", path, flags, mode);
}

int close(int descriptor) {
  fault::tell(true, [&](fault::FileCalls& calls) { calls.closed(descriptor); });
  return fault::system_function<int(int)>("close")(descriptor);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  const off_t offset = fault::present_calls == nullptr ? 0 : lseek(descriptor, 0, SEEK_CUR);
  const ssize_t written = fault::system_function<ssize_t(int, const void*, size_t)>("write")(descriptor, bytes, size);
  fault::tell(written > 0 && offset >= 0, [&](fault::FileCalls& calls) {
    calls.wrote(descriptor, static_cast<std::uint64_t>(offset), bytes, static_cast<std::size_t>(written));
  });
  return written;
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  return fault::pwrite_as("pwrite", descriptor, bytes, size, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off_t offset) {
  return fault::pwrite_as("pwrite64", descriptor, bytes, size, offset);
}

int ftruncate(int descriptor, off_t size) noexcept {
  return fault::truncate_as("ftruncate", descriptor, size);
}

int ftruncate64(int descriptor, off_t size) noexcept {
  return fault::truncate_as("ftruncate64", descriptor, size);
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
  const int code = fault::system_function<int(int, int, off_t, off_t)>("fallocate")(descriptor, mode, offset, length);
  fault::tell(code == 0, [&](fault::FileCalls& calls) {
    if ((mode & FALLOC_FL_PUNCH_HOLE) != 0)
      calls.punched(descriptor, static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length));
  });
  return code;
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
  const int code = fault::system_function<int(int, off_t, off_t)>("posix_fallocate")(descriptor, offset, length);
  struct stat found {};
  fault::tell(code == 0 && fstat(descriptor, &found) == 0,
              [&](fault::FileCalls& calls) { calls.resized(descriptor, static_cast<std::uint64_t>(found.st_size)); });
  return code;
}

int fsync(int descriptor) {
  return fault::sync_as("fsync", descriptor);
}

int fdatasync(int descriptor) {
  return fault::sync_as("fdatasync", descriptor);
}

int rename(const char* from, const char* to) noexcept {
  const int code = fault::system_function<int(const char*, const char*)>("rename")(from, to);
  fault::tell(code == 0, [&](fault::FileCalls& calls) { calls.renamed(from, to); });
  return code;
}

int remove(const char* path) noexcept {
  return fault::remove_as("remove", path);
}

int unlink(const char* path) noexcept {
  return fault::remove_as("unlink", path);
}

}  // extern "C"

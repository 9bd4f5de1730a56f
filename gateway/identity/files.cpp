#include "identity/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <utility>

#include "identity/identity.hpp"

namespace jidian::identity {
namespace {

constexpr const char* draft_prefix = ".draft-";
constexpr int lock_tries_max = 50;
constexpr long lock_pause_ns = 100'000'000;

Error failure(const std::string& what) {
  const int error = errno;
  const ErrorKind kind = error == EACCES || error == EPERM || error == EROFS ? ErrorKind::denied
                         : error == ENOENT                                   ? ErrorKind::not_found
                         : error == EEXIST                                   ? ErrorKind::conflict
                                                                             : ErrorKind::io;
  return {kind, what + ": " + std::generic_category().message(error)};
}

/// Whatever begins like a draft and is not being written now (we hold the lock) is what a power cut left.
void sweep(const std::filesystem::path& folder) {
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed))
    if (entry->path().filename().string().starts_with(draft_prefix)) (void)unlink(entry->path().c_str());
}

Status make_folder(const std::filesystem::path& folder) {
  if (mkdir(folder.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return failure("cannot make the folder " + folder.string());
  }
  const int parent = ::open(folder.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return failure("cannot open the folder above " + folder.string());
  const bool is_safe = fsync(parent) == 0;
  (void)close(parent);
  return is_safe ? Status() : failure("cannot write the folder " + folder.string() + " to the disk");
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return fsync(fd) == 0;
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  if (auto made = make_folder(folder); !made) return made.error();
  FolderLock lock(folder, ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.fd_ < 0) return failure("cannot open the folder " + folder.string());
  for (int tries = 0; flock(lock.fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK && errno != EINTR) return failure("cannot lock the folder " + folder.string());
    if (tries == lock_tries_max)
      return Error{ErrorKind::conflict, "another jidian is changing " + folder.string() + "; wait for it"};
    const timespec pause{0, lock_pause_ns};
    (void)nanosleep(&pause, nullptr);
  }
  sweep(folder);
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : folder_(std::move(other.folder_)), fd_(std::exchange(other.fd_, -1)) {}

FolderLock::~FolderLock() {
  if (fd_ >= 0) (void)close(fd_);
}

Status FolderLock::settle(const std::filesystem::path& path) const {
  return fsync(fd_) == 0 ? Status() : failure(path.string() + " is written, but not yet safe on the disk");
}

Status FolderLock::write(const std::filesystem::path& path, const std::string& text, unsigned int flags) const {
  std::string draft = (folder_ / (std::string(draft_prefix) + "XXXXXX")).string();
  const int fd = mkostemp(draft.data(), O_CLOEXEC);  // mode 0600
  if (fd < 0) return failure("cannot write in " + folder_.string());
  Status outcome = write_all(fd, text) ? Status() : failure("cannot write " + draft);
  (void)close(fd);
  if (outcome && renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), flags) != 0)
    outcome = failure("cannot put " + path.string() + " in its place");
  if (!outcome) {
    (void)unlink(draft.c_str());
    return outcome;
  }
  return settle(path);
}

Status FolderLock::write_new(const std::filesystem::path& path, const std::string& text) const {
  return write(path, text, RENAME_NOREPLACE);
}

Status FolderLock::replace(const std::filesystem::path& path, const std::string& text) const {
  return write(path, text, 0);
}

Status FolderLock::set_aside(const std::filesystem::path& path, const std::filesystem::path& as) const {
  if (unlink(as.c_str()) != 0 && errno != ENOENT) return failure("cannot remove " + as.string());
  if (link(path.c_str(), as.c_str()) != 0 && errno != ENOENT) return failure("cannot keep " + path.string());
  return settle(as);
}

Status FolderLock::remove(const std::filesystem::path& path) const {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failure("cannot remove " + path.string());
  return settle(path);
}

Result<Secret> read_secret_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0) return failure("cannot read " + path.string());
  struct stat file {};
  Secret secret;
  std::array<char, 4096> part{};
  auto got = fstat(fd, &file) == 0 && S_ISREG(file.st_mode) ? 1 : -1L;
  if (got < 0) errno = EINVAL;
  while (got > 0 && secret.text.size() <= pem_bytes_max) {
    got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR)
      got = 1;
    else if (got > 0)
      secret.text.append(part.data(), static_cast<std::size_t>(got));
  }
  const Error why = failure("cannot read " + path.string());
  (void)close(fd);
  if (got < 0) return why;
  if (secret.text.size() > pem_bytes_max)
    return Error{ErrorKind::full, path.string() + " is larger than 64 KiB; that is no key and no certificate"};
  secret.is_exposed = (file.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  return secret;
}

}  // namespace jidian::identity

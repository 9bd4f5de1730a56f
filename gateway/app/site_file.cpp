#include "app/site_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "app/load.hpp"

namespace jidian::app {
namespace {

constexpr const char* changed_meanwhile =
    " was changed by somebody else meanwhile; nothing was written. Look at it and try again";

Error system_error(const std::string& what) {
  const int error = errno;
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return {denied ? ErrorKind::denied : ErrorKind::io, what + ": " + std::generic_category().message(error)};
}

/// A file beside the one to be replaced, gone again unless it took its place.
class Draft {
 public:
  explicit Draft(const std::filesystem::path& of)
      : path_((of.parent_path() / ("." + of.filename().string() + ".XXXXXX")).string()),
        fd_(mkostemp(path_.data(), O_CLOEXEC)) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (fd_ < 0) return;
    (void)close(fd_);
    if (!placed_) (void)unlink(path_.c_str());
  }

  Status fill(const std::string& text, const struct stat& like) const {
    if (fd_ < 0) return system_error("cannot write beside the site file, in " + folder());
    for (std::size_t done = 0; done < text.size();) {
      const auto wrote = write(fd_, text.data() + done, text.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return system_error("cannot write " + path_);
      done += static_cast<std::size_t>(wrote);
    }
    struct stat own {};
    if (fstat(fd_, &own) != 0) return system_error("cannot look at " + path_);
    const bool foreign = own.st_uid != like.st_uid || own.st_gid != like.st_gid;
    if (foreign && fchown(fd_, like.st_uid, like.st_gid) != 0)
      return system_error("cannot keep the owner of the site file; run this as its owner or as root");
    if (fchmod(fd_, like.st_mode & 07777U) != 0) return system_error("cannot keep the mode of the site file");
    if (fsync(fd_) != 0) return system_error("cannot write " + path_ + " to the disk");
    return {};
  }

  Status place(const std::filesystem::path& target) {
    if (rename(path_.c_str(), target.c_str()) != 0) return system_error("cannot replace " + target.string());
    placed_ = true;
    const int directory = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = directory >= 0 && fsync(directory) == 0;
    const Status outcome = synced ? Status() : system_error("the site file is written, but not yet safe on the disk");
    if (directory >= 0) (void)close(directory);
    return outcome;
  }

 private:
  std::string folder() const { return std::filesystem::path(path_).parent_path().string(); }

  std::string path_;
  int fd_;
  bool placed_ = false;
};

}  // namespace

SiteFile::SiteFile(std::filesystem::path path, std::string text, int fd)
    : path_(std::move(path)), text_(std::move(text)), fd_(fd) {}

SiteFile::SiteFile(SiteFile&& other) noexcept
    : path_(std::move(other.path_)), text_(std::move(other.text_)), fd_(std::exchange(other.fd_, -1)) {}

SiteFile::~SiteFile() {
  if (fd_ >= 0) (void)close(fd_);
}

Result<SiteFile> SiteFile::open(const std::filesystem::path& path) {
  std::error_code failed;
  auto real = std::filesystem::canonical(path, failed);
  if (failed) return Error{ErrorKind::unreachable, "cannot read " + path.string() + ": " + failed.message()};
  SiteFile file(std::move(real), "", ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd_ >= 0 && flock(file.fd_, LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorKind::conflict, "another jidian is changing " + file.path_.string() + "; wait for it"};
  auto text = read_file(file.path_);
  if (!text) return text.error();
  file.text_ = std::move(*text);
  return file;
}

Status SiteFile::replace(const std::string& text) const {
  struct stat opened {};
  struct stat present {};
  if (fd_ < 0 || fstat(fd_, &opened) != 0) return system_error("cannot look at " + path_.string());
  Draft draft(path_);
  if (auto filled = draft.fill(text, opened); !filled) return filled;

  const auto now = read_file(path_);
  const bool same_file =
      stat(path_.c_str(), &present) == 0 && present.st_ino == opened.st_ino && present.st_dev == opened.st_dev;
  if (!same_file || !now || *now != text_) return Error{ErrorKind::conflict, path_.string() + changed_meanwhile};
  return draft.place(path_);
}

}  // namespace jidian::app

#include "store/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <system_error>

#include "base/bytes.hpp"

namespace jidian::store {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view prefix = "epoch-";
constexpr std::string_view suffix = ".db";
constexpr std::array<std::string_view, 3> companions{"-wal", "-shm", "-journal"};

/// The reserve is only taken back when this many times its size is free.
constexpr std::uint64_t ample = 2;

/// What the system said last. A lack of descriptors or memory says nothing of the disk.
Error system_error(const std::string& action) {
  const bool is_for_want = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
  return Error{is_for_want ? ErrorKind::unreachable : ErrorKind::io,
               action + ": " + std::generic_category().message(errno)};
}

template <typename Visit>
void visit_files(const fs::path& folder, Visit visit) {
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; at != end; at.increment(ignored)) {
    visit(at->path());
    if (ignored) return;
  }
}

std::string progress_text(const Progress& progress) {
  std::string text = progress.name.file();
  for (const std::uint64_t seq : progress.last_seqs) text += ' ' + std::to_string(seq);
  if (progress.at) text += ' ' + std::to_string(progress.at->time_since_epoch().count());
  return text;
}

std::uint32_t crc_of(std::string_view text) {
  return crc32c(Bytes(text.begin(), text.end()));
}

/// One descriptor, closed with the scope.
struct File {
  explicit File(int opened) : descriptor(opened) {}
  ~File() {
    if (descriptor >= 0) close(descriptor);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int descriptor;
};

}  // namespace

std::string EpochName::file() const {
  std::string digits = std::to_string(number);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return std::string(prefix) + digits + '-' + to_hex(epoch) + std::string(suffix);
}

std::optional<EpochName> EpochName::parse(std::string_view file) {
  EpochName name;
  if (!file.starts_with(prefix) || !file.ends_with(suffix)) return std::nullopt;
  const char* const end = file.data() + file.size() - suffix.size();
  const auto number = std::from_chars(file.data() + prefix.size(), end, name.number);
  if (number.ec != std::errc{} || number.ptr == end || *number.ptr != '-') return std::nullopt;
  const auto epoch = std::from_chars(number.ptr + 1, end, name.epoch, 16);
  if (epoch.ec != std::errc{} || epoch.ptr != end || name.file() != file) return std::nullopt;
  return name;
}

std::vector<EpochName> list_epochs(const fs::path& folder) {
  std::vector<EpochName> names;
  visit_files(folder, [&](const fs::path& path) {
    if (const auto name = EpochName::parse(path.filename().string())) names.push_back(*name);
  });
  std::ranges::sort(names);
  return names;
}

void remove_leftovers(const fs::path& folder) {
  std::vector<fs::path> doomed;
  visit_files(folder, [&](const fs::path& path) {
    const std::string name = path.filename().string();
    if (name.starts_with("new-")) doomed.push_back(path);
    for (const std::string_view companion : companions) {
      if (!name.starts_with(prefix) || !name.ends_with(companion)) continue;
      std::error_code failed;  // of a file that cannot be looked at just now the log stays
      const fs::path file = folder / name.substr(0, name.size() - companion.size());
      if (fs::status(file, failed).type() == fs::file_type::not_found) doomed.push_back(path);
    }
  });
  std::error_code ignored;
  for (const fs::path& path : doomed) fs::remove(path, ignored);
}

void remove_epoch(const fs::path& folder, const EpochName& name) {
  std::error_code ignored;
  fs::remove(folder / name.file(), ignored);
  for (const std::string_view companion : companions)
    fs::remove(folder / (name.file() + std::string(companion)), ignored);
}

Status sync_folder(const fs::path& folder) {
  const File file(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.descriptor < 0 || fsync(file.descriptor) != 0) return system_error("syncing folder " + folder.string());
  return {};
}

Result<std::uint64_t> random_epoch() {
  std::uint64_t epoch = 0;
  if (getrandom(&epoch, sizeof epoch, 0) != sizeof epoch) return system_error("drawing a random epoch");
  return epoch;
}

std::uint64_t file_bytes(const fs::path& file) {
  constexpr std::uint64_t block_bytes = 512;  // what stat(2) counts in
  std::uint64_t sum = 0;
  for (const char* companion : {"", "-wal"}) {
    struct statx found {};  // stat() fails on 32-bit ARM for a file dated after 2038
    if (statx(AT_FDCWD, (file.string() + companion).c_str(), 0, STATX_SIZE | STATX_BLOCKS, &found) != 0) continue;
    sum += std::min(std::uint64_t{found.stx_size}, std::uint64_t{found.stx_blocks} * block_bytes);
  }
  return sum;
}

void date_anew([[maybe_unused]] const fs::path& file) {
  if constexpr (sizeof(void*) == 4) {
    constexpr std::int64_t last_s = std::numeric_limits<std::int32_t>::max();
    for (const char* companion : {"", "-wal", "-shm"}) {
      const std::string path = file.string() + companion;
      struct statx found {};
      if (statx(AT_FDCWD, path.c_str(), 0, STATX_ATIME | STATX_MTIME | STATX_CTIME, &found) != 0) continue;
      if (std::max({found.stx_atime.tv_sec, found.stx_mtime.tv_sec, found.stx_ctime.tv_sec}) > last_s)
        (void)utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
    }
  }
}

std::uint64_t free_bytes(const fs::path& folder) {
  struct statvfs partition {};
  if (statvfs(folder.c_str(), &partition) != 0) return 0;
  return std::uint64_t{partition.f_bavail} * partition.f_frsize;
}

Result<FolderLock> FolderLock::take(const fs::path& folder) {
  const fs::path path = folder / "lock";
  FolderLock lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (lock.descriptor_ < 0) return system_error("opening " + path.string());
  if (flock(lock.descriptor_, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK)
    return Error{ErrorKind::conflict, "another process records into " + folder.string() + ": stop it first"};
  return system_error("locking " + path.string());
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<Progress> read_progress(const fs::path& folder) {
  const File file(open((folder / "progress").c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor < 0) return std::nullopt;
  std::array<char, 256> buffer{};
  const ssize_t size = read(file.descriptor, buffer.data(), buffer.size());
  if (size <= 0) return std::nullopt;
  const std::string_view line(buffer.data(), static_cast<std::size_t>(size));
  const std::size_t newline = line.find('\n');
  const std::size_t space = line.rfind(' ', newline);
  if (newline == line.npos || space == line.npos) return std::nullopt;
  const std::string_view text = line.substr(0, space);
  if (line.substr(space + 1, newline - space - 1) != std::to_string(crc_of(text))) return std::nullopt;

  Progress progress;
  std::size_t at = text.find(' ');
  const auto name = EpochName::parse(text.substr(0, at));
  if (!name) return std::nullopt;
  progress.name = *name;
  for (std::uint64_t& seq : progress.last_seqs) {
    if (at == text.npos) return std::nullopt;
    std::from_chars(text.data() + at + 1, text.data() + text.size(), seq);
    at = text.find(' ', at + 1);
  }
  if (std::int64_t ms = 0; at != text.npos) {
    std::from_chars(text.data() + at + 1, text.data() + text.size(), ms);
    progress.at = UtcTime(Millis(ms));
  }
  return progress;
}

void write_progress(const fs::path& folder, const Progress& progress) {
  const std::string text = progress_text(progress);
  const std::string line = text + ' ' + std::to_string(crc_of(text)) + '\n';
  const File file(open((folder / "progress").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
  if (file.descriptor < 0) return;
  // Overwritten in place: a torn note fails its CRC, and what stands behind the newline is never read.
  [[maybe_unused]] const ssize_t written = pwrite(file.descriptor, line.data(), line.size(), 0);
}

bool Reserve::held() const {
  std::error_code missing;
  return fs::file_size(path_, missing) >= bytes_ && !missing;
}

bool Reserve::take() {
  if (held()) return true;
  if (free_bytes(path_.parent_path()) < bytes_ * ample) return false;
  const File file(open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
  return file.descriptor >= 0 && posix_fallocate(file.descriptor, 0, static_cast<off_t>(bytes_)) == 0;
}

bool Reserve::release() {
  std::error_code ignored;
  return fs::remove(path_, ignored);
}

}  // namespace jidian::store

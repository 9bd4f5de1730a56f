#include "boot/partition.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace jidian::boot {

namespace {

/// An open partition, closed (and with that unlocked) at the end.
class Partition {
 public:
  Partition(const std::filesystem::path& path, int flags) : file_(::open(path.c_str(), flags | O_CLOEXEC)) {}
  ~Partition() {
    if (file_ >= 0) ::close(file_);
  }
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  bool is_open() const { return file_ >= 0; }

  bool lock() const {
    while (::flock(file_, LOCK_EX) != 0)
      if (errno != EINTR) return false;
    return true;
  }

  Result<State> read(std::size_t index) const {
    Copy copy{};
    std::size_t done = 0;
    while (done < copy.size()) {
      const auto got =
          ::pread(file_, copy.data() + done, copy.size() - done, copy_offsets.at(index) + static_cast<off_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Error{ErrorKind::io, "it cannot be read"};
      if (got == 0) return Error{ErrorKind::corrupt, "it is cut off"};
      done += static_cast<std::size_t>(got);
    }
    return decode(copy);
  }

  bool write(std::size_t index, const Copy& copy) const {
    std::size_t done = 0;
    while (done < copy.size()) {
      const auto put =
          ::pwrite(file_, copy.data() + done, copy.size() - done, copy_offsets.at(index) + static_cast<off_t>(done));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return false;
      done += static_cast<std::size_t>(put);
    }
    return ::fsync(file_) == 0;
  }

 private:
  int file_;
};

Error failed(ErrorKind kind, const std::filesystem::path& path, const char* action) {
  return {kind, std::string(action) + " " + path.string() + ": " + std::generic_category().message(errno)};
}

/// Of copies that are no copies nothing is to be learnt. Where both cannot even be read, there may be good ones, of
/// which the boot loader knows.
Result<Ruling> ruling_of(const Partition& partition, const std::filesystem::path& path) {
  const auto first = partition.read(0);
  const auto second = partition.read(1);
  const auto fails = [](const Result<State>& copy) { return !copy && copy.error().kind() == ErrorKind::io; };
  if (fails(first) && fails(second)) return Error{ErrorKind::io, "neither copy on " + path.string() + " can be read"};
  return weigh(first, second);
}

}  // namespace

Result<Ruling> read_state(const std::filesystem::path& path) {
  const Partition partition(path, O_RDONLY);
  if (!partition.is_open()) return failed(ErrorKind::unreachable, path, "cannot open");
  return ruling_of(partition, path);
}

Status change_state(const std::filesystem::path& path, const std::function<void(State&)>& change) {
  const Partition partition(path, O_RDWR);
  if (!partition.is_open()) return failed(ErrorKind::unreachable, path, "cannot open");
  if (!partition.lock()) return failed(ErrorKind::io, path, "cannot lock");

  const auto ruling = ruling_of(partition, path);
  if (!ruling) return ruling.error();
  State next = ruling->state;
  change(next);
  if (ruling->found && next == ruling->state) return {};
  next.generation = ruling->state.generation + 1;
  if (!partition.write(ruling->spare, encode(next))) return failed(ErrorKind::io, path, "cannot write");
  return {};
}

}  // namespace jidian::boot

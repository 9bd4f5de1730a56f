#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace jidian::store {

/// How an epoch's file is called: "epoch-000003-<16 hexadecimal digits>.db". The number orders epochs without a clock.
struct EpochName {
  std::uint64_t number = 0;
  std::uint64_t epoch = 0;

  std::string file() const;
  static std::optional<EpochName> parse(std::string_view file);
  friend auto operator<=>(const EpochName&, const EpochName&) = default;
};

/// Epochs of a folder, oldest first; none if it cannot be read.
std::vector<EpochName> list_epochs(const std::filesystem::path& folder);

/// Removes what an interrupted start or drop left: unfinished epochs, and companions whose file is gone.
void remove_leftovers(const std::filesystem::path& folder);

/// Removes an epoch's file and its companions.
void remove_epoch(const std::filesystem::path& folder, const EpochName& name);

/// Makes the folder's entries durable. Errors: io, unreachable (no descriptor is left).
Status sync_folder(const std::filesystem::path& folder);

/// 64 bits nobody else has. Errors: io.
Result<std::uint64_t> random_epoch();

/// Bytes that a file and its write-ahead log take of the disk; 0 if it is not there. Space that was given back inside
/// the file does not count.
std::uint64_t file_bytes(const std::filesystem::path& file);

/// Gives a database and its companions today's date if theirs is after 2038: a clock that was wrong for a moment leaves
/// such dates, and Debian 12's SQLite cannot open the file then on 32-bit ARM. Does nothing elsewhere, nor while the
/// clock is wrong.
void date_anew(const std::filesystem::path& file);

/// Bytes the partition can still take from us.
std::uint64_t free_bytes(const std::filesystem::path& folder);

/// The only writer's hold on a folder: released with the object, and by the system if the process dies.
class FolderLock {
 public:
  /// Errors: conflict (another process holds it), io, unreachable (no descriptor is left).
  static Result<FolderLock> take(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// How far the record had come at some instant, kept outside the epochs' files: a file that knows less is an older copy
/// of itself.
struct Progress {
  EpochName name;
  std::array<std::uint64_t, 3> last_seqs{};  ///< Newest seq of each stream, in the order of all_streams.
  std::optional<UtcTime> at;                 ///< Of that instant; earlier releases did not say.
  friend bool operator==(const Progress&, const Progress&) = default;
};

/// What was last noted; nothing if there is no note or it is torn.
std::optional<Progress> read_progress(const std::filesystem::path& folder);

/// Notes it, without waiting for the disk: a stale note costs nothing. Call only for what is committed.
void write_progress(const std::filesystem::path& folder, const Progress& progress);

/// Space kept for bad times: without it a full partition refuses even the deletions that would help.
class Reserve {
 public:
  Reserve(const std::filesystem::path& folder, std::uint64_t bytes) : path_(folder / "reserve"), bytes_(bytes) {}
  std::uint64_t bytes() const { return bytes_; }
  bool held() const;  ///< Whether the space is set aside.
  bool take();        ///< Sets it aside if there is ample room. Whether it is held now.
  bool release();     ///< Gives it back to the partition. Whether there was something to give.

 private:
  std::filesystem::path path_;
  std::uint64_t bytes_;
};

}  // namespace jidian::store

#include "store/log_tail.hpp"

#include <array>
#include <bit>
#include <fstream>
#include <optional>

#include "base/bytes.hpp"

namespace jidian::store {
namespace {

// The log as https://www.sqlite.org/fileformat2.html section 4 describes it.
constexpr std::size_t log_header_bytes = 32;
constexpr std::size_t frame_header_bytes = 24;
constexpr std::uint32_t magic = 0x377F0682;  ///< One more: its check sums count in big-endian words.

std::uint32_t big_endian(ByteView bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24U | std::uint32_t{bytes[at + 1]} << 16U | std::uint32_t{bytes[at + 2]} << 8U |
         std::uint32_t{bytes[at + 3]};
}

std::uint32_t little_endian(ByteView bytes, std::size_t at) {
  return std::uint32_t{bytes[at + 3]} << 24U | std::uint32_t{bytes[at + 2]} << 16U |
         std::uint32_t{bytes[at + 1]} << 8U | std::uint32_t{bytes[at]};
}

/// The running check sum of a log.
struct Sum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void add(ByteView bytes, bool in_big_endian) {
    const auto word = in_big_endian ? big_endian : little_endian;
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += word(bytes, at) + second;
      second += word(bytes, at + 4) + first;
    }
  }
  bool stands_in(ByteView bytes, std::size_t at) const {
    return first == big_endian(bytes, at) && second == big_endian(bytes, at + 4);
  }
};

/// Walks the frames of one log.
class Frames {
 public:
  explicit Frames(std::ifstream& file) : file_(file) {}

  /// Whether the log begins as one does.
  bool begin() {
    Bytes header(log_header_bytes);
    if (!fill(header) || (big_endian(header, 0) & ~1U) != magic) return false;
    in_big_endian_ = (big_endian(header, 0) & 1U) != 0;
    sum_.add(ByteView(header).first(24), in_big_endian_);
    page_bytes_ = big_endian(header, 8);
    salt_ = {big_endian(header, 16), big_endian(header, 20)};
    return sum_.stands_in(header, 24) && std::has_single_bit(page_bytes_) && page_bytes_ >= 512 && page_bytes_ <= 65536;
  }

  void walk(LogTail& found) {
    Bytes frame(frame_header_bytes + page_bytes_);
    bool ended_whole = true;
    for (std::uint64_t number = 1;; ++number) {
      const bool is_whole = fill(frame);
      if (filled_ == 0) break;
      if (filled_ >= frame_header_bytes && !is_of_this_round(frame)) break;  // what an earlier round left
      if (!is_whole) {
        found.torn = "it ends within frame " + std::to_string(number);
        return;
      }
      if (!follows(frame)) return tell_bad(number, frame, found);
      ended_whole = is_commit(frame);
    }
    if (!ended_whole) found.torn = "it ends within a transaction";
  }

 private:
  bool fill(Bytes& bytes) {
    file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    filled_ = static_cast<std::size_t>(file_.gcount());
    return filled_ == bytes.size();
  }
  bool is_of_this_round(ByteView frame) const {
    return big_endian(frame, 8) == salt_[0] && big_endian(frame, 12) == salt_[1];
  }
  static bool is_commit(ByteView frame) { return big_endian(frame, 4) != 0; }
  bool follows(ByteView frame) {
    sum_.add(frame.first(8), in_big_endian_);
    sum_.add(frame.subspan(frame_header_bytes), in_big_endian_);
    return sum_.stands_in(frame, 16);
  }

  /// A transaction is on the disk before the next one is written: one that was cut short is the last.
  void tell_bad(std::uint64_t number, Bytes& frame, LogTail& found) {
    int commits = 0;
    do {
      if (!is_of_this_round(frame)) break;
      if (is_commit(frame)) ++commits;
    } while (commits < 2 && fill(frame));
    const std::string what = "frame " + std::to_string(number) + " fails its check sum";
    if (commits >= 2)
      found.lost = what + ", and later transactions stand behind it";
    else
      found.torn = what;
  }

  std::ifstream& file_;
  std::size_t filled_ = 0;
  bool in_big_endian_ = false;
  std::uint32_t page_bytes_ = 0;
  std::array<std::uint32_t, 2> salt_{};
  Sum sum_;
};

}  // namespace

LogTail look_at_log(const std::filesystem::path& database) {
  LogTail found;
  const std::filesystem::path path = database.string() + "-wal";
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path, missing);
  std::ifstream file(path, std::ios::binary);
  if (missing || bytes == 0 || !file) return found;
  found.bytes = bytes;
  Frames frames(file);
  if (frames.begin())
    frames.walk(found);
  else
    found.torn = "it does not begin as a log does";
  return found;
}

}  // namespace jidian::store

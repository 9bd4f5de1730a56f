#include "store/free_pages.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace jidian::store {
namespace {

// The file format: https://www.sqlite.org/fileformat2.html sections 1.3 and 1.5.
constexpr std::size_t header_bytes = 100;
constexpr std::size_t page_size_at = 16;
constexpr std::size_t first_trunk_at = 32;
constexpr std::size_t page_size_min = 512;

using Page = std::vector<std::uint8_t>;

/// A file, the size of its pages, which is another one in the files of older releases, and that of the file system's
/// blocks.
struct Paged {
  int descriptor;
  std::uint64_t page_size;
  std::uint64_t pages;
  std::uint64_t block_size;
};

Error os_error(const std::string& action) {
  const bool is_for_want = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
  return Error{is_for_want ? ErrorKind::unreachable : ErrorKind::io,
               action + ": " + std::generic_category().message(errno)};
}

std::uint64_t number_at(const Page& page, std::size_t at, std::size_t bytes = 4) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | page[at + i];
  return number;
}

Status read_at(int descriptor, std::uint64_t at, Page& into) {
  if (pread(descriptor, into.data(), into.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(into.size()))
    return {};
  return os_error("reading " + std::to_string(into.size()) + " bytes at " + std::to_string(at));
}

Result<Paged> paged(int descriptor) {
  const off_t size = lseek(descriptor, 0, SEEK_END);
  if (size < 0) return os_error("measuring it");
  Page header(header_bytes);
  if (auto read = read_at(descriptor, 0, header); !read) return read.error();
  const std::uint64_t told = number_at(header, page_size_at, 2);
  const std::uint64_t page_size = told == 1 ? 65'536 : told;
  if (page_size < page_size_min || (page_size & (page_size - 1)) != 0)
    return Error{ErrorKind::corrupt, "pages of " + std::to_string(told) + " bytes"};
  struct statvfs found {};
  if (fstatvfs(descriptor, &found) != 0) return os_error("asking for its blocks");
  return Paged{descriptor, page_size, static_cast<std::uint64_t>(size) / page_size,
               std::max<std::uint64_t>(found.f_frsize, page_size)};
}

/// Free pages whose content nobody reads, in order.
Result<std::vector<std::uint32_t>> free_leaves(const Paged& file) {
  Page page(static_cast<std::size_t>(file.page_size));
  if (auto read = read_at(file.descriptor, 0, page); !read) return read.error();
  const std::uint64_t leaves_max = file.page_size / 4 - 2;
  std::vector<std::uint32_t> leaves;  // there may be millions
  std::uint64_t trunk = number_at(page, first_trunk_at);
  for (std::uint64_t trunks = 0; trunk != 0; ++trunks) {
    if (trunk > file.pages || trunks > file.pages)
      return Error{ErrorKind::corrupt, "the list of free pages has no end"};
    if (auto read = read_at(file.descriptor, (trunk - 1) * file.page_size, page); !read) return read.error();
    trunk = number_at(page, 0);
    const std::uint64_t count = number_at(page, 4);
    if (count > leaves_max) return Error{ErrorKind::corrupt, "a list of too many free pages"};
    for (std::size_t i = 0; i < count; ++i) {
      leaves.push_back(static_cast<std::uint32_t>(number_at(page, 8 + 4 * i)));
      if (leaves.back() < 2 || leaves.back() > file.pages)
        return Error{ErrorKind::corrupt, "a free page outside the file"};
    }
  }
  std::ranges::sort(leaves);
  return leaves;
}

}  // namespace

Result<std::unique_ptr<FreePages>> FreePages::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return os_error("opening " + file.string());
  return std::unique_ptr<FreePages>(new FreePages(file, descriptor));
}

FreePages::~FreePages() {
  close(descriptor_);
}

Result<std::uint64_t> FreePages::give_back() {
  const auto failure = [&](const Error& why) { return why.during("giving back pages of " + file_.string()); };
  const auto file = paged(descriptor_);
  if (!file) return failure(file.error());
  const auto leaves = free_leaves(*file);
  if (!leaves) return failure(leaves.error());
  std::vector<Run> runs;
  for (std::size_t i = 0; i < leaves->size();) {
    std::size_t end = i + 1;  // pages side by side go together
    while (end < leaves->size() && (*leaves)[end] == (*leaves)[end - 1] + 1) ++end;
    const std::uint64_t from = ((*leaves)[i] - 1) * file->page_size;
    const std::uint64_t until = (*leaves)[end - 1] * file->page_size;
    const Run run{(from + file->block_size - 1) / file->block_size, until / file->block_size};
    if (run.first < run.end) runs.push_back(run);
    i = end;
  }
  for (const Run& run : runs) {
    if (std::ranges::binary_search(given_, run)) continue;
    const auto at = static_cast<off_t>(run.first * file->block_size);
    const auto length = static_cast<off_t>((run.end - run.first) * file->block_size);
    if (fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, length) != 0) {
      const bool is_unsupported = errno == EOPNOTSUPP || errno == ENOSYS;
      const Error failed = failure(os_error("punching a hole"));
      given_.clear();
      return is_unsupported ? Error{ErrorKind::unsupported, failed.message()} : failed;
    }
  }
  given_ = std::move(runs);
  return std::uint64_t{leaves->size()} * file->page_size;
}

}  // namespace jidian::store

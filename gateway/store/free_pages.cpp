#include "store/free_pages.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "store/layout.hpp"

namespace jidian::store {
namespace {

// The file format: https://www.sqlite.org/fileformat2.html sections 1.3 and 1.5.
constexpr std::size_t first_trunk_at = 32;
constexpr std::size_t leaves_max = page_bytes / 4 - 2;

using FreePage = std::array<std::uint8_t, page_bytes>;

Error os_error(const std::string& action) {
  const bool is_for_want = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
  return Error{is_for_want ? ErrorKind::unreachable : ErrorKind::io,
               action + ": " + std::generic_category().message(errno)};
}

std::uint64_t number_at(const FreePage& page, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | page[at + i];
  return number;
}

Status read_page(int descriptor, std::uint64_t page, FreePage& into) {
  const auto at = static_cast<off_t>((page - 1) * page_bytes);
  if (pread(descriptor, into.data(), into.size(), at) == static_cast<ssize_t>(into.size())) return {};
  return os_error("reading page " + std::to_string(page));
}

/// Free pages whose content nobody reads, in order.
Result<std::vector<std::uint64_t>> free_leaves(int descriptor, std::uint64_t pages) {
  FreePage page{};
  if (auto read = read_page(descriptor, 1, page); !read) return read.error();
  std::vector<std::uint64_t> leaves;
  std::uint64_t trunk = number_at(page, first_trunk_at);
  for (std::uint64_t trunks = 0; trunk != 0; ++trunks) {
    if (trunk > pages || trunks > pages) return Error{ErrorKind::corrupt, "the list of free pages has no end"};
    if (auto read = read_page(descriptor, trunk, page); !read) return read.error();
    trunk = number_at(page, 0);
    const std::uint64_t count = number_at(page, 4);
    if (count > leaves_max) return Error{ErrorKind::corrupt, "a list of too many free pages"};
    for (std::size_t i = 0; i < count; ++i) {
      leaves.push_back(number_at(page, 8 + 4 * i));
      if (leaves.back() < 2 || leaves.back() > pages) return Error{ErrorKind::corrupt, "a free page outside the file"};
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
  const off_t size = lseek(descriptor_, 0, SEEK_END);
  if (size < 0) return os_error("measuring " + file_.string());
  const auto leaves = free_leaves(descriptor_, static_cast<std::uint64_t>(size) / page_bytes);
  if (!leaves) return leaves.error().during("giving back pages of " + file_.string());
  for (std::size_t i = 0; i < leaves->size();) {
    std::size_t end = i + 1;  // pages side by side go together
    while (end < leaves->size() && (*leaves)[end] == (*leaves)[end - 1] + 1) ++end;
    const auto at = static_cast<off_t>(((*leaves)[i] - 1) * page_bytes);
    const auto length = static_cast<off_t>((end - i) * page_bytes);
    if (fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, length) != 0) {
      const bool is_unsupported = errno == EOPNOTSUPP || errno == ENOSYS;
      const Error failed = os_error("giving back pages of " + file_.string());
      return is_unsupported ? Error{ErrorKind::unsupported, failed.message()} : failed;
    }
    i = end;
  }
  return std::uint64_t{leaves->size()} * page_bytes;
}

}  // namespace jidian::store

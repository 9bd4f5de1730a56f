#include "host/clock_notice.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <system_error>

#include "host/clock_reading.hpp"

namespace jidian::host {
namespace {

constexpr std::string_view notice_head = "jidian-clock 1";
constexpr const char* notice_name = "notice";
constexpr const char* notice_draft = "notice.new";
constexpr std::size_t notice_bytes_max = 128;

// Steps below this are not told from the time between two looks; what disciplines a clock slews those.
constexpr Millis step_min{50};

// Between the looks at the two clocks the process may be put aside: the narrowest of some tries counts.
constexpr int moment_tries = 5;
constexpr std::chrono::nanoseconds moment_width{1'000'000};

/// The number that follows a blank at the front of `text`, which is cut off.
template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  if (text.empty() || text.front() != ' ') return false;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + 1, end, number);
  if (parsed.ec != std::errc{}) return false;
  text = std::string_view(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  return true;
}

Error notice_failure(const std::string& doing, const std::filesystem::path& path) {
  return {ErrorKind::io, doing + " " + path.native() + ": " + std::generic_category().message(errno)};
}

}  // namespace

Moment moment_now() {
  using std::chrono::floor;
  Moment moment;
  auto narrowest = std::chrono::nanoseconds::max();
  for (int tries = 0; tries < moment_tries && narrowest > moment_width; ++tries) {
    const auto before = read_clock(CLOCK_BOOTTIME);
    const auto utc = read_clock(CLOCK_REALTIME);
    const auto width = read_clock(CLOCK_BOOTTIME) - before;
    if (width >= narrowest) continue;
    narrowest = width;
    moment = {floor<Millis>(before), floor<Millis>(utc - before - width / 2)};
  }
  return moment;
}

KernelClock word_of(const std::optional<ClockNotice>& notice, Moment now) {
  constexpr KernelClock nothing{-1, 0};
  if (!notice) return nothing;
  const Millis age = now.since_boot - notice->heard.since_boot;
  const Millis stepped = now.utc_ahead - notice->heard.utc_ahead;
  if (age < Millis{0} || age > notice_age_max || std::chrono::abs(stepped) >= step_min) return nothing;
  return notice->kernel;
}

std::string text_of(const ClockNotice& notice) {
  std::string text(notice_head);
  for (const std::int64_t number :
       {std::int64_t{notice.kernel.state}, std::int64_t{notice.kernel.status},
        std::int64_t{notice.heard.since_boot.count()}, std::int64_t{notice.heard.utc_ahead.count()}})
    text += " " + std::to_string(number);
  return text + "\n";
}

std::optional<ClockNotice> parse_clock_notice(std::string_view text) {
  if (!text.starts_with(notice_head)) return std::nullopt;
  text.remove_prefix(notice_head.size());
  ClockNotice notice;
  std::int64_t since_boot_ms = 0;
  std::int64_t utc_ahead_ms = 0;
  if (!take_number(text, notice.kernel.state) || !take_number(text, notice.kernel.status) ||
      !take_number(text, since_boot_ms) || !take_number(text, utc_ahead_ms) || text != "\n")
    return std::nullopt;
  notice.heard = {Millis{since_boot_ms}, Millis{utc_ahead_ms}};
  return notice;
}

Status write_clock_notice(const std::filesystem::path& folder, const ClockNotice& notice) {
  const auto draft = folder / notice_draft;
  const std::string text = text_of(notice);
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return notice_failure("opening", draft);
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (::close(fd) != 0 || !whole) return notice_failure("writing", draft);
  if (std::rename(draft.c_str(), (folder / notice_name).c_str()) != 0) return notice_failure("renaming", draft);
  return {};
}

std::optional<ClockNotice> read_clock_notice(const std::filesystem::path& folder) {
  // Whatever lies there: a pipe that nobody writes is no reason to wait.
  const int fd = ::open((folder / notice_name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  std::array<char, notice_bytes_max> text{};
  const ssize_t length = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (length <= 0) return std::nullopt;
  return parse_clock_notice({text.data(), static_cast<std::size_t>(length)});
}

}  // namespace jidian::host

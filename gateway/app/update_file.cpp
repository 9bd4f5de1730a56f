#include "app/update_file.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

namespace jidian::app {
namespace {

using UpdateJson = nlohmann::json;

constexpr const char* update_file_name = "update.json";
/// The box writes at most 16 steps of 400 bytes.
constexpr std::size_t update_bytes_max = std::size_t{16} * 1024;
constexpr std::size_t update_steps_max = 32;
constexpr std::size_t update_word_max = 64;
constexpr std::size_t update_reason_max = 300;
constexpr std::size_t unknown_told_max = 16;

/// Text of a file must not steer a terminal, nor be any bytes.
std::string made_printable(std::string text, std::size_t size_max) {
  if (text.size() > size_max) text.resize(size_max);
  std::ranges::replace_if(
      text, [](unsigned char letter) { return letter < 0x20 || letter > 0x7E; }, '?');
  return text;
}

Error not_an_update(const std::string& what) {
  return {ErrorKind::invalid, what};
}

/// A member that is a short text of printable characters.
Result<std::string> word_in(const UpdateJson& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return not_an_update(std::string("'") + key + "' is no text");
  auto word = found->get<std::string>();
  if (word.size() > update_word_max || made_printable(word, update_word_max) != word)
    return not_an_update(std::string("'") + key + "' is longer than 64 printable characters");
  return word;
}

bool is_update_id(const std::string& id) {
  return !id.empty() && std::ranges::all_of(id, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  });
}

Status add_step(const UpdateJson& json, std::size_t number, ReadUpdate& into) {
  if (!json.is_object()) return not_an_update("a step is no object");
  const auto state = word_in(json, "state");
  if (!state) return state.error();
  const auto at = word_in(json, "at");
  if (!at) return at.error();
  const auto time = parse_time(*at);
  if (!time) return not_an_update("'at' is no time, such as 2026-03-01T08:00:00Z");
  const auto reason = json.find("reason");
  if (reason != json.end() && !reason->is_string()) return not_an_update("'reason' is no text");
  const auto known = std::ranges::find_if(
      domain::all_update_states, [&](domain::UpdateState candidate) { return domain::name_of(candidate) == *state; });
  if (known == domain::all_update_states.end()) {
    into.unknown_states.push_back(*state);
    return {};
  }
  auto why = reason == json.end() ? std::string() : made_printable(reason->get<std::string>(), update_reason_max);
  into.report.steps.push_back({number, *known, *time, std::move(why)});
  return {};
}

/// The text of a file of modest size; nothing but a regular one is opened to be read.
Result<std::string> read_update_text(int fd) {
  std::string text(update_bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{ErrorKind::io, std::generic_category().message(errno)};
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > update_bytes_max) return not_an_update("it is larger than 16 KiB");
  text.resize(size);
  return text;
}

bool is_same_file(const struct statx& left, const struct statx& right) {
  const auto is_same_time = [](const statx_timestamp& one, const statx_timestamp& other) {
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
  };
  return left.stx_dev_major == right.stx_dev_major && left.stx_dev_minor == right.stx_dev_minor &&
         left.stx_ino == right.stx_ino && left.stx_size == right.stx_size &&
         is_same_time(left.stx_mtime, right.stx_mtime) && is_same_time(left.stx_ctime, right.stx_ctime);
}

/// Closed when it goes out of scope.
struct OpenUpdate {
  explicit OpenUpdate(const std::filesystem::path& file)
      : fd(open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)) {}
  ~OpenUpdate() {
    if (fd >= 0) (void)close(fd);
  }
  OpenUpdate(const OpenUpdate&) = delete;
  OpenUpdate& operator=(const OpenUpdate&) = delete;
  const int fd;
};

}  // namespace

std::filesystem::path update_file_of(const char* state_directory, const std::filesystem::path& store_folder) {
  const std::string_view folders = state_directory == nullptr ? "" : state_directory;
  const std::filesystem::path first(folders.substr(0, folders.find(':')));
  return (first.is_absolute() ? first : store_folder.parent_path()) / update_file_name;
}

Result<ReadUpdate> parse_update(const std::string& text) {
  const auto json = UpdateJson::parse(text, nullptr, false);
  if (!json.is_object()) return not_an_update("it is no JSON object");
  if (const auto format = json.find("format"); format == json.end() || *format != 1)
    return not_an_update("'format' is not 1");
  ReadUpdate read;
  for (const auto& [key, into] : {std::pair{"id", &read.report.id}, std::pair{"from", &read.report.from},
                                  std::pair{"to", &read.report.to}, std::pair{"slot", &read.report.slot}}) {
    auto word = word_in(json, key);
    if (!word) return word.error();
    *into = std::move(*word);
  }
  if (!is_update_id(read.report.id)) return not_an_update("'id' is not of a-z, 0-9 and '-'");
  const auto steps = json.find("steps");
  if (steps == json.end()) {  // who keeps no list has the newest step alone
    if (const auto added = add_step(json, 0, read); !added) return added.error();
    return read;
  }
  if (!steps->is_array() || steps->empty() || steps->size() > update_steps_max)
    return not_an_update("'steps' is no list of 1 to 32");
  std::size_t number = 0;
  for (const auto& step : *steps)
    if (const auto added = add_step(step, number++, read); !added) return added.error();
  return read;
}

std::optional<domain::UpdateReport> UpdateFile::warn(const std::string& why) {
  if (!std::exchange(is_warned_, true))
    spdlog::warn("update file not used, going on without it file={} why=\"{}\"", file_.string(), why);
  return std::nullopt;
}

std::optional<domain::UpdateReport> UpdateFile::news() {
  struct statx now {};
  if (statx(AT_FDCWD, file_.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &now) != 0) {
    seen_.reset();
    return std::nullopt;
  }
  if (seen_ && is_same_file(*seen_, now)) return std::nullopt;
  seen_ = now;
  const OpenUpdate file(file_);
  if (file.fd < 0) return warn(std::generic_category().message(errno));
  if (statx(file.fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &now) != 0 || !S_ISREG(now.stx_mode))
    return warn("it is no file");
  const auto text = read_update_text(file.fd);
  if (!text) return warn(text.error().message());
  auto read = parse_update(*text);
  if (!read) return warn(read.error().message());
  is_warned_ = false;
  for (const auto& state : read->unknown_states)
    if (unknown_told_.size() < unknown_told_max && unknown_told_.insert(state).second)
      spdlog::warn("update state not known to this release, not told state={}", state);
  if (read->report.steps.empty()) return std::nullopt;
  return std::move(read->report);
}

}  // namespace jidian::app

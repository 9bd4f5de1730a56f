#include "app/last_good.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/bytes.hpp"
#include "config/site_paths.hpp"
#include "record/batch.hpp"

namespace jidian::app {
namespace {

constexpr const char* last_good_name = "last-good-site.toml";
constexpr mode_t last_good_mode = 0640;
/// A note is as many digits of the hash of the site file's path as make it the only one of its name.
constexpr std::size_t digits_of_name = 16;

Error keeping_failed(const std::filesystem::path& file) {
  const int error = errno;
  const bool is_denied = error == EACCES || error == EPERM || error == EROFS;
  return {is_denied ? ErrorKind::denied : ErrorKind::io,
          "keeping the site file as " + file.string() + ": " + std::generic_category().message(error)};
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

/// Whether the names in a folder are on the disk.
bool sync_folder(const std::filesystem::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) (void)close(fd);
  return is_synced;
}

/// What is wrong with a site file that cannot be used.
std::vector<std::string> faults_of(const Loaded& loaded) {
  std::vector<std::string> faults;
  if (!loaded.problem.empty()) faults.push_back(loaded.problem);
  for (const auto& mistake : loaded.mistakes)
    if (!mistake.warning) faults.push_back(mistake.to_string());
  return faults;
}

/// Puts `text` into `file` at once and durably; nothing is written if it is there already. Errors: denied, io.
Status keep(const std::filesystem::path& file, const std::string& text) {
  if (const auto kept = read_file(file); kept && *kept == text) return {};
  std::string draft = file.string() + ".XXXXXX";
  const int fd = mkostemp(draft.data(), O_CLOEXEC);
  if (fd < 0) return keeping_failed(file);
  const bool is_written = write_all(fd, text) && fchmod(fd, last_good_mode) == 0 && fsync(fd) == 0;
  Status outcome = is_written ? Status() : keeping_failed(file);
  if (close(fd) != 0 && outcome) outcome = keeping_failed(file);
  if (outcome && rename(draft.c_str(), file.c_str()) != 0) outcome = keeping_failed(file);
  if (!outcome) {
    (void)unlink(draft.c_str());
    return outcome;
  }
  return sync_folder(file.parent_path()) ? Status() : keeping_failed(file);
}

std::filesystem::path full_path_of(const std::filesystem::path& file) {
  std::error_code failed;
  auto full = std::filesystem::absolute(file, failed);
  return failed ? file : full.lexically_normal();
}

/// What a note says: the site file that it is for, and the folder of the store.
std::string text_of_pointer(const std::filesystem::path& site, const std::filesystem::path& store_folder) {
  return full_path_of(site).string() + '\n' + store_folder.string() + '\n';
}

/// The folder that a note names, if it is a whole one and for this site file.
std::optional<std::filesystem::path> folder_in(const std::filesystem::path& note, const std::filesystem::path& site) {
  const auto text = read_file(note);
  const std::string begin = full_path_of(site).string() + '\n';
  if (!text || !text->starts_with(begin) || !text->ends_with('\n')) return std::nullopt;
  const std::filesystem::path folder = text->substr(begin.size(), text->size() - begin.size() - 1);
  if (!folder.is_absolute() || folder.string().find('\n') != std::string::npos) return std::nullopt;
  return folder;
}

/// Where the last good file may be, the likeliest first.
std::vector<std::filesystem::path> folders_for(const std::string& damaged, const PointerPlaces& places) {
  std::vector<std::filesystem::path> folders;
  if (auto noted = pointed_to(places)) folders.push_back(std::move(*noted));
  const auto read = config::find_path(damaged, "store", "folder");
  folders.push_back(read ? std::filesystem::path(*read) : config::Store().folder);
  return folders;
}

}  // namespace

std::filesystem::path last_good_of(const std::filesystem::path& store_folder) {
  return store_folder / last_good_name;
}

Status keep_last_good(const std::filesystem::path& store_folder, const std::string& text) {
  return keep(last_good_of(store_folder), text);
}

std::filesystem::path PointerPlaces::default_state() {
  return config::Store().folder.parent_path();
}

std::vector<std::filesystem::path> PointerPlaces::files() const {
  const std::string path = full_path_of(site).string();
  const auto hash = record::sha256(Bytes(path.begin(), path.end()));
  return {state / ("last-good-" + to_hex(hash).substr(0, digits_of_name)),
          full_path_of(site).parent_path() / ("." + site.filename().string() + ".last-good")};
}

/// Only one of the places has the note: an older one in another place would be found first.
Status keep_pointer(const PointerPlaces& places, const std::filesystem::path& store_folder) {
  const std::string text = text_of_pointer(places.site, store_folder);
  Status outcome = Error{ErrorKind::io, "there is no place for it"};
  bool is_kept = false;
  for (const auto& file : places.files()) {
    if (!is_kept) {
      outcome = keep(file, text);
      is_kept = static_cast<bool>(outcome);
      if (is_kept) continue;
    }
    std::error_code failed;
    std::filesystem::remove(file, failed);
    if (failed && folder_in(file, places.site) != std::nullopt)
      return Error{ErrorKind::denied,
                   "removing " + file.string() + ", which names an older folder: " + failed.message()};
  }
  return outcome;
}

std::optional<std::filesystem::path> pointed_to(const PointerPlaces& places) {
  for (const auto& file : places.files())
    if (auto folder = folder_in(file, places.site)) return folder;
  return std::nullopt;
}

std::optional<Startable> startable_from(Loaded loaded, const PointerPlaces& places,
                                        const std::filesystem::path& profiles) {
  if (loaded.site && loaded.problem.empty()) return Startable{std::move(*loaded.site), std::move(loaded.text), {}, {}};
  std::error_code failed;
  if (!std::filesystem::is_regular_file(places.site, failed)) return std::nullopt;
  for (const auto& folder : folders_for(loaded.text, places)) {
    const auto kept = last_good_of(folder);
    auto text = read_file(kept);
    if (!text) continue;
    auto last = load_text(std::move(*text), kept.string(), profiles);
    if (last.site && last.problem.empty())
      return Startable{std::move(*last.site), std::move(last.text), faults_of(loaded), kept};
  }
  return std::nullopt;
}

}  // namespace jidian::app

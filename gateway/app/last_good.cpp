#include "app/last_good.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "config/site_paths.hpp"

namespace jidian::app {
namespace {

constexpr const char* last_good_name = "last-good-site.toml";
constexpr mode_t last_good_mode = 0640;

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

}  // namespace

std::filesystem::path last_good_of(const std::filesystem::path& store_folder) {
  return store_folder / last_good_name;
}

Status keep_last_good(const std::filesystem::path& store_folder, const std::string& text) {
  const auto file = last_good_of(store_folder);
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
  return sync_folder(store_folder) ? Status() : keeping_failed(file);
}

std::optional<Startable> startable_from(Loaded loaded, const std::filesystem::path& file,
                                        const std::filesystem::path& profiles) {
  if (loaded.site && loaded.problem.empty()) return Startable{std::move(*loaded.site), std::move(loaded.text), {}, {}};
  std::error_code failed;
  if (!std::filesystem::is_regular_file(file, failed)) return std::nullopt;
  const auto folder = config::find_path(loaded.text, "store", "folder");
  const auto kept = last_good_of(folder ? std::filesystem::path(*folder) : config::Store().folder);
  auto text = read_file(kept);
  if (!text) return std::nullopt;
  auto last = load_text(std::move(*text), kept.string(), profiles);
  if (!last.site || !last.problem.empty()) return std::nullopt;
  return Startable{std::move(*last.site), std::move(last.text), faults_of(loaded), kept};
}

}  // namespace jidian::app

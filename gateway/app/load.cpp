#include "app/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace jidian::app {
namespace {

// A site of 2,000 meters written out in full stays below a tenth of this.
constexpr std::uintmax_t file_bytes_max = 8ULL << 20;

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

/// "credentials:NAME" becomes the file that systemd laid for the service.
void resolve_credentials(config::Site& site, const std::string& file, std::vector<config::Mistake>& mistakes) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): before any thread
  for (auto& uplink : site.uplinks)
    for (auto* spelling : {&uplink.password_file, &uplink.ca_file, &uplink.certificate_file, &uplink.key_file}) {
      if (spelling->empty()) continue;
      auto path = config::resolve_file(*spelling, folder == nullptr ? "" : folder);
      if (path)
        *spelling = std::move(*path);
      else
        mistakes.push_back({file, uplink.line, uplink.column,
                            "uplink '" + uplink.id + "': '" + *spelling + "': " + path.error().message(), true});
    }
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return Error{ErrorKind::unreachable, path.string() + " is a folder"};
  const auto bytes = std::filesystem::file_size(path, failed);
  if (!failed && bytes > file_bytes_max) return Error{ErrorKind::full, path.string() + " is larger than 8 MiB"};

  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorKind::unreachable, "cannot read " + path.string() + ": " + reason_of(errno)};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

LoadedCatalogue load_catalogue(const std::filesystem::path& profiles) {
  LoadedCatalogue loaded;
  std::error_code failed;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(profiles, failed))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  if (failed) {
    loaded.problem = "cannot read the meter profiles in " + profiles.string() + ": " + failed.message() +
                     "; give their folder with --profiles";
    return loaded;
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    const auto text = read_file(file);
    if (!text) {
      loaded.problem = text.error().message();
      return loaded;
    }
    auto parsed = config::parse_profile(*text, file.string());
    if (parsed.profile) loaded.catalogue.emplace(parsed.profile->id, std::move(*parsed.profile));
    std::ranges::move(parsed.mistakes, std::back_inserter(loaded.mistakes));
  }
  return loaded;
}

Loaded load_site(const std::filesystem::path& site, const std::filesystem::path& profiles) {
  Loaded loaded;
  auto known = load_catalogue(profiles);
  loaded.problem = std::move(known.problem);
  if (!loaded.problem.empty()) return loaded;

  const auto text = read_file(site);
  if (!text) {
    loaded.problem = text.error().message();
    return loaded;
  }
  auto parsed = config::parse_site(*text, site.string(), known.catalogue);
  loaded.site = std::move(parsed.site);
  loaded.mistakes = std::move(known.mistakes);
  std::ranges::move(parsed.mistakes, std::back_inserter(loaded.mistakes));
  if (loaded.site) resolve_credentials(*loaded.site, site.string(), loaded.mistakes);
  return loaded;
}

}  // namespace jidian::app

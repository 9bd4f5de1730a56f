#include "app/load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <system_error>

namespace jidian::app {
namespace {

// A site of 2,000 meters written out in full stays below a tenth of this.
constexpr std::uintmax_t file_bytes_max = 8ULL << 20;

struct FileCloser {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

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

/// An editor lays its locks and drafts beside the files, under names with a dot in front.
bool is_profile(const std::filesystem::path& file) {
  return file.extension() == ".toml" && !file.filename().string().starts_with('.');
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return Error{ErrorKind::unreachable, path.string() + " is a folder"};
  const auto bytes = std::filesystem::file_size(path, failed);
  if (!failed && bytes > file_bytes_max) return Error{ErrorKind::full, path.string() + " is larger than 8 MiB"};

  // A stream's iterators throw where the disk fails in the middle of a file.
  const auto failure = [&] {
    return Error{ErrorKind::unreachable, "cannot read " + path.string() + ": " + reason_of(errno)};
  };
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return failure();
  std::string text;
  std::array<char, 16'384> part{};
  while (const auto got = std::fread(part.data(), 1, part.size(), file.get())) {
    text.append(part.data(), got);
    if (text.size() > file_bytes_max) return Error{ErrorKind::full, path.string() + " is larger than 8 MiB"};
  }
  if (std::ferror(file.get()) != 0) return failure();
  return text;
}

LoadedCatalogue load_catalogue(const std::filesystem::path& profiles) {
  LoadedCatalogue loaded;
  std::error_code failed;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(profiles, failed), end; !failed && entry != end;
       entry.increment(failed))
    if (is_profile(entry->path())) files.push_back(entry->path());
  if (failed) {
    loaded.problem = "cannot read the meter profiles in " + profiles.string() + ": " + failed.message() +
                     "; give their folder with --profiles";
    return loaded;
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    const auto text = read_file(file);
    if (!text) {
      loaded.mistakes.push_back({file.string(), 1, 1, text.error().message(), false});
      continue;
    }
    auto parsed = config::parse_profile(*text, file.string());
    if (parsed.profile) loaded.catalogue.emplace(parsed.profile->id, std::move(*parsed.profile));
    std::ranges::move(parsed.mistakes, std::back_inserter(loaded.mistakes));
  }
  return loaded;
}

Loaded load_text(std::string text, const std::string& file, const std::filesystem::path& profiles) {
  Loaded loaded;
  loaded.text = std::move(text);
  auto known = load_catalogue(profiles);
  loaded.problem = std::move(known.problem);
  if (!loaded.problem.empty()) return loaded;

  auto parsed = config::parse_site(loaded.text, file, known.catalogue);
  loaded.site = std::move(parsed.site);
  loaded.mistakes = std::move(known.mistakes);
  std::ranges::move(parsed.mistakes, std::back_inserter(loaded.mistakes));
  if (loaded.site) resolve_credentials(*loaded.site, file, loaded.mistakes);
  return loaded;
}

Loaded load_site(const std::filesystem::path& site, const std::filesystem::path& profiles) {
  auto text = read_file(site);
  if (text) return load_text(std::move(*text), site.string(), profiles);
  Loaded loaded;
  loaded.problem = text.error().message();
  return loaded;
}

}  // namespace jidian::app

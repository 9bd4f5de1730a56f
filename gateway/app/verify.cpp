#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/archive.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/translate.hpp"
#include "app/verbs.hpp"
#include "record/chain.hpp"
#include "store/inspection.hpp"

namespace jidian::app {
namespace {

// More findings than this say nothing new.
constexpr std::size_t findings_max = 100;

// Copies of a file whose originals are looked for; each may be as long as a batch.
constexpr std::size_t copies_compared_max = 1'000;

using ChainName = std::pair<std::uint64_t, record::Stream>;

/// What was found about one file of a store.
struct FileResult {
  store::InspectedFile file;
  std::vector<std::string> findings;  ///< At most `findings_max` in all files together.
  std::size_t count = 0;              ///< All of them.
};

/// Walks every (epoch, stream) and gathers what does not hang together.
class Walk {
 public:
  /// From now on findings are of this file.
  void begin_file(store::InspectedFile file) {
    files_.push_back({std::move(file), {}, 0});
    for (const auto& finding : files_.back().file.findings) note_of_file(finding);
  }

  void note_of_file(const std::string& finding) { note("file " + files_.back().file.name + ": " + finding); }

  /// What follows is of no file.
  void end_files() { in_files_ = false; }

  void step(const record::BatchKey& key, ByteView bytes) {
    auto& chain = chains_[{key.epoch, key.stream}];
    if (const auto finding = chain.step(key, bytes)) add(key, *finding);
  }

  /// Looks at what a copy says, if its original is there.
  void compare(store::Reader& reader, const record::BatchKey& key, ByteView bytes) {
    const auto header = record::decode_header(bytes);
    if (!header || !header->copy_of) return;
    ++copies_;
    const auto original = original_of(reader, *header);
    if (!original) return add(key, original.error().message());
    if (!*original) return;
    compare(key, **original, bytes);
  }

  void compare(const record::BatchKey& key, ByteView original, ByteView copy) {
    const auto same = record::same_content(original, copy);
    if (!same || !*same) add(key, "the copy does not say what its original says");
  }

  void count_copy() { ++copies_; }

  void add(const record::BatchKey& key, const std::string& finding) {
    note("epoch " + to_hex(key.epoch) + " " + std::string(record::name_of(key.stream)) + " " + std::to_string(key.seq) +
         ": " + finding);
  }

  void note(std::string finding) {
    const bool is_kept = ++count_ <= findings_max;
    if (in_files_ && !files_.empty()) {
      ++files_.back().count;
      if (is_kept) files_.back().findings.push_back(finding);
    }
    if (is_kept) findings_.push_back(std::move(finding));
  }

  Exit print(const Common& common) const {
    if (common.json)
      print_json();
    else
      print_text();
    return count_ == 0 ? Exit::ok : Exit::findings;
  }

 private:
  void print_json() const {
    auto chains = nlohmann::json::array();
    for (const auto& [name, chain] : chains_)
      chains.push_back({{"epoch", to_hex(name.first)},
                        {"stream", record::name_of(name.second)},
                        {"batches", chain.batches()},
                        {"head", chain.head() ? to_hex(*chain.head()) : ""}});
    auto files = nlohmann::json::array();
    for (const auto& result : files_)
      files.push_back({{"file", result.file.name},
                       {"epoch", to_hex(result.file.epoch)},
                       {"readable", result.file.is_readable},
                       {"findings", result.findings},
                       {"findings_count", result.count},
                       {"notes", result.file.notes}});
    std::cout << nlohmann::json{{"chains", chains},
                                {"copies", copies_},
                                {"files", files},
                                {"findings", findings_},
                                {"findings_count", count_}}
                     .dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
              << '\n';
  }

  void print_text() const {
    std::vector<std::vector<std::string>> rows{headings("verify.heads")};
    for (const auto& [name, chain] : chains_)
      rows.push_back({to_hex(name.first), std::string(record::name_of(name.second)), std::to_string(chain.batches()),
                      chain.head() ? to_hex(*chain.head()).substr(0, 16) + "…" : "-"});
    std::cout << format_table(rows);
    if (!files_.empty()) print_files();
    if (copies_ > 0) std::cout << text("verify.copies", {{"count", std::to_string(copies_)}}) << '\n';
    for (const auto& finding : findings_) std::cout << text("verify.finding", {{"what", translated(finding)}}) << '\n';
    if (count_ > findings_.size())
      std::cout << text("verify.more", {{"count", std::to_string(count_ - findings_.size())}}) << '\n';
    std::cout << text(count_ == 0 ? "verify.whole" : "verify.broken") << '\n';
  }

  void print_files() const {
    std::vector<std::vector<std::string>> rows{headings("verify.files")};
    for (const auto& result : files_) {
      const std::string found = !result.file.is_readable ? text("verify.file-unread")
                                : result.count == 0
                                    ? text("verify.file-whole")
                                    : text("verify.file-findings", {{"count", std::to_string(result.count)}});
      rows.push_back({result.file.name, found});
    }
    std::cout << '\n' << format_table(rows);
    for (const auto& result : files_)
      for (const auto& what : result.file.notes)
        std::cout << text("verify.note", {{"what", translated("file " + result.file.name + ": " + what)}}) << '\n';
  }

  std::map<ChainName, record::ChainWalker> chains_;
  std::vector<FileResult> files_;
  bool in_files_ = true;
  std::vector<std::string> findings_;
  std::size_t count_ = 0;
  std::size_t copies_ = 0;
};

constexpr UtcTime beginning{Millis{std::numeric_limits<std::int64_t>::min()}};
constexpr UtcTime end_of_time{Millis{std::numeric_limits<std::int64_t>::max()}};

void walk_file(store::Reader& reader, std::uint64_t epoch, Walk& walk) {
  const auto damaged_before = reader.damaged();
  for (const auto stream : record::all_streams) {
    const auto walked = for_each_batch_of(reader, epoch, stream, beginning, end_of_time, [&](const auto& batch) {
      walk.step(batch.key, batch.bytes);
      walk.compare(reader, batch.key, batch.bytes);
      return true;
    });
    if (!walked && !has_left(reader, epoch, walked.error()))
      walk.note_of_file("log " + std::string(record::name_of(stream)) + " cannot be read: " + walked.error().message());
  }
  if (const auto damaged = reader.damaged() - damaged_before; damaged > 0)
    walk.note_of_file(std::to_string(damaged) + " rows do not match their CRC and were left out");
}

/// Every file is looked at, whatever was found in those before it.
Status walk_store(const std::filesystem::path& folder, Walk& walk) {
  const auto reader = store::open_reader(folder);
  if (!reader) return reader.error();
  auto inspection = store::inspect(folder);
  for (auto& file : inspection.files) {
    const auto epoch = file.epoch;
    const bool is_readable = file.is_readable;
    walk.begin_file(std::move(file));
    if (is_readable) walk_file(**reader, epoch, walk);
  }
  walk.end_files();
  for (auto& finding : inspection.findings) walk.note(std::move(finding));
  return {};
}

/// Calls `visit` with every line of an evidence file, its number and the batch on it.
template <typename Visit>
Status for_each_line(const std::filesystem::path& path, const Visit& visit) {
  std::ifstream file(path);
  if (!file) return Error{ErrorKind::unreachable, "cannot read " + path.string()};
  std::string line;
  for (std::uint64_t number = 1; std::getline(file, line); ++number) visit(number, parse_evidence_line(line));
  if (file.bad()) return Error{ErrorKind::io, "cannot read " + path.string() + " to its end"};
  return {};
}

/// The copies of an evidence file by the key of their original, which may stand anywhere in the file or not at all.
using Copies = std::multimap<record::BatchKey, store::StoredBatch>;

void compare_copies(const Copies& copies, const store::StoredBatch& original, Walk& walk) {
  const auto [first, last] = copies.equal_range(original.key);
  for (auto at = first; at != last; ++at) {
    const auto& copy = at->second;
    const auto header = record::decode_header(copy.bytes);
    if (record::sha256(original.bytes) == header->copy_of->sha256)
      walk.compare(copy.key, original.bytes, copy.bytes);
    else
      walk.add(copy.key, "the file holds another batch under the key that the copy names");
  }
}

Status walk_export(const std::filesystem::path& path, Walk& walk) {
  Copies copies;
  const auto walked = for_each_line(path, [&](std::uint64_t number, const Result<store::StoredBatch>& batch) {
    if (!batch) return walk.note("line " + std::to_string(number) + ": " + batch.error().message());
    walk.step(batch->key, batch->bytes);
    const auto header = record::decode_header(batch->bytes);
    if (!header || !header->copy_of) return;
    walk.count_copy();
    if (copies.size() < copies_compared_max)
      copies.emplace(record::BatchKey{header->copy_of->epoch, header->key.stream, header->copy_of->seq}, *batch);
  });
  if (!walked || copies.empty()) return walked;
  return for_each_line(path, [&](std::uint64_t, const Result<store::StoredBatch>& batch) {
    if (batch) compare_copies(copies, *batch, walk);
  });
}

Status walk_place(const std::filesystem::path& place, Walk& walk) {
  std::error_code failed;
  const auto found = std::filesystem::status(place, failed);
  if (!std::filesystem::status_known(found))
    return Error{ErrorKind::unreachable, "cannot read " + place.string() + ": " + failed.message()};
  return std::filesystem::is_directory(found) ? walk_store(place, walk) : walk_export(place, walk);
}

}  // namespace

Exit verify(const Common& common, const std::filesystem::path& path) {
  auto place = path;
  if (place.empty()) {
    const auto site = load_or_explain(common);
    if (!site) return Exit::usage;
    place = site->store.folder;
  }
  Walk walk;
  if (const auto walked = walk_place(place, walk); !walked) return print_failure(common, walked.error()), Exit::device;
  return walk.print(common);
}

}  // namespace jidian::app

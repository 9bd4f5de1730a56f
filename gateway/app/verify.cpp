#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "app/archive.hpp"
#include "app/print.hpp"
#include "app/verbs.hpp"
#include "record/chain.hpp"

namespace jidian::app {
namespace {

// More findings than this say nothing new.
constexpr std::size_t findings_max = 100;

using ChainName = std::pair<std::uint64_t, record::Stream>;

/// Walks every (epoch, stream) and gathers what does not hang together.
class Walk {
 public:
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
    const auto same = record::same_content(**original, bytes);
    if (!same || !*same) add(key, "the copy does not say what its original says");
  }

  void add(const record::BatchKey& key, const std::string& finding) {
    note("epoch " + to_hex(key.epoch) + " " + std::string(record::name_of(key.stream)) + " " + std::to_string(key.seq) +
         ": " + finding);
  }

  void note(std::string finding) {
    if (++count_ <= findings_max) findings_.push_back(std::move(finding));
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
    std::cout << nlohmann::json{{"chains", chains},
                                {"copies", copies_},
                                {"findings", findings_},
                                {"findings_count", count_}}
                     .dump(2)
              << '\n';
  }

  void print_text() const {
    std::vector<std::vector<std::string>> rows{{"epoch", "stream", "batches", "head"}};
    for (const auto& [name, chain] : chains_)
      rows.push_back({to_hex(name.first), std::string(record::name_of(name.second)), std::to_string(chain.batches()),
                      chain.head() ? to_hex(*chain.head()).substr(0, 16) + "…" : "-"});
    std::cout << format_table(rows);
    if (copies_ > 0) std::cout << copies_ << " batches are copies of batches that were rejected as conflicts.\n";
    for (const auto& finding : findings_) std::cout << "FINDING  " << finding << '\n';
    if (count_ > findings_.size()) std::cout << "… and " << count_ - findings_.size() << " more\n";
    std::cout << (count_ == 0 ? "Every chain hangs together. To compare with the receiver: the heads above.\n"
                              : "The record has been damaged or changed. Keep the files, and tell the province.\n");
  }

  std::map<ChainName, record::ChainWalker> chains_;
  std::vector<std::string> findings_;
  std::size_t count_ = 0;
  std::size_t copies_ = 0;
};

Status walk_store(const std::filesystem::path& folder, Walk& walk) {
  const auto reader = store::open_reader(folder);
  if (!reader) return reader.error();
  for (const auto stream : record::all_streams) {
    const auto walked =
        for_each_batch(**reader, stream, UtcTime{Millis{std::numeric_limits<std::int64_t>::min()}},
                       UtcTime{Millis{std::numeric_limits<std::int64_t>::max()}}, [&](const auto& batch) {
                         walk.step(batch.key, batch.bytes);
                         walk.compare(**reader, batch.key, batch.bytes);
                         return true;
                       });
    if (!walked) return walked;
  }
  if ((*reader)->damaged() > 0)
    walk.note(std::to_string((*reader)->damaged()) + " rows do not match their CRC and were left out");
  return {};
}

Status walk_export(const std::filesystem::path& path, Walk& walk) {
  std::ifstream file(path);
  if (!file) return Error{ErrorKind::unreachable, "cannot read " + path.string()};
  std::string line;
  for (std::uint64_t number = 1; std::getline(file, line); ++number) {
    const auto batch = parse_evidence_line(line);
    if (batch)
      walk.step(batch->key, batch->bytes);
    else
      walk.note("line " + std::to_string(number) + ": " + batch.error().message());
  }
  return {};
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
  const auto walked = std::filesystem::is_directory(place) ? walk_store(place, walk) : walk_export(place, walk);
  if (!walked) return print_failure(common, walked.error()), Exit::device;
  return walk.print(common);
}

}  // namespace jidian::app

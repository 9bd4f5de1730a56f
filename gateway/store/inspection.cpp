#include "store/inspection.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "store/epoch_reader.hpp"
#include "store/layout.hpp"
#include "store/log_tail.hpp"

namespace jidian::store {
namespace fs = std::filesystem;
namespace {

using LogName = std::pair<std::uint64_t, record::Stream>;

/// How far a log had come, and who says so.
struct Witness {
  std::uint64_t seq = 0;
  std::string saying;
};

/// Files are asked thrice, in an order in which a writer beside cannot make them contradict one another: first for what
/// is known of others, then for their own ends, last for what left meanwhile.
class Inspector {
 public:
  explicit Inspector(const fs::path& folder)
      : folder_(folder), progress_(read_progress(folder)), names_(list_epochs(folder)) {}

  Inspection look() {
    hear_witnesses();
    for (const EpochName& name : names_)
      if (auto file = look_at(name)) found_.files.push_back(std::move(*file));
    hear_of_departures();
    for (InspectedFile& file : found_.files)
      for (const record::Stream stream : record::all_streams) compare(file, stream);
    if (progress_ && !names_.empty() && progress_->name.number > names_.back().number)
      found_.findings.push_back("the file " + progress_->name.file() + " is missing: the record had reached it");
    return std::move(found_);
  }

 private:
  void hear(const LogName& log, Witness witness) {
    Witness& known = witnesses_[log];
    if (witness.seq > known.seq) known = std::move(witness);
  }

  void hear_witnesses() {
    if (progress_)
      for (const record::Stream stream : record::all_streams)
        hear({progress_->name.epoch, stream},
             {progress_->last_seqs[index_of(stream)], "the file 'progress' says it had reached"});
    for (const EpochName& name : names_) {
      const auto reader = EpochReader::open(folder_, name);
      const auto rows = reader ? (*reader)->all_acknowledged() : reader.error();
      if (!rows) continue;
      for (const AcknowledgedRow& row : *rows)
        if (!row.ranges.ranges().empty())
          hear({row.epoch, row.stream},
               {row.ranges.ranges().back().last, "destination '" + row.destination + "' has confirmed up to"});
    }
  }

  /// Nothing, if the file left since it was listed.
  std::optional<InspectedFile> look_at(const EpochName& name) {
    InspectedFile file{name.file(), name.epoch, true, {}, {}};
    const LogTail tail = look_at_log(folder_ / file.name);
    const auto reader = EpochReader::open(folder_, name);
    if (!reader) {
      std::error_code failed;
      if (fs::symlink_status(folder_ / file.name, failed).type() == fs::file_type::not_found) return std::nullopt;
      file.is_readable = false;
      file.findings.push_back("opening it failed: " + reader.error().message());
      return file;
    }
    identify(**reader, file);
    if (!file.is_readable) return file;
    look_at_ends(**reader, file);
    if (tail.bytes > 0 && !(*reader)->reads_log())
      file.findings.push_back(
          "its write-ahead log was not read, because no file can be made beside it: verify a copy of the folder");
    if (!tail.lost.empty()) file.findings.push_back("its write-ahead log is damaged: " + tail.lost);
    if (!tail.torn.empty()) file.notes.push_back("its write-ahead log has an unfinished end: " + tail.torn);
    if (const auto reason = reason_of(**reader); !reason.empty())
      file.notes.push_back("it was begun for this reason: " + reason);
    return file;
  }

  /// Why an epoch was begun that is not the first of its store.
  static std::string reason_of(EpochReader& reader) {
    const auto predecessor = reader.meta("predecessor");
    const auto reason = reader.meta("reason");
    return predecessor && *predecessor && reason && *reason ? **reason : std::string();
  }

  static void identify(EpochReader& reader, InspectedFile& file) {
    const auto known = reader.check_format();
    const auto epoch = reader.meta("epoch");
    if (!known)
      file.findings.push_back(known.error().message());
    else if (!epoch)
      file.findings.push_back("it cannot be read: " + epoch.error().message());
    else if (*epoch != to_hex(file.epoch))
      file.findings.push_back(file.name + " holds another epoch");
    file.is_readable = file.findings.empty();
  }

  void look_at_ends(EpochReader& reader, InspectedFile& file) {
    Damage damage;
    for (const record::Stream stream : record::all_streams) {
      // Where the end cannot be told there is nothing to compare: whoever reads the batches meets the reason.
      if (const auto extent = reader.extent(stream, damage); extent)
        ends_[{file.epoch, stream}] = *extent ? (*extent)->last : 0;
    }
  }

  void hear_of_departures() {
    for (const EpochName& name : names_) {
      const auto reader = EpochReader::open(folder_, name);
      const auto logs = reader ? (*reader)->departures() : reader.error();
      if (!logs) continue;
      for (const auto& [log, departures] : *logs)
        for (const Departure& entry : departures.entries()) left_[log].add(entry.range);
    }
  }

  void compare(InspectedFile& file, record::Stream stream) const {
    const auto end = ends_.find({file.epoch, stream});
    const auto witness = witnesses_.find({file.epoch, stream});
    if (end == ends_.end() || witness == witnesses_.end() || witness->second.seq <= end->second) return;
    const auto left = left_.find({file.epoch, stream});
    if (left != left_.end() && left->second.contains(witness->second.seq)) return;
    file.findings.push_back("log " + table_of(stream) + " ends at " + std::to_string(end->second) + ", but " +
                            witness->second.saying + " " + std::to_string(witness->second.seq));
  }

  fs::path folder_;
  std::optional<Progress> progress_;
  std::vector<EpochName> names_;
  std::map<LogName, Witness> witnesses_;
  std::map<LogName, std::uint64_t> ends_;
  std::map<LogName, Ranges> left_;
  Inspection found_;
};

}  // namespace

Inspection inspect(const fs::path& folder) {
  return Inspector(folder).look();
}

}  // namespace jidian::store

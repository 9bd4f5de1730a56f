#include "store/reader.hpp"

#include <algorithm>

#include "store/epoch_reader.hpp"
#include "store/epoch_rows.hpp"

namespace jidian::store {
namespace {

/// Epochs held open at once: the newest and the one being drained. A connection costs up to three descriptors.
constexpr std::size_t open_max = 2;

class FolderReader final : public Reader {
 public:
  FolderReader(std::filesystem::path folder, std::shared_ptr<Damage> damage)
      : folder_(std::move(folder)), damage_(std::move(damage)) {}

  std::vector<std::uint64_t> epochs() override {
    names_ = list_epochs(folder_);
    std::erase_if(open_, [&](const auto& reader) { return std::ranges::find(names_, reader->name()) == names_.end(); });
    std::vector<std::uint64_t> epochs;
    for (const EpochName& name : names_) epochs.push_back(name.epoch);
    return epochs;
  }

  std::optional<UtcTime> began(std::uint64_t epoch) override {
    const auto reader = reader_of(epoch);
    return reader ? began_at(**reader) : std::nullopt;
  }

  Result<std::optional<SeqRange>> extent(std::uint64_t epoch, record::Stream stream) override {
    const auto reader = reader_of(epoch);
    if (!reader) return reader.error();
    return insist<std::optional<SeqRange>>([&] { return (*reader)->extent(stream, damage_); });
  }

  Result<std::vector<StoredBatch>> read(std::uint64_t epoch, record::Stream stream, SeqRange wanted,
                                        std::size_t rows_max, std::size_t bytes_max) override {
    const auto reader = reader_of(epoch);
    if (!reader) return reader.error();
    return insist<std::vector<StoredBatch>>(
        [&] { return (*reader)->read(stream, wanted, rows_max, bytes_max, damage_); });
  }

  Result<std::optional<SeqRange>> find(std::uint64_t epoch, record::Stream stream, UtcTime from,
                                       UtcTime until) override {
    const auto reader = reader_of(epoch);
    if (!reader) return reader.error();
    return insist<std::optional<SeqRange>>([&] { return (*reader)->find(stream, from, until, damage_); });
  }

  Result<Bytes> manifest(const Hash& hash) override {
    return first_that_has<Bytes>([&](EpochReader& reader) { return reader.manifest(hash); },
                                 Error{ErrorKind::not_found, "no manifest " + to_hex(hash)});
  }

  Result<Ranges> acknowledged(const std::string& destination, std::uint64_t epoch, record::Stream stream) override {
    return first_that_has<Ranges>(
        [&](EpochReader& reader) -> Result<Ranges> {
          auto ranges = reader.acknowledged(destination, epoch, stream);
          if (!ranges) return ranges.error();
          if (!*ranges) return Error{ErrorKind::not_found, {}};
          return std::move(**ranges);
        },
        Ranges{});
  }

  Result<DepartedLogs> departures() override {
    return first_that_has<DepartedLogs>([](EpochReader& reader) { return reader.departures(); }, DepartedLogs{});
  }

  Result<Ranges> damage_told(std::uint64_t epoch, record::Stream stream) override {
    return first_that_has<Ranges>(
        [&](EpochReader& reader) -> Result<Ranges> {
          auto logs = reader.damage_told();
          if (!logs) return logs.error();
          return std::move((*logs)[{epoch, stream}]);
        },
        Ranges{});
  }

  std::uint64_t damaged() const override { return damage_.count(); }

 private:
  /// Where nobody maintains the store, what the disk refuses is asked for again at once: nobody comes back later.
  template <typename Value, typename Ask>
  Result<Value> insist(Ask ask) {
    Result<Value> value = ask();
    for (int tries = 1; tries < Damage::refusals_max && !damage_.has_rounds(); ++tries) {
      if (value || value.error().kind() != ErrorKind::io) break;
      value = ask();
    }
    return value;
  }

  Result<EpochReader*> reader_of(std::uint64_t epoch) {
    const auto held = std::ranges::find(open_, epoch, [](const auto& reader) { return reader->name().epoch; });
    if (held != open_.end()) {
      std::rotate(held, held + 1, open_.end());  // the last used stands last
      return open_.back().get();
    }
    auto name = std::ranges::find(names_, epoch, &EpochName::epoch);
    if (name == names_.end() || name + 1 == names_.end()) {  // unknown, or thought the newest: look again
      names_ = list_epochs(folder_);
      name = std::ranges::find(names_, epoch, &EpochName::epoch);
    }
    if (name == names_.end()) return Error{ErrorKind::not_found, "no epoch " + to_hex(epoch) + " in the store"};
    auto opened = EpochReader::open(folder_, *name);
    if (!opened) return opened.error();
    if (open_.size() == open_max) open_.erase(open_.begin());
    open_.push_back(std::move(*opened));
    return open_.back().get();
  }

  /// Asks the epochs from the newest to the oldest, passing over those that cannot be read.
  template <typename Value, typename Ask>
  Result<Value> first_that_has(Ask ask, Result<Value> otherwise) {
    std::vector<std::uint64_t> newest_first = epochs();
    std::ranges::reverse(newest_first);
    for (const std::uint64_t epoch : newest_first) {
      const auto reader = reader_of(epoch);
      if (!reader) continue;
      if (auto value = ask(**reader)) return value;
    }
    return otherwise;
  }

  std::filesystem::path folder_;
  Damage damage_;
  std::vector<EpochName> names_;
  std::vector<std::unique_ptr<EpochReader>> open_;
};

}  // namespace

std::unique_ptr<Reader> make_reader(std::filesystem::path folder, std::shared_ptr<Damage> damage) {
  return std::make_unique<FolderReader>(std::move(folder), std::move(damage));
}

Result<std::unique_ptr<Reader>> open_reader(const std::filesystem::path& folder) {
  std::error_code failed;
  if (!std::filesystem::is_directory(folder, failed))
    return Error{failed == std::errc::permission_denied ? ErrorKind::io : ErrorKind::not_found,
                 "no store in " + folder.string()};
  auto reader = make_reader(folder, nullptr);
  if (reader->epochs().empty()) return Error{ErrorKind::not_found, "no epoch in " + folder.string()};
  return reader;
}

}  // namespace jidian::store

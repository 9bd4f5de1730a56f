#include "store/store.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "store/layout.hpp"
#include "store/reader.hpp"
#include "store/store_impl.hpp"

namespace jidian::store {
namespace fs = std::filesystem;
namespace {

/// Below it no epoch could breathe.
constexpr std::uint64_t quota_bytes_min = 1 << 20;

Options with_sane_quota(Options options) {
  options.quota_bytes = std::max(options.quota_bytes, quota_bytes_min);
  return options;
}

/// The last commit an old file knows of, as far as it can be read.
std::optional<UtcTime> last_commit_of(const OldEpoch& old) {
  std::optional<UtcTime> last;
  for (const record::Stream stream : {record::Stream::event, record::Stream::reading})
    if (old.extents[index_of(stream)]) last = std::max(last.value_or(UtcTime{}), old.newest[index_of(stream)]);
  return last;
}

/// Why a file that reads well is not to be continued; empty if it is.
std::string why_outdated(const EpochFile& file, const Progress& progress) {
  if (progress.name.number > file.name().number)
    return "the file of epoch " + to_hex(progress.name.epoch) + " is missing";
  if (progress.name != file.name()) return {};
  for (const record::Stream stream : record::all_streams) {
    const std::uint64_t known = progress.last_seqs[index_of(stream)];
    const std::uint64_t there = file.found().heads[index_of(stream)].next_seq - 1;
    if (there < known)
      return "an older copy of epoch " + to_hex(file.name().epoch) + " was put back: log " + table_of(stream) +
             " ends at " + std::to_string(there) + ", but had reached " + std::to_string(known);
  }
  return {};
}

/// Likewise, of a file that an older release made.
std::string why_too_old(const EpochFile& file) {
  if (file.found().format == format_version) return {};
  return file.name().file() + " has format " + std::to_string(file.found().format) + ", this release writes " +
         std::to_string(format_version);
}

}  // namespace

StoreImpl::StoreImpl(Options options, FolderLock lock)
    : options_(with_sane_quota(std::move(options))),
      lock_(std::move(lock)),
      reserve_(options_.folder, Budget::of(options_.quota_bytes, 0).reserve_bytes) {
  health_.folder = options_.folder.string();
  health_.quota_bytes = options_.quota_bytes;
}

Status StoreImpl::open(UtcTime now) {
  remove_leftovers(options_.folder);
  const std::vector<EpochName> names = list_epochs(options_.folder);
  const auto progress = read_progress(options_.folder);
  for (std::size_t i = 0; i + 1 < names.size(); ++i) retire(names[i]);

  Opening opening;
  if (progress) opening.last_progress = progress->at;
  std::unique_ptr<EpochFile> file;
  if (names.empty()) {
    opening.reason = progress ? "the file of epoch " + to_hex(progress->name.epoch) + " is missing" : "a new store";
    if (progress) opening.predecessor = progress->name.epoch;
    if (progress) opening.last_commit = progress->at;
  } else {
    auto opened = open_newest(names.back());
    if (!opened && opened.error().kind() == ErrorKind::full) return opened.error();
    if (opened) file = std::move(*opened);
    opening.reason = !opened ? opened.error().message() : progress ? why_outdated(*file, *progress) : std::string();
    opening.predecessor = names.back().epoch;
    if (progress && progress->name.number > names.back().number) opening.predecessor = progress->name.epoch;
  }

  const bool is_whole = file && opening.reason.empty();
  if (is_whole) {
    opening.reason = why_too_old(*file);
    opening.last_commit = file->found().last_commit;
    opening.stopped_cleanly = file->found().stopped_cleanly;
    opening.notes_hold = !opening.reason.empty();
  }
  if (is_whole && opening.reason.empty()) {
    load_beside({names.back()});
    opening.epoch = file->name().epoch;
    opening.predecessor = file->found().predecessor;
    adopt(std::move(file), std::move(opening), now);
    return {};
  }
  file.reset();
  if (!names.empty()) {
    const bool is_noted = progress && progress->name == names.back();
    retire(names.back(), is_noted ? progress->last_seqs : std::array<std::uint64_t, 3>{});
    load_beside(names);
    if (!is_whole) opening.last_commit = last_commit_of(old_.back());
    if (!opening.last_commit && progress) opening.last_commit = progress->at;
  }
  std::uint64_t number = names.empty() ? 0 : names.back().number;
  if (progress) number = std::max(number, progress->name.number);
  return start_epoch(std::move(opening), number + 1, now);
}

/// Opens the newest file, on the reserve's space if there is no other.
Result<std::unique_ptr<EpochFile>> StoreImpl::open_newest(const EpochName& name) {
  const std::uint64_t frames = Budget::of(options_.quota_bytes, 0).log_frames_max;
  auto opened = EpochFile::open(options_.folder, name, frames);
  if (opened) return opened;
  const ErrorKind kind = opened.error().kind();
  const bool may_want_room = kind == ErrorKind::full || kind == ErrorKind::io || kind == ErrorKind::unreachable;
  if (may_want_room && reserve_.release()) return EpochFile::open(options_.folder, name, frames);
  return opened;
}

/// Takes over acknowledgements, the ledger and notes from files; what cannot be read is sent or learnt again.
void StoreImpl::load_beside(const std::vector<EpochName>& names) {
  const auto is_there = [&](std::uint64_t epoch) {  // a power cut may have come between a file's end and theirs
    return epoch == names.back().epoch ||
           std::ranges::any_of(old_, [&](const OldEpoch& old) { return old.name.epoch == epoch; });
  };
  for (const EpochName& name : names) {
    const auto reader = EpochReader::open(options_.folder, name);
    if (!reader) continue;
    if (const auto rows = (*reader)->all_acknowledged(); rows)
      for (const AcknowledgedRow& row : *rows)
        if (is_there(row.epoch)) acknowledgements_.load(row);
    if (const auto entries = (*reader)->ledger(); entries && name == names.back()) ledger_ = *entries;
    if (auto logs = (*reader)->departures(); logs && name == names.back()) departed_ = std::move(*logs);
    if (auto notes = (*reader)->notes(); notes && name == names.back()) notes_ = std::move(*notes);
    if (auto told = (*reader)->damage_told(); told && name == names.back()) damage_told_ = std::move(*told);
  }
  damage_->know_told(damage_told_);
}

/// Makes the file of a new epoch and goes on with it. `opening` says why, and after whom.
Status StoreImpl::start_epoch(Opening opening, std::uint64_t number, UtcTime now) {
  const auto epoch = random_epoch();
  if (!epoch) return epoch.error();
  opening.epoch = *epoch;
  opening.began_epoch = true;
  std::vector<Eviction> ledger = ledger_;
  ledger.insert(ledger.end(), told_.begin(), told_.end());
  const Seed seed{{number, *epoch}, opening.predecessor, opening.reason, now,       acknowledgements_.all(),
                  ledger,           manifest_,           notes_,         departed_, damage_told_};
  auto made = EpochFile::create(options_.folder, seed);
  if (!made && reserve_.release()) made = EpochFile::create(options_.folder, seed);
  const auto give_up = [&](const Error& why) {  // two of one number would follow each other in any order
    remove_epoch(options_.folder, seed.name);
    (void)sync_folder(options_.folder);
    return why;
  };
  if (!made) return give_up(made.error());
  auto opened = open_newest(seed.name);
  if (!opened) return give_up(opened.error());
  spdlog::log(opening.predecessor ? spdlog::level::warn : spdlog::level::info, "new epoch began epoch={} why=\"{}\"",
              to_hex(opening.epoch), opening.reason);
  adopt(std::move(*opened), std::move(opening), now);
  return {};
}

void StoreImpl::adopt(std::unique_ptr<EpochFile> file, Opening opening, UtcTime now) {
  file_ = std::move(file);
  heads_ = file_->found().heads;
  pages_cap_.reset();  // it was the size of the file before
  std::erase_if(manifests_pending_, [&](const auto& pending) { return file_->has_manifest(pending.first); });
  persisted_at_ = now;
  rate_since_ = now;
  rate_bytes_ = 0;
  {
    const std::scoped_lock lock(health_mutex_);
    health_.epoch = to_hex(opening.epoch);
    health_.last_commit = opening.last_commit;
  }
  openings_.push_back(std::move(opening));
  opening_.store(&openings_.back());
  reserve_.take();
  divide_quota();
  note_progress(now);
  refresh_health(now);
}

Status StoreImpl::begin_epoch(const std::string& reason, UtcTime now) {
  if (!file_) return Error{ErrorKind::invalid, "the store is closed"};
  const EpochName before = file_->name();
  Opening opening;
  opening.predecessor = before.epoch;
  opening.reason = reason;
  opening.last_commit = health().last_commit;
  // Everything in one file: readers then need neither locks nor a look at the log.
  if (auto done = file_->checkpoint_fully(); !done)
    spdlog::warn("old epoch keeps its log epoch={} why=\"{}\"", to_hex(before.epoch), done.error().message());
  std::error_code unknown;
  const bool is_there = fs::exists(options_.folder / before.file(), unknown) || unknown;
  if (!is_there) give_up_deleted(now);
  restore_folder();
  const auto reached = last_seqs();
  std::unique_ptr<EpochFile> old = std::move(file_);
  if (auto begun = start_epoch(std::move(opening), before.number + 1, now); !begun) {
    file_ = std::move(old);
    return begun;
  }
  old.reset();
  if (is_there) retire(before, reached);
  divide_quota();
  return {};
}

/// Makes the store's folder anew if somebody removed it, with its lock.
void StoreImpl::restore_folder() {
  std::error_code failed;
  if (!fs::create_directories(options_.folder, failed) || failed) return;
  spdlog::error("the store's folder was removed, it is made anew folder={}", options_.folder.string());
  if (auto lock = FolderLock::take(options_.folder)) lock_anew_.emplace(std::move(*lock));
}

/// @param last_known  What its logs reached, which damage may hide; 0: not known.
void StoreImpl::retire(const EpochName& name, const std::array<std::uint64_t, 3>& last_known) {
  OldEpoch old;
  old.name = name;
  old.last_known = last_known;
  examine(old);
  old_.push_back(std::move(old));
}

/// Shares the quota out again after an epoch came or went.
void StoreImpl::divide_quota() {
  file_pages_max_ = Budget::of(options_.quota_bytes, old_bytes()).file_pages_max;
  if (auto done = file_->limit_pages(file_pages_max_); !done)
    spdlog::warn("quota not enforced why=\"{}\"", done.error().message());
}

void StoreImpl::note_progress(UtcTime now) {
  write_progress(options_.folder, {file_->name(), last_seqs(), now});
}

/// The newest seq of each stream, in the order of all_streams.
std::array<std::uint64_t, 3> StoreImpl::last_seqs() const {
  std::array<std::uint64_t, 3> seqs{};
  for (std::size_t i = 0; i < heads_.size(); ++i) seqs[i] = heads_[i].next_seq - 1;
  return seqs;
}

Head StoreImpl::head(record::Stream stream) const {
  return heads_[index_of(stream)];
}

Result<std::unique_ptr<Reader>> StoreImpl::reader() const {
  return make_reader(options_.folder, damage_);
}

Status StoreImpl::close(UtcTime now) {
  if (!file_) return {};
  auto transaction = file_->begin();
  if (!transaction) return transaction.error();
  for (const AcknowledgedRow& row : acknowledgements_.all())
    if (auto done = file_->put_acknowledged(row); !done) return done;
  for (const auto& [name, text] : notes_pending_)
    if (auto done = file_->put_note(name, text); !done) return done;
  if (auto done = file_->put_stop(now); !done) return done;
  if (auto done = transaction->commit(); !done) return done;
  note_progress(now);
  auto done = file_->checkpoint_fully();
  file_.reset();
  return done;
}

Result<std::unique_ptr<Store>> open_store(const Options& options, UtcTime now) {
  std::error_code failed;
  fs::create_directories(options.folder, failed);
  if (failed)
    return Error{ErrorKind::io, "making the store's folder " + options.folder.string() + ": " + failed.message()};
  auto lock = FolderLock::take(options.folder);
  if (!lock) return lock.error();
  auto store = std::make_unique<StoreImpl>(options, std::move(*lock));
  if (auto opened = store->open(now); !opened) return opened.error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace jidian::store

// Power cuts: what SQLite has not synced may be there, partly there, or not there at all.
#include <map>
#include <random>

#include "tests/fault/store/sqlite_spy.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;
namespace fs = std::filesystem;

constexpr int cuts = 200;
constexpr std::uint64_t sector = 512;

Bytes read_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(stream), {});
}

/// One thing SQLite did to a file since its last sync.
struct Change {
  bool is_write = false;
  std::uint64_t offset = 0;  ///< Of a write; of a truncation the new size.
  Bytes bytes;
};

/// A disk that keeps what was synced, and of the rest what chance leaves.
class Disk final : public fault::FileObserver {
 public:
  explicit Disk(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) files_[entry.path()].durable = read_bytes(entry.path());
  }

  void wrote(const std::string& path, std::uint64_t offset, ByteView bytes) override {
    files_[path].changes.push_back({true, offset, Bytes(bytes.begin(), bytes.end())});
    ++operations_;
    may_cut();
  }
  void truncated(const std::string& path, std::uint64_t size) override {
    files_[path].changes.push_back({false, size, {}});
    ++operations_;
    may_cut();
  }
  void synced(const std::string& path) override {
    may_cut();  // an instant before the sync took effect
    File& file = files_[path];
    for (const Change& change : file.changes) apply(change, file.durable);
    file.changes.clear();
    ++operations_;
    may_cut();
  }

  /// The power fails at this operation; what is left then goes to `into`.
  void cut_at(std::uint64_t operation, std::uint64_t seed, fs::path into) {
    cut_at_ = operation;
    chance_.seed(seed);
    into_ = std::move(into);
  }
  bool is_cut() const { return is_cut_; }
  std::uint64_t operations() const { return operations_; }

 private:
  struct File {
    Bytes durable;
    std::vector<Change> changes;
  };

  static void apply(const Change& change, Bytes& bytes) {
    if (!change.is_write) {
      bytes.resize(change.offset);
      return;
    }
    if (bytes.size() < change.offset + change.bytes.size()) bytes.resize(change.offset + change.bytes.size());
    std::ranges::copy(change.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(change.offset));
  }

  /// Sectors of a write reach the disk each by itself.
  void apply_some(const Change& change, Bytes& bytes) {
    if (!change.is_write) {
      if (chance_() % 2 == 0) apply(change, bytes);
      return;
    }
    const std::uint64_t way = chance_() % 3;  // none, all, or some sectors
    if (way == 0) return;
    for (std::uint64_t at = 0; at < change.bytes.size();) {
      const std::uint64_t length =
          std::min<std::uint64_t>(change.bytes.size() - at, sector - (change.offset + at) % sector);
      if (way == 1 || chance_() % 2 == 0) {
        const auto from = change.bytes.begin() + static_cast<std::ptrdiff_t>(at);
        apply({true, change.offset + at, Bytes(from, from + static_cast<std::ptrdiff_t>(length))}, bytes);
      }
      at += length;
    }
  }

  void may_cut() {
    if (is_cut_ || operations_ < cut_at_ || into_.empty()) return;
    is_cut_ = true;
    fs::create_directories(into_);
    for (const auto& [path, file] : files_) {
      if (path.extension() == "-shm" || path.string().ends_with("-shm")) continue;
      Bytes bytes = file.durable;
      std::vector<Change> changes = file.changes;
      std::ranges::shuffle(changes, chance_);
      for (const Change& change : changes) apply_some(change, bytes);
      std::ofstream stream(into_ / path.filename(), std::ios::binary);
      stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
  }

  std::map<fs::path, File> files_;
  std::uint64_t operations_ = 0;
  std::uint64_t cut_at_ = 0;
  std::mt19937_64 chance_;
  fs::path into_;
  bool is_cut_ = false;
};

/// Commits, acknowledgements, evictions and checkpoints in one run. Gives how many batches had been committed for good
/// when the power failed.
std::uint64_t run_until_cut(const Options& options, Disk& disk, std::uint64_t epoch) {
  const fault::SqliteSpy spy(disk);
  std::uint64_t committed = 0;
  const auto store = open_or_fail(options);
  for (std::uint64_t i = 0; i < 60 && !disk.is_cut(); ++i) {
    const UtcTime now = after(std::chrono::seconds(10 * i));
    EXPECT_TRUE(record_together(*store, Stream::reading, 1 + i % 3, now, 500 + i % 7 * 900));
    if (disk.is_cut()) break;
    committed = store->head(Stream::reading).next_seq - 1;
    if (i > 5) store->acknowledge("province", epoch, Stream::reading, {1, committed - 5});
    if (i % 10 == 0) {
      EXPECT_TRUE(store->maintain(now + 1h));
    }
  }
  return committed;
}

TEST(PowerCut, EveryCommittedBatchIsThereWhereverThePowerFails) {
  TempFolder folder;
  Options options;
  options.folder = folder.path() / "template";
  options.quota_bytes = 1 << 20;  // checkpoints and evictions are frequent
  options.retention = {{Stream::reading, 1h}};
  options.destinations = {{"province", {Stream::reading}}};
  std::uint64_t epoch = 0;
  {
    const auto store = open_or_fail(options);
    epoch = store->opening().epoch;
  }
  const auto copy_template = [&](const fs::path& to) {
    fs::remove_all(to);
    fs::copy(options.folder, to);
    fs::remove(to / "reserve");
    Options here = options;
    here.folder = to;
    return here;
  };
  std::uint64_t operations = 0;
  {
    const Options here = copy_template(folder.path() / "whole");
    Disk disk(here.folder);
    EXPECT_EQ(run_until_cut(here, disk, epoch), 120U);
    operations = disk.operations();
  }

  const std::uint64_t seed = 20260301;
  std::mt19937_64 chance(seed);
  for (int cut = 0; cut < cuts; ++cut) {
    const Options here = copy_template(folder.path() / "live");
    Disk disk(here.folder);
    Options left = here;
    left.folder = folder.path() / "left";
    fs::remove_all(left.folder);
    const std::uint64_t at = 1 + chance() % operations;
    disk.cut_at(at, seed + static_cast<std::uint64_t>(cut), left.folder);
    const std::uint64_t committed = run_until_cut(here, disk, epoch);
    if (!disk.is_cut()) continue;

    SCOPED_TRACE("cut " + std::to_string(cut) + " at operation " + std::to_string(at));
    const auto store = open_or_fail(left);
    ASSERT_EQ(store->opening().epoch, epoch) << store->opening().reason;
    const std::uint64_t newest = store->head(Stream::reading).next_seq - 1;
    ASSERT_GE(newest, committed);
    const auto rows = read_all(**store->reader(), epoch, Stream::reading);
    if (newest == 0) continue;
    // Nothing damaged, no hole, and gone is only what was confirmed.
    ASSERT_EQ(seqs_of(rows), seqs_between(rows.front().key.seq, newest));
    ASSERT_LE(rows.front().key.seq, std::max<std::uint64_t>(1, committed));
    for (const StoredBatch& row : rows) ASSERT_EQ(row.bytes, content_of(row.key, row.bytes.size()));
    record_batches(*store, Stream::reading, 1, after(1h));
  }
}

}  // namespace
}  // namespace jidian::store

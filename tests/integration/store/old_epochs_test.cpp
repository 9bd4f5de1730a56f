// What old epochs give up when room is wanted: whole batches, in order, told once.
#include <fcntl.h>
#include <unistd.h>

#include "store/folder.hpp"
#include "store/layout.hpp"
#include "store/sqlite.hpp"
#include "tests/integration/store/old_epochs.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;
namespace fs = std::filesystem;

TEST_F(OldEpochGivesRoom, ByWholeBatchesConfirmedOnesFirstThenTheOldestWithTheirLedger) {
  record_until([&] { return left().size() < 200; });
  EXPECT_EQ(left(), joined(seqs_between(1, 40), seqs_between(71, 200))) << "what everybody has goes first";
  EXPECT_EQ(store_->health().evicted, 0U);

  record_until([&] { return store_->health().evicted > 0; });
  EXPECT_EQ(left(), joined(seqs_between(33, 40), seqs_between(71, 200))) << "then the oldest, as few as are needed";
  const auto evictions = store_->maintain(now_, ClockTrust::sure);
  ASSERT_TRUE(evictions);
  ASSERT_EQ(evictions->size(), 1U);
  const Eviction& eviction = evictions->front();
  EXPECT_EQ(eviction.epoch, old_);
  EXPECT_EQ(eviction.range, (SeqRange{1, 32}));
  EXPECT_EQ(eviction.anchor, record::sha256(content_of({old_, Stream::reading, 32}, 4000)));
  EXPECT_EQ(eviction.unconfirmed, std::vector<std::string>{"province"});
  EXPECT_EQ(seqs_of(read_all(**store_->reader(), store_->opening().epoch, Stream::reading)),
            seqs_between(1, store_->head(Stream::reading).next_seq - 1))
      << "nothing of the present epoch";
}

TEST_F(OldEpochGivesRoom, AndWhatIsLeftOfItOutlivesAStart) {
  record_until([&] { return store_->health().evicted > 0; });
  const std::vector<std::uint64_t> before = left();
  ASSERT_FALSE(before.empty());
  store_.reset();
  store_ = open_or_fail(options_, now_);
  EXPECT_EQ(left(), before);
  const auto rows = read_all(**store_->reader(), old_, Stream::reading);
  for (const StoredBatch& row : rows) EXPECT_EQ(row.bytes, content_of(row.key, 4000));
  const auto gone = (*store_->reader())->departures();
  ASSERT_TRUE(gone);
  const auto& entries = gone->at({old_, Stream::reading}).entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].why, Parting::unconfirmed);
  EXPECT_EQ(entries[0].range.first, 1U);
  EXPECT_EQ(entries[1].why, Parting::quota);
  EXPECT_EQ(entries[1].range, (SeqRange{41, 70}));
}

TEST_F(OldEpochGivesRoom, AlsoWithThePagesOfAnOlderRelease) {
  const fs::path file = epoch_files(options_.folder).front();
  const auto make_it_old = [&] {
    auto db = Db::open(file, Db::Access::write);
    ASSERT_TRUE(db);
    const auto done = db->run(
        "PRAGMA journal_mode=DELETE; PRAGMA page_size=4096; VACUUM; PRAGMA journal_mode=WAL; PRAGMA user_version=1");
    ASSERT_TRUE(done) << done.error().message();
  };
  restart_after(make_it_old, [&] { store_ = open_or_fail(options_, now_); });
  const std::uint64_t bytes = file_bytes(file);
  record_until([&] { return store_->health().evicted > 0; });
  EXPECT_EQ(left(), joined(seqs_between(33, 40), seqs_between(71, 200)));
  EXPECT_LT(file_bytes(file) + 50 * 4096, bytes);
  for (const StoredBatch& row : read_all(**store_->reader(), old_, Stream::reading))
    EXPECT_EQ(row.bytes, content_of(row.key, 4000));
}

TEST_F(OldEpochGivesRoom, PastDamagedPagesAndNothingSoundGoesBeforeItsTurn) {
  const fs::path file = epoch_files(options_.folder).front();
  for (const std::uint64_t seq : {10U, 50U}) spoil_page_of(file, old_, seq, 4000);
  record_until([&] { return store_->health().evicted > 0; });
  ASSERT_EQ(epoch_files(options_.folder).size(), 2U) << "the file stays for what is sound";
  EXPECT_LE(store_->health().evicted, 64U);
  const auto has_newer = [&] {
    const std::vector<std::uint64_t> seqs = left();
    return std::ranges::count_if(seqs, [](std::uint64_t seq) { return seq > 70; }) == 130;
  };
  EXPECT_TRUE(has_newer());

  record_until([&] { return left().size() < 150; });
  ASSERT_EQ(epoch_files(options_.folder).size(), 2U);
  EXPECT_TRUE(has_newer()) << "the oldest goes first, on both sides of the damage";
  record_until([&] { return left().size() < 110; });
  EXPECT_EQ(epoch_files(options_.folder).size(), 2U) << "and so on behind it";
}

TEST_F(OldEpochGivesRoom, AndALockOnItIsNoDamage) {
  auto other = Db::open(epoch_files(options_.folder).front(), Db::Access::write);
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->run("BEGIN IMMEDIATE"));
  record_until([&] { return store_->health().evicted > 0; });
  EXPECT_EQ(left(), seqs_between(1, 200)) << "it rests, the present epoch gives room";
  ASSERT_TRUE(other->run("ROLLBACK"));
  record_until([&] { return left().size() < 200; });
  EXPECT_EQ(left(), joined(seqs_between(1, 40), seqs_between(71, 200)));
}

TEST_F(OldEpochGivesRoom, AndOneThatIsLockedSinceTheStartIsNotGivenUp) {
  restart_after([] {},
                [&] {
                  auto other = Db::open(epoch_files(options_.folder).front(), Db::Access::write);
                  ASSERT_TRUE(other);
                  ASSERT_TRUE(other->run("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE"));
                  store_ = open_or_fail(options_, now_);
                  record_until([&] { return store_->health().evicted > 0; });
                });
  ASSERT_EQ(epoch_files(options_.folder).size(), 2U);
  EXPECT_EQ(left(), seqs_between(1, 200));
}

TEST_F(OldEpochGivesRoom, AndOneThatNobodyCouldEverReadIsALossInEachOfItsLogs) {
  const fs::path file = epoch_files(options_.folder).front();
  restart_after([&] { std::ofstream(file, std::ios::binary) << std::string(820'000, 'x'); },
                [&] { store_ = open_or_fail(options_, now_); });
  record_until([&] { return epoch_files(options_.folder).size() == 1; });
  const auto evictions = store_->maintain(now_, ClockTrust::sure);
  ASSERT_TRUE(evictions);
  std::vector<SeqRange> readings;
  std::size_t others = 0;
  for (const Eviction& eviction : *evictions) {
    if (eviction.epoch != old_) continue;
    EXPECT_EQ(eviction.unconfirmed, std::vector<std::string>{"province"});
    if (eviction.stream == Stream::reading)
      readings.push_back(eviction.range);
    else
      ++others;
  }
  EXPECT_EQ(readings, (std::vector<SeqRange>{{1, 40}, {71, 71}})) << "up to the first that nobody knows of";
  EXPECT_EQ(others, 2U) << "events and intervals";
  const auto gone = (*store_->reader())->departures();
  ASSERT_TRUE(gone);
  EXPECT_TRUE(gone->contains({old_, Stream::reading}));
}

TEST_F(OldEpochGivesRoom, OnlyOnceWhileSomebodyIsReadingIt) {
  const fs::path file = epoch_files(options_.folder).front();
  auto other = Db::open(file, Db::Access::read);
  ASSERT_TRUE(other);
  auto rows = other->prepare("SELECT seq FROM " + table_of(Stream::reading));
  ASSERT_TRUE(rows);
  ASSERT_TRUE(rows->next());
  record_until([&] { return left().size() < 200; });
  const std::vector<std::uint64_t> rest = joined(seqs_between(1, 40), seqs_between(71, 200));
  EXPECT_EQ(left(), rest);
  record_batches(*store_, Stream::reading, 3, now_, 4000);
  now_ += 30s;
  EXPECT_EQ(left(), rest) << "what leaves it makes no room";
  const std::uint64_t bytes = file_bytes(file);
  rows->reset();
  record_until([&] { return file_bytes(file) < bytes; });
  EXPECT_LT(file_bytes(file) + 80 * page_bytes, bytes) << "the room comes once he is done";
}

TEST_F(OldEpochGivesRoom, WithOneLineInTheLedgerThoughTheyWereStillThereAfterTheirAccount) {
  const fs::path file = epoch_files(options_.folder).front();
  const fs::path copy = folder_.path() / "copy.db";
  fs::copy_file(file, copy);
  record_until([&] { return store_->health().evicted > 0; });
  ASSERT_EQ(store_->maintain(now_, ClockTrust::sure)->front().range.first, 1U);
  record_batches(*store_, Stream::event, 1, now_);
  const std::uint64_t evicted = store_->health().evicted;
  // As after a power cut between the two transactions.
  restart_after([&] { fs::copy_file(copy, file, fs::copy_options::overwrite_existing); },
                [&] { store_ = open_or_fail(options_, now_); });
  ASSERT_EQ(left().size(), 200U);
  record_until([&] { return left().front() > 1; });
  EXPECT_EQ(store_->health().evicted, 0U);
  const auto told = store_->maintain(now_, ClockTrust::sure);
  ASSERT_TRUE(told);
  for (const Eviction& eviction : *told)
    if (eviction.epoch == old_) {
      EXPECT_GT(eviction.range.first, evicted);
    }
}

TEST_F(OldEpochGivesRoom, AndItsReadersKeepTheirLocks) {
  const fs::path file = epoch_files(options_.folder).front();
  const auto reader = *store_->reader();
  EXPECT_EQ(read_all(*reader, old_, Stream::reading).size(), 200U);
  const std::uint64_t bytes = file_bytes(file);
  record_until([&] { return file_bytes(file) < bytes; });
  // Asks as another process would. SQLite's shared lock: https://www.sqlite.org/src/file/src/os.h
  const int descriptor = open(file.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = 0x40000002;
  lock.l_len = 510;
  EXPECT_EQ(fcntl(descriptor, F_OFD_GETLK, &lock), 0);
  EXPECT_NE(lock.l_type, F_UNLCK);
  close(descriptor);
}

TEST_F(OldEpochGivesRoom, WhileAReaderHasItOpen) {
  const auto reader = *store_->reader();
  EXPECT_EQ(read_all(*reader, old_, Stream::reading).size(), 200U);
  record_until([&] { return store_->health().evicted > 0; });
  EXPECT_EQ(seqs_of(read_all(*reader, old_, Stream::reading)), left());
  EXPECT_EQ(reader->damaged(), 0U);
}

TEST_F(Losses, LoweredQuotaLetsTheAccountOfOldBatchesIntoAFileThatIsTooLong) {
  options_.quota_bytes = 16 << 20;
  options_.destinations = {{std::string(5000, 'p'), {Stream::reading}}};  // its line in the ledger takes a page more
  auto store = open_or_fail(options_);
  ASSERT_TRUE(record_together(*store, Stream::reading, 100, noon, 4000));
  ASSERT_TRUE(store->begin_epoch("test", noon));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(record_together(*store, Stream::reading, 100, noon, 4000));
  }
  ASSERT_TRUE(store->close(noon));
  store.reset();
  options_.quota_bytes = 2 << 20;
  store = open_or_fail(options_, after(10s));
  record_batches(*store, Stream::reading, 1, after(20s), 4000);
  EXPECT_GT(store->health().evicted, 0U);
  EXPECT_EQ(store->health().trouble.find("partition is full"), std::string::npos) << store->health().trouble;
}

}  // namespace
}  // namespace jidian::store

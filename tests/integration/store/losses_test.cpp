// What cannot be read any more, what somebody deleted, and what old epochs give up: told once, row for row.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "store/folder.hpp"
#include "store/layout.hpp"
#include "store/sqlite.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;
namespace fs = std::filesystem;

class Losses : public testing::Test {
 protected:
  Losses() {
    options_.folder = folder_.path() / "store";
    options_.quota_bytes = 64 << 20;
    options_.destinations = {{"province", {Stream::event, Stream::interval, Stream::reading}}};
  }

  /// A store with one epoch of some batches, stopped. Gives the epoch.
  std::uint64_t stopped_store(std::uint64_t batches, std::size_t size) {
    const auto store = open_or_fail(options_);
    EXPECT_TRUE(record_together(*store, Stream::reading, batches, noon, size));
    EXPECT_TRUE(store->close(noon));
    return store->opening().epoch;
  }
  fs::path newest_file() const { return epoch_files(options_.folder).back(); }

  /// Spoils the page that a batch stands on. Pages that were split keep traces of what they held.
  void spoil_page_of(std::uint64_t epoch, std::uint64_t seq, std::size_t size) {
    spoil_page_of(newest_file(), epoch, seq, size);
  }
  static void spoil_page_of(const fs::path& file, std::uint64_t epoch, std::uint64_t seq, std::size_t size) {
    constexpr char leaf_of_table = 0x0D;
    const Bytes content = content_of({epoch, Stream::reading, seq}, std::min<std::size_t>(size, 300));
    std::ifstream stream(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    for (std::size_t at = 4096; at + 4096 <= text.size(); at += 4096)
      if (text[at] == leaf_of_table &&
          text.substr(at, 4096).find(std::string(content.begin(), content.end())) != std::string::npos)
        return flip_byte(file, at);
    ADD_FAILURE() << "no page has batch " << seq;
  }

  TempFolder folder_;
  Options options_;
};

TEST_F(Losses, DeletedFileOfAnOldEpochIsNoticedAndAccountedForWhileTheStoreIsOpen) {
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  store->acknowledge("province", first, Stream::reading, {1, 2});
  ASSERT_TRUE(store->begin_epoch("test", after(50s)));
  record_batches(*store, Stream::reading, 2, after(60s));
  EXPECT_TRUE(store->maintain(after(70s))->empty());
  fs::remove(epoch_files(options_.folder).front());

  const auto lost = store->maintain(after(80s));
  ASSERT_TRUE(lost);
  ASSERT_EQ(lost->size(), 1U);
  EXPECT_FALSE(lost->front().damaged);
  EXPECT_EQ(lost->front().epoch, first);
  EXPECT_EQ(lost->front().range, (SeqRange{3, 5}));
  EXPECT_EQ(lost->front().unconfirmed, std::vector<std::string>{"province"});
  EXPECT_EQ(store->health().evicted, 3U);
  const auto left = (*store->reader())->departures();
  ASSERT_TRUE(left);
  const auto& entries = left->at({first, Stream::reading}).entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].range, (SeqRange{1, 2}));
  EXPECT_EQ(entries[1].why, Parting::unconfirmed);
  EXPECT_TRUE(store->maintain(after(90s))->empty()) << "told once";
  EXPECT_EQ(seqs_of(read_all(**store->reader(), store->opening().epoch, Stream::reading)), seqs_between(1, 2));
}

TEST_F(Losses, SoundRowsBetweenTwoDamagedPagesAreNotPassedOver) {
  const std::uint64_t epoch = stopped_store(120, 4000);  // a row a page
  for (std::uint64_t seq = 20; seq < 60; ++seq)
    if (seq != 23 && seq != 31 && seq != 47) spoil_page_of(epoch, seq, 4000);
  const auto store = open_or_fail(options_);
  const auto reader = *store->reader();
  const std::vector<std::uint64_t> seqs = seqs_of(read_all(*reader, epoch, Stream::reading));
  std::vector<std::uint64_t> expected = seqs_between(1, 19);
  for (const std::uint64_t seq : {23U, 31U, 47U}) expected.push_back(seq);
  for (const std::uint64_t seq : seqs_between(60, 120)) expected.push_back(seq);
  EXPECT_EQ(seqs, expected);
  const auto told = store->maintain(after(1h));
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 4U);
  EXPECT_EQ((*told)[0].range, (SeqRange{20, 22}));
  EXPECT_EQ((*told)[3].range, (SeqRange{48, 59}));
}

TEST_F(Losses, DamageThatIsMetRowByRowIsToldOnceAsAWhole) {
  const std::uint64_t epoch = stopped_store(200, 300);  // about 11 rows a page
  spoil_page_of(epoch, 100, 300);
  auto store = open_or_fail(options_);
  const auto ask_one_by_one = [&] {
    const auto reader = *store->reader();
    for (std::uint64_t seq = 90; seq <= 110; ++seq) (void)reader->read(epoch, Stream::reading, {seq, seq}, 1, 1000);
  };
  const auto reader = *store->reader();
  (void)reader->read(epoch, Stream::reading, {100, 100}, 1, 1000);  // in the middle of it
  const auto told = store->maintain(after(10s));
  ASSERT_EQ(told->size(), 1U);
  EXPECT_GT(told->front().range.size(), 5U);
  ask_one_by_one();
  EXPECT_TRUE(store->maintain(after(20s))->empty()) << "no overlapping piece of it";
  record_batches(*store, Stream::event, 1, after(30s));
  store.reset();
  store = open_or_fail(options_, after(1h));
  ask_one_by_one();
  EXPECT_TRUE(store->maintain(after(1h))->empty()) << "an event on record tells of it";
}

TEST_F(Losses, ADamagedEndOfALogIsToldAsFarAsTheLogHadReached) {
  const std::uint64_t epoch = stopped_store(200, 300);
  spoil_page_of(epoch, 200, 300);
  auto store = open_or_fail(options_, after(1h));
  ASSERT_TRUE(store->opening().began_epoch);
  const auto told = store->maintain(after(1h));
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1U);
  EXPECT_TRUE(told->front().damaged);
  EXPECT_EQ(told->front().epoch, epoch);
  EXPECT_EQ(told->front().range.last, 200U);
  EXPECT_EQ(read_all(**store->reader(), epoch, Stream::reading).size() + told->front().range.size(), 200U);
  EXPECT_EQ(told->front().unconfirmed, std::vector<std::string>{"province"});
  record_batches(*store, Stream::event, 1, after(1h));
  store.reset();
  store = open_or_fail(options_, after(2h));
  EXPECT_TRUE(store->maintain(after(2h))->empty()) << "an event on record tells of it";
  EXPECT_TRUE((*store->reader())->damage_told(epoch, Stream::reading)->contains(200)) << "for a backfill";
}

TEST_F(Losses, ADamagedEndIsToldOfAnEpochThatEndsOverIt) {
  const std::uint64_t epoch = stopped_store(200, 300);
  const auto store = open_or_fail(options_, after(60s));
  ASSERT_EQ(store->opening().epoch, epoch);
  spoil_page_of(epoch, 200, 300);
  ASSERT_TRUE(store->begin_epoch("test", after(70s)));
  const auto told = store->maintain(after(80s));
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1U);
  EXPECT_EQ(told->front().epoch, epoch);
  EXPECT_EQ(told->front().range.last, 200U);
}

TEST_F(Losses, SoundRowsInFrontOfADamagedEndAreReachedAlsoBehindOtherDamage) {
  const std::uint64_t epoch = stopped_store(200, 300);
  for (const std::uint64_t seq : {64U, 100U, 128U, 200U}) spoil_page_of(epoch, seq, 300);
  const auto reader = *open_reader(options_.folder);
  const auto extent = reader->extent(epoch, Stream::reading);
  ASSERT_TRUE(extent && *extent);
  EXPECT_GT((*extent)->last, 170U);
  EXPECT_EQ(seqs_of(read_all(*reader, epoch, Stream::reading)).back(), (*extent)->last);
}

/// Commits one more event batch, as `change` makes it.
template <typename Change>
void record_event(Store& store, UtcTime now, Change change) {
  NewBatch batch = batch_of({store.opening().epoch, Stream::event, store.head(Stream::event).next_seq}, now);
  change(batch);
  ASSERT_TRUE(store.commit({&batch, 1}, now));
}

TEST_F(Losses, NeitherACopyOfAnEventNorAPartOfThemCountsAsTheEventThatTells) {
  const std::uint64_t epoch = stopped_store(200, 300);
  spoil_page_of(epoch, 100, 300);
  std::unique_ptr<Store> store;
  const auto told_by_another_run = [&] {
    store.reset();  // as if it were killed
    store = open_or_fail(options_, after(1h));
    (void)read_all(**store->reader(), epoch, Stream::reading);
    return store->maintain(after(1h))->size();
  };
  ASSERT_EQ(told_by_another_run(), 1U);
  record_event(*store, after(1h), [](NewBatch& batch) { batch.is_copy = true; });
  ASSERT_EQ(told_by_another_run(), 1U) << "what it tells is of long ago";
  record_event(*store, after(1h), [](NewBatch& batch) { batch.more_wait = true; });
  ASSERT_EQ(told_by_another_run(), 1U) << "the event may be among those that wait";
  record_event(*store, after(1h), [](NewBatch&) {});
  EXPECT_EQ(told_by_another_run(), 0U);
}

/// While it lives, the process opens no further file, or at most one at a time.
class FewDescriptors {
 public:
  explicit FewDescriptors(bool one_more) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_GE(next, 0);
    close(next);
    const rlimit few{one_more ? static_cast<rlim_t>(next) + 1 : 0, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(Losses, AFileIsNotReadWithoutLocksForWantOfADescriptor) {
  const auto store = open_or_fail(options_);
  const std::uint64_t old = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  ASSERT_TRUE(store->begin_epoch("test", after(60s)));
  const auto reader = *store->reader();
  ASSERT_EQ(reader->epochs().size(), 2U);
  {
    const FewDescriptors for_the_file_alone(true);
    EXPECT_FALSE(reader->extent(old, Stream::reading)) << "somebody may write it: it is asked for again later";
  }
  const auto extent = reader->extent(old, Stream::reading);
  ASSERT_TRUE(extent) << extent.error().message();
  EXPECT_EQ(**extent, (SeqRange{1, 5}));
}

TEST_F(Losses, DamageThatCannotBeToldForWantOfADescriptorIsToldLater) {
  const std::uint64_t epoch = stopped_store(200, 300);
  spoil_page_of(epoch, 100, 300);
  const auto store = open_or_fail(options_);
  const auto reader = *store->reader();
  EXPECT_LT(read_all(*reader, epoch, Stream::reading).size(), 200U);
  {
    const FewDescriptors none(false);
    EXPECT_TRUE(store->maintain(after(10s))->empty());
  }
  record_batches(*store, Stream::event, 1, after(20s));  // an event that tells of something else
  const auto told = store->maintain(after(30s));
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1U);
  EXPECT_TRUE(told->front().damaged);
  EXPECT_TRUE(told->front().range.first <= 100 && 100 <= told->front().range.last);
}

/// An old epoch of 200 batches, of which the province has 41 to 70, beside a present one that wants room.
class OldEpochGivesRoom : public Losses {
 protected:
  OldEpochGivesRoom() {
    options_.quota_bytes = 2 << 20;
    store_ = open_or_fail(options_);
    old_ = store_->opening().epoch;
    for (int half = 0; half < 2; ++half) {
      EXPECT_TRUE(record_together(*store_, Stream::reading, 100, noon, 4000));
    }
    EXPECT_TRUE(store_->begin_epoch("test", noon));
    store_->acknowledge("province", old_, Stream::reading, {41, 70});
  }
  std::vector<std::uint64_t> left() { return seqs_of(read_all(**store_->reader(), old_, Stream::reading)); }
  template <typename Condition>
  void record_until(Condition is_reached) {
    for (int i = 0; i < 200 && !is_reached(); ++i) {
      record_batches(*store_, Stream::reading, 2, now_, 4000);
      now_ += 20s;
    }
    ASSERT_TRUE(is_reached());
  }
  /// Stops the store, and goes on with `then` once `meanwhile` is over.
  template <typename Meanwhile, typename Then>
  void restart_after(Meanwhile meanwhile, Then then) {
    ASSERT_TRUE(store_->close(now_));
    store_.reset();
    meanwhile();
    then();
  }
  static std::vector<std::uint64_t> joined(std::vector<std::uint64_t> first, const std::vector<std::uint64_t>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  std::unique_ptr<Store> store_;
  std::uint64_t old_ = 0;
  UtcTime now_ = after(10s);
};

TEST_F(OldEpochGivesRoom, ByWholeBatchesConfirmedOnesFirstThenTheOldestWithTheirLedger) {
  record_until([&] { return left().size() < 200; });
  EXPECT_EQ(left(), joined(seqs_between(1, 40), seqs_between(71, 200))) << "what everybody has goes first";
  EXPECT_EQ(store_->health().evicted, 0U);

  record_until([&] { return store_->health().evicted > 0; });
  EXPECT_EQ(left(), joined(seqs_between(33, 40), seqs_between(71, 200))) << "then the oldest, as few as are needed";
  const auto evictions = store_->maintain(now_);
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
  const auto evictions = store_->maintain(now_);
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
  EXPECT_LT(file_bytes(file) + 20 * 4096, bytes) << "the room comes once he is done";
}

TEST_F(OldEpochGivesRoom, WithOneLineInTheLedgerThoughTheyWereStillThereAfterTheirAccount) {
  const fs::path file = epoch_files(options_.folder).front();
  const fs::path copy = folder_.path() / "copy.db";
  fs::copy_file(file, copy);
  record_until([&] { return store_->health().evicted > 0; });
  ASSERT_EQ(store_->maintain(now_)->front().range.first, 1U);
  record_batches(*store_, Stream::event, 1, now_);
  const std::uint64_t evicted = store_->health().evicted;
  // As after a power cut between the two transactions.
  restart_after([&] { fs::copy_file(copy, file, fs::copy_options::overwrite_existing); },
                [&] { store_ = open_or_fail(options_, now_); });
  ASSERT_EQ(left().size(), 200U);
  record_until([&] { return left().front() > 1; });
  EXPECT_EQ(store_->health().evicted, 0U);
  const auto told = store_->maintain(now_);
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

TEST_F(OldEpochGivesRoom, WhileAReaderHasItOpen) {
  const auto reader = *store_->reader();
  EXPECT_EQ(read_all(*reader, old_, Stream::reading).size(), 200U);
  record_until([&] { return store_->health().evicted > 0; });
  EXPECT_EQ(seqs_of(read_all(*reader, old_, Stream::reading)), left());
  EXPECT_EQ(reader->damaged(), 0U);
}

}  // namespace
}  // namespace jidian::store

// The disk refuses to give a place back: for a moment, or for good.
#include "store/damage.hpp"
#include "store/layout.hpp"
#include "tests/fault/store/sqlite_spy.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;
namespace fs = std::filesystem;

/// A disk that answers reads of one page of one file with a code, so many times or until it is mended.
class BadPage final : public fault::FileObserver {
 public:
  static constexpr int for_ever = -1;

  void fail(const fs::path& file, std::uint64_t offset, int code, int times) {
    file_ = file.filename();
    offset_ = offset / page_bytes * page_bytes;
    code_ = code;
    times_ = times;
  }
  void mend() { times_ = 0; }
  int failed() const { return failed_; }

  int reading(const std::string& path, std::uint64_t offset, std::uint64_t size) override {
    if (times_ == 0 || fs::path(path).filename() != file_) return SQLITE_OK;
    if (offset + size <= offset_ || offset_ + page_bytes <= offset) return SQLITE_OK;
    if (times_ > 0) --times_;
    ++failed_;
    return code_;
  }
  void wrote(const std::string&, std::uint64_t, ByteView) override {}
  void truncated(const std::string&, std::uint64_t) override {}
  void synced(const std::string&) override {}

 private:
  fs::path file_;
  std::uint64_t offset_ = 0;
  int code_ = SQLITE_OK;
  int times_ = 0;
  int failed_ = 0;
};

/// Where the page with a batch stands: pages that were split keep traces of what they held.
std::uint64_t leaf_with(const fs::path& file, const Bytes& content) {
  constexpr char leaf_of_table = 0x0D;
  std::ifstream stream(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const std::string wanted(content.begin(), content.end());
  for (std::uint64_t at = page_bytes; at + page_bytes <= text.size(); at += page_bytes)
    if (text[at] == leaf_of_table && text.substr(at, page_bytes).find(wanted) != std::string::npos) return at;
  ADD_FAILURE() << "no page has it";
  return 0;
}

/// A store of 60 readings, stopped once so that all of them are in its file, and opened again.
class ReadErrors : public testing::Test {
 protected:
  static constexpr std::uint64_t batches = 60;
  static constexpr std::size_t bytes = 110;  // about seven a page

  ReadErrors() {
    options_.folder = folder_.path() / "store";
    options_.quota_bytes = 16 << 20;
    options_.destinations = {{"province", {Stream::event, Stream::reading}}};
    {
      const auto store = open_or_fail(options_);
      epoch_ = store->opening().epoch;
      record_batches(*store, Stream::reading, batches, noon, bytes);
      EXPECT_TRUE(store->close(after(600s)));
    }
    file_ = epoch_files(options_.folder).back();
    reopen();
  }

  void reopen() {
    reader_.reset();
    store_.reset();
    store_ = open_or_fail(options_, after(700s));
    reader_ = *store_->reader();
  }
  void fail_at(std::uint64_t seq, int code, int times) {
    disk_.fail(file_, leaf_with(file_, content_of({epoch_, Stream::reading, seq}, bytes)), code, times);
  }
  Result<std::vector<StoredBatch>> read() {
    return reader_->read(epoch_, Stream::reading, {1, batches}, batches, std::size_t{1} << 20);
  }
  std::vector<Eviction> maintain() {
    now_ += 10s;
    auto told = store_->maintain(now_, ClockTrust::sure);
    EXPECT_TRUE(told) << told.error().message();
    return told ? std::move(*told) : std::vector<Eviction>{};
  }
  /// Reads as often as a place may be refused, with a round of maintenance behind each; the last one's outcome.
  std::vector<Eviction> refuse_for_good() {
    std::vector<Eviction> told;
    for (int round = 0; round < Damage::refusals_max; ++round) {
      (void)read();
      told = maintain();
    }
    return told;
  }
  /// What is missing between the first and the last of the rows.
  static std::optional<SeqRange> hole_in(const std::vector<StoredBatch>& rows) {
    for (std::size_t i = 1; i < rows.size(); ++i)
      if (rows[i].key.seq != rows[i - 1].key.seq + 1) return SeqRange{rows[i - 1].key.seq + 1, rows[i].key.seq - 1};
    return std::nullopt;
  }

  TempFolder folder_;
  Options options_;
  BadPage disk_;
  const fault::SqliteSpy spy_{disk_};
  std::uint64_t epoch_ = 0;
  fs::path file_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reader> reader_;
  UtcTime now_ = after(800s);
};

TEST_F(ReadErrors, AMomentsRefusalCostsNothing) {
  fail_at(30, SQLITE_IOERR_READ, 2);
  for (int tries = 0; tries < 2; ++tries) {
    const auto refused = read();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::io);
    EXPECT_TRUE(maintain().empty());
  }
  EXPECT_EQ(seqs_of(*read()), seqs_between(1, batches));
  EXPECT_TRUE(maintain().empty());
  EXPECT_EQ(reader_->damaged(), 0U);
  EXPECT_EQ(store_->health().trouble, "");
}

TEST_F(ReadErrors, HoweverOftenItIsTriedARefusalIsNoDamageBeforeSomeTimePassed) {
  fail_at(30, SQLITE_IOERR_READ, BadPage::for_ever);
  for (int tries = 0; tries < 50; ++tries) ASSERT_FALSE(read()) << "several readers try at once";
  EXPECT_TRUE(maintain().empty());
  disk_.mend();
  EXPECT_EQ(seqs_of(*read()), seqs_between(1, batches));
  EXPECT_EQ(reader_->damaged(), 0U);
}

TEST_F(ReadErrors, ABusyFileIsNeverDamage) {
  fail_at(30, SQLITE_BUSY, BadPage::for_ever);
  for (int round = 0; round < 10; ++round) {
    const auto busy = read();
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().kind(), ErrorKind::conflict);
    EXPECT_TRUE(maintain().empty());
  }
  disk_.mend();
  EXPECT_EQ(seqs_of(*read()), seqs_between(1, batches));
}

TEST_F(ReadErrors, APlaceThatIsRefusedForGoodIsPassedOverToldOnceAndCounted) {
  store_->acknowledge("province", epoch_, Stream::reading, {1, 20});
  fail_at(30, SQLITE_IOERR_READ, BadPage::for_ever);
  const std::vector<Eviction> told = refuse_for_good();
  const auto rows = read();
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ(rows->front().key.seq, 1U);
  EXPECT_EQ(rows->back().key.seq, batches);
  const auto hole = hole_in(*rows);
  ASSERT_TRUE(hole);
  EXPECT_LE(hole->first, 30U);
  EXPECT_GE(hole->last, 30U);
  EXPECT_EQ(rows->size() + hole->size(), batches) << "one page, and all others";
  EXPECT_LT(hole->size(), 10U);

  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].damaged);
  EXPECT_EQ(told[0].range, *hole);
  EXPECT_EQ(told[0].from, after(10s * (hole->first - 2)));
  EXPECT_EQ(told[0].until, after(10s * hole->last - 10s));
  EXPECT_EQ(told[0].unconfirmed, std::vector<std::string>{"province"});
  EXPECT_EQ(reader_->damaged(), 1U);
  EXPECT_EQ(store_->health().trouble, "1 damaged places in the record");
  for (std::uint64_t seq = hole->first; seq <= hole->last; ++seq)  // as an outbox asks
    EXPECT_TRUE(reader_->read(epoch_, Stream::reading, {seq, batches}, 1, bytes)->front().key.seq == hole->last + 1);
  EXPECT_TRUE(maintain().empty()) << "told once";
}

TEST_F(ReadErrors, WhatWasToldAndIsOnRecordIsNotToldByTheNextRun) {
  fail_at(30, SQLITE_IOERR_READ, BadPage::for_ever);
  ASSERT_EQ(refuse_for_good().size(), 1U);
  reopen();
  ASSERT_EQ(refuse_for_good().size(), 1U) << "no event was stored";
  record_batches(*store_, Stream::event, 1, now_);
  reopen();
  EXPECT_TRUE(refuse_for_good().empty());
  EXPECT_TRUE(read());
  ASSERT_TRUE(store_->begin_epoch("test", now_));
  reopen();
  EXPECT_TRUE(refuse_for_good().empty()) << "handed on from epoch to epoch";
}

TEST_F(ReadErrors, TheBeginningOfALogThatIsRefusedForGoodHidesNoRestOfIt) {
  fail_at(1, SQLITE_IOERR_READ, BadPage::for_ever);
  for (int round = 0; round < Damage::refusals_max - 1; ++round) {
    EXPECT_FALSE(reader_->extent(epoch_, Stream::reading));
    EXPECT_TRUE(maintain().empty());
  }
  const auto extent = reader_->extent(epoch_, Stream::reading);
  ASSERT_TRUE(extent) << extent.error().message();
  ASSERT_TRUE(*extent);
  EXPECT_GT((*extent)->first, 1U);
  EXPECT_LT((*extent)->first, 12U);
  EXPECT_EQ((*extent)->last, batches);
  const auto told = maintain();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].range, (SeqRange{1, (*extent)->first - 1}));
}

TEST_F(ReadErrors, AReaderWithoutAGatewayPassesOverARefusedPlaceAtOnce) {
  fail_at(30, SQLITE_IOERR_READ, BadPage::for_ever);
  const auto reader = open_reader(options_.folder);
  ASSERT_TRUE(reader);
  const auto rows = (*reader)->read(epoch_, Stream::reading, {1, batches}, batches, std::size_t{1} << 20);
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_TRUE(hole_in(*rows));
  EXPECT_EQ(rows->back().key.seq, batches);
  EXPECT_EQ((*reader)->damaged(), 1U);
}

TEST_F(ReadErrors, AnOldEpochWithARefusedPlaceIsDrainedWithoutIt) {
  options_.retention = {{Stream::reading, 1h}};
  reopen();
  ASSERT_TRUE(store_->begin_epoch("test", now_));
  store_->acknowledge("province", epoch_, Stream::reading, {1, 29});
  store_->acknowledge("province", epoch_, Stream::reading, {31, batches});
  fail_at(30, SQLITE_IOERR_READ, BadPage::for_ever);
  std::vector<Eviction> lost;
  now_ = after(48h);
  for (int round = 0; round < 2 * Damage::refusals_max && lost.empty(); ++round) {
    now_ += 60s;
    lost = maintain();
  }
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].epoch, epoch_);
  EXPECT_EQ(lost[0].range, (SeqRange{30, 30}));
  EXPECT_EQ(epoch_files(options_.folder).size(), 1U);
}

TEST_F(ReadErrors, WhatCannotBeEvictedEndsTheEpochAndNotTheRecording) {
  fail_at(1, SQLITE_IOERR_READ, BadPage::for_ever);
  options_.quota_bytes = 1 << 20;
  reopen();
  Status done;
  for (int i = 0; i < 400 && done; ++i) done = record_together(*store_, Stream::reading, 1, now_ += 10s, 4000);
  ASSERT_FALSE(done) << "the first batches have to go, and cannot be reached";
  EXPECT_EQ(done.error().kind(), ErrorKind::corrupt) << done.error().message();
  ASSERT_TRUE(store_->begin_epoch("as the recorder does", now_));
  record_batches(*store_, Stream::reading, 5, now_);
}

}  // namespace
}  // namespace jidian::store

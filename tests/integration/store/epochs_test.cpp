#include "tests/integration/store/epochs.hpp"

#include "store/layout.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;
namespace fs = std::filesystem;

TEST_F(Epochs, NotesOutliveStartsAndEpochs) {
  using Notes = std::map<std::string, std::string>;
  {
    const auto store = open_or_fail(options_);
    store->note("meter/a", "limit 10");
    store->note("meter/b", "limit 20");
    record_batches(*store, Stream::reading, 1);
    store->note("meter/a", "limit 12");
    ASSERT_TRUE(store->close(noon));
  }
  {
    const auto store = open_or_fail(options_, after(1h));
    EXPECT_EQ(store->notes(), (Notes{{"meter/a", "limit 12"}, {"meter/b", "limit 20"}}));
    ASSERT_TRUE(store->begin_epoch("a destination holds other bytes", after(2h)));
    store->note("meter/b", "");
    record_batches(*store, Stream::reading, 1, after(2h));
    ASSERT_TRUE(store->close(after(3h)));
  }
  EXPECT_EQ(open_or_fail(options_, after(4h))->notes(), (Notes{{"meter/a", "limit 12"}}));
}

TEST_F(Epochs, BeginEpochStartsAnewBesideTheOldOne) {
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 3);
  store->acknowledge("province", first, Stream::reading, {1, 2});
  const Bytes manifest = content_of({}, 100);
  store->add_manifest(record::sha256(manifest), manifest);
  ASSERT_TRUE(store->begin_epoch("a destination holds other bytes", after(60s)));

  const std::uint64_t second = store->opening().epoch;
  EXPECT_EQ(store->opening().predecessor, first);
  EXPECT_EQ(store->opening().reason, "a destination holds other bytes");
  EXPECT_EQ(store->head(Stream::reading).next_seq, 1U);
  record_batches(*store, Stream::reading, 1, after(70s));

  const auto reader = *store->reader();
  EXPECT_EQ(reader->epochs(), (std::vector{first, second}));
  EXPECT_EQ(seqs_of(read_all(*reader, first, Stream::reading)), seqs_between(1, 3));
  EXPECT_EQ(seqs_of(read_all(*reader, second, Stream::reading)), seqs_between(1, 1));
  EXPECT_EQ(reader->acknowledged("province", first, Stream::reading)->to_text(), "1-2");
  EXPECT_EQ(reader->manifest(record::sha256(manifest)).value(), manifest);
}

TEST_F(Epochs, ReaderOpenedBeforeSeesTheNextEpoch) {
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 2);
  const auto reader = *store->reader();
  EXPECT_EQ(seqs_of(read_all(*reader, first, Stream::reading)), seqs_between(1, 2));
  ASSERT_TRUE(store->begin_epoch("test", noon));
  record_batches(*store, Stream::reading, 1);
  EXPECT_EQ(seqs_of(read_all(*reader, store->opening().epoch, Stream::reading)), seqs_between(1, 1));
  EXPECT_EQ(seqs_of(read_all(*reader, first, Stream::reading)), seqs_between(1, 2));
}

TEST_F(Epochs, OrderSurvivesReopeningWhateverTheClockSays) {
  std::vector<std::uint64_t> epochs;
  for (int i = 0; i < 5; ++i) {
    const UtcTime now = noon - i * 24h;
    const auto store = open_or_fail(options_, now);
    if (i > 0) {
      ASSERT_TRUE(store->begin_epoch("test", now));
    }
    epochs.push_back(store->opening().epoch);
    record_batches(*store, Stream::reading, 1, now);
  }
  EXPECT_EQ((*open_reader(options_.folder))->epochs(), epochs);
  EXPECT_EQ(open_or_fail(options_)->opening().epoch, epochs.back());
}

TEST_F(Epochs, AcknowledgementsOfAnOldEpochArePersistedInTheNewest) {
  std::uint64_t first = 0;
  {
    const auto store = open_or_fail(options_);
    first = store->opening().epoch;
    record_batches(*store, Stream::reading, 3);
    ASSERT_TRUE(store->begin_epoch("test", noon));
    store->acknowledge("province", first, Stream::reading, {1, 3});
    ASSERT_TRUE(store->close(noon));
  }
  EXPECT_EQ(open_or_fail(options_)->acknowledged("province", first, Stream::reading).to_text(), "1-3");
}

TEST_F(Epochs, FlippedByteInABlobIsLeftOutAndCounted) {
  const std::uint64_t epoch = stopped_store(9);
  flip_byte(newest_file(), offset_of(newest_file(), content_of({epoch, Stream::reading, 4}, 400)) + 300);
  const auto store = open_or_fail(options_);
  EXPECT_FALSE(store->opening().began_epoch);
  const auto reader = *store->reader();
  EXPECT_EQ(seqs_of(read_all(*reader, epoch, Stream::reading)), (std::vector<std::uint64_t>{1, 2, 3, 5, 6, 7, 8, 9}));
  EXPECT_EQ(seqs_of(*reader->read(epoch, Stream::reading, {3, 9}, 2, 1'000'000)), (std::vector<std::uint64_t>{3, 5}));
  EXPECT_EQ(reader->damaged(), 1U);
  EXPECT_EQ(store->health().trouble, "1 damaged places in the record");
}

TEST_F(Epochs, DamageIsToldOnceWithTheTimesOfItsNeighbours) {
  std::uint64_t epoch = 0;
  {
    const auto store = open_or_fail(options_);
    epoch = store->opening().epoch;
    record_batches(*store, Stream::reading, 5);
    store->acknowledge("province", epoch, Stream::reading, {1, 1});
    ASSERT_TRUE(store->close(after(50s)));
  }
  flip_byte(newest_file(), offset_of(newest_file(), content_of({epoch, Stream::reading, 3}, 500)) + 100);
  const auto store = open_or_fail(options_, after(60s));
  EXPECT_TRUE(store->maintain(after(60s), ClockTrust::sure)->empty());
  read_all(**store->reader(), epoch, Stream::reading);
  const auto told = store->maintain(after(61s), ClockTrust::sure);
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1U);
  EXPECT_TRUE(told->front().damaged);
  EXPECT_EQ(told->front().range, (SeqRange{3, 3}));
  EXPECT_EQ(told->front().from, after(10s));
  EXPECT_EQ(told->front().until, after(20s));
  EXPECT_EQ(told->front().unconfirmed, std::vector<std::string>{"province"});
  read_all(**store->reader(), epoch, Stream::reading);
  EXPECT_TRUE(store->maintain(after(62s), ClockTrust::sure)->empty());
}

TEST_F(Epochs, DamagedPageCostsItsRowsAndNoOthers) {
  const std::uint64_t epoch = stopped_store(200, 80);  // about 9 rows a page
  const std::uint64_t inside = offset_of(newest_file(), content_of({epoch, Stream::reading, 100}, 80));
  flip_byte(newest_file(), inside / page_bytes * page_bytes);  // the page's type
  const auto store = open_or_fail(options_);
  EXPECT_FALSE(store->opening().began_epoch);
  const auto reader = *store->reader();
  const std::vector<std::uint64_t> seqs = seqs_of(read_all(*reader, epoch, Stream::reading));
  EXPECT_EQ(seqs.front(), 1U);
  EXPECT_EQ(seqs.back(), 200U);
  EXPECT_GE(seqs.size(), 180U);
  EXPECT_LT(seqs.size(), 200U);
  EXPECT_EQ(reader->damaged(), 1U);
}

TEST_F(Epochs, DamagedNewestRowBeginsANewEpoch) {
  const std::uint64_t epoch = stopped_store(9);
  flip_byte(newest_file(), offset_of(newest_file(), content_of({epoch, Stream::reading, 9}, 400)) + 1);
  const auto store = expect_new_epoch(epoch, "damaged");
  EXPECT_EQ(seqs_of(read_all(**store->reader(), epoch, Stream::reading)), seqs_between(1, 8));
}

TEST_F(Epochs, GarbageFileStaysUntouchedBesideANewEpoch) {
  const std::uint64_t epoch = stopped_store(1);
  const fs::path file = newest_file();
  const std::string garbage(10'000, 'x');
  std::ofstream(file, std::ios::binary) << garbage;
  const auto store = expect_new_epoch(epoch, "not a database");
  std::ifstream left(file, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(left), {}), garbage);
  const auto rows = (*store->reader())->read(epoch, Stream::reading, {1, 9}, 9, 9);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind(), ErrorKind::corrupt);
}

TEST_F(Epochs, EmptyFileBeginsANewEpoch) {
  const std::uint64_t epoch = stopped_store(1);
  fs::resize_file(newest_file(), 0);
  expect_new_epoch(epoch, "not an epoch");
}

TEST_F(Epochs, TruncatedFileKeepsTheRowsThatAreThere) {
  const std::uint64_t epoch = stopped_store(600);
  const std::uint64_t kept =
      offset_of(newest_file(), content_of({epoch, Stream::reading, 500}, 400)) / page_bytes * page_bytes;
  fs::resize_file(newest_file(), kept);
  const auto store = expect_new_epoch(epoch, "malformed");
  const auto reader = *store->reader();
  const auto extent = reader->extent(epoch, Stream::reading);
  ASSERT_TRUE(extent) << extent.error().message();
  EXPECT_EQ((*extent)->first, 1U);
  EXPECT_NEAR(static_cast<double>((*extent)->last), 500, 60);  // a page of the tree may stand behind the cut
  const std::vector<std::uint64_t> seqs = seqs_of(read_all(*reader, epoch, Stream::reading));
  EXPECT_EQ(seqs, seqs_between(1, seqs.back()));
  EXPECT_GE(seqs.back(), 440U);
}

TEST_F(Epochs, FileUnderAnotherEpochsNameBeginsANewEpoch) {
  stopped_store(3);
  fs::rename(newest_file(), options_.folder / "epoch-000001-00000000000000ff.db");
  fs::remove(options_.folder / "progress");
  expect_new_epoch(0xFF, "another epoch");
}

TEST_F(Epochs, MissingFileIsNoticedAndTheOneBeforeItIsNotContinued) {
  std::uint64_t second = 0;
  {
    const auto store = open_or_fail(options_);
    record_batches(*store, Stream::reading, 2);
    ASSERT_TRUE(store->begin_epoch("test", noon));
    second = store->opening().epoch;
    ASSERT_TRUE(store->close(noon));
  }
  fs::remove(newest_file());
  const auto store = expect_new_epoch(second, "missing");
  EXPECT_EQ((*store->reader())->epochs().size(), 2U);
}

TEST_F(Epochs, DeletedFileTakesNothingMoreAndIsAccountedFor) {
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  store->acknowledge("province", first, Stream::reading, {1, 2});
  fs::remove(newest_file());
  const NewBatch batch = batch_of({first, Stream::reading, 6}, after(50s));
  const auto done = store->commit({&batch, 1}, after(50s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::not_found);
  ASSERT_TRUE(store->begin_epoch(done.error().message(), after(60s)));
  record_batches(*store, Stream::reading, 1, after(60s));

  const auto lost = store->maintain(after(61s), ClockTrust::sure);
  ASSERT_TRUE(lost);
  ASSERT_EQ(lost->size(), 1U);
  EXPECT_EQ(lost->front().epoch, first);
  EXPECT_EQ(lost->front().range, (SeqRange{3, 5}));
  EXPECT_EQ(lost->front().until, after(40s));
  EXPECT_EQ(lost->front().unconfirmed, std::vector<std::string>{"province"});
  const auto left = (*store->reader())->departures();
  ASSERT_TRUE(left);
  ASSERT_TRUE(left->contains({first, Stream::reading}));
  const auto& entries = left->at({first, Stream::reading}).entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].range, (SeqRange{1, 2}));
  EXPECT_EQ(entries[1].range, (SeqRange{3, 5}));
  EXPECT_EQ(entries[1].why, Parting::unconfirmed);
}

TEST_F(Epochs, RemovedFolderIsMadeAnewAndRecordingGoesOn) {
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  fs::remove_all(options_.folder);
  const NewBatch batch = batch_of({first, Stream::reading, 6}, after(50s));
  const auto done = store->commit({&batch, 1}, after(50s));
  ASSERT_FALSE(done);
  const auto begun = store->begin_epoch(done.error().message(), after(60s));
  ASSERT_TRUE(begun) << begun.error().message();
  record_batches(*store, Stream::reading, 2, after(60s));
  EXPECT_EQ(seqs_of(read_all(**store->reader(), store->opening().epoch, Stream::reading)), seqs_between(1, 2));
  EXPECT_EQ(store->maintain(after(90s), ClockTrust::sure)->size(), 1U) << "what was lost is told";
  EXPECT_EQ(open_store(options_, after(90s)).error().kind(), ErrorKind::conflict) << "its lock is held again";
}

TEST_F(Epochs, DeletedLogCostsNothing) {
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  fs::remove(newest_file().string() + "-wal");
  const NewBatch batch = batch_of({first, Stream::reading, 6}, after(50s));
  ASSERT_FALSE(store->commit({&batch, 1}, after(50s)));
  ASSERT_TRUE(store->begin_epoch("test", after(60s)));
  record_batches(*store, Stream::reading, 1, after(60s));
  EXPECT_TRUE(store->maintain(after(61s), ClockTrust::sure)->empty());
  EXPECT_EQ(seqs_of(read_all(**store->reader(), first, Stream::reading)), seqs_between(1, 5));
}

TEST_F(Epochs, LastSignOfLifeOutlivesTheFile) {
  stopped_store(3);
  fs::remove(newest_file());
  {
    const auto store = open_or_fail(options_, after(1h));
    EXPECT_EQ(store->opening().last_commit, noon);
    record_batches(*store, Stream::reading, 8, after(1h));  // the commit after a minute notes the progress
  }
  std::ofstream(newest_file()) << "rubbish";
  fs::remove(newest_file().string() + "-wal");
  EXPECT_EQ(open_or_fail(options_, after(2h))->opening().last_commit, after(1h + 60s));
}

TEST_F(Epochs, OlderCopyPutBackIsNoticed) {
  const std::uint64_t epoch = stopped_store(3);
  fs::copy(newest_file(), folder_.path() / "copy.db");
  {
    const auto store = open_or_fail(options_);
    record_batches(*store, Stream::reading, 2);
    ASSERT_TRUE(store->close(noon));
  }
  fs::copy(folder_.path() / "copy.db", newest_file(), fs::copy_options::overwrite_existing);
  expect_new_epoch(epoch, "older copy");
}

TEST_F(Epochs, BehindAnOlderCopyTheProgressOfTheNewerOneIsKnown) {
  stopped_store(3);
  fs::copy(newest_file(), folder_.path() / "copy.db");
  {
    const auto store = open_or_fail(options_, after(1h));
    record_batches(*store, Stream::reading, 2, after(1h));
    ASSERT_TRUE(store->close(after(1h + 20s)));
  }
  fs::copy(folder_.path() / "copy.db", newest_file(), fs::copy_options::overwrite_existing);
  const auto store = open_or_fail(options_, after(2h));
  EXPECT_EQ(store->opening().last_progress, after(1h + 20s));
  EXPECT_LE(store->opening().last_commit, after(20s)) << "what is on record ends there";
}

TEST_F(Epochs, LostLogIsNoticed) {
  const auto copy = folder_.path() / "copy";
  std::uint64_t epoch = 0;
  {
    const auto store = open_or_fail(options_);
    epoch = store->opening().epoch;
    record_batches(*store, Stream::reading, 8);  // the commit after a minute notes the progress
    fs::copy(options_.folder, copy);
  }
  fs::remove(copy / (newest_file().filename().string() + "-wal"));
  options_.folder = copy;
  expect_new_epoch(epoch, "older copy");
}

TEST_F(Epochs, TornNoteOfProgressIsIgnored) {
  const std::uint64_t epoch = stopped_store(3);
  flip_byte(options_.folder / "progress", 10);
  EXPECT_EQ(open_or_fail(options_)->opening().epoch, epoch);
}

TEST_F(Epochs, LeftoversOfAnInterruptedStartGo) {
  const std::uint64_t epoch = stopped_store(1);
  for (const char* name : {"new-epoch-000002-00000000000000ff.db", "new-epoch-000002-00000000000000ff.db-wal",
                           "epoch-000009-00000000000000ff.db-shm"})
    std::ofstream(options_.folder / name) << "half";
  std::ofstream(options_.folder / "notes.txt") << "somebody's";
  EXPECT_EQ(open_or_fail(options_)->opening().epoch, epoch);
  EXPECT_EQ(epoch_files(options_.folder).size(), 1U);
  EXPECT_FALSE(fs::exists(options_.folder / "epoch-000009-00000000000000ff.db-shm"));
  EXPECT_TRUE(fs::exists(options_.folder / "notes.txt"));
}

TEST_F(Epochs, ReaderNeedsNoWriter) {
  const std::uint64_t epoch = stopped_store(3);
  const auto reader = open_reader(options_.folder);
  ASSERT_TRUE(reader);
  EXPECT_EQ(seqs_of(read_all(**reader, epoch, Stream::reading)), seqs_between(1, 3));
  EXPECT_EQ(open_reader(folder_.path() / "nothing").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(open_reader(folder_.path()).error().kind(), ErrorKind::not_found);
}

}  // namespace
}  // namespace jidian::store

// What cannot be read any more, and what somebody deleted: told once, row for row.
#include "tests/integration/store/losses.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;
namespace fs = std::filesystem;

TEST_F(Losses, DeletedFileOfAnOldEpochIsNoticedAndAccountedForWhileTheStoreIsOpen) {
  const auto store = open_or_fail(options_);
  const std::uint64_t first = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  store->acknowledge("province", first, Stream::reading, {1, 2});
  ASSERT_TRUE(store->begin_epoch("test", after(50s)));
  record_batches(*store, Stream::reading, 2, after(60s));
  EXPECT_TRUE(store->maintain(after(70s), ClockTrust::sure)->empty());
  fs::remove(epoch_files(options_.folder).front());

  const auto lost = store->maintain(after(80s), ClockTrust::sure);
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
  EXPECT_TRUE(store->maintain(after(90s), ClockTrust::sure)->empty()) << "told once";
  EXPECT_EQ(seqs_of(read_all(**store->reader(), store->opening().epoch, Stream::reading)), seqs_between(1, 2));
}

TEST_F(Losses, WhatEverybodyHadIsNoLossThoughItsFileOutlivedItsAccount) {
  options_.retention = {{Stream::reading, 1h}};
  const fs::path copy = folder_.path() / "copy.db";
  auto store = open_or_fail(options_);
  const std::uint64_t old = store->opening().epoch;
  record_batches(*store, Stream::reading, 5);
  ASSERT_TRUE(store->begin_epoch("test", after(60s)));
  store->acknowledge("province", old, Stream::reading, {1, 5});
  const fs::path file = epoch_files(options_.folder).front();
  fs::copy_file(file, copy);
  ASSERT_TRUE(store->maintain(after(24h), ClockTrust::sure));
  ASSERT_EQ(epoch_files(options_.folder).size(), 1U);
  record_batches(*store, Stream::event, 1, after(24h));
  store.reset();
  fs::copy_file(copy, file);  // as if the power was cut before the disk knew that it went
  store = open_or_fail(options_, after(25h));
  ASSERT_EQ(epoch_files(options_.folder).size(), 2U);
  fs::remove(file);
  EXPECT_TRUE(store->maintain(after(25h), ClockTrust::sure)->empty());
  EXPECT_EQ(store->health().evicted, 0U);
}

TEST_F(Losses, AFileThatWasDeletedIsOneLossThoughTheNextEpochBeginsOnlyLater) {
  const auto store = open_or_fail(options_);
  record_batches(*store, Stream::reading, 5);
  fs::remove(newest_file());
  {
    const FewDescriptors none(false);
    EXPECT_FALSE(store->begin_epoch("test", after(60s)));
  }
  ASSERT_TRUE(store->begin_epoch("test", after(70s)));
  const auto lost = store->maintain(after(80s), ClockTrust::sure);
  ASSERT_TRUE(lost);
  ASSERT_EQ(lost->size(), 1U);
  EXPECT_EQ(lost->front().range, (SeqRange{1, 5}));
}

TEST_F(Losses, TheLogOfAFileThatCannotBeLookedAtStays) {
  stopped_store(1, 300);
  const fs::path file = options_.folder / "epoch-000009-00000000000000ff.db";
  fs::create_symlink(file, file);  // who follows it never arrives
  std::ofstream(file.string() + "-wal") << "batches";
  ASSERT_TRUE(open_store(options_, after(60s)));
  EXPECT_TRUE(fs::exists(file.string() + "-wal"));
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
  const auto told = store->maintain(after(1h), ClockTrust::sure);
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 4U);
  EXPECT_EQ((*told)[0].range, (SeqRange{20, 22}));
  EXPECT_EQ((*told)[3].range, (SeqRange{48, 59}));
}

TEST_F(Losses, DamageThatIsMetRowByRowIsToldOnceAsAWhole) {
  const std::uint64_t epoch = stopped_store(200, 80);  // about 9 rows a page
  spoil_page_of(epoch, 100, 80);
  auto store = open_or_fail(options_);
  const auto ask_one_by_one = [&] {
    const auto reader = *store->reader();
    for (std::uint64_t seq = 90; seq <= 110; ++seq) (void)reader->read(epoch, Stream::reading, {seq, seq}, 1, 1000);
  };
  const auto reader = *store->reader();
  (void)reader->read(epoch, Stream::reading, {100, 100}, 1, 1000);  // in the middle of it
  const auto told = store->maintain(after(10s), ClockTrust::sure);
  ASSERT_EQ(told->size(), 1U);
  EXPECT_GT(told->front().range.size(), 5U);
  ask_one_by_one();
  EXPECT_TRUE(store->maintain(after(20s), ClockTrust::sure)->empty()) << "no overlapping piece of it";
  record_batches(*store, Stream::event, 1, after(30s));
  store.reset();
  store = open_or_fail(options_, after(1h));
  ask_one_by_one();
  EXPECT_TRUE(store->maintain(after(1h), ClockTrust::sure)->empty()) << "an event on record tells of it";
}

TEST_F(Losses, ADamagedEndOfALogIsToldAsFarAsTheLogHadReached) {
  const std::uint64_t epoch = stopped_store(200, 300);
  spoil_page_of(epoch, 200, 300);
  auto store = open_or_fail(options_, after(1h));
  ASSERT_TRUE(store->opening().began_epoch);
  const auto told = store->maintain(after(1h), ClockTrust::sure);
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
  EXPECT_TRUE(store->maintain(after(2h), ClockTrust::sure)->empty()) << "an event on record tells of it";
  EXPECT_TRUE((*store->reader())->damage_told(epoch, Stream::reading)->contains(200)) << "for a backfill";
}

TEST_F(Losses, ADamagedEndIsToldOfAnEpochThatEndsOverIt) {
  const std::uint64_t epoch = stopped_store(200, 300);
  const auto store = open_or_fail(options_, after(60s));
  ASSERT_EQ(store->opening().epoch, epoch);
  spoil_page_of(epoch, 200, 300);
  ASSERT_TRUE(store->begin_epoch("test", after(70s)));
  const auto told = store->maintain(after(80s), ClockTrust::sure);
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
    return store->maintain(after(1h), ClockTrust::sure)->size();
  };
  ASSERT_EQ(told_by_another_run(), 1U);
  record_event(*store, after(1h), [](NewBatch& batch) { batch.is_copy = true; });
  ASSERT_EQ(told_by_another_run(), 1U) << "what it tells is of long ago";
  record_event(*store, after(1h), [](NewBatch& batch) { batch.more_wait = true; });
  ASSERT_EQ(told_by_another_run(), 1U) << "the event may be among those that wait";
  record_event(*store, after(1h), [](NewBatch&) {});
  EXPECT_EQ(told_by_another_run(), 0U);
}

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
    EXPECT_TRUE(store->maintain(after(10s), ClockTrust::sure)->empty());
  }
  record_batches(*store, Stream::event, 1, after(20s));  // an event that tells of something else
  const auto told = store->maintain(after(30s), ClockTrust::sure);
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1U);
  EXPECT_TRUE(told->front().damaged);
  EXPECT_TRUE(told->front().range.first <= 100 && 100 <= told->front().range.last);
}

TEST_F(Losses, ARowThatWasOverwrittenTogetherWithItsNumberIsDamageAndNothingElse) {
  constexpr std::size_t size = 110;
  const std::uint64_t epoch = stopped_store(60, size);
  // SQLite lays the cells of a page side by side, the next row in front of the last one: between the two contents
  // stands the header of the last one's cell, with its number.
  std::vector<std::uint64_t> spoiled;
  const auto spoil_header_of = [&](std::uint64_t seq) {
    const auto place = [&](std::uint64_t of) { return offset_of(newest_file(), beginning_of(epoch, of, size)); };
    const std::uint64_t begin = place(seq + 1) + size;
    if (begin >= place(seq) || place(seq) - begin > 64) return;  // on different pages
    std::fstream file(newest_file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(begin));
    for (std::uint64_t at = begin; at < begin + 12; ++at) file.put('\0');
    spoiled.push_back(seq);
  };
  for (const std::uint64_t seq : {10U, 20U, 21U, 22U, 40U}) spoil_header_of(seq);
  ASSERT_GE(spoiled.size(), 3U);

  const auto store = open_or_fail(options_, after(10s));
  const auto reader = *store->reader();
  const auto found = reader->extent(epoch, Stream::reading);
  ASSERT_TRUE(found && *found);
  EXPECT_GE((*found)->first, 1U);
  EXPECT_EQ((*found)->last, 60U);
  std::vector<std::uint64_t> sound = seqs_between(1, 60);
  std::erase_if(sound, [&](std::uint64_t seq) { return std::ranges::find(spoiled, seq) != spoiled.end(); });
  EXPECT_EQ(seqs_of(read_all(*reader, epoch, Stream::reading)), sound);
  EXPECT_TRUE(reader->find(epoch, Stream::reading, noon, after(1h)));
  record_batches(*store, Stream::reading, 1, after(20s));
}

TEST_F(Losses, AReadThatTheDiskRefusesForAMomentIsNoDamage) {
  const std::uint64_t epoch = stopped_store(60, 4000);
  const auto store = open_or_fail(options_);
  const auto reader = *store->reader();
  {
    const RefusedFile refused(newest_file(), page_of(epoch, 30));
    const auto rows = reader->read(epoch, Stream::reading, {1, 60}, 60, 1 << 20);
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().kind(), ErrorKind::io) << rows.error().message();
    EXPECT_TRUE(store->maintain(after(10s), ClockTrust::sure)->empty());
  }
  EXPECT_EQ(seqs_of(read_all(*reader, epoch, Stream::reading)), seqs_between(1, 60));
  EXPECT_EQ(reader->damaged(), 0U);
}

TEST_F(Losses, ARowThatTheDiskRefusesInThreeRoundsIsDamagedAndNoOtherIs) {
  const std::uint64_t epoch = stopped_store(60, 4000);
  const auto store = open_or_fail(options_);
  const auto reader = *store->reader();
  std::vector<std::uint64_t> sound = seqs_between(1, 60);
  std::erase(sound, 30U);
  {
    const RefusedFile refused(newest_file(), page_of(epoch, 30));
    for (int round = 1; round < Damage::refusals_max; ++round) {
      for (int i = 0; i < 5; ++i) EXPECT_FALSE(reader->read(epoch, Stream::reading, {1, 60}, 60, 1 << 20));
      EXPECT_TRUE(store->maintain(after(round * 10s), ClockTrust::sure)->empty()) << "round " << round;
    }
    EXPECT_EQ(seqs_of(read_all(*reader, epoch, Stream::reading)), sound);
    const auto told = store->maintain(after(60s), ClockTrust::sure);
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 1U);
    EXPECT_EQ(told->front().range, (SeqRange{30, 30}));
  }
  EXPECT_EQ(seqs_of(read_all(*reader, epoch, Stream::reading)), seqs_between(1, 60)) << "it is read all the same";
}

TEST_F(Losses, ADamagedEndThatWasToldIsAnsweredForWhenItsFileIsGone) {
  options_.retention = {{Stream::reading, 1h}};
  const std::uint64_t epoch = stopped_store(200, 300);
  spoil_page_of(epoch, 200, 300);
  auto store = open_or_fail(options_, after(60s));
  ASSERT_TRUE(store->opening().began_epoch);
  const auto told = store->maintain(after(70s), ClockTrust::sure);
  ASSERT_EQ(told->size(), 1U);
  const SeqRange damaged = told->front().range;
  record_batches(*store, Stream::event, 1, after(80s));
  store->acknowledge("province", epoch, Stream::reading, {1, damaged.first - 1});
  ASSERT_TRUE(store->maintain(after(24h), ClockTrust::sure));
  ASSERT_EQ(epoch_files(options_.folder).size(), 1U);
  EXPECT_EQ(store->health().evicted, 0U) << "an event told of it before";
  const auto is_known = [&] { return *(*store->reader())->damage_told(epoch, Stream::reading); };
  EXPECT_EQ(is_known().ranges(), std::vector{damaged});
  ASSERT_TRUE(store->begin_epoch("test", after(25h)));
  EXPECT_EQ(is_known().ranges(), std::vector{damaged}) << "handed on";
}

TEST_F(Losses, ADamagedEndThatNobodyToldOfIsALossWhenItsFileGoes) {
  options_.retention = {{Stream::reading, 1h}};
  const std::uint64_t epoch = stopped_store(200, 300);
  spoil_page_of(epoch, 200, 300);
  const auto store = open_or_fail(options_, after(60s));
  ASSERT_TRUE(store->opening().began_epoch);
  const auto extent = (*store->reader())->extent(epoch, Stream::reading);
  ASSERT_TRUE(extent && *extent);
  store->acknowledge("province", epoch, Stream::reading, {1, (*extent)->last});
  const auto lost = store->maintain(after(24h), ClockTrust::sure);
  ASSERT_TRUE(lost);
  ASSERT_EQ(epoch_files(options_.folder).size(), 1U);
  ASSERT_EQ(lost->size(), 1U);
  EXPECT_EQ(lost->front().range, (SeqRange{(*extent)->last + 1, 200}));
  EXPECT_EQ(lost->front().unconfirmed, std::vector<std::string>{"province"});
}

}  // namespace
}  // namespace jidian::store

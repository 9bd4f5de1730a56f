// How room for a commit is made where that is hard: little of it, a disk that refuses, nothing to open files with.
#include <optional>

#include "tests/integration/store/old_epochs.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;

/// So many batches of 4000 bytes want more pages than the old epoch leaves the present file, and fewer than that one
/// may have alone.
constexpr std::uint64_t large_commit = 160;

TEST_F(OldEpochGivesRoom, ToACommitThatIsLargerThanWhatItLeavesThePresentFile) {
  const auto done = record_together(*store_, Stream::reading, large_commit, now_, 4000);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(left(), joined(seqs_between(1, 40), seqs_between(71, 200))) << "what everybody has";
  EXPECT_EQ(store_->health().evicted, 0U);
}

TEST_F(OldEpochGivesRoom, AndThePresentOneGivesNothingThatMakesNone) {
  record_batches(*store_, Stream::reading, 5, now_);
  now_ += 60s;
  std::optional<FewDescriptors> none(std::in_place, false);  // the old epoch cannot be reached
  EXPECT_FALSE(record_together(*store_, Stream::reading, large_commit, now_, 4000));
  none.reset();
  EXPECT_EQ(present(), seqs_between(1, 5));
  EXPECT_EQ(left(), seqs_between(1, 200));
  EXPECT_TRUE(record_together(*store_, Stream::reading, large_commit, now_, 4000));
}

TEST_F(OldEpochGivesRoom, OfScatteredBatchesOneAfterTheOther) {
  for (std::uint64_t seq = 1; seq < 200; seq += 2) store_->acknowledge("province", old_, Stream::reading, {seq, seq});
  record_until([&] { return left().size() <= 85; });
  EXPECT_EQ(store_->health().evicted, 85U - left().size()) << "115 of them everybody has";
  record_until([&] { return left().size() < 75; });
  EXPECT_EQ(present(), seqs_between(1, store_->head(Stream::reading).next_seq - 1)) << "old ones go first";
  EXPECT_GE(store_->health().evicted, 10U);
}

TEST_F(OldEpochGivesRoom, AndGoesAsAWholeOnceTheDiskRefusedItForThreeRoundsThoughNoCommitWorks) {
  const RefusedFile refused(epoch_files(options_.folder).front());
  int refusals = 0;
  for (; refusals < 10 && !record_together(*store_, Stream::reading, large_commit, now_, 4000); ++refusals) now_ += 15s;
  EXPECT_EQ(refusals, Damage::refusals_max - 1);
  EXPECT_EQ(epoch_files(options_.folder).size(), 1U);
  EXPECT_EQ(store_->health().evicted, 170U) << "all but what the province has";
}

TEST_F(OldEpochGivesRoom, AndTriesInQuickSuccessionAreOneRound) {
  const RefusedFile refused(epoch_files(options_.folder).front());
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(record_together(*store_, Stream::reading, large_commit, now_, 4000));
  EXPECT_EQ(epoch_files(options_.folder).size(), 2U);
}

TEST_F(OldEpochGivesRoom, AndIsNotGivenUpForWantOfADescriptor) {
  {
    const FewDescriptors none(false);
    for (int i = 0; i < 10; ++i, now_ += 15s)
      EXPECT_FALSE(record_together(*store_, Stream::reading, large_commit, now_, 4000));
  }
  ASSERT_TRUE(record_together(*store_, Stream::reading, large_commit, now_, 4000));
  EXPECT_EQ(left(), joined(seqs_between(1, 40), seqs_between(71, 200)));
  EXPECT_EQ(store_->health().evicted, 0U);
}

TEST_F(OldEpochGivesRoom, AndWhoHasItIsForgottenOnlyOnceItsGoingIsDurable) {
  store_->acknowledge("province", old_, Stream::reading, {1, 200});
  now_ += 24h * 400;  // past its time: it goes as a whole
  {
    const FewDescriptors none(false);
    ASSERT_TRUE(store_->maintain(now_, ClockTrust::sure));
    EXPECT_NE(store_->health().trouble.find("not maintained"), std::string::npos)
        << "the folder cannot be opened, and not be synced";
  }
  ASSERT_EQ(epoch_files(options_.folder).size(), 1U);
  EXPECT_EQ(store_->acknowledged("province", old_, Stream::reading).to_text(), "1-200");
  ASSERT_TRUE(store_->maintain(now_ += 15s, ClockTrust::sure));
  EXPECT_EQ(store_->health().trouble.find("not maintained"), std::string::npos) << store_->health().trouble;
  EXPECT_EQ(store_->acknowledged("province", old_, Stream::reading).to_text(), "");
  EXPECT_EQ(store_->health().evicted, 0U);
}

TEST_F(OldEpochGivesRoom, BatchByBatchAlsoWhereEverybodyHasAllOfIt) {
  store_->acknowledge("province", old_, Stream::reading, {1, 200});
  ASSERT_TRUE(record_together(*store_, Stream::reading, large_commit, now_, 4000));
  EXPECT_GT(left().size(), 100U) << "a month's end does not cost the months before it";
  EXPECT_LT(left().size(), 200U);
  record_until([&] { return left().size() < 120; });
  EXPECT_EQ(present(), seqs_between(1, store_->head(Stream::reading).next_seq - 1)) << "old ones go first";
  EXPECT_EQ(store_->health().evicted, 0U);
}

TEST_F(OldEpochGivesRoom, AsAWholeWhereEverybodyHasItAndNothingCanBeTakenOut) {
  store_->acknowledge("province", old_, Stream::reading, {1, 200});
  record_batches(*store_, Stream::reading, 5, now_);
  const RefusedFile refused(epoch_files(options_.folder).front());
  ASSERT_TRUE(record_together(*store_, Stream::reading, large_commit, now_ += 60s, 4000));
  EXPECT_EQ(store_->health().evicted, 0U) << "before anything goes that somebody lacks";
  EXPECT_EQ(present().front(), 1U);
}

TEST_F(OldEpochGivesRoom, AtOnceWhereTheQuotaWasLoweredBelowIt) {
  store_->acknowledge("province", old_, Stream::reading, {1, 200});
  restart_after([] {},
                [&] {
                  options_.quota_bytes = 1 << 20;
                  store_ = open_or_fail(options_, now_);
                });
  record_until([&] { return epoch_files(options_.folder).size() == 1; });
  EXPECT_EQ(store_->health().evicted, 0U);
  EXPECT_EQ(present().front(), 1U);
}

TEST_F(OldEpochGivesRoom, BatchByBatchAgainOnceTheDiskGivesItBack) {
  {
    const RefusedFile refused(epoch_files(options_.folder).front());
    for (int i = 0; i < 150; ++i, now_ += 20s) {
      record_batches(*store_, Stream::reading, 2, now_, 4000);
      store_->acknowledge("province", store_->opening().epoch, Stream::reading,
                          {1, store_->head(Stream::reading).next_seq - 1});
      ASSERT_TRUE(store_->maintain(now_, ClockTrust::sure));
    }
  }
  ASSERT_EQ(left(), seqs_between(1, 200)) << "the present epoch gave the room";
  record_until([&] { return store_->health().evicted > 0; });
  ASSERT_EQ(epoch_files(options_.folder).size(), 2U);
  EXPECT_EQ(left(), joined(seqs_between(33, 40), seqs_between(71, 200)));
}

TEST_F(OldEpochGivesRoom, ForAsLongAsACommitMayTakeAndSaysThatItLives) {
  SteadyTime clock{};
  int beats = 0;
  store_->call_between_steps([&] {
    ++beats;
    return clock += Millis{4'000};  // a card that takes as long for each step
  });
  for (std::uint64_t seq = 1; seq < 200; seq += 2) store_->acknowledge("province", old_, Stream::reading, {seq, seq});
  const auto done = record_together(*store_, Stream::reading, 150, now_, 4000);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::full);
  EXPECT_GE(beats, 3);
  const auto rest = left().size();
  EXPECT_GE(rest, 196U) << "it ends after ten seconds";
  EXPECT_LT(rest, 200U);
  store_->call_between_steps({});
  EXPECT_TRUE(record_together(*store_, Stream::reading, 150, now_, 4000)) << "and goes on the next time";
}

/// The same on a partition that others filled: the present file may not grow before the reserve is set aside again, and
/// that it can be once room is made for the first time.
class OldEpochGivesRoomOnAFullPartition : public OldEpochGivesRoom {
 protected:
  void fill_until_room_is_made() {
    const auto reserve = options_.folder / "reserve";
    std::filesystem::remove(reserve);
    std::filesystem::create_directories(reserve / "filled");
    store_->call_between_steps([reserve] {
      if (std::filesystem::is_directory(reserve)) std::filesystem::remove_all(reserve);
      return SteadyTime{};
    });
  }
};

TEST_F(OldEpochGivesRoomOnAFullPartition, AndThePresentOneGivesNothingThatIsNotEnough) {
  record_batches(*store_, Stream::reading, 5, now_, 4000);
  fill_until_room_is_made();
  {
    const FullOnce full;
    const auto done = record_together(*store_, Stream::reading, 40, after(90s), 4000);
    ASSERT_TRUE(done) << done.error().message();
  }
  EXPECT_EQ(present(), seqs_between(1, 45)) << "all it has is less than the commit takes";
  EXPECT_EQ(left(), joined(seqs_between(1, 40), seqs_between(71, 200))) << "what everybody has";
  EXPECT_EQ(store_->health().evicted, 0U);
}

TEST_F(OldEpochGivesRoomOnAFullPartition, BatchByBatchOnceThePresentOneHasNoneToGive) {
  record_batches(*store_, Stream::reading, 1, now_, 4000);
  fill_until_room_is_made();
  {
    const FullOnce full;
    const auto done = record_together(*store_, Stream::reading, 1, after(90s), 4000);
    ASSERT_TRUE(done) << done.error().message();
  }
  EXPECT_EQ(present(), seqs_between(1, 2));
  EXPECT_EQ(left(), joined(seqs_between(1, 40), seqs_between(71, 200))) << "and not its whole file";
  EXPECT_EQ(store_->health().evicted, 0U);
}

TEST_F(Losses, AManifestThatTheFileHasWantsNoRoomAgain) {
  options_.quota_bytes = 2 << 20;
  const auto store = open_or_fail(options_);
  const std::uint64_t old = store->opening().epoch;
  ASSERT_TRUE(record_together(*store, Stream::reading, 100, noon, 4000));
  ASSERT_TRUE(record_together(*store, Stream::reading, 40, noon, 4000));
  const Bytes manifest = content_of({old, Stream::event, 1}, 400'000);
  store->add_manifest(record::sha256(manifest), manifest);
  ASSERT_TRUE(store->begin_epoch("test", noon));
  store->add_manifest(record::sha256(manifest), manifest);
  ASSERT_TRUE(record_together(*store, Stream::reading, 30, noon, 4000));
  EXPECT_EQ(store->health().evicted, 0U);
  EXPECT_EQ(*(*store->reader())->manifest(record::sha256(manifest)), manifest);
}

TEST_F(Losses, LoweredQuotaLetsTheAccountOfItsOwnBatchesIntoAFileThatIsTooLong) {
  options_.quota_bytes = 16 << 20;
  options_.destinations = {{std::string(20'000, 'p'), {Stream::reading}}};  // a line in the ledger takes five pages
  auto store = open_or_fail(options_);
  ASSERT_TRUE(record_together(*store, Stream::reading, 64, noon, 60));  // two pages in all
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(record_together(*store, Stream::reading, 100, noon, 4000));
  }
  ASSERT_TRUE(store->close(noon));
  store.reset();
  options_.quota_bytes = 2 << 20;
  store = open_or_fail(options_, after(10s));
  record_batches(*store, Stream::reading, 1, after(20s), 4000);
  EXPECT_GE(store->health().evicted, 64U);
  EXPECT_EQ(store->health().trouble.find("partition is full"), std::string::npos) << store->health().trouble;
}

}  // namespace
}  // namespace jidian::store

// What a destination could not take under its old key, told again in the next epoch.
#include "recorder/copies.hpp"

#include <gtest/gtest.h>

#include <map>

#include "record/chain.hpp"
#include "recorder/read_back.hpp"
#include "store/store.hpp"
#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::recorder {
namespace {

using record::BatchKey;
using record::Stream;

/// A real store, written by hand.
class CopiesOnDisk : public testing::Test {
 protected:
  CopiesOnDisk() {
    store::Options options;
    options.folder = folder_ / "store";
    options.quota_bytes = 16 << 20;
    auto store = store::open_store(options, plant::morning);
    EXPECT_TRUE(store);
    store_ = std::move(*store);
    old_epoch_ = store_->opening().epoch;
    std::vector<record::Body> bodies;
    for (int i = 0; i < 4; ++i) {
      bodies.emplace_back(
          record::Events{{plant::morning, domain::EventKind::start, {}, "event", std::nullopt, {}, {}}});
      bodies.emplace_back(record::Polls{plant::poll(0, plant::morning + std::chrono::seconds(i))});
    }
    add(bodies);
  }

  void add(const std::vector<record::Body>& bodies) {
    std::vector<store::NewBatch> batches;
    for (const auto& body : bodies) batches.push_back(next(body, batches));
    ASSERT_TRUE(store_->commit(batches, plant::morning));
  }
  store::NewBatch next(const record::Body& body, const std::vector<store::NewBatch>& before) {
    const Stream stream = record::all_streams.at(body.index());
    auto head = store_->head(stream);
    for (const auto& batch : before)
      if (batch.key.stream == stream) head = {batch.key.seq + 1, batch.batch.hash};
    record::Header header;
    header.gateway = "gw-1";
    header.key = {store_->opening().epoch, stream, head.next_seq};
    header.previous = head.hash;
    header.boot.fill(1);
    header.anchor_utc = plant::morning;
    return {header.key, record::encode(header, body, manifest_).value(), false};
  }
  void begin_epoch() {
    ASSERT_TRUE(store_->begin_epoch("conflict", plant::morning));
    add({record::Events{{plant::morning, domain::EventKind::epoch, {}, "", std::nullopt, {}, {}}}});
  }
  BatchKey old(Stream stream, std::uint64_t seq) const { return {old_epoch_, stream, seq}; }
  Bytes bytes(const BatchKey& key) {
    auto reader = store_->reader();
    const auto rows = (*reader)->read(key.epoch, key.stream, {key.seq, key.seq}, 1, 1 << 20);
    return rows && !rows->empty() ? rows->front().bytes : Bytes{};
  }
  std::string acknowledged(Stream stream) { return store_->acknowledged("province", old_epoch_, stream).to_text(); }

  TemporaryFolder folder_{memory_or_disk()};
  domain::Manifest manifest_ = plant::manifest(1);
  std::unique_ptr<store::Store> store_;
  std::uint64_t old_epoch_ = 0;
};

TEST_F(CopiesOnDisk, StandInTheNewEpochsChainsAndSettleTheirOriginals) {
  Copies copies(*store_);
  EXPECT_TRUE(copies.request(old(Stream::reading, 3), "province"));
  EXPECT_TRUE(copies.request(old(Stream::reading, 2), "province"));
  EXPECT_TRUE(copies.request(old(Stream::event, 4), "province"));
  EXPECT_FALSE(copies.has_work()) << "their epoch is still the present one";
  begin_epoch();
  EXPECT_TRUE(copies.has_work());
  EXPECT_EQ(acknowledged(Stream::reading), "");
  EXPECT_EQ(copies.copy_some(plant::morning).value(), 3U);
  EXPECT_FALSE(copies.has_work());
  EXPECT_EQ(acknowledged(Stream::reading), "2-3");
  EXPECT_EQ(acknowledged(Stream::event), "4-4");

  const std::uint64_t present = store_->opening().epoch;
  const std::map<BatchKey, BatchKey> expected{{{present, Stream::event, 2}, old(Stream::event, 4)},
                                              {{present, Stream::reading, 1}, old(Stream::reading, 2)},
                                              {{present, Stream::reading, 2}, old(Stream::reading, 3)}};
  for (const auto& [copy, original] : expected) {
    EXPECT_EQ(record::decode_header(bytes(copy)).value().copy_of,
              (record::CopyOf{old_epoch_, original.seq, record::sha256(bytes(original))}));
    EXPECT_TRUE(record::same_content(bytes(copy), bytes(original)).value());
  }
  for (const Stream stream : {Stream::event, Stream::reading}) {
    record::ChainWalker walker;
    for (std::uint64_t seq = 1; seq <= 2; ++seq)
      EXPECT_EQ(walker.step({present, stream, seq}, bytes({present, stream, seq})), std::nullopt);
  }
  add({record::Polls{plant::poll(0, plant::morning + std::chrono::seconds(9))}});  // the stream goes on behind them
  EXPECT_EQ(store_->health().readings_recorded, 5U * 3) << "copies are not recorded anew";
}

TEST_F(CopiesOnDisk, AreMadeOnceForAllDestinations) {
  Copies copies(*store_);
  begin_epoch();
  copies.request(old(Stream::reading, 1), "province");
  copies.request(old(Stream::reading, 1), "city");
  EXPECT_EQ(copies.copy_some(plant::morning).value(), 1U);
  copies.request(old(Stream::reading, 1), "bureau");
  EXPECT_EQ(copies.copy_some(plant::morning).value(), 0U);
  for (const char* destination : {"province", "city", "bureau"})
    EXPECT_TRUE(store_->acknowledged(destination, old_epoch_, Stream::reading).contains(1)) << destination;
}

TEST_F(CopiesOnDisk, OfCopiesPointAtTheFirstOriginal) {
  Copies copies(*store_);
  begin_epoch();
  copies.request(old(Stream::reading, 1), "province");
  ASSERT_TRUE(copies.copy_some(plant::morning));
  const BatchKey first{store_->opening().epoch, Stream::reading, 1};
  begin_epoch();
  copies.request(first, "province");
  ASSERT_EQ(copies.copy_some(plant::morning).value(), 1U);
  const BatchKey second{store_->opening().epoch, Stream::reading, 1};
  EXPECT_EQ(record::decode_header(bytes(second)).value().copy_of,
            (record::CopyOf{old_epoch_, 1, record::sha256(bytes(old(Stream::reading, 1)))}));
}

TEST_F(CopiesOnDisk, WaitWhenTheStoreTakesNothing) {
  Copies copies(*store_);
  begin_epoch();
  copies.request(old(Stream::reading, 1), "province");
  ASSERT_TRUE(store_->close(plant::morning));
  EXPECT_FALSE(copies.copy_some(plant::morning));
  EXPECT_TRUE(copies.has_work());
  EXPECT_EQ(acknowledged(Stream::reading), "");
}

TEST_F(CopiesOnDisk, OfWhatIsNotThereAreGivenUpAndNotAcknowledged) {
  Copies copies(*store_);
  begin_epoch();
  copies.request(old(Stream::reading, 99), "province");
  copies.request(old(Stream::reading, 1), "province");
  EXPECT_EQ(copies.copy_some(plant::morning).value(), 1U);
  EXPECT_FALSE(copies.has_work());
  EXPECT_EQ(acknowledged(Stream::reading), "1-1");
}

TEST_F(CopiesOnDisk, WaitWithinABound) {
  Copies copies(*store_);
  for (std::uint64_t seq = 1; seq <= Copies::waiting_max; ++seq)
    ASSERT_TRUE(copies.request(old(Stream::reading, seq), "province"));
  EXPECT_FALSE(copies.request(old(Stream::event, 1), "province"));
}

TEST_F(CopiesOnDisk, AreNotRememberedTwiceAfterARestart) {
  Copies copies(*store_);
  begin_epoch();
  copies.request(old(Stream::event, 4), "province");
  ASSERT_EQ(copies.copy_some(plant::morning).value(), 1U);
  std::size_t events = 0;
  const auto reader = store_->reader();
  read_back(**reader, store_->opening(), {manifest_, {}},
            {.remember = [&](const record::Decoded& batch, const domain::Manifest*) {
              EXPECT_FALSE(batch.header.copy_of);
              events += batch.header.key.stream == Stream::event ? 1 : 0;
            }});
  EXPECT_EQ(events, 5U);
}

}  // namespace
}  // namespace jidian::recorder

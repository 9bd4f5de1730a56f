// What is done for a destination that lacks a manifest.
#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"

namespace jidian::uplink {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LostManifest : public testing::Test, protected Bench {
 protected:
  std::string confirmed() { return store.acknowledged_text(1, Stream::reading); }
  record::Encoded event_batch(domain::EventKind kind, Bytes manifest) {
    record::Header header;
    header.gateway = "box-1";
    header.key = {1, Stream::event, ++events_};
    header.manifest = record::sha256(manifest_);
    domain::Event event;
    event.kind = kind;
    event.manifest = std::move(manifest);
    return *record::encode(header, record::Events{event}, {});
  }
  /// The manifest's event, other events after it, and a batch made under it.
  void record_under_manifest(int events_after) {
    store.add(Stream::event, event_batch(domain::EventKind::manifest, manifest_).bytes);
    for (int count = 0; count < events_after; ++count)
      store.add(Stream::event, event_batch(domain::EventKind::meter_back, {}).bytes);
    // Any batch with a header will do: a session reads no more of it.
    batch = store.add(Stream::reading, event_batch(domain::EventKind::start, {}).bytes);
  }

  Bytes manifest_{1, 2, 3};
  std::uint64_t events_ = 0;
  BatchKey batch;
};

TEST_F(LostManifest, IsSentAgainBeforeTheBatchThatNeedsIt) {
  record_under_manifest(300);
  store.acknowledge("province", 1, Stream::event, {1, 301});
  connect();
  answer_all();
  ASSERT_THAT(carried(), ElementsAre("reading 1"));
  reject(batch, "unknown_manifest");
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "event 1", "reading 1"));
  receipt(batch);
  EXPECT_EQ(confirmed(), "1-1");
  EXPECT_THAT(notices, IsEmpty());
}

TEST_F(LostManifest, ComesBeforeAConfirmedBatchThatWasAskedForAgain) {
  record_under_manifest(3);
  for (const auto stream : {Stream::event, Stream::reading}) store.acknowledge("province", 1, stream, {1, 4});
  connect();
  store::Ranges wanted;
  wanted.add({1, 1});
  session().backfill({"b-1", Stream::reading, {{1, wanted}}}, now);
  step();
  answer_all();
  reject(batch, "unknown_manifest");
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "event 1", "reading 1"));
}

TEST_F(LostManifest, ThatIsNeverTakenEndsInARejectionAndNotInALoop) {
  record_under_manifest(0);
  connect();
  answer_all();
  receipt({1, Stream::event, 1});
  for (int round = 0; round < 200; ++round) {
    pass(Millis(500));
    reject(batch, "unknown_manifest");
    step();
    answer_all();
  }
  EXPECT_EQ(std::ranges::count(carried(), "event 1"), 11);
  EXPECT_EQ(session().health(now).rejected, 1U);
  EXPECT_EQ(notices.size(), 1U);
}

TEST_F(LostManifest, IsNotForgottenBecauseBatchesOfAnotherOneAreStored) {
  record_under_manifest(0);
  const auto lost = batch;
  manifest_ = {9};
  record_under_manifest(0);
  connect();
  answer_all();
  for (int round = 0; round < 200; ++round) {
    pass(Millis(500));
    reject(lost, "unknown_manifest");
    receipt(batch);
    step();
    answer_all();
  }
  EXPECT_EQ(session().health(now).rejected, 1U);
  EXPECT_EQ(notices.size(), 1U);
}

TEST_F(LostManifest, ThatIsNotInTheStoreIsARejection) {
  record_under_manifest(0);
  manifest_ = {9};
  batch = store.add(Stream::reading, event_batch(domain::EventKind::start, {}).bytes);
  connect();
  answer_all();
  reject(batch, "unknown_manifest");
  EXPECT_EQ(session().health(now).rejected, 1U);
  EXPECT_THAT(session().health(now).trouble, HasSubstr("not in the store"));
}

}  // namespace
}  // namespace jidian::uplink

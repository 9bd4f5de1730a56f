// What is done for a destination that lacks a manifest.
#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"

namespace jidian::uplink {
namespace {

using std::chrono::seconds;
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

/// The store has the manifest, and no event that carries it any more.
class RetiredManifest : public LostManifest {
 protected:
  RetiredManifest() { store.manifests[hash_] = manifest_; }
  void retire_its_event() { store.evict_before({1, Stream::event, events_ - 1}); }

  const Hash hash_ = record::sha256(manifest_);
};

TEST_F(RetiredManifest, IsToldAnewAndTheBatchGoesAgainBehindIt) {
  record_under_manifest(300);
  store.acknowledge("province", 1, Stream::event, {1, 301});
  retire_its_event();
  connect();
  answer_all();
  reject(batch, "unknown_manifest");
  step();
  answer_all();
  ASSERT_THAT(manifests_asked, ElementsAre(hash_));
  ASSERT_THAT(carried(), ElementsAre("reading 1"));
  store.add(Stream::event, event_batch(domain::EventKind::manifest, manifest_).bytes);
  step();
  answer_all();
  pass(seconds(5));
  step();
  answer_all();
  EXPECT_THAT(carried(), ElementsAre("reading 1", "event 302", "reading 1"));
  receipt(batch);
  EXPECT_EQ(confirmed(), "1-1");
  EXPECT_THAT(notices, IsEmpty());
}

TEST_F(RetiredManifest, IsToldAnewAlsoWhereItsEventWasSentByThisRun) {
  record_under_manifest(3);
  connect();
  answer_all();
  receipt({1, Stream::event, 4}, 1);
  retire_its_event();
  reject(batch, "unknown_manifest");
  EXPECT_THAT(manifests_asked, ElementsAre(hash_));
  EXPECT_EQ(session().health(now).rejected, 0U);
}

TEST_F(RetiredManifest, ThatTheRecorderDoesNotTellEndsInARejectionAndNotInALoop) {
  record_under_manifest(100);
  store.acknowledge("province", 1, Stream::event, {1, 101});
  retire_its_event();
  connect();
  answer_all();
  for (int round = 0; round < 100; ++round) {
    reject(batch, "unknown_manifest");
    step();
    answer_all();
    pass(seconds(5));
  }
  EXPECT_EQ(manifests_asked.size(), 10U);
  EXPECT_EQ(store.long_reads, 1U) << "the log is searched once";
  EXPECT_EQ(session().health(now).rejected, 1U);
  EXPECT_EQ(notices.size(), 1U);
}

TEST_F(RetiredManifest, IsOfNoUseToADestinationThatTakesNoEvents) {
  options.streams = {Stream::reading};
  record_under_manifest(3);
  retire_its_event();
  connect();
  answer_all();
  reject(batch, "unknown_manifest");
  EXPECT_THAT(manifests_asked, IsEmpty());
  EXPECT_EQ(session().health(now).rejected, 1U);
}

TEST_F(LostManifest, ThatIsNowhereIsSearchedForOnceHoweverManyBatchesNameIt) {
  record_under_manifest(100);
  manifest_ = {9};
  for (int count = 0; count < 1000; ++count)
    batch = store.add(Stream::reading, event_batch(domain::EventKind::start, {}).bytes);
  connect();
  auto rejected = nlohmann::json::array();
  for (std::uint64_t seq = 2; seq <= batch.seq; ++seq)
    rejected.push_back(nlohmann::json{{"seq", seq}, {"reason", "unknown_manifest"}});
  const nlohmann::json json{{"epoch", "0000000000000001"}, {"stream", "reading"}, {"rejected", rejected}};
  for (int times = 0; times < 3; ++times) say("receipt", json.dump());
  EXPECT_EQ(session().health(now).rejected, 1000U);
  EXPECT_EQ(store.long_reads, 2U) << "101 events, 64 at once";
}

TEST_F(LostManifest, IsAskedForAfreshWhenAnOperatorSendsWhatWasRejectedAgain) {
  record_under_manifest(0);
  manifest_ = {9};
  batch = store.add(Stream::reading, event_batch(domain::EventKind::start, {}).bytes);
  connect();
  answer_all();
  reject(batch, "unknown_manifest");
  ASSERT_EQ(session().health(now).rejected, 1U);
  store.manifests[record::sha256(manifest_)] = manifest_;  // a disk that has come back
  session().retry_rejected();
  step();
  answer_all();
  reject(batch, "unknown_manifest");
  EXPECT_THAT(manifests_asked, ElementsAre(record::sha256(manifest_)));
  EXPECT_EQ(session().health(now).rejected, 0U);
}

}  // namespace
}  // namespace jidian::uplink

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "audit.hpp"
#include "receiver.hpp"
#include "record/batch.hpp"
#include "record/manifest.hpp"

namespace jidian::judge {
namespace {

constexpr std::int64_t t0_ms = 1'772'352'000'000;
constexpr std::uint64_t epoch = 0xC0FFEE;

domain::Manifest one_meter() {
  domain::Manifest manifest;
  manifest.gateway = "jd-1";
  domain::MeterEntry meter;
  meter.id = "press-1";
  meter.bus = "rtu-1";
  meter.period = Millis{1000};
  domain::PointEntry power;
  power.name = "active_power.total";
  power.quantity = "active_power";
  power.phase = "total";
  domain::PointEntry frequency;
  frequency.name = frequency.quantity = "frequency";
  frequency.type = ValueType::float32;
  meter.points = {power, frequency};
  manifest.meters = {meter};
  return manifest;
}

domain::Poll poll_at(int second, std::uint64_t watts) {
  domain::Poll poll;
  poll.slot = UtcTime{Millis{t0_ms + second * 1000}};
  poll.start = poll.slot + Millis{3};
  poll.end = poll.start + Millis{40};
  poll.samples = {{watts, domain::Quality::ok}, {0x42480000, domain::Quality::ok}};
  return poll;
}

/// Says that every value below 1000 was so.
class LowIsTrue : public TruthSource {
 public:
  Answer check(const std::string&, const std::string& quantity, const std::string&, int, std::uint64_t bits,
               std::int64_t, std::int64_t) override {
    if (quantity == "frequency") return bits == 0x42480000 ? Answer::was_so : Answer::was_not_so;
    return bits < 1000 ? Answer::was_so : Answer::was_not_so;
  }
};

/// A gateway's side of one epoch, made by the gateway's own encoder.
class Sender {
 public:
  explicit Sender(std::uint64_t of = epoch) : epoch_(of) {}

  Message events(record::Events events) { return send(record::Stream::event, std::move(events)); }
  Message manifest(const domain::Manifest& of = one_meter(), UtcTime since = UtcTime{Millis{t0_ms}}) {
    const auto encoded = record::encode(of);
    domain::Event event;
    event.time = since;
    event.kind = domain::EventKind::manifest;
    event.manifest = encoded.bytes;
    event.facts = {{"sha256", to_hex(encoded.hash)}};
    const auto message = events({event});
    manifest_ = encoded.hash;
    return message;
  }
  Message polls(record::Polls polls) { return send(record::Stream::reading, std::move(polls)); }
  Message rows(record::Rows rows) { return send(record::Stream::interval, std::move(rows)); }
  /// The content of an earlier batch under the next key of its stream.
  Message copy(const Message& original) {
    const auto stream = record::decode_header(original.payload)->key.stream;
    auto& [seq, previous] = heads_[stream];
    const auto copied = record::copy(original.payload, {epoch_, stream, ++seq}, previous);
    previous = copied->hash;
    return {original.topic, copied->bytes};
  }

 private:
  Message send(record::Stream stream, record::Body body) {
    auto& [seq, previous] = heads_[stream];
    record::Header header;
    header.gateway = "jd-1";
    header.key = {epoch_, stream, ++seq};
    header.previous = previous;
    header.manifest = manifest_;
    const auto encoded = record::encode(header, body, one_meter());
    previous = encoded->hash;
    return {"jidian/v1/130100/jd-1/" + std::string(record::name_of(stream)), encoded->bytes};
  }

  std::uint64_t epoch_;
  std::map<record::Stream, std::pair<std::uint64_t, Hash>> heads_;
  Hash manifest_{};
};

class Judge : public ::testing::Test {
 protected:
  std::vector<Receipt> take(const std::vector<Message>& messages, ReceiptFault fault = ReceiptFault::none) {
    return receive(ledger_, messages, {fault}, t0_ms);
  }
  Verdict verdict() {
    LowIsTrue truth;
    return audit(ledger_, &truth, 0, t0_ms + 4000);
  }

  Ledger ledger_{":memory:"};
  Sender sender_;
};

TEST_F(Judge, FindsNothingInACleanRecord) {
  take({sender_.manifest(), sender_.polls({poll_at(0, 10), poll_at(1, 11)}),
        sender_.polls({poll_at(2, 12), poll_at(3, 13)})});
  const auto found = verdict();
  EXPECT_TRUE(found.clean()) << to_text(found);
  EXPECT_EQ(found.readings, 8U);
  EXPECT_EQ(found.values_checked, 8U);
  EXPECT_EQ(found.slots_expected, 4U);
}

TEST_F(Judge, SeesAFalseValue) {
  take({sender_.manifest(), sender_.polls({poll_at(0, 10), poll_at(1, 4711), poll_at(2, 12), poll_at(3, 13)})});
  EXPECT_EQ(verdict().values_false, 1U);
  EXPECT_FALSE(verdict().clean());
}

/// A minute that began at 10 and ended at 12.
domain::IntervalRow row_between(UtcTime first_at, UtcTime last_at) {
  domain::IntervalRow row{
      0, UtcTime{Millis{t0_ms}}, std::chrono::seconds{60}, 4, 60, std::vector<domain::PointInterval>(2)};
  row.points[0].first = 10;
  row.points[0].first_at = first_at;
  row.points[0].last = 12;
  row.points[0].last_at = last_at;
  return row;
}

TEST_F(Judge, SeesAnEdgeThatNoPollRead) {
  const record::Polls polls{poll_at(0, 10), poll_at(1, 11), poll_at(2, 12), poll_at(3, 13)};
  auto row = row_between(polls[0].end, polls[2].end);
  take({sender_.manifest(), sender_.rows({row}), sender_.polls(polls)});
  EXPECT_EQ(verdict().edges_compared, 2U);
  EXPECT_TRUE(verdict().clean()) << to_text(verdict());
  row.points[0].last_at += Millis{500};
  take({sender_.rows({row})});
  EXPECT_EQ(verdict().edges_false, 1U);
  EXPECT_FALSE(verdict().clean());
}

TEST_F(Judge, AnEdgeIsWhereAValueWasEarly) {
  record::Polls polls{poll_at(0, 10), poll_at(1, 11), poll_at(2, 12), poll_at(3, 13)};
  polls[0].early = {{0, polls[0].start + Millis{12}}};
  take({sender_.manifest(), sender_.rows({row_between(polls[0].early[0].end, polls[2].end)}), sender_.polls(polls)});
  EXPECT_TRUE(verdict().clean()) << to_text(verdict());
  take({sender_.rows({row_between(polls[0].end, polls[2].end)})});
  EXPECT_EQ(verdict().edges_false, 1U);
}

TEST_F(Judge, CountsWhatTheGatewayCallsImplausibleBesideTheRest) {
  auto doubted = poll_at(1, 11);
  doubted.samples[1].quality = domain::Quality::implausible;
  domain::Event told;
  told.kind = domain::EventKind::implausible;
  told.subject = "press-1";
  told.facts = {{"check", "phase_sum"}, {"state", "begun"}};
  take({sender_.manifest(), sender_.events({told}),
        sender_.polls({poll_at(0, 10), doubted, poll_at(2, 12), poll_at(3, 13)})});
  EXPECT_EQ(verdict().values_implausible, 1U);
  EXPECT_EQ(verdict().values_checked, 8U);
  EXPECT_EQ(verdict().implausible.at("press-1 phase_sum begun"), 1U);
  EXPECT_TRUE(verdict().clean());
}

TEST_F(Judge, SeesASlotThatNobodyDeclared) {
  take({sender_.manifest(), sender_.polls({poll_at(0, 10), poll_at(2, 12), poll_at(3, 13)})});
  EXPECT_EQ(verdict().slots_missing, 1U);
}

TEST_F(Judge, AcceptsASlotInsideADeclaredGap) {
  domain::Event gap;
  gap.kind = domain::EventKind::gap;
  gap.subject = "press-1";
  gap.gap =
      domain::Gap{domain::GapCause::meter_silent, UtcTime{Millis{t0_ms + 1000}}, UtcTime{Millis{t0_ms + 2000}}, 1};
  take({sender_.manifest(), sender_.events({gap}), sender_.polls({poll_at(0, 10), poll_at(2, 12), poll_at(3, 13)})});
  EXPECT_EQ(verdict().slots_in_gaps, 1U);
  EXPECT_TRUE(verdict().clean());
}

TEST_F(Judge, ExpectsNothingOfAMeterThatALaterManifestDoesNotHave) {
  const auto first = sender_.manifest();
  const auto polls = sender_.polls({poll_at(0, 10), poll_at(1, 11)});
  domain::Manifest empty = one_meter();
  empty.meters.clear();
  take({first, polls, sender_.manifest(empty, UtcTime{Millis{t0_ms + 1500}})});
  EXPECT_EQ(verdict().slots_expected, 2U);
  EXPECT_EQ(verdict().slots_missing, 0U);
}

TEST_F(Judge, ExpectsTheSlotsOfThePeriodThatTheManifestOfTheTimeSays) {
  auto slower = one_meter();
  slower.meters[0].period = Millis{2000};
  const auto first = sender_.manifest();
  const auto polls = sender_.polls({poll_at(0, 10), poll_at(1, 11)});
  take({first, polls, sender_.manifest(slower, UtcTime{Millis{t0_ms + 1500}}), sender_.polls({poll_at(2, 12)})});
  EXPECT_EQ(verdict().slots_expected, 3U);
  EXPECT_EQ(verdict().slots_missing, 0U);
}

TEST_F(Judge, SeesASlotThatCameTwice) {
  take({sender_.manifest(), sender_.polls({poll_at(0, 10), poll_at(1, 11)}),
        sender_.polls({poll_at(1, 11), poll_at(2, 12)})});
  EXPECT_EQ(verdict().repeated_polls, 1U);
}

TEST_F(Judge, SeesAHoleInTheSeqs) {
  const auto manifest = sender_.manifest();
  const auto first = sender_.polls({poll_at(0, 10)});
  const auto lost = sender_.polls({poll_at(1, 11)});
  take({manifest, first, sender_.polls({poll_at(2, 12), poll_at(3, 13)})});
  EXPECT_EQ(verdict().holes, 1U);
}

TEST_F(Judge, SeesABrokenChain) {
  Sender other;
  const auto manifest = other.manifest();
  const auto foreign = other.polls({poll_at(0, 99)});
  const auto second = (sender_.manifest(), sender_.polls({poll_at(0, 10)}), sender_.polls({poll_at(1, 11)}));
  take({manifest, foreign, second});
  EXPECT_EQ(verdict().chain_breaks, 1U);
}

TEST_F(Judge, ReceiptsADuplicateAgainAndCountsIt) {
  const auto manifest = sender_.manifest();
  const auto batch = sender_.polls({poll_at(0, 10), poll_at(1, 11), poll_at(2, 12), poll_at(3, 13)});
  take({manifest, batch});
  const auto receipts = take({batch});
  ASSERT_EQ(receipts.size(), 1U);
  const auto receipt = nlohmann::json::parse(receipts[0].json);
  EXPECT_EQ(receipts[0].topic, "jidian/v1/130100/jd-1/receipt");
  EXPECT_EQ(receipt["stored"], (nlohmann::json{{1, 1}}));
  EXPECT_EQ(receipt["head"]["sha256"], sha256_hex(batch.payload));
  EXPECT_EQ(verdict().duplicates, 1);
  EXPECT_TRUE(verdict().clean());
}

TEST_F(Judge, CallsOtherBytesUnderOneKeyAConflict) {
  Sender other;
  take({sender_.manifest(), sender_.polls({poll_at(0, 10)})});
  (void)other.manifest();
  const auto receipts = take({other.polls({poll_at(0, 11)})});
  ASSERT_EQ(receipts.size(), 1U);
  EXPECT_EQ(nlohmann::json::parse(receipts[0].json)["rejected"][0]["reason"], "conflict");
  EXPECT_EQ(verdict().conflicts, 1);
}

/// A store that was restored from an old copy: its first two reading batches reach a judge that has others under their
/// keys, its third is new there.
class RestoredStore : public Judge {
 protected:
  RestoredStore() {
    (void)restored_.manifest();
    for (int second = 0; second < 4; ++second) batches_.push_back(restored_.polls({poll_at(second, 20)}));
    manifest_ = sender_.manifest();
    take({manifest_});
  }
  /// What the store recorded after the copy was made, and before it was put back.
  Message lost(int second) {
    auto poll = poll_at(second, 5);
    for (auto* time : {&poll.slot, &poll.start, &poll.end}) *time += Millis{4000};
    return sender_.polls({poll});
  }
  std::set<std::int64_t> stored_of(const std::vector<Receipt>& receipts) {
    std::set<std::int64_t> stored;
    for (const auto& receipt : receipts) {
      const auto json = nlohmann::json::parse(receipt.json);
      for (const auto& range : json["stored"])
        for (auto seq = range[0].get<std::int64_t>(); seq <= range[1].get<std::int64_t>(); ++seq) stored.insert(seq);
    }
    return stored;
  }

  Sender restored_;
  Sender next_{0xBEEF};
  Message manifest_;
  std::vector<Message> batches_;
};

TEST_F(RestoredStore, GivesItsRejectedBatchesAsCopiesAndItsChainGoesOnBehindThem) {
  take({lost(0), lost(1)});
  EXPECT_EQ(stored_of(take({batches_[0], batches_[1], batches_[2], batches_[3]})), (std::set<std::int64_t>{3, 4}));
  EXPECT_EQ(verdict().slots_missing, 0U) << "the judge cannot know of the two yet";
  EXPECT_EQ(verdict().readings, 8U);
  take({next_.manifest(), next_.copy(batches_[0]), next_.copy(batches_[1])});
  const auto found = verdict();
  EXPECT_EQ(found.conflicts, 2);
  EXPECT_EQ(found.chain_breaks, 0U);
  EXPECT_EQ(found.restarts, 1U);
  EXPECT_EQ(found.readings, 12U);
  EXPECT_EQ(found.repeated_polls, 0U);
  EXPECT_EQ(found.copies, 2U);
  EXPECT_EQ(found.copies_spare, 0U);
}

TEST_F(RestoredStore, DoesNotExcuseAChainThatLeavesAnotherBatchThanTheRejectedOne) {
  Sender other;
  (void)other.manifest();
  (void)other.polls({poll_at(0, 99)});
  const auto second = other.polls({poll_at(1, 99)});
  take({lost(0), batches_[0], second});
  EXPECT_EQ(verdict().chain_breaks, 1U);
  EXPECT_EQ(verdict().restarts, 0U);
}

TEST_F(RestoredStore, CopyBehindItsOriginalIsReceiptedAndNotTakenAgain) {
  take({batches_[0], next_.manifest()});
  EXPECT_EQ(stored_of(take({next_.copy(batches_[0])})), std::set<std::int64_t>{1});
  const auto found = verdict();
  EXPECT_EQ(found.readings, 2U);
  EXPECT_EQ(found.repeated_polls, 0U);
  EXPECT_EQ(found.copies_spare, 1U);
}

TEST_F(RestoredStore, OriginalBehindItsCopyIsReceiptedAndNotTakenAgain) {
  take({next_.manifest(), next_.copy(batches_[0])});
  EXPECT_EQ(stored_of(take({batches_[0]})), std::set<std::int64_t>{1});
  EXPECT_EQ(verdict().readings, 2U);
  EXPECT_EQ(verdict().repeated_polls, 0U);
}

TEST_F(RestoredStore, OfTwoCopiesOneIsTaken) {
  take({lost(0), batches_[0], next_.manifest()});
  const auto first = next_.copy(batches_[0]);
  EXPECT_EQ(stored_of(take({first, next_.copy(batches_[0]), next_.copy(first)})), (std::set<std::int64_t>{1, 2, 3}));
  const auto found = verdict();
  EXPECT_EQ(found.readings, 4U);
  EXPECT_EQ(found.copies_spare, 2U);
  EXPECT_EQ(found.holes + found.chain_breaks, 0U);
}

TEST_F(RestoredStore, EachOfTwoDestinationsTakesEveryReadingOnce) {
  // Only the first destination had what the restored store no longer knows of.
  Ledger second{":memory:"};
  const auto both = [&](const std::vector<Message>& messages) {
    take(messages);
    receive(second, messages, {}, t0_ms);
  };
  receive(second, {manifest_}, {}, t0_ms);
  take({lost(0)});
  both({batches_[0], batches_[1]});
  both({next_.manifest(), next_.copy(batches_[0])});
  const auto at_second = audit(second, nullptr, 0, 0);
  EXPECT_EQ(at_second.readings, 4U);
  EXPECT_EQ(at_second.conflicts, 0);
  EXPECT_EQ(at_second.copies_spare, 1U);
  EXPECT_TRUE(at_second.clean()) << to_text(at_second);
  EXPECT_EQ(verdict().readings, 6U);
  EXPECT_EQ(verdict().repeated_polls, 0U);
}

TEST_F(RestoredStore, CopyWithOtherContentIsAFinding) {
  take({batches_[0], next_.manifest()});
  auto header = *record::decode_header(next_.copy(batches_[0]).payload);
  const auto forged = record::encode(header, record::Polls{poll_at(0, 21)}, one_meter());
  take({{batches_[0].topic, forged->bytes}});
  EXPECT_EQ(verdict().false_copies, 1);
  EXPECT_FALSE(verdict().clean());
}

TEST_F(Judge, AsksForAManifestItDoesNotHave) {
  (void)sender_.manifest();
  const auto receipts = take({sender_.polls({poll_at(0, 10)})});
  ASSERT_EQ(receipts.size(), 1U);
  EXPECT_EQ(nlohmann::json::parse(receipts[0].json)["rejected"][0]["reason"], "unknown_manifest");
}

TEST_F(Judge, RefusesADamagedBatch) {
  auto batch = sender_.manifest();
  batch.payload[batch.payload.size() / 2] ^= 1U;
  EXPECT_TRUE(take({batch}).empty());
  EXPECT_EQ(verdict().refused, 1);
}

TEST_F(Judge, MisbehavesOnDemand) {
  const auto manifest = sender_.manifest();
  EXPECT_TRUE(take({manifest}, ReceiptFault::never).empty());
  EXPECT_EQ(take({manifest}, ReceiptFault::twice).size(), 2U);
  EXPECT_EQ(nlohmann::json::parse(take({manifest}, ReceiptFault::forged)[0].json)["head"]["sha256"],
            std::string(64, '0'));
}

}  // namespace
}  // namespace jidian::judge

#include "command/backfill.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/unit/command/fakes.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::command {
namespace {

using namespace std::chrono_literals;
using record::Stream;
using store::Departure;
using store::Parting;
using store::SeqRange;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

constexpr UtcTime noon = store::noon;
constexpr const char* newest = "00000000000000aa";  // epochs 0x0a, then 0xaa
constexpr const char* older = "000000000000000a";

/// Readings of ten seconds each: seq n of epoch 0x0a tells of noon + [10 n, 10 n + 10), of epoch 0xaa an hour later.
class ReadingsOfTwoEpochs final : public store::Reader {
 public:
  std::vector<std::uint64_t> epochs() override { return {0x0a, 0xaa}; }
  Result<std::optional<SeqRange>> extent(std::uint64_t epoch, Stream stream) override {
    if (extent_fails || wrecked == epoch) return Error{ErrorKind::corrupt, "no database"};
    if (stream != Stream::reading || rows[epoch].empty()) return std::optional<SeqRange>{};
    return std::optional(SeqRange{*rows[epoch].begin(), *rows[epoch].rbegin()});
  }
  Result<std::vector<store::StoredBatch>> read(std::uint64_t epoch, Stream stream, SeqRange wanted,
                                               std::size_t rows_max, std::size_t bytes_max) override {
    if (read_fails_in == epoch) return Error{read_fails, "it failed"};
    std::vector<store::StoredBatch> found;
    std::size_t bytes = 0;
    for (auto seq = rows[epoch].lower_bound(wanted.first); seq != rows[epoch].end() && *seq <= wanted.last; ++seq) {
      if (found.size() == rows_max || bytes >= bytes_max) break;
      found.push_back({{epoch, stream, *seq}, start(epoch, *seq), start(epoch, *seq) + 10s, 1, Bytes(batch_bytes)});
      bytes += batch_bytes;
    }
    return found;
  }
  Result<std::optional<SeqRange>> find(std::uint64_t epoch, Stream, UtcTime from, UtcTime until) override {
    if (wrecked == epoch) return Error{ErrorKind::corrupt, "no database"};
    std::optional<SeqRange> found;
    for (const auto seq : rows[epoch])
      if (start(epoch, seq) < until && start(epoch, seq) + 10s >= from)
        found = SeqRange{found ? found->first : seq, seq};
    return found;
  }
  Result<Bytes> manifest(const Hash&) override { return Error{ErrorKind::not_found, "no manifest"}; }
  Result<store::Ranges> acknowledged(const std::string& destination, std::uint64_t epoch, Stream) override {
    store::Ranges confirmed;
    if (destination == "province" && confirmed_to[epoch] > 0) confirmed.add({1, confirmed_to[epoch]});
    return confirmed;
  }
  Result<store::DepartedLogs> departures() override { return departed; }
  Result<store::Ranges> damage_told(std::uint64_t epoch, Stream) override { return told_damaged[epoch]; }
  std::uint64_t damaged() const override { return 0; }

  static UtcTime start(std::uint64_t epoch, std::uint64_t seq) {
    return noon + (epoch == 0xaa ? 1h : 0h) + std::chrono::seconds(10 * seq);
  }

  std::map<std::uint64_t, std::set<std::uint64_t>> rows;
  std::map<std::uint64_t, std::uint64_t> confirmed_to;
  store::DepartedLogs departed;
  std::map<std::uint64_t, store::Ranges> told_damaged;
  std::size_t batch_bytes = 100;
  bool extent_fails = false;
  std::uint64_t wrecked = 0;        ///< An epoch whose file is no database.
  std::uint64_t read_fails_in = 0;  ///< An epoch whose file gives no rows.
  ErrorKind read_fails = ErrorKind::corrupt;
};

class BackfillPlanTest : public testing::Test {
 protected:
  void hold(std::uint64_t epoch, std::uint64_t first, std::uint64_t last) {
    for (auto seq = first; seq <= last; ++seq) reader_.rows[epoch].insert(seq);
  }
  void leave(std::uint64_t epoch, SeqRange seqs, Parting why) {
    reader_.departed[{epoch, Stream::reading}].add(
        {seqs, why, noon + 48h, reader_.start(epoch, seqs.first), reader_.start(epoch, seqs.last) + 10s});
  }
  static Json range(const char* epoch, std::uint64_t from, std::uint64_t to) {
    return {{"epoch", epoch}, {"from", from}, {"to", to}};
  }
  /// The whole `result` for a command with these ranges.
  Json asked(const Json& ranges) { return result_of({{"stream", "reading"}, {"ranges", ranges}}); }
  Json asked(UtcTime from, UtcTime until) {
    return result_of(
        {{"stream", "reading"},
         {"period", {{"from_ms", from.time_since_epoch().count()}, {"to_ms", until.time_since_epoch().count()}}}});
  }
  Json result_of(const Json& command) {
    const auto request = backfill_request_of(command);
    EXPECT_TRUE(request) << request.error().message();
    auto plan = plan_backfill(*request, reader_, "province", now_);
    EXPECT_TRUE(plan) << plan.error().message();
    batches_ = plan->batches;
    return Json::parse(backfill_json(*request, *plan));
  }
  /// "sends 1-4", "evicted 5-6 quota", … in order.
  static std::vector<std::string> words(const Json& result) {
    std::vector<std::string> words;
    for (const auto& each : result["answers"])
      words.push_back(each["answer"].get<std::string>() +
                      (each.contains("from") ? " " + std::to_string(each["from"].get<std::uint64_t>()) + "-" +
                                                   std::to_string(each["to"].get<std::uint64_t>())
                                             : std::string()) +
                      (each.contains("why") ? " " + each["why"].get<std::string>() : std::string()));
    return words;
  }

  ReadingsOfTwoEpochs reader_;
  UtcTime now_ = noon + 24h;
  std::vector<std::pair<std::uint64_t, store::Ranges>> batches_;
};

TEST_F(BackfillPlanTest, EachBatchAskedForStandsInOneAnswer) {
  leave(0xaa, {1, 4}, Parting::retention);
  leave(0xaa, {5, 6}, Parting::unconfirmed);
  hold(0xaa, 7, 9);
  hold(0xaa, 11, 12);
  const auto result = asked(Json::array({range(newest, 3, 20)}));
  EXPECT_THAT(words(result), ElementsAre("evicted 3-4 retention", "evicted 5-6 unconfirmed", "sends 7-9",
                                         "unreadable 10-10", "sends 11-12", "not_yet 13-20"));
  EXPECT_EQ(result["batches"], 5);
  EXPECT_EQ(result["stream"], "reading");
  EXPECT_EQ(result["answers"][0]["epoch"], newest);
  EXPECT_EQ(result["answers"][0]["at"], format_utc(noon + 48h));
  ASSERT_EQ(batches_.size(), 1U);
  EXPECT_EQ(batches_[0].second.to_text(), "7-9,11-12");
}

TEST_F(BackfillPlanTest, AnOlderEpochEndsAndIsSentFirst) {
  hold(0x0a, 1, 3);
  hold(0xaa, 1, 2);
  const auto result = asked(Json::array({range(newest, 1, 2), range(older, 2, 9)}));
  EXPECT_THAT(words(result), ElementsAre("sends 1-2", "sends 2-3", "never_had 4-9"));
  ASSERT_EQ(batches_.size(), 2U);
  EXPECT_EQ(batches_[0].first, 0x0aU);
}

TEST_F(BackfillPlanTest, WhatWasConfirmedExistedThoughItsFileEndsBefore) {
  hold(0x0a, 1, 3);
  reader_.confirmed_to[0x0a] = 5;
  EXPECT_THAT(words(asked(Json::array({range(older, 3, 9)}))),
              ElementsAre("sends 3-3", "unreadable 4-5", "never_had 6-9"));
  reader_.extent_fails = true;
  EXPECT_THAT(words(asked(Json::array({range(older, 1, 9)}))), ElementsAre("unreadable 1-9"));
}

TEST_F(BackfillPlanTest, WhatWasToldToBeDamagedExistedThoughItsFileEndsBefore) {
  hold(0x0a, 1, 3);
  reader_.told_damaged[0x0a].add({4, 6});
  EXPECT_THAT(words(asked(Json::array({range(older, 3, 9)}))),
              ElementsAre("sends 3-3", "unreadable 4-6", "never_had 7-9"));
}

TEST_F(BackfillPlanTest, OfEpochsThatAreGoneItIsKnownWhatTheyHad) {
  leave(0x77, {1, 40}, Parting::quota);
  EXPECT_THAT(words(asked(Json::array({range("0000000000000077", 30, 50), range("0000000000000099", 1, 2)}))),
              ElementsAre("evicted 30-40 quota", "never_had 41-50", "never_had 1-2 unknown_epoch"));
  EXPECT_THAT(batches_, IsEmpty());
}

TEST_F(BackfillPlanTest, WhatOfThemWasToldToBeDamagedWasThereToo) {
  leave(0x77, {1, 3}, Parting::retention);
  reader_.told_damaged[0x77].add({3, 6});
  EXPECT_THAT(words(asked(Json::array({range("0000000000000077", 2, 9), range("0000000000000077", 5, 6)}))),
              ElementsAre("evicted 2-3 retention", "unreadable 4-6", "never_had 7-9", "unreadable 5-6"));
}

TEST_F(BackfillPlanTest, APeriodIsWhatTellsOfItInEveryEpoch) {
  leave(0x77, {1, 2}, Parting::retention);
  leave(0x0a, {1, 2}, Parting::quota);
  hold(0x0a, 3, 10);
  hold(0xaa, 1, 10);
  EXPECT_THAT(words(asked(noon + 25s, noon + 1h + 15s)),
              ElementsAre("evicted 1-2 retention", "evicted 1-2 quota", "sends 3-10", "sends 1-1"));
  const auto ahead = asked(noon + 23h, noon + 25h);
  EXPECT_THAT(words(ahead), ElementsAre("never_had", "not_yet"));
  EXPECT_EQ(ahead["answers"][0]["to_ms"], now_.time_since_epoch().count());
  EXPECT_EQ(ahead["answers"][1]["from_ms"], now_.time_since_epoch().count());
  EXPECT_EQ(ahead["answers"][1]["to_ms"], (noon + 25h).time_since_epoch().count());
}

TEST_F(BackfillPlanTest, AWreckedFileCostsAPeriodNoOtherEpoch) {
  reader_.wrecked = 0x0a;
  reader_.confirmed_to[0x0a] = 7;
  hold(0xaa, 1, 3);
  EXPECT_THAT(words(asked(noon, noon + 2h)), ElementsAre("unreadable 1-7", "sends 1-3"));
  reader_.wrecked = 0;
  reader_.read_fails_in = 0x0a;
  hold(0x0a, 1, 7);
  EXPECT_THAT(words(asked(noon, noon + 2h)), ElementsAre("unreadable 1-7", "sends 1-3"));
}

TEST_F(BackfillPlanTest, WhatTheDiskRefusesNowIsToBeAskedForAgain) {
  reader_.read_fails_in = 0x0a;
  hold(0x0a, 3, 7);
  leave(0x0a, {1, 2}, Parting::retention);
  hold(0xaa, 1, 3);
  for (const ErrorKind kind : {ErrorKind::io, ErrorKind::conflict}) {
    reader_.read_fails = kind;
    EXPECT_THAT(words(asked(Json::array({range(older, 1, 9), range(newest, 1, 3)}))),
                ElementsAre("evicted 1-2 retention", "ask_again 3-7", "never_had 8-9", "sends 1-3"));
  }
}

TEST_F(BackfillPlanTest, MoreThanOneCommandMayCostIsToBeAskedForAgain) {
  hold(0xaa, 1, backfill_batches_max + 1000);
  const auto result = asked(Json::array({range(newest, 1, 20'000), range(newest, 5, 6)}));
  const auto end = std::to_string(backfill_batches_max);
  EXPECT_THAT(words(result),
              ElementsAre("sends 1-" + end, "ask_again " + std::to_string(backfill_batches_max + 1) + "-20000",
                          "ask_again 5-6"));
  reader_.batch_bytes = 65'536;
  const auto large = backfill_bytes_max / 65'536;
  EXPECT_EQ(words(asked(Json::array({range(newest, 1, 20'000)})))[0], "sends 1-" + std::to_string(large));
}

TEST_F(BackfillPlanTest, ALogFullOfHolesDoesNotMakeAnEndlessReply) {
  for (std::uint64_t seq = 1; seq < 4000; seq += 2) hold(0xaa, seq, seq);
  const auto result = asked(Json::array({range(newest, 1, 4000)}));
  EXPECT_LE(result["answers"].size(), 2 * backfill_answers_max);
  EXPECT_EQ(result["answers"].back()["answer"], "ask_again");
}

TEST(BackfillRequest, SaysWhatIsWrongWithIt) {
  const Json good{{"epoch", newest}, {"from", 1U}, {"to", 2U}};
  const auto why = [](const Json& command) {
    const auto request = backfill_request_of(command);
    EXPECT_FALSE(request) << command.dump();
    return request ? std::string() : request.error().message();
  };
  const auto ranges = [](const Json& list) { return Json{{"stream", "reading"}, {"ranges", list}}; };
  const auto period = [](const Json& value) { return Json{{"stream", "reading"}, {"period", value}}; };
  EXPECT_THAT(why({{"ranges", Json::array({good})}}), HasSubstr("stream"));
  EXPECT_THAT(why({{"stream", "live"}, {"ranges", Json::array({good})}}), HasSubstr("stream"));
  EXPECT_THAT(why({{"stream", "reading"}}), HasSubstr("one of them"));
  EXPECT_THAT(why(ranges(Json::array())), HasSubstr("1 to 64"));
  EXPECT_THAT(why(ranges(Json::array({1}))), HasSubstr("epoch"));
  for (const auto& change : {Json{{"epoch", "AA"}}, Json{{"epoch", 7}}, Json{{"epoch", "00000000000000AA"}}}) {
    Json wrong = good;
    wrong.update(change);
    EXPECT_THAT(why(ranges(Json::array({wrong}))), HasSubstr("epoch"));
  }
  for (const auto& change :
       {Json{{"from", 0U}}, Json{{"from", -1}}, Json{{"from", 3U}}, Json{{"to", "2"}}, Json{{"to", 1.5}}}) {
    Json wrong = good;
    wrong.update(change);
    EXPECT_THAT(why(ranges(Json::array({wrong}))), HasSubstr("seqs"));
  }
  for (const auto& wrong :
       {Json{{"from_ms", 2}, {"to_ms", 2}}, Json{{"from_ms", 1}}, Json{{"from_ms", "1"}, {"to_ms", 2}},
        Json{{"from_ms", 0}, {"to_ms", 18446744073709551615ULL}}, Json(7)})
    EXPECT_THAT(why(period(wrong)), HasSubstr("period"));
  EXPECT_TRUE(backfill_request_of(ranges(Json::array({good}))));
  EXPECT_TRUE(backfill_request_of(period({{"from_ms", -5}, {"to_ms", 2}})));
}

TEST(BackfillCommand, IsForDestinationsOnly) {
  Bench bench;
  const Caller local{.name = "user-1", .may_read = true, .may_operate = true};
  const auto answer = bench.commands.run(local, R"({"op":"backfill","stream":"reading","ranges":[]})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::denied);
}

TEST(BackfillCommand, HandsWhatIsThereToTheDestinationsUplink) {
  store::TempFolder folder;
  const auto store = store::open_or_fail({.folder = folder.path() / "store", .retention = {}, .destinations = {}});
  store::record_batches(*store, Stream::reading, 5);
  Bench bench(30s, store.get());
  const Caller caller{.name = "uplink:province", .may_read = true, .may_operate = false, .destination = "province"};
  const std::string ranges = R"([{"epoch":")" + to_hex(store->opening().epoch) + R"(","from":4,"to":7}])";
  const auto ask = [&](const std::string& id, const std::string& stream) {
    return bench.commands.run(
        caller, R"({"op":"backfill","id":")" + id + R"(","stream":")" + stream + R"(","ranges":)" + ranges + "}");
  };
  const auto answer = ask("b-1", "reading");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(Json::parse(*answer)["answers"][0]["answer"], "sends");
  EXPECT_EQ(Json::parse(*answer)["answers"][1]["answer"], "not_yet");
  ASSERT_EQ(bench.uplink.backfills.size(), 1U);
  EXPECT_EQ(bench.uplink.backfills[0].id, "b-1");
  ASSERT_EQ(bench.uplink.backfills[0].batches.size(), 1U);
  EXPECT_EQ(bench.uplink.backfills[0].batches[0].second.to_text(), "4-5");

  EXPECT_TRUE(ask("b-2", "event"));
  EXPECT_EQ(bench.uplink.backfills.size(), 1U) << "there is nothing to send";
  bench.uplink.backfill_outcome = Error{ErrorKind::full, "8 backfills are running"};
  const auto refused = ask("b-3", "reading");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::full);
  EXPECT_FALSE(ask("b-4", "event")) << "the store is not searched for one more";
}

TEST(BackfillCommand, MistakesAndUnknownDestinationsAreRefused) {
  Bench bench;
  Caller caller{.name = "uplink:province", .may_read = true, .may_operate = false, .destination = "province"};
  auto answer = bench.commands.run(caller, R"({"op":"backfill","stream":"reading","ranges":[]})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::invalid);
  caller.destination = "gone";
  answer = bench.commands.run(caller, R"({"op":"backfill","stream":"reading","period":{"from_ms":1,"to_ms":2}})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::not_found);
  EXPECT_THAT(bench.uplink.backfills, IsEmpty());
}

}  // namespace
}  // namespace jidian::command

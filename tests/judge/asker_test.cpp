#include "asker.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "batch.hpp"

namespace jidian::judge {
namespace {

using AskJson = nlohmann::json;

constexpr std::int64_t first_ms = 1'772'352'000'000;
constexpr const char* base = "jidian/v1/130100/jd-1";

class AskerTest : public testing::Test {
 protected:
  void store(std::uint64_t of_epoch, int stream, std::initializer_list<std::uint64_t> seqs) {
    for (const auto seq : seqs) {
      const Bytes bytes{static_cast<std::uint8_t>(of_epoch), static_cast<std::uint8_t>(stream),
                        static_cast<std::uint8_t>(seq)};
      const Key key{"jd-1", of_epoch, stream, seq};
      const auto hash = sha256_hex(bytes);
      ledger_.add({key, hash, bytes, first_ms}, {{key, hash}, hash});
    }
  }
  void store_a_whole_one() {
    for (const int stream : {event_stream, interval_stream}) store(7, stream, {1});
  }
  void meet() { hear("status", "{}"); }
  /// The questions for what lies behind the last batches of events and rows are answered.
  void pass_the_ends_of_others() {
    for (int stream = 0; stream < 2; ++stream) answer(asked_after(Asker::pause_ms), AskJson::array());
  }
  void hear(const std::string& topic, const std::string& json, const std::string& correlation = "") {
    asker_.hear({std::string(base) + "/" + topic, Bytes(json.begin(), json.end()), correlation}, now_);
  }
  /// Lets `ms` pass and returns the one command that is due; empty if none is.
  AskJson asked_after(std::int64_t ms) {
    now_ += ms;
    const auto commands = asker_.due(now_);
    EXPECT_LE(commands.size(), 1U);
    if (commands.empty()) return {};
    EXPECT_EQ(commands[0].topic, std::string(base) + "/command");
    EXPECT_EQ(commands[0].response_topic, std::string(base) + "/reply");
    auto json = AskJson::parse(commands[0].json);
    EXPECT_EQ(commands[0].correlation, json["id"]);
    return json;
  }
  void answer(const AskJson& command, const AskJson& answers) {
    const AskJson reply{{"id", command["id"]}, {"ok", true}, {"result", {{"answers", answers}}}};
    hear("reply", reply.dump(), command["id"].get<std::string>());
  }
  static AskJson range(const char* of_epoch, std::uint64_t from, std::uint64_t to) {
    return {{"epoch", of_epoch}, {"from", from}, {"to", to}};
  }

  Ledger ledger_{":memory:"};
  Asker asker_{ledger_};
  std::int64_t now_ = first_ms;
};

TEST_F(AskerTest, AsksForTheHolesOfAStreamAndRepeatsUntilItIsAnswered) {
  store_a_whole_one();
  store(7, reading_stream, {3, 4, 9});
  store(8, reading_stream, {1, 3});
  meet();
  pass_the_ends_of_others();
  const auto command = asked_after(Asker::pause_ms);
  EXPECT_EQ(command["op"], "backfill");
  EXPECT_EQ(command["gateway"], "jd-1");
  EXPECT_EQ(command["stream"], "reading");
  EXPECT_EQ(command["expires"], "2026-03-01T08:01:09Z");
  AskJson holes{range("0000000000000007", 1, 2), range("0000000000000007", 5, 8), range("0000000000000008", 2, 2)};
  AskJson with_ends = holes;
  with_ends.push_back(range("0000000000000007", 10, 1009));
  with_ends.push_back(range("0000000000000008", 4, 1003));
  EXPECT_EQ(command["ranges"], with_ends);
  EXPECT_TRUE(asked_after(Asker::repeat_ms - 1).is_null());
  EXPECT_EQ(asked_after(1), command);
  answer(command, AskJson::array());
  EXPECT_TRUE(asked_after(Asker::pause_ms - 1).is_null());
  const auto next = asked_after(1);
  EXPECT_EQ(next["ranges"], holes);
  EXPECT_NE(next["id"], command["id"]);
}

TEST_F(AskerTest, DoesNotAskAgainForWhatWillNeverCome) {
  store_a_whole_one();
  store(7, reading_stream, {3, 6});
  meet();
  pass_the_ends_of_others();
  const auto command = asked_after(Asker::pause_ms);
  auto gone = range("0000000000000007", 1, 2);
  gone.update({{"answer", "evicted"}, {"why", "retention"}});
  auto sent = range("0000000000000007", 4, 5);
  sent["answer"] = "sends";
  answer(command, AskJson::array({gone, sent}));
  EXPECT_EQ(asked_after(Asker::pause_ms)["ranges"], AskJson::array({range("0000000000000007", 4, 5)}));
  store(7, reading_stream, {4, 5});
  EXPECT_FALSE(asked_after(Asker::repeat_ms).is_null()) << "repeated: no reply yet";
  EXPECT_TRUE(asked_after(Asker::expiry_ms).is_null());
  EXPECT_EQ(ledger_.counted("backfill_evicted"), 1);
  EXPECT_EQ(ledger_.counted("backfill_sends"), 1);
}

TEST_F(AskerTest, WithoutAnyBatchOfAStreamItAsksOnceForAllThereIs) {
  meet();
  for (const char* stream : {"event", "interval", "reading"}) {
    const auto command = asked_after(Asker::pause_ms);
    EXPECT_EQ(command["stream"], stream);
    EXPECT_EQ(command["period"]["from_ms"], 0);
    EXPECT_EQ(command["period"]["to_ms"], now_);
    answer(command, AskJson::array());
  }
  EXPECT_TRUE(asked_after(Asker::pause_ms).is_null());
}

TEST_F(AskerTest, AGatewayThatWasAwayIsAskedForAllOnceItAnswers) {
  meet();
  const auto first = asked_after(Asker::pause_ms);
  const auto again = asked_after(Asker::expiry_ms);
  EXPECT_EQ(again["stream"], "event");
  EXPECT_NE(again["id"], first["id"]);
  answer(again, AskJson::array());
  EXPECT_EQ(asked_after(Asker::pause_ms)["stream"], "interval");
}

TEST_F(AskerTest, TakesNoReplyForAnother) {
  store_a_whole_one();
  store(7, reading_stream, {2});
  meet();
  pass_the_ends_of_others();
  const auto command = asked_after(Asker::pause_ms);
  hear("reply", R"({"id":"uplink-test","ok":true,"result":{"answers":[]}})", "uplink-test");
  hear("reply", "garbage", command["id"].get<std::string>());
  EXPECT_EQ(asked_after(Asker::repeat_ms), command);
  hear("reply", R"({"id":")" + command["id"].get<std::string>() + R"(","ok":false})", command["id"].get<std::string>());
  EXPECT_EQ(ledger_.counted("backfill_refused"), 1);
}

}  // namespace
}  // namespace jidian::judge

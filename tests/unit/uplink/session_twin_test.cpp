// How another box with the same id is known, and what is none.
#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"
#include "uplink/session.hpp"

namespace jidian::uplink {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SessionTwin : public testing::Test, protected Bench {
 protected:
  static constexpr const char* before = "2026-02-28T12:00:00.000Z";  ///< Before this run.
  std::string trouble() { return session().health(now).trouble; }
  /// What the first connection shows of others is of an earlier run, whatever it is.
  void connect_twice() {
    connect();
    lose();
    reconnect();
  }
  static std::string status(const std::string& instance, const std::string& time) {
    return nlohmann::json{{"state", "online"}, {"gateway", "box-1"}, {"instance", instance}, {"time", time}}.dump();
  }
};

TEST_F(SessionTwin, IsKnownByItsStatusEvenIfTheBrokerDoesNotTell) {
  // A twin that was taken over leaves its last will behind.
  const std::string twin =
      R"({"state":"offline","gateway":"box-1","instance":"0000000000000001","time":"2026-03-01T00:00:01.000Z"})";
  connect();
  say("status", twin, true);
  EXPECT_EQ(trouble(), "") << "an earlier run of this box";
  lose();
  reconnect();
  const auto own = wire().published[0].payload;
  say("status", std::string(own.begin(), own.end()));
  say("status", wire().options.will_payload, true);
  say("status", "garbage", true);
  EXPECT_EQ(trouble(), "");
  say("status", twin, true);
  EXPECT_EQ(trouble(), "another box uses the id 'box-1' at this broker");
  EXPECT_TRUE(wire().alive);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::duplicate_identity);
  lose();
  EXPECT_GE(session().next_due(now), now.steady + seconds(60));
  reconnect();
  EXPECT_EQ(trouble(), "");
  lose();
  EXPECT_LT(session().next_due(now), now.steady + seconds(60));
}

TEST_F(SessionTwin, IsNoneWhatABrokerKeptOfAnEarlierRun) {
  connect_twice();
  for (int save = 0; save < 2; ++save) {
    say("status", status("0000000000000001", before), true);
    EXPECT_EQ(trouble(), "") << "the broker came back with an older save";
    lose();
    reconnect();
  }
  EXPECT_THAT(notices, IsEmpty());
}

TEST_F(SessionTwin, IsNoneAlsoWhereTheClockWasSetSinceTheStart) {
  const UtcTime right = now.utc;
  now.utc -= hours(6 * 366 * 24);
  connect();
  now.utc = right;
  lose();
  reconnect();
  say("status", status("0000000000000001", before), true);
  EXPECT_EQ(trouble(), "");
}

TEST_F(SessionTwin, IsWhoWroteWithinThisRun) {
  connect_twice();
  say("status", status("0000000000000001", "2026-03-01T00:00:01.000Z"), true);
  EXPECT_THAT(trouble(), HasSubstr("another box"));
}

TEST_F(SessionTwin, IsWhoDoesNotSayWhen) {
  connect_twice();
  say("status", R"({"state":"offline","gateway":"box-1","instance":"0000000000000001"})", true);
  EXPECT_THAT(trouble(), HasSubstr("another box"));
}

TEST_F(SessionTwin, WithAClockThatIsBehindIsKnownAsSoonAsItIsHeard) {
  connect_twice();
  say("status", status("0000000000000001", before));
  EXPECT_THAT(trouble(), HasSubstr("another box"));
}

TEST_F(SessionTwin, WithAClockThatIsBehindIsKnownByWhatItGoesOnWriting) {
  connect_twice();
  say("status", status("0000000000000001", before), true);
  EXPECT_EQ(trouble(), "");
  lose();
  reconnect();
  say("status", status("0000000000000001", "2026-02-28T12:01:00.000Z"), true);
  EXPECT_THAT(trouble(), HasSubstr("another box"));
}

TEST_F(SessionTwin, IsNotTheReasonWhyAnAttemptBehindItsPauseFails) {
  connect_twice();
  say("status", status("0000000000000001", before));
  lose();
  EXPECT_GE(session().next_due(now), now.steady + seconds(60));
  now.steady = session().next_due(now);
  step();
  lose();
  EXPECT_LT(session().next_due(now), now.steady + seconds(60));
  EXPECT_THAT(trouble(), Not(HasSubstr("another box")));
}

TEST_F(SessionTwin, IsNotTheSameRunAtAnotherDestination) {
  options.instance = "feedfeedfeedfeed";
  connect_twice();
  EXPECT_EQ(nlohmann::json::parse(wire().published[0].payload)["instance"], "feedfeedfeedfeed");
  EXPECT_EQ(nlohmann::json::parse(wire().options.will_payload)["instance"], "feedfeedfeedfeed");
  say("status", status("feedfeedfeedfeed", "2026-03-01T00:00:01.000Z"));
  EXPECT_EQ(trouble(), "") << "their brokers are bridged";
}

}  // namespace
}  // namespace jidian::uplink

#include "uplink/commands_inbox.hpp"

#include <gmock/gmock.h>

namespace jidian::uplink {
namespace {

using testing::HasSubstr;

class CommandsInboxTest : public testing::Test {
 protected:
  CommandsInbox::Outcome take(const std::string& json, bool retained = false) {
    return inbox_.take({"command", {json.begin(), json.end()}, retained, "", {}}, now_);
  }
  std::string command(const std::string& id, const std::string& expires = "2026-03-01T08:00:00Z",
                      const std::string& op = "echo") {
    return R"({"id":")" + id + R"(","op":")" + op + R"(","expires":")" + expires + R"("})";
  }

  UtcTime now_ = *parse_utc("2026-03-01T07:00:00Z");
  std::vector<std::string> done_;
  std::string reply_ = R"({"ok":true})";
  CommandsInbox inbox_{"box-1", {"echo", "backfill"}, [this](const std::string& json) {
                         done_.push_back(json);
                         return reply_;
                       }};
};

TEST_F(CommandsInboxTest, CarriesOutWhatMayBeAsked) {
  const auto outcome = take(command("a-1"));
  EXPECT_EQ(outcome.reply, R"({"ok":true})");
  EXPECT_EQ(outcome.refused, "");
  EXPECT_EQ(done_, std::vector{command("a-1")});
}

TEST_F(CommandsInboxTest, TheSameIdGetsTheSameReplyForADay) {
  (void)take(command("a-1"));
  reply_ = "other";
  now_ += std::chrono::hours(23);
  EXPECT_EQ(take(command("a-1")).reply, R"({"ok":true})");
  EXPECT_EQ(done_.size(), 1U);
  now_ += std::chrono::hours(2);
  EXPECT_THAT(take(command("a-1")).refused, HasSubstr("expired"));
  EXPECT_EQ(done_.size(), 1U);
}

TEST_F(CommandsInboxTest, RefusesWithAReplyThatSaysWhy) {
  const auto expired = take(command("a-1", "2026-03-01T07:00:00Z"));
  EXPECT_EQ(expired.reply,
            R"({"id":"a-1","ok":false,"error":{"kind":"denied","message":"it expired at 2026-03-01T07:00:00.000Z"}})");
  EXPECT_THAT(take(command("a-2"), true).refused, HasSubstr("retained"));
  EXPECT_THAT(take(command("a-3", "2026-03-02T07:00:01Z")).refused, HasSubstr("24 h"));
  EXPECT_THAT(take(command("a-4", "tomorrow")).refused, HasSubstr("expires"));
  EXPECT_THAT(take(command("a-5", "2026-03-01T08:00:00Z", "reboot")).refused, HasSubstr("may not ask for 'reboot'"));
  EXPECT_TRUE(done_.empty());
}

TEST_F(CommandsInboxTest, RefusesWhatIsForAnotherGateway) {
  const auto named = [](const std::string& id, const std::string& gateway) {
    return R"({"id":")" + id + R"(","op":"echo","expires":"2026-03-01T08:00:00Z","gateway":)" + gateway + "}";
  };
  EXPECT_THAT(take(named("a-1", R"("box-2")")).refused, HasSubstr("another gateway"));
  EXPECT_THAT(take(named("a-2", "7")).refused, HasSubstr("another gateway"));
  EXPECT_EQ(take(named("a-3", R"("box-1")")).refused, "");
  EXPECT_EQ(done_.size(), 1U);
}

TEST_F(CommandsInboxTest, TellsOfARefusalByWhoeverCarriesItOutOnce) {
  reply_ = R"({"id":"a-1","ok":false,"error":{"kind":"invalid","message":"it has no ranges"}})";
  const auto outcome = take(command("a-1"));
  EXPECT_EQ(outcome.reply, reply_);
  EXPECT_EQ(outcome.refused, "command 'a-1' was refused: it has no ranges");
  EXPECT_EQ(take(command("a-1")).reply, reply_);
  EXPECT_EQ(take(command("a-1")).refused, "") << "that was told";
}

TEST_F(CommandsInboxTest, RefusesWithoutAReplyWhatHasNoId) {
  for (const auto* text : {"", "x", "[]", R"({"op":"echo"})", R"({"id":""})", R"({"id":7})", R"({"id":"a b"})"}) {
    const auto outcome = take(text);
    EXPECT_EQ(outcome.reply, "") << text;
    EXPECT_NE(outcome.refused, "") << text;
  }
  EXPECT_THAT(take(std::string(70'000, 'x')).refused, HasSubstr("64 KiB"));
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  EXPECT_THAT(take(R"({"id":"a-1","op":"echo","expires":"2026-03-01T08:00:00Z","args":)" + deep + "}").refused,
              HasSubstr("16 levels"));
  EXPECT_TRUE(done_.empty());
}

TEST_F(CommandsInboxTest, RefusesMoreThanItCanRememberInsteadOfForgettingAnId) {
  for (std::size_t count = 0; count < CommandsInbox::remembered_max; ++count)
    EXPECT_EQ(take(command("c-" + std::to_string(count))).refused, "");
  EXPECT_THAT(take(command("one-more")).refused, HasSubstr("too many"));
  now_ += std::chrono::hours(24);
  EXPECT_EQ(take(command("one-more", "2026-03-02T08:00:00Z")).refused, "");
}

TEST_F(CommandsInboxTest, RemembersIdsWhenTheirRepliesTakeTooMuchRoom) {
  reply_ = std::string(100'000, 'r');
  for (int count = 0; count < 20; ++count) (void)take(command("c-" + std::to_string(count)));
  EXPECT_THAT(take(command("c-0")).reply, HasSubstr("not kept"));
  EXPECT_EQ(take(command("c-19")).reply, reply_);
  EXPECT_EQ(done_.size(), 20U);
}

TEST(ParseUtc, ReadsTheFormOfTheContractOnly) {
  EXPECT_EQ(format_utc(*parse_utc("2026-03-01T08:00:00Z")), "2026-03-01T08:00:00.000Z");
  EXPECT_EQ(format_utc(*parse_utc("2026-03-01T08:00:00.25Z")), "2026-03-01T08:00:00.250Z");
  EXPECT_EQ(format_utc(*parse_utc("2026-03-01T08:00:00.123456Z")), "2026-03-01T08:00:00.123Z");
  for (const auto* text : {"", "2026-03-01", "2026-03-01T08:00:00", "2026-03-01T08:00:00+08:00", "2026-02-30T08:00:00Z",
                           "2026-03-01T24:00:00Z", "2026-03-01 08:00:00Z", "2026-03-01T08:00:0 Z",
                           "-026-03-01T08:00:00Z", "2026-03-01T08:00:00.x5Z", "2026-03-01T08:00:00..Z"})
    EXPECT_EQ(parse_utc(text), std::nullopt) << text;
}

}  // namespace
}  // namespace jidian::uplink

#include "config/units.hpp"

#include <gmock/gmock.h>

#include "config/journal.hpp"

namespace jidian::config {
namespace {

TEST(Duration, HasAUnit) {
  EXPECT_EQ(parse_duration("250ms"), Millis{250});
  EXPECT_EQ(parse_duration("10s"), Millis{10'000});
  EXPECT_EQ(parse_duration("5m"), Millis{300'000});
  EXPECT_EQ(parse_duration("12h"), Millis{43'200'000});
  EXPECT_EQ(parse_duration("90d"), Millis{7'776'000'000});
  EXPECT_EQ(parse_duration("0s"), Millis{0});
  for (const auto text : {"", "10", "s", "-1s", "1.5s", " 1s", "1 s", "1sec", "9223372036854775807d"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, IsPrintedInTheLargestExactUnit) {
  EXPECT_EQ(format_duration(Millis{86'400'000}), "1d");
  EXPECT_EQ(format_duration(Millis{90'000}), "90s");
  EXPECT_EQ(format_duration(Millis{1500}), "1500ms");
  EXPECT_EQ(format_duration(Millis{0}), "0s");
}

TEST(Size, KnowsBothKindsOfPrefix) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("512MiB"), 512ULL << 20);
  EXPECT_EQ(parse_size("4GB"), 4'000'000'000U);
  EXPECT_EQ(parse_size("2TiB"), 2ULL << 40);
  for (const auto text : {"", "MiB", "4G", "4 GB", "-1B", "99999999999TB"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(UtcOffset, IsSignedAndBounded) {
  EXPECT_EQ(parse_utc_offset("+08:00"), std::chrono::minutes{480});
  EXPECT_EQ(parse_utc_offset("-03:30"), std::chrono::minutes{-210});
  EXPECT_EQ(parse_utc_offset("+14:00"), std::chrono::minutes{840});
  for (const auto text : {"08:00", "+8:00", "+14:01", "+08:60", "+0800", "+08.00", "Z"})
    EXPECT_EQ(parse_utc_offset(text), std::nullopt) << text;
}

TEST(CreditCode, IsCheckedByItsLastCharacter) {
  EXPECT_TRUE(is_credit_code("91350100M000100Y43"));
  EXPECT_TRUE(is_credit_code("91130100MA0FNDRY0T"));
  EXPECT_TRUE(is_credit_code("91130100MA0FNDR0N0")) << "the check character 0";
  EXPECT_FALSE(is_credit_code("91350100M000100Y44")) << "wrong check character";
  EXPECT_FALSE(is_credit_code("93150100M000100Y43")) << "two digits exchanged";
  EXPECT_FALSE(is_credit_code("91350100M000100Y4")) << "too short";
  EXPECT_FALSE(is_credit_code("91350100M000100Y433")) << "too long";
  EXPECT_FALSE(is_credit_code("91350100m000100y43")) << "small letters";
  EXPECT_FALSE(is_credit_code("91350100I000100Y43")) << "a letter that does not exist there";
}

TEST(Date, IsOneOfTheCalendar) {
  EXPECT_TRUE(is_date("2024-02-29"));
  EXPECT_FALSE(is_date("2025-02-29"));
  EXPECT_FALSE(is_date("2025-13-01"));
  EXPECT_FALSE(is_date("2025-3-1"));
  EXPECT_FALSE(is_date("01.03.2025"));
}

TEST(Ratio, IsTwoPositiveNumbers) {
  EXPECT_TRUE(is_ratio("200/5"));
  for (const auto text : {"200", "200/0", "0/5", "200/5A", "/5", "200/"}) EXPECT_FALSE(is_ratio(text)) << text;
}

TEST(Loopback, IsThisMachineOnly) {
  for (const auto host : {"localhost", "127.0.0.1", "127.9.9.9", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto host :
       {"10.0.0.1", "127.0.0.1.example.org", "127.0.0.1.2", "localhost.example.org", "127.0.0", "", "::2"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Url, HasASchemeAHostAndPerhapsAPort) {
  const auto url = parse_url("mqtts://[fd00::1]:8884");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "mqtts");
  EXPECT_EQ(url->host, "fd00::1");
  EXPECT_EQ(url->port, 8884);
  ASSERT_TRUE(parse_url("mqtt://host"));
  EXPECT_EQ(parse_url("mqtt://host")->port, std::nullopt);
  for (const auto text : {"host", "://host", "mqtt://", "mqtt://host:", "mqtt://host:0", "mqtt://host:65536",
                          "mqtt://host/x", "mqtt://a b", "mqtt://[::1", "mqtt://[::1]x", "mqtt://user@host"})
    EXPECT_FALSE(parse_url(text)) << text;
}

std::string_view closest_of(std::string_view word, std::vector<std::string_view> candidates) {
  return closest(word, candidates);
}

TEST(Closest, FindsWhatWasMeant) {
  EXPECT_EQ(closest_of("perriod", {"points", "period", "profile"}), "period");
  EXPECT_EQ(closest_of("untit", {"unit", "points"}), "unit");
  EXPECT_EQ(closest_of("porfile", {"points", "period", "profile"}), "profile") << "two letters exchanged";
  EXPECT_EQ(closest_of("colour", {"points", "period", "profile"}), "") << "nothing is near";
  EXPECT_EQ(closest_of("ab", {"x"}), "") << "every letter changed";
  EXPECT_EQ(closest_of(std::string(100, 'a'), {"a"}), "");
}

TEST(Journal, TellsEachMistakeOnceInTheOrderOfTheFile) {
  Journal journal("f");
  journal.mistake({2, 1}, "b");
  journal.mistake({1, 5}, "a");
  journal.mistake({2, 1}, "b");
  EXPECT_TRUE(journal.failed());
  EXPECT_THAT(journal.take(), testing::ElementsAre(Mistake{"f", 1, 5, "a", false}, Mistake{"f", 2, 1, "b", false}));
}

TEST(Journal, AWarningIsNoFailure) {
  Journal journal("f");
  journal.warn({}, "careful");
  EXPECT_FALSE(journal.failed());
  EXPECT_THAT(journal.take(), testing::ElementsAre(Mistake{"f", 1, 1, "careful", true}));
}

TEST(Journal, KeepsWarningsToItselfWhileThereAreMistakes) {
  Journal journal("f");
  journal.warn({1, 1}, "careful");
  journal.mistake({2, 1}, "wrong");
  EXPECT_THAT(journal.take(), testing::ElementsAre(Mistake{"f", 2, 1, "wrong", false}));
}

}  // namespace
}  // namespace jidian::config

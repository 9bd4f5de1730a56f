#include "recorder/standing.hpp"

#include <gtest/gtest.h>

#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using plant::morning;

domain::Event event_about_m0(EventKind kind, std::vector<std::pair<std::string, std::string>> facts) {
  return {morning, kind, "m-0", "A sentence.", std::nullopt, {}, std::move(facts)};
}

domain::Event contradiction(const std::string& check, const std::string& state) {
  return event_about_m0(EventKind::implausible, {{"check", check}, {"state", state}, {"point", "current.l1"}});
}

health::MeterRecord news_of_one(Standing& standing) {
  const auto news = standing.take_news();
  EXPECT_EQ(news.size(), 1u);
  return news.empty() ? health::MeterRecord{} : news.front();
}

TEST(Standing, AContradictionStandsUntilItEnds) {
  Standing standing;
  standing.see(contradiction("zero_current", "begun"));
  standing.see(contradiction("ct_reversed", "begun"));
  const auto doubted = news_of_one(standing);
  ASSERT_EQ(doubted.doubts.size(), 2u);
  EXPECT_EQ(doubted.doubts[0].check, "zero_current");
  EXPECT_EQ(doubted.doubts[0].points, "current.l1");
  EXPECT_EQ(doubted.doubts[0].since, morning);
  EXPECT_TRUE(standing.take_news().empty()) << "told once";
  standing.see(contradiction("zero_current", "ended"));
  EXPECT_EQ(news_of_one(standing).doubts.size(), 1u);
}

TEST(Standing, ACounterThatWasTakenAtAnotherLevelIsOver) {
  Standing standing;
  standing.see(contradiction("counter_decrease", "accepted"));
  EXPECT_TRUE(standing.take_news().empty());
}

TEST(Standing, ASignOffIsKnownAfterARestartUntilTheMeterIsReplaced) {
  const auto signoff = event_about_m0(EventKind::signoff, {{"by", "shift electrician 当班电工"}});
  const auto note = Standing::note_of(signoff);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->name, "signoff/m-0");

  Standing later;
  later.restore(*note);
  const auto known = news_of_one(later);
  EXPECT_EQ(known.id, "m-0");
  EXPECT_EQ(known.signed_off, morning);
  EXPECT_EQ(known.signed_by, "shift electrician 当班电工");

  const auto replaced = event_about_m0(EventKind::replaced, {});
  later.see(replaced);
  EXPECT_FALSE(news_of_one(later).signed_off);
  EXPECT_EQ(Standing::note_of(replaced), (domain::Note{"signoff/m-0", ""}));
  EXPECT_FALSE(Standing::note_of(contradiction("ct_reversed", "begun")));
}

TEST(Standing, NotesOfOthersAndBrokenOnesAreLeftAlone) {
  Standing standing;
  for (const char* text : {"", "yesterday Li", "2026-03-01T08:00:00.000Z"}) standing.restore({"signoff/m-0", text});
  standing.restore({"swap/m-0", "2026-03-01T08:00:00.000Z x"});
  EXPECT_TRUE(standing.take_news().empty());
}

TEST(Standing, ANewConfigurationForgetsWhatItIsNotSureOf) {
  Standing standing;
  standing.see(contradiction("zero_current", "begun"));
  standing.see(contradiction("parent_sum", "begun"));
  standing.see({morning, EventKind::signoff, "m-1", "", std::nullopt, {}, {{"by", "shift electrician"}}});
  (void)standing.take_news();
  standing.change([](const std::string& meter) { return meter == "m-0"; },
                  [](const std::string&, const std::string& check) { return check == "zero_current"; });
  const auto left = news_of_one(standing);
  EXPECT_EQ(left.id, "m-0");
  ASSERT_EQ(left.doubts.size(), 1u);
  EXPECT_EQ(left.doubts[0].check, "zero_current");
}

}  // namespace
}  // namespace jidian::recorder

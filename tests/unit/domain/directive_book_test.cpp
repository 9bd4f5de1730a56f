#include "domain/directive_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jidian::domain {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr UtcTime eight{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + hours{8}};

std::string fact_of(const Event& event, const std::string& name) {
  for (const auto& [key, value] : event.facts)
    if (key == name) return value;
  return "none";
}

Directive order(std::string id, std::uint32_t version = 1) {
  Directive order;
  order.issuer = "130000-energy";
  order.id = std::move(id);
  order.version = version;
  order.from = eight;
  order.to = eight + hours(4);
  order.kind = "curtailment";
  order.level = "orange";
  order.facilities = {"furnace", "mill"};
  order.limit_kw = "400.5";
  return order;
}

DirectiveListing listing(std::vector<Directive> orders) {
  return {"province", std::move(orders), {}, true};
}

/// "state id version" of each event.
std::vector<std::string> told(const DirectiveBook::News& news) {
  std::vector<std::string> all;
  for (const auto& event : news.events)
    all.push_back(fact_of(event, "state") + " " + fact_of(event, "id") + " " + fact_of(event, "version"));
  return all;
}

TEST(DirectiveBook, AnOrderIsReceivedOnceHoweverOftenItIsListed) {
  DirectiveBook book;
  const auto news = book.take(listing({order("a")}), eight);
  EXPECT_THAT(told(news), ElementsAre("received a 1"));
  EXPECT_EQ(news.events[0].subject, "province");
  EXPECT_EQ(fact_of(news.events[0], "limit_kw"), "400.5");
  EXPECT_EQ(fact_of(news.events[0], "facilities"), "furnace mill");
  EXPECT_EQ(fact_of(news.events[0], "from"), "2026-03-01T08:00:00.000Z");
  EXPECT_TRUE(book.take(listing({order("a")}), eight).empty());
  EXPECT_EQ(book.orders().size(), 1U);
}

TEST(DirectiveBook, AHigherVersionTakesItsPlaceAndALowerOneIsAReplay) {
  DirectiveBook book;
  book.take(listing({order("a", 2)}), eight);
  auto changed = order("a", 3);
  changed.limit_kw = "300";
  const auto news = book.take(listing({changed}), eight);
  EXPECT_THAT(told(news), ElementsAre("received a 3"));
  EXPECT_EQ(fact_of(news.events[0], "before"), "2");
  const auto replay = book.take(listing({order("a", 2)}), eight);
  EXPECT_THAT(told(replay), ElementsAre("refused a 2"));
  EXPECT_EQ(fact_of(replay.events[0], "why"), "replayed");
  EXPECT_TRUE(book.take(listing({order("a", 2)}), eight).empty()) << "the same refusal is told once";
  auto forged = order("a", 3);
  EXPECT_THAT(told(book.take(listing({forged}), eight)), ElementsAre("refused a 3")) << "another content, same version";
  EXPECT_EQ(book.orders().at(0).order.limit_kw, "300");
}

TEST(DirectiveBook, WhatIsNotListedAnyMoreIsLiftedAndDoesNotComeBack) {
  DirectiveBook book;
  book.take(listing({order("a"), order("b")}), eight);
  EXPECT_THAT(told(book.take(listing({order("b")}), eight)), ElementsAre("lifted a 1"));
  EXPECT_THAT(told(book.take(listing({order("a"), order("b")}), eight)), ElementsAre("refused a 1"));
  EXPECT_THAT(told(book.take(listing({order("a", 2), order("b")}), eight)), ElementsAre("received a 2"));
}

TEST(DirectiveBook, OrLiftedByAVersionThatSaysSo) {
  DirectiveBook book;
  book.take(listing({order("a")}), eight);
  Directive lifted;
  lifted.issuer = "130000-energy";
  lifted.id = "a";
  lifted.version = 2;
  lifted.lifted = true;
  EXPECT_THAT(told(book.take(listing({lifted}), eight)), ElementsAre("lifted a 1"));
  EXPECT_TRUE(book.take(listing({lifted}), eight).empty());
  EXPECT_THAT(told(book.take(listing({order("a", 2)}), eight)), ElementsAre("refused a 2"));
  EXPECT_TRUE(book.orders().empty());
}

TEST(DirectiveBook, AnotherDestinationLiftsNothingOfThisOne) {
  DirectiveBook book;
  book.take(listing({order("a")}), eight);
  EXPECT_TRUE(book.take({"bureau", {}, {}, true}, eight).empty());
  EXPECT_EQ(book.orders().size(), 1U);
}

TEST(DirectiveBook, AnEntryThatCannotBeReadLiftsNothing) {
  DirectiveBook book;
  book.take(listing({order("a")}), eight);
  auto broken = listing({});
  broken.refused.push_back({"130000-energy", "a", "2", Refusal::invalid, "\"to\" is no time"});
  EXPECT_THAT(told(book.take(broken, eight)), ElementsAre("refused a 2"));
  EXPECT_EQ(book.orders().size(), 1U);
  auto garbled = listing({});
  garbled.is_whole = false;
  garbled.refused.push_back({"", "", "", Refusal::invalid, "what came is no list"});
  const auto news = book.take(garbled, eight);
  ASSERT_EQ(news.events.size(), 1U);
  EXPECT_THAT(news.events[0].text, HasSubstr("no list"));
  EXPECT_EQ(book.orders().size(), 1U);
}

TEST(DirectiveBook, TimeEndsThem) {
  DirectiveBook book;
  auto late = order("late");
  late.to = eight;
  const auto refused = book.take(listing({late, order("a")}), eight);
  EXPECT_THAT(told(refused), ElementsAre("refused late 1", "received a 1"));
  EXPECT_EQ(fact_of(refused.events[0], "why"), "expired");
  EXPECT_TRUE(book.expire(eight + hours(3)).empty());
  EXPECT_THAT(told(book.expire(eight + hours(4))), ElementsAre("expired a 1"));
  EXPECT_TRUE(book.take(listing({late, order("a")}), eight + hours(4)).empty()) << "nobody has cleared up yet";
  EXPECT_THAT(told(book.take(listing({}), eight + hours(5))), IsEmpty());
}

TEST(DirectiveBook, OneMaySupersedeOthers) {
  DirectiveBook book;
  book.take(listing({order("a"), order("b")}), eight);
  auto next = order("c");
  next.supersedes = {"a", "unheard-of"};
  const auto news = book.take(listing({order("a"), order("b"), next}), eight);
  EXPECT_THAT(told(news), ElementsAre("received c 1", "superseded a 1"));
  EXPECT_EQ(fact_of(news.events[1], "by"), "c");
  EXPECT_TRUE(book.take(listing({order("a"), order("b"), next}), eight).empty());
  EXPECT_EQ(book.orders().size(), 2U);
}

TEST(DirectiveBook, ARestartKnowsThemAndWhatIsOver) {
  DirectiveBook book;
  std::map<std::string, std::string> notes;
  const auto keep = [&notes](const DirectiveBook::News& news) {
    for (const auto& note : news.notes) notes[note.name] = note.text;
  };
  auto full = order("a", 7);
  full.supersedes = {"x", "y"};
  full.limit_kwh = "1000";
  keep(book.take(listing({full, order("b")}), eight));
  keep(book.take(listing({full}), eight));
  DirectiveBook again;
  for (const auto& [name, text] : notes) again.restore({name, text});
  again.restore({"meter/press-1", "x"});
  again.restore({"directive/energy/z", "garbage"});
  EXPECT_EQ(again.orders(), book.orders());
  EXPECT_TRUE(again.take(listing({full}), eight).empty());
  EXPECT_THAT(told(again.take(listing({full, order("b")}), eight)), ElementsAre("refused b 1"));
}

TEST(DirectiveBook, KeepsNoMoreThanItsBounds) {
  DirectiveBook book;
  std::vector<Directive> many;
  for (std::size_t i = 0; i <= DirectiveBook::orders_max; ++i) many.push_back(order("o-" + std::to_string(i)));
  const auto news = book.take(listing(many), eight);
  EXPECT_EQ(book.orders().size(), DirectiveBook::orders_max);
  EXPECT_EQ(fact_of(news.events.back(), "why"), "full");
  std::size_t notes = 0;
  std::size_t forgotten = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<Directive> others;
    for (std::size_t i = 0; i < DirectiveBook::orders_max; ++i)
      others.push_back(order("r" + std::to_string(round) + "-" + std::to_string(i)));
    for (const auto& list : {std::vector<Directive>{}, others}) {
      const auto more = book.take(listing(list), eight);
      for (const auto& note : more.notes) ++(note.text.empty() ? forgotten : notes);
    }
  }
  EXPECT_GT(forgotten, 20 * DirectiveBook::orders_max - DirectiveBook::remembered_max - DirectiveBook::orders_max - 1);
}

TEST(DirectiveBook, RefusalsOfAnHourAreBounded) {
  DirectiveBook book;
  std::size_t refusals = 0;
  DirectiveListing forged = listing({});
  for (int i = 0; i < 100; ++i)
    forged.refused.push_back({"nobody", "o-" + std::to_string(i), "1", Refusal::unknown_issuer, "unknown"});
  refusals += book.take(forged, eight).events.size();
  EXPECT_EQ(refusals, Refusals::an_hour);
  EXPECT_EQ(book.refusals(), (RefusalCounts{0, 100, 0, 0, 0, 0})) << "passed over ones are counted";
  EXPECT_TRUE(book.take(forged, eight).empty()) << "nor are they told or counted when the list comes again";
  EXPECT_EQ(book.refusals(), (RefusalCounts{0, 100, 0, 0, 0, 0}));
  EXPECT_EQ(book.take({"bureau", {}, forged.refused, true}, eight).events.size(), Refusals::an_hour)
      << "one destination does not use up what another may be told of";
  const auto later = book.expire(eight + hours(1));
  ASSERT_EQ(later.events.size(), 2U) << "a number when the hour is over, whether anything comes or not";
  EXPECT_EQ(later.events[1].subject, "province");
  EXPECT_EQ(fact_of(later.events[1], "state"), "passed_over");
  EXPECT_EQ(fact_of(later.events[1], "orders"), "70");
  EXPECT_THAT(later.events[1].text, HasSubstr("70 orders more"));
  EXPECT_TRUE(book.expire(eight + hours(2)).empty());
  EXPECT_THAT(book.take(forged, eight + hours(2)).events, IsEmpty()) << "those of the number were told with it";
  EXPECT_EQ(book.refusals()[1], 200U);
}

TEST(DirectiveBook, ARestartKnowsTheRefusalsAndHowManyWereNotTold) {
  DirectiveListing forged = listing({});
  for (int i = 0; i < 40; ++i)
    forged.refused.push_back({"nobody", "o-" + std::to_string(i), "1", Refusal::unknown_issuer, "unknown"});
  forged.passed_over = 3;
  std::map<std::string, std::string> notes;
  const auto keep = [&notes](const DirectiveBook::News& news) {
    for (const auto& note : news.notes) notes[note.name] = note.text;
  };
  const auto restarted = [&notes] {
    DirectiveBook book;
    for (const auto& [name, text] : notes) book.restore({name, text});
    return book;
  };
  DirectiveBook book;
  keep(book.take(forged, eight));  // three lists as a number, 29 orders, 11 to be told later
  keep(book.take(forged, eight));  // three lists more
  DirectiveBook killed = restarted();
  const auto news = killed.take(forged, eight + std::chrono::minutes(1));
  ASSERT_EQ(news.events.size(), 2U) << "the numbers of both runs, no order again";
  EXPECT_EQ(fact_of(news.events[0], "orders"), "11");
  EXPECT_EQ(fact_of(news.events[0], "lists"), "3");
  EXPECT_EQ(fact_of(news.events[1], "lists"), "3") << "those before this list";
  keep(news);
  forged.passed_over = 0;
  EXPECT_THAT(restarted().take(forged, eight + std::chrono::minutes(2)).events, IsEmpty()) << "told is told";

  const auto stopped = book.close(eight);
  ASSERT_EQ(stopped.events.size(), 1U);
  EXPECT_EQ(fact_of(stopped.events[0], "orders"), "11");
  keep(stopped);
  EXPECT_THAT(restarted().take(forged, eight + std::chrono::minutes(3)).events, IsEmpty());
}

TEST(DirectiveBook, ANoteOfRefusalsThatSaysNonsenseIsNoNumber) {
  DirectiveBook book;
  for (const char* text : {"passed_over \n", "passed_over 1\n", "passed_over 1 x\n", "passed_over -1 1\n",
                           "passed_over 1 2 3\n", "passed_over 99999999999999999999 1\n"}) {
    book.restore({"refusals/province", text});
    EXPECT_TRUE(book.close(eight).empty()) << text;
  }
}

TEST(DirectiveBook, RefusalsOfListsThatFollowAtOnceAreAllTold) {
  DirectiveBook book;
  const auto garbled = [&book](const std::string& payload) {
    DirectiveListing list = listing({});
    list.is_whole = false;
    list.refused.push_back({"", "", "", Refusal::invalid, "it is no list", print_of(payload)});
    return book.take(list, eight).events.size();
  };
  EXPECT_EQ(garbled("no list"), 1U);
  EXPECT_EQ(garbled("no list"), 0U) << "the retained message, with a new connection";
  EXPECT_EQ(garbled("no list either"), 1U);
  EXPECT_EQ(garbled("no list"), 1U) << "sent once more, behind another";
  EXPECT_EQ(book.refusals()[0], 3U);
}

TEST(DirectiveBook, AReplayWithAnotherContentIsAnother) {
  DirectiveBook book;
  book.take(listing({order("a", 2)}), eight);
  auto replayed = order("a", 1);
  EXPECT_THAT(told(book.take(listing({replayed}), eight)), ElementsAre("refused a 1"));
  EXPECT_TRUE(book.take(listing({replayed}), eight).empty());
  replayed.limit_kw = "1";
  EXPECT_THAT(told(book.take(listing({replayed}), eight)), ElementsAre("refused a 1"));
}

TEST(DirectiveBook, ListsThatNobodyLookedAtAreToldAsANumber) {
  DirectiveBook book;
  auto newest = listing({order("a")});
  newest.passed_over = 12;
  const auto news = book.take(newest, eight);
  ASSERT_EQ(news.events.size(), 2U);
  EXPECT_EQ(fact_of(news.events[0], "state"), "passed_over");
  EXPECT_EQ(fact_of(news.events[0], "lists"), "12");
  EXPECT_EQ(fact_of(news.events[0], "orders"), "none");
  EXPECT_THAT(news.events[0].text, HasSubstr("12 lists of orders were not looked at"));
  EXPECT_EQ(fact_of(news.events[1], "state"), "received");
  std::size_t events = 0;
  for (int i = 0; i < 1'000; ++i) events += book.take(newest, eight).events.size();
  EXPECT_LT(events, Refusals::an_hour) << "they are bounded as refusals are";
  EXPECT_EQ(fact_of(book.close(eight).events.at(0), "lists"), std::to_string(12 * (1'000 - events)));
}

}  // namespace
}  // namespace jidian::domain
